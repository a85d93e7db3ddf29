"""What is known of a watched job after its events, over restarts above all."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from birdtui.watch.events import JobDescribed, MergedLines, MetricPoint, ModelStored
from birdtui.watch.job_state import JobState

BEGAN = datetime(2021, 3, 4, 10, tzinfo=UTC)
ACCURACY = "validation:accuracy"


def logged(*points: tuple[int, int, float], host: str = "algo-1") -> JobState:
    """A state after the accuracies of (attempt, epoch, value), ten seconds apart."""
    state = JobState("birds")
    for number, (attempt, epoch, value) in enumerate(points):
        state.apply(MetricPoint(BEGAN + timedelta(seconds=10 * number), host, epoch, ACCURACY, value, attempt))
    return state


RESTARTED = ((1, 0, 0.1), (1, 1, 0.9), (1, 2, 0.3), (2, 1, 0.2), (2, 2, 0.4))


def test_of_an_epoch_that_two_attempts_logged_the_last_value_counts() -> None:
    assert logged(*RESTARTED).series["algo-1"][ACCURACY] == {0: 0.1, 1: 0.2, 2: 0.4}


def test_what_each_attempt_logged_is_kept() -> None:
    state = logged(*RESTARTED)
    assert state.attempts == {"algo-1": [{ACCURACY: {0: 0.1, 1: 0.9, 2: 0.3}}, {ACCURACY: {1: 0.2, 2: 0.4}}]}
    assert state.attempt == 2


def test_a_job_that_was_never_restarted_is_at_its_first_attempt() -> None:
    state = logged((1, 0, 0.1), (1, 1, 0.2))
    assert (state.attempt, state.attempts) == (1, {})


def test_the_best_epoch_of_an_attempt_that_was_given_up_is_forgotten() -> None:
    assert logged(*RESTARTED).best == (2, 0.4)


def test_epochs_done_are_those_of_the_last_attempt() -> None:
    assert logged(*RESTARTED[:3]).epochs_done == 3
    assert logged(*RESTARTED[:4]).epochs_done == 2


def test_time_left_is_told_from_the_last_attempt_alone() -> None:
    state = logged(*RESTARTED)
    state.apply(JobDescribed({"HyperParameters": {"epochs": "5"}}))
    assert state.time_left(BEGAN + timedelta(seconds=40)) == timedelta(seconds=20)


def test_the_instance_that_stores_the_model_is_known() -> None:
    state = JobState("birds")
    state.apply(ModelStored("algo-2"))
    assert state.storing_host == "algo-2"


def test_merged_lines_are_held_by_their_hosts() -> None:
    state = JobState("birds")
    streams = (("birds/algo-1-1", "algo-1"), ("birds/algo-2-1", "algo-2"))
    state.apply(MergedLines(streams, (0, 1, 0), (1, 2, 3), ("one", "two", "three")))
    assert [(line.host, line.text) for line in state.log.export()] == [
        ("algo-1", "one"),
        ("algo-2", "two"),
        ("algo-1", "three"),
    ]
