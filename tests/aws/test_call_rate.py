"""The pace of calls that a quota counts."""

from __future__ import annotations

import threading
import time

import pytest

from birdtui.aws import call_rate
from birdtui.aws.call_rate import CallRate, get_log_events_quota
from birdtui.aws.logs import Logs
from birdtui.aws.session import Connection, Session


class Clock:
    """A clock that only waiting moves."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1_000.0
        monkeypatch.setattr(call_rate, "monotonic", lambda: self.now)

    def stop(self) -> threading.Event:
        clock = self

        class Stop(threading.Event):
            def wait(self, timeout: float | None = None) -> bool:
                clock.now += timeout or 0.0
                return self.is_set()

        return Stop()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


def calls_in(rate: CallRate, clock: Clock, seconds: float) -> int:
    stop, end, calls = clock.stop(), clock.now + seconds, 0
    while True:
        rate.wait(stop)
        if clock.now >= end:
            return calls
        calls += 1


@pytest.mark.parametrize(("region", "quota"), [("us-east-1", 25), ("eu-west-1", 10), ("eu-west-3", 30), ("", 25)])
def test_most_but_not_all_of_a_regions_quota_is_used(clock: Clock, region: str, quota: int) -> None:
    calls = calls_in(CallRate(get_log_events_quota(region)), clock, 20)
    assert 0.8 * quota <= calls / 20 <= 0.95 * quota


def test_without_a_quota_nobody_waits(clock: Clock) -> None:
    rate, stop = CallRate(), clock.stop()
    assert all(rate.wait(stop) for _ in range(1_000))
    assert clock.now == 1_000.0


def test_a_refusal_halves_the_rate_for_everyone_until_none_comes_for_a_while(clock: Clock) -> None:
    rate = CallRate(25)
    before = calls_in(rate, clock, 10)
    rate.refused()
    clock.now += 1.25  # the pause
    assert calls_in(rate, clock, 3) <= 3 * before / 10 / 2 + 1
    clock.now += 10
    assert calls_in(rate, clock, 10) == pytest.approx(before, abs=2)


def test_refusals_of_calls_that_were_under_way_together_count_once(clock: Clock) -> None:
    rate = CallRate(25)
    rate.refused()
    apart = rate.seconds_apart
    for _ in range(7):
        clock.now += 0.01
        rate.refused()
    assert rate.seconds_apart == apart


def test_who_waits_for_a_turn_stops_at_once() -> None:
    rate, stop = CallRate(0.1), threading.Event()
    assert rate.wait(stop)
    gave_up: list[bool] = []
    waiting = threading.Thread(target=lambda: gave_up.append(not rate.wait(stop)))
    waiting.start()
    stop.set()
    waiting.join(5)
    assert gave_up == [True]


def test_turns_are_given_one_after_the_other_to_many_threads() -> None:
    rate, stop = CallRate(200), threading.Event()
    turns: list[float] = []

    def work() -> None:
        for _ in range(5):
            rate.wait(stop)
            turns.append(time.monotonic())

    threads = [threading.Thread(target=work) for _ in range(4)]
    start = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(turns) == 20
    assert max(turns) - start >= 19 / 200


def test_who_reads_with_one_session_shares_one_rate_and_this_machine_has_no_quota() -> None:
    far = Session(Connection(region="us-west-2", access_key="key", secret_key="secret"))
    near = Session(Connection(region="us-west-2", endpoint_url="http://127.0.0.1:1", access_key="k", secret_key="s"))
    assert Logs(far).rate is Logs(far).rate
    assert Logs(far).rate.seconds_apart == pytest.approx(1 / (10 * call_rate.SHARE))
    assert Logs(near).rate.seconds_apart == 0
