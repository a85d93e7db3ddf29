"""What a chart shows, before it is drawn."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from birdtui.ui.chart_model import ChartData, ChartView, Curve, integer_ticks, mean, plot, smoothed, thin, value_ticks


def curve(name: str = "validation:accuracy", host: str = "algo-1", epochs: int = 25) -> Curve:
    return Curve(host, name, range(epochs), [epoch / epochs for epoch in range(epochs)])


def test_accuracy_comes_first_whatever_was_logged_first() -> None:
    data = ChartData((curve("train:top_k_accuracy_2"), curve("train:accuracy"), curve()))
    assert data.names == ("validation:accuracy", "train:accuracy", "train:top_k_accuracy_2")


def test_the_whole_run_reaches_to_the_epochs_asked_for() -> None:
    assert ChartView().span(ChartData((curve(epochs=3),), total_epochs=25)) == (0, 24)


def test_zooming_in_and_out_again_shows_the_whole_run() -> None:
    data = ChartData((curve(),))
    assert ChartView().zoomed(data, 0.5).zoomed(data, 2).window is None


def test_panning_stays_within_the_run() -> None:
    data = ChartData((curve(),))
    view = ChartView(window=(0, 10)).panned(data, -3)
    assert view.window == (0, 10)


def test_the_cursor_appears_at_the_last_epoch() -> None:
    assert ChartView().moved(ChartData((curve(),)), -1).cursor == 24


def test_a_hidden_series_is_not_drawn() -> None:
    data = ChartData((curve(), curve("train:accuracy")))
    drawn = plot(data, ChartView(hidden=frozenset({"train:accuracy"})), 80, 20)
    assert [line.label for line in drawn.lines] == ["validation:accuracy"]


def test_several_instances_are_drawn_as_their_mean() -> None:
    first = Curve("algo-1", "validation:accuracy", [0, 1], [0.2, 0.4])
    second = Curve("algo-2", "validation:accuracy", [0, 1], [0.4, 0.8])
    assert [round(value, 3) for value in mean([first, second]).values] == [0.3, 0.6]


def test_each_instance_is_drawn_when_asked_for() -> None:
    data = ChartData((curve(host="algo-1"), curve(host="algo-2")))
    assert len(plot(data, ChartView(host="each"), 80, 20).lines) == 2


def test_best_and_saved_epochs_are_marked_with_their_values() -> None:
    data = ChartData((curve(),), best=(20, 0.8), saved=24)
    labels = [mark.label for mark in plot(data, ChartView(), 80, 20).marks]
    assert labels == ["saved 0.960 @24", "best 0.800 @20"]


def test_one_mark_says_that_the_best_epoch_is_the_saved_one() -> None:
    data = ChartData((curve(),), best=(24, 0.96), saved=24)
    assert [mark.label for mark in plot(data, ChartView(), 80, 20).marks] == ["best+saved 0.960 @24"]


def test_nan_leaves_a_gap_not_a_crash() -> None:
    data = ChartData((Curve("-", "train:loss", [0, 1, 2], [1.0, math.nan, 3.0]),))
    assert plot(data, ChartView(), 80, 20).lines[0].xs == (0.0, 2.0)


def test_a_logarithmic_scale_leaves_out_what_has_no_logarithm() -> None:
    data = ChartData((Curve("-", "train:loss", [0, 1, 2], [0.0, 0.1, 1.0]),))
    assert plot(data, ChartView(log_scale=True), 80, 20).lines[0].xs == (1.0, 2.0)


def test_smoothing_keeps_a_constant() -> None:
    assert [round(value, 12) for value in smoothed([0.5] * 10, 0.8)] == [0.5] * 10


def test_smoothing_draws_the_raw_curve_faint_behind() -> None:
    lines = plot(ChartData((curve(),)), ChartView(smoothing=0.6), 80, 20).lines
    assert [line.faint for line in lines] == [True, False]


@pytest.mark.parametrize(("first", "last"), [(0, 24), (0, 1), (7, 9), (0, 99_999), (3, 3)])
def test_epoch_ticks_are_whole_and_in_range(first: int, last: int) -> None:
    ticks = integer_ticks(first, last, 6)
    assert ticks
    assert all(first <= tick <= last for tick in ticks)


def test_value_ticks_are_round() -> None:
    assert value_ticks(0.0, 1.0, 5) == (0.0, 0.2, 0.4, 0.6, 0.8, 1.0) or value_ticks(0.0, 1.0, 5) == (
        0.0,
        0.25,
        0.5,
        0.75,
        1.0,
    )


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=3000), st.integers(2, 50))
def test_thinning_keeps_the_extremes(values: list[float], columns: int) -> None:
    _, ys = thin(range(len(values)), values, columns)
    assert (min(ys), max(ys)) == (min(values), max(values))
    assert len(ys) <= columns * 4
