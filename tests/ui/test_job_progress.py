"""What the job screen draws out of a watched state: words, and the chart's data."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from birdtui.ui.chart_model import ChartData, ChartView, plot
from birdtui.ui.job_progress import ChartFeed, chart_data, progress
from birdtui.watch.events import MetricPoint, ModelStored
from birdtui.watch.job_state import JobState

NOW = datetime(2021, 3, 4, 10, tzinfo=UTC)
ACCURACY = "validation:accuracy"


def take(state: JobState, attempt: int, *values: float, first: int = 0, host: str = "algo-1") -> None:
    for epoch, value in enumerate(values, first):
        state.apply(MetricPoint(NOW, host, epoch, ACCURACY, value, attempt))


def restarted() -> JobState:
    """Four epochs, then again from the third on, a fifth besides."""
    state = JobState("birds")
    take(state, 1, 0.1, 0.2, 0.3, 0.4)
    take(state, 2, 0.35, 0.45, 0.5, first=2)
    return state


def test_the_curve_has_each_epochs_last_value() -> None:
    (curve,) = chart_data(restarted()).curves
    assert (list(curve.epochs), list(curve.values)) == ([0, 1, 2, 3, 4], [0.1, 0.2, 0.35, 0.45, 0.5])


def test_what_an_attempt_logged_in_vain_is_kept_from_the_fork_on() -> None:
    ((curve,),) = chart_data(restarted()).earlier
    assert (list(curve.epochs), list(curve.values)) == ([1, 2, 3], [0.2, 0.3, 0.4])


def test_each_restart_is_marked_where_it_began() -> None:
    found = chart_data(restarted())
    assert found.restarts == (2,)
    marks = plot(found, ChartView(), 60, 10).marks
    assert ("↻", "attempt 2 @2", 2, 0.35) in [(mark.symbol, mark.label, mark.x, mark.y) for mark in marks]


def test_an_attempt_in_vain_lies_in_the_background_in_the_same_colour() -> None:
    given_up, current = plot(chart_data(restarted()), ChartView(), 60, 10).lines
    assert (given_up.faint, given_up.ys, given_up.rank) == (True, (0.2, 0.3, 0.4), current.rank)
    assert not current.faint


def test_attempts_in_vain_are_a_mean_like_the_others() -> None:
    state = restarted()
    take(state, 1, 0.3, 0.4, 0.5, 0.6, host="algo-2")
    take(state, 2, 0.55, 0.65, 0.7, first=2, host="algo-2")
    given_up = plot(chart_data(state), ChartView(), 60, 10).lines[0]
    assert [round(value, 6) for value in given_up.ys] == [0.3, 0.4, 0.5]


def test_a_hidden_series_has_no_attempts_in_sight_either() -> None:
    assert plot(chart_data(restarted()), ChartView(hidden=frozenset({ACCURACY})), 60, 10).lines == ()


def test_a_job_that_went_on_at_the_next_epoch_has_nothing_in_vain() -> None:
    state = JobState("birds")
    take(state, 1, 0.1, 0.2)
    take(state, 2, 0.3, first=2)
    found = chart_data(state)
    assert (found.earlier, found.restarts) == ((), (2,))


def test_a_restart_while_it_is_drawn_changes_what_is_drawn() -> None:
    state, feed = JobState("birds"), ChartFeed()
    take(state, 1, 0.1, 0.2)
    feed.data(state)
    take(state, 2, 0.15)
    (curve,) = feed.data(state).curves
    assert list(curve.values) == [0.15, 0.2]


def test_the_status_line_says_which_attempt_it_is() -> None:
    assert progress(restarted(), NOW)[0] == "attempt 2"
    assert progress(JobState("birds"), NOW) == []


def test_the_instance_that_stores_the_model_comes_with_the_chart() -> None:
    state = restarted()
    state.apply(ModelStored("algo-1"))
    assert chart_data(state).storing_host == "algo-1"


@given(st.lists(st.tuples(st.integers(0, 6), st.booleans(), st.booleans()), max_size=60))
def test_a_chart_that_is_kept_up_shows_what_one_made_anew_shows(points: list[tuple[int, bool, bool]]) -> None:
    state, feed = JobState("birds"), ChartFeed()
    attempt, last = 1, -1
    for number, (epoch, is_drawn, is_other) in enumerate(points):
        attempt += epoch < last
        last = epoch
        name = "train:accuracy" if is_other else ACCURACY
        state.apply(MetricPoint(NOW, "algo-1", epoch, name, number / 100, attempt))
        if is_drawn:
            assert drawn(feed.data(state)) == drawn(chart_data(state))


def drawn(data: ChartData) -> object:
    curves = [*data.curves, *(curve for attempt in data.earlier for curve in attempt)]
    return [(curve.name, list(curve.epochs), list(curve.values)) for curve in curves], data.restarts, data.best
