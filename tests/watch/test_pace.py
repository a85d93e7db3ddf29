"""How often something is asked for, on a clock of the test's own."""

from __future__ import annotations

import pytest

from birdtui.aws.slowdown import PATIENCE, Slowdown
from birdtui.watch.pace import SILENCE, Pace


def quiet_gaps(pace: Pace, now: float, rounds: int) -> list[float]:
    """Seconds between calls while nothing new comes."""
    gaps: list[float] = []
    for _ in range(rounds):
        pace.quiet(now)
        gaps.append(pace.due - now)
        now = pace.due
    return gaps


def test_the_first_call_is_due_at_once() -> None:
    assert Pace().is_due(0.0)


def test_after_news_the_next_call_is_soon() -> None:
    pace = Pace(0.25)
    quiet_gaps(pace, 0.0, 200)
    pace.news(1_000.0)
    assert (pace.is_due(1_000.2), pace.is_due(1_000.25)) == (False, True)


def test_quiet_makes_calls_rarer_and_two_silent_minutes_rarer_still() -> None:
    gaps = quiet_gaps(Pace(0.25, 2.0, 10.0), 0.0, 120)
    assert gaps == sorted(gaps)
    assert gaps[10] == 2.0
    assert sum(gap for gap in gaps if gap <= 2.0) == pytest.approx(SILENCE, abs=4.0)
    assert gaps[-1] == 10.0


def test_news_that_come_another_way_put_the_slow_time_off() -> None:
    pace = Pace(0.25, 2.0, 10.0)
    quiet_gaps(pace, 0.0, 60)
    pace.touch(115.0)
    assert quiet_gaps(pace, 125.0, 5)[-1] == 2.0


def test_a_throttle_halves_the_rate_until_none_comes_for_a_while() -> None:
    now = 100.0
    pace = Pace(0.25, slowdown=Slowdown(lambda: now))
    pace.throttled(now)
    assert 1.5 <= pace.due - now <= 2.5
    now = 110.0
    pace.news(now)
    assert pace.due == 110.5
    now = 100.0 + PATIENCE
    pace.news(now)
    assert pace.due == 100.25 + PATIENCE


def test_a_throttle_elsewhere_slows_this_down_too() -> None:
    slowdown = Slowdown(lambda: 100.0)
    throttled, other = Pace(0.25, slowdown=slowdown), Pace(1.0, slowdown=slowdown)
    throttled.throttled(100.0)
    other.news(100.0)
    assert other.due == 102.0


def test_a_throttle_is_not_overruled_by_haste() -> None:
    pace = Pace(0.25, slowdown=Slowdown(lambda: 100.0))
    pace.throttled(100.0)
    pace.hasten(100.1)
    assert not pace.is_due(100.2)


def test_haste_makes_the_next_call_due_and_the_pace_quick() -> None:
    pace = Pace(0.25)
    quiet_gaps(pace, 0.0, 200)
    pace.hasten(5_000.0)
    assert pace.is_due(5_000.0)
    assert quiet_gaps(pace, 5_000.0, 1)[0] < 0.5


def test_calls_that_fail_become_rarer_up_to_the_slowest() -> None:
    pace = Pace(0.25, 2.0, 10.0)
    gaps = []
    now = 0.0
    for _ in range(20):
        pace.failed(now)
        gaps.append(pace.due - now)
        now = pace.due
    assert gaps == sorted(gaps)
    assert gaps[-1] == pytest.approx(10.0)
