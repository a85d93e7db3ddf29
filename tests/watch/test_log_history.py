"""A long past read in parallel windows of time: each line once, in order, whatever its times and whatever happens."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from itertools import accumulate, chain
from typing import Any

import pytest

from birdtui.aws.errors import AwsProblem
from birdtui.aws.logs import GROUP
from birdtui.local.service import Request, ServiceError
from birdtui.watch import log_history, log_tail
from birdtui.watch.events import AnyLines
from birdtui.watch.log_chain import Chain
from birdtui.watch.log_history import MOST_WAITING, THREADS, LogHistory, Past
from birdtui.watch.log_tail import LogTail

BEGIN = 1_700_000_000_000
PAGE = 600
CROWDED = [0, 0, 0, 0, 1]
UNEVEN = [1] * 3_000 + [5_000] * 3_000 + [0] * 2_000 + [1] * 3_000


def write(stand: Any, steps: list[int], *, host: int = 1, begin: int = BEGIN) -> list[tuple[int, str]]:
    """Lines that lie so many milliseconds apart; gives them."""
    events = [(stamp, f"{host}:{number}") for number, stamp in enumerate(accumulate(steps, initial=begin))]
    stand.logs.append(GROUP, f"birds/algo-{host}-170000000{host}", events)
    return events


@pytest.fixture(autouse=True)
def far(monkeypatch: pytest.MonkeyPatch) -> None:
    """As many threads as for an AWS far away."""
    monkeypatch.setattr(log_history, "NEAR_SECONDS", 0.0)


@pytest.fixture
def requests(stand: Any) -> list[dict[str, Any]]:
    """Every GetLogEvents request; the engine's pages are small, so that a long log is quickly written."""
    found: list[dict[str, Any]] = []

    def small_pages(request: Request) -> None:
        found.append(dict(request.parameters))
        request.parameters["limit"] = min(request.parameters["limit"], PAGE)  # type: ignore[index]

    stand.hooks["GetLogEvents"] = small_pages
    return found


def before_each(stand: Any, hook: Callable[[Request], Mapping[str, Any] | None]) -> None:
    """Put a hook before the one of `requests`."""
    small_pages = stand.hooks["GetLogEvents"]
    stand.hooks["GetLogEvents"] = lambda request: hook(request) or small_pages(request)


def polls(tail: LogTail) -> Iterator[AnyLines]:
    """What polls tell until everything is told; a problem ends nothing."""
    now = 1_000.0
    tail.begin_last_round(now)
    deadline = time.monotonic() + 30
    while not tail.is_drained:
        assert time.monotonic() < deadline
        now = max(now, tail.due)
        yield from tail.poll(now)


def rows(told: list[AnyLines]) -> list[tuple[int, str]]:
    return [row for lines in told for row in zip(lines.timestamps, lines.messages, strict=True)]


def windows(requests: list[dict[str, Any]]) -> list[int]:
    return [request["startTime"] for request in requests if "startTime" in request]


@pytest.mark.parametrize(
    "steps",
    [[1] * 20_000, CROWDED * 4_000, [0] * 9_000 + [1] * 9_000, UNEVEN, [*UNEVEN[::-1], 10**9], [7, 0] * 9_000],
    ids=["even", "crowded", "one-time", "uneven", "uneven-the-other-way", "pairs"],
)
def test_every_line_is_told_once_and_in_order(stand: Any, requests: list[dict[str, Any]], steps: list[int]) -> None:
    events = write(stand, steps)
    assert rows(list(polls(LogTail(stand.reader, "birds")))) == events
    assert windows(requests)


def test_windows_cost_few_calls_more_than_reading_in_a_row(stand: Any, requests: list[dict[str, Any]]) -> None:
    events = write(stand, [1] * 60_000)
    list(polls(LogTail(stand.reader, "birds")))
    assert len(requests) <= 1.25 * len(events) / PAGE


def test_several_instances_are_merged_in_time_order(stand: Any, requests: list[dict[str, Any]]) -> None:
    chance = random.Random(7)
    events = [write(stand, [chance.randrange(9) for _ in range(9_000)], host=host) for host in (1, 2, 3)]
    told = rows(list(polls(LogTail(stand.reader, "birds", instances=3))))
    assert [stamp for stamp, _ in told] == sorted(stamp for stamp, _ in chain(*events))
    assert Counter(told) == Counter(chain(*events))


def test_no_window_begins_where_lines_may_still_come_late(stand: Any, requests: list[dict[str, Any]]) -> None:
    now = int(time.time() * 1000)
    events = write(stand, [20] * 20_000, begin=now - 20_000 * 20)
    late = (now - 30_000, "late")
    hurry = iter([False] * 12 + [True])

    def late_line(_request: Request) -> None:
        if next(hurry, False):
            stand.logs.append(GROUP, "birds/algo-1-1700000001", [late])

    before_each(stand, late_line)
    told = rows(list(polls(LogTail(stand.reader, "birds"))))
    assert Counter(told) == Counter([*events, late])
    assert max(windows(requests)) <= now - 100_000


