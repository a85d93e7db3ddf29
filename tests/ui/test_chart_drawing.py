"""A drawn chart fills exactly its room, at any size."""

from __future__ import annotations

import pytest

from birdtui.ui.chart_drawing import Palette, draw
from birdtui.ui.chart_model import ChartData, ChartView, Curve, plot

PALETTE = Palette((128, 128, 128), (255, 200, 0), [(0, 200, 0), (0, 0, 200)], (0, 0, 0))
DATA = ChartData(
    (Curve("-", "validation:accuracy", range(25), [0.3 + epoch / 50 for epoch in range(25)]),),
    best=(24, 0.78),
    saved=24,
)


@pytest.mark.parametrize(("width", "height"), [(30, 8), (80, 24), (140, 42), (12, 4)])
@pytest.mark.parametrize("log_scale", [False, True])
def test_a_chart_fills_its_room(width: int, height: int, log_scale: bool) -> None:
    text = draw(plot(DATA, ChartView(log_scale=log_scale), width - 5, height - 2), width, height, PALETTE)
    lines = text.plain.split("\n")
    assert len(lines) == height
    assert {len(line) for line in lines} == {width}


def test_the_epochs_on_the_axis_are_whole_numbers() -> None:
    last = draw(plot(DATA, ChartView(), 75, 18), 80, 20, PALETTE).plain.split("\n")[-1]
    assert all(tick.isdigit() for tick in last.split())


def test_the_best_epoch_is_marked() -> None:
    assert "◆ best+saved 0.780 @24" in draw(plot(DATA, ChartView(), 75, 18), 80, 20, PALETTE).plain


def test_no_metric_at_all_draws_axes_only() -> None:
    assert "┤" in draw(plot(ChartData(), ChartView(), 75, 18), 80, 20, PALETTE).plain