def test_throttles_lose_and_double_nothing(stand: Any, requests: list[dict[str, Any]]) -> None:
    events = write(stand, CROWDED * 3_000)
    chance = random.Random(3)

    def throttling(_request: Request) -> None:
        if chance.random() < 0.2:
            raise ServiceError("ThrottlingException", "Rate exceeded")

    before_each(stand, throttling)
    assert rows(list(polls(LogTail(stand.reader, "birds")))) == events


def test_a_problem_is_raised_and_reading_goes_on_where_it_was(stand: Any, requests: list[dict[str, Any]]) -> None:
    events = write(stand, CROWDED * 3_000)
    calls = iter(range(10**6))

    def every_seventh_fails(_request: Request) -> None:
        if next(calls) % 7 == 6:
            raise ServiceError("AccessDeniedException", "not authorized to perform: logs:GetLogEvents")

    before_each(stand, every_seventh_fails)
    tail = LogTail(stand.reader, "birds")
    told: list[AnyLines] = []
    problems: list[str] = []
    now = 1_000.0
    while not tail.is_drained or not told:
        now = max(now, tail.due)
        try:
            told += tail.poll(now)
        except AwsProblem as problem:
            problems.append(problem.code)
    assert set(problems) == {"AccessDeniedException"}
    assert rows(told) == events


def test_calls_that_fail_together_are_one_problem(stand: Any, requests: list[dict[str, Any]]) -> None:
    events = write(stand, [1] * 20_000)
    together = threading.Barrier(4)
    is_failing = True

    def windows_fail(request: Request) -> None:
        if is_failing and "startTime" in request.parameters:
            together.wait(10)
            raise ServiceError("AccessDeniedException", "not authorized to perform: logs:GetLogEvents")

    before_each(stand, windows_fail)
    tail = LogTail(stand.reader, "birds")
    told: list[AnyLines] = []

    def poll_on() -> None:
        while True:
            told.extend(tail.poll(max(1_000.0, tail.due)))

    with pytest.raises(AwsProblem):
        poll_on()
    is_failing = False
    together.abort()
    while (thread := _reading_thread()) is not None:
        thread.join(5)
    now = tail.due
    while not tail.is_drained:
        told += tail.poll(now)
        now = max(now, tail.due)
    assert rows(told) == events


def test_tokens_that_are_too_old_lose_and_double_nothing(stand: Any, requests: list[dict[str, Any]]) -> None:
    events = write(stand, CROWDED * 3_000)
    calls = iter(range(10**6))

    def now_and_then_expired(request: Request) -> None:
        if "nextToken" in request.parameters and next(calls) % 5 == 0:
            raise ServiceError("InvalidParameterException", "The specified nextToken is invalid.")

    before_each(stand, now_and_then_expired)
    assert rows(list(polls(LogTail(stand.reader, "birds")))) == events


def test_a_line_written_after_the_past_was_read_and_before_the_last_round_is_told(stand: Any) -> None:
    events = write(stand, [1] * 10)
    calls, go_on = iter(range(100)), threading.Event()

    def second_waits(_request: Request) -> None:
        if next(calls) == 1:
            go_on.wait(10)

    stand.hooks["GetLogEvents"] = second_waits
    tail = LogTail(stand.reader, "birds")
    told = tail.poll(1_000.0)
    assert rows(told) == events
    go_on.set()
    while (thread := _reading_thread()) is not None:
        thread.join(5)
    stand.write("birds", "the last", started=1_700_000_001)
    told = list(polls(tail))
    assert [message for _, message in rows(told)] == ["the last"]


def test_stopping_ends_a_poll_at_once_though_aws_does_not_answer(stand: Any) -> None:
    write(stand, [1] * 10)
    asked, answer, stop = threading.Event(), threading.Event(), threading.Event()

    def waiting(_request: Request) -> None:
        asked.set()
        answer.wait(20)

    stand.hooks["GetLogEvents"] = waiting
    tail = LogTail(stand.reader, "birds", stop=stop)
    poll = threading.Thread(target=tail.poll, args=(1_000.0,))
    poll.start()
    assert asked.wait(10)
    stop.set()
    poll.join(2)
    ended = not poll.is_alive()
    daemons = [thread.daemon for thread in threading.enumerate() if _is_reading(thread)]
    answer.set()
    assert ended
    assert all(daemons)


def test_what_nobody_takes_is_not_read_further(stand: Any, requests: list[dict[str, Any]]) -> None:
    write(stand, [1] * 60_000)
    history = LogHistory(stand.reader, threading.Event())
    past = Past(Chain("birds/algo-1-1700000001"))
    history.begin(past)
    while (thread := _reading_thread()) is not None:
        thread.join(5)
    assert MOST_WAITING <= past.waiting <= MOST_WAITING + THREADS
    told = 0
    while history.is_active:
        history.wait(1.0)
        history.collect()
        told += sum(len(lines[0]) for lines in past.pages)
        past.pages.clear()
    assert told == 60_001


def test_what_answers_at_once_is_read_by_one_thread(
    stand: Any, requests: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_history, "NEAR_SECONDS", 60.0)
    events = write(stand, CROWDED * 4_000)
    threads: set[threading.Thread] = set()
    before_each(stand, lambda _: threads.update(each for each in threading.enumerate() if _is_reading(each)))
    assert rows(list(polls(LogTail(stand.reader, "birds")))) == events
    assert len(threads) == 1


def _is_reading(thread: threading.Thread) -> bool:
    return thread.name == "birdtui: log history"


def _reading_thread() -> threading.Thread | None:
    return next(filter(_is_reading, threading.enumerate()), None)


# the newest lines first


def newest_first(stand: Any, **options: Any) -> LogTail:
    return LogTail(stand.reader, "birds", newest_first=True, **options)


@pytest.mark.parametrize("steps", [[1] * 20_000, CROWDED * 4_000, UNEVEN], ids=["even", "crowded", "uneven"])
def test_the_end_is_told_after_one_call_and_the_past_behind_it(
    stand: Any, requests: list[dict[str, Any]], steps: list[int]
) -> None:
    events = write(stand, steps)
    tail = newest_first(stand)
    told = tail.poll(1_000.0)
    newest = len(rows(told))
    assert len(requests) == 1
    assert newest >= PAGE - 5
    assert rows(told) == events[-newest:]
    assert not told[0].history
    past = list(polls(tail))
    assert all(lines.history for lines in past)
    assert rows(past) == events[:-newest]
    assert tail.is_past_told


def test_a_log_that_ends_with_one_time_only_is_told_once(stand: Any, requests: list[dict[str, Any]]) -> None:
    events = write(stand, [1] * 2_000 + [0] * 2_000)
    assert Counter(rows(list(polls(newest_first(stand))))) == Counter(events)


def test_a_short_log_is_told_in_order(stand: Any, requests: list[dict[str, Any]]) -> None:
    events = write(stand, [1] * 300)
    told = list(polls(newest_first(stand)))
    assert rows(told) == events
    assert not any(lines.history for lines in told)


def test_a_log_that_wrote_a_page_just_now_is_read_backward_before_its_past(
    stand: Any, requests: list[dict[str, Any]]
) -> None:
    now = int(time.time() * 1000)
    events = write(stand, [20] * 12_000, begin=now - 12_000 * 20)
    told = list(polls(newest_first(stand)))
    assert Counter(rows(told)) == Counter(events)
    past = [lines for lines in told if lines.history]
    assert rows(past) == events[: len(rows(past))]
    assert past[-1].timestamps[-1] <= now - 100_000


def test_lines_that_come_while_the_past_is_read_are_told_once(stand: Any, requests: list[dict[str, Any]]) -> None:
    events = write(stand, [1] * 20_000)
    new = [(BEGIN + 10**8 + number, f"new {number}") for number in range(30)]
    arriving = iter(new)

    def one_more(_request: Request) -> None:
        event = next(arriving, None)
        if event is not None:
            stand.logs.append(GROUP, "birds/algo-1-1700000001", [event])

    before_each(stand, one_more)
    tail = newest_first(stand)
    told = [*polls(tail), *polls(tail)]
    assert Counter(rows(told)) == Counter([*events, *new])


def test_each_instance_of_a_job_shows_its_end_first(stand: Any, requests: list[dict[str, Any]]) -> None:
    events = [write(stand, [1] * 5_000, host=host) for host in (1, 2, 3)]
    tail = newest_first(stand, instances=3)
    for number, host in enumerate(("algo-1", "algo-2", "algo-3"), 1):
        told = tail.poll(1_000.0)
        assert {lines.hosts for lines in told} == {(host,)}
        assert len(requests) == number
        for own in events:
            if own[-1] in rows(told):
                del own[-len(rows(told)) :]
    assert Counter(rows(list(polls(tail)))) == Counter(chain(*events))


def test_the_past_of_several_instances_comes_in_the_order_of_its_times(
    stand: Any, requests: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_tail, "PAGES_AT_ONCE", 2)
    chance = random.Random(11)
    events = [write(stand, [chance.randrange(9) for _ in range(6_000)], host=host) for host in (1, 2, 3)]
    tail = newest_first(stand, instances=3)
    now, latest = 1_000.0, -1
    told: list[AnyLines] = []
    tail.begin_last_round(now)
    while not tail.is_drained:
        now = max(now, tail.due)
        lines = tail.poll(now)
        past = sorted(stamp for part in lines if part.history for stamp in part.timestamps)
        assert not past or past[0] >= latest
        latest = past[-1] if past else latest
        told += lines
    assert Counter(rows(told)) == Counter(chain(*events))
