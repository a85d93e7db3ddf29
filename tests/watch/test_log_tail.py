"""The tail over the engine's real CloudWatch Logs and real boto3."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any

import pytest

from birdtui.aws.errors import AwsProblem
from birdtui.aws.slowdown import Slowdown
from birdtui.local.service import Request, ServiceError
from birdtui.watch.events import AnyLines, LogLines
from birdtui.watch.log_tail import LogTail


class Polled:
    """Polls as the watcher does, on a clock of its own, and keeps what it is told."""

    def __init__(self, stand: Any, job: str, **options: Any) -> None:
        self.tail = LogTail(stand.reader, job, **options)
        self.now = 1_000.0
        self.told: list[AnyLines] = []

    def run(self, rounds: int = 12) -> list[str]:
        """Poll whenever it is due, for a number of rounds; gives the new messages."""
        found: list[str] = []
        for _ in range(rounds):
            self.now = max(self.now, self.tail.due)
            lines = self.tail.poll(self.now)
            self.told += lines
            found += [message for each in lines for message in each.messages]
        return found

    def run_through(self) -> list[str]:
        """The last round, until everything is told."""
        self.tail.begin_last_round(self.now)
        found: list[str] = []
        while not self.tail.is_drained:
            found += self.run(1)
        return found


def test_a_group_that_is_not_there_yet_is_nothing_to_tell(stand: Any) -> None:
    polled = Polled(stand, "birds")
    assert polled.run() == []
    assert not polled.tail.has_streams


def test_lines_are_told_once_as_they_come(stand: Any) -> None:
    polled = Polled(stand, "birds")
    polled.run()
    stand.write("birds", "one", "two")
    assert polled.run() == ["one", "two"]
    stand.write("birds", "three")
    assert polled.run() == ["three"]
    assert polled.run() == []


def test_lines_bear_stream_host_and_time(stand: Any) -> None:
    stream = stand.write("birds", "one", "two", host=3, at=1_700_000_000_000)
    polled = Polled(stand, "birds")
    polled.run()
    assert polled.told == [LogLines(stream, "algo-3", (1_700_000_000_000, 1_700_000_000_001), ("one", "two"))]


def test_a_job_whose_name_begins_alike_is_another(stand: Any) -> None:
    stand.write("birds-2", "not mine")
    stand.write("birds", "mine")
    assert Polled(stand, "birds").run() == ["mine"]


def test_streams_that_are_no_instances_are_left_out(stand: Any) -> None:
    stand.logs.append("/aws/sagemaker/TrainingJobs", "birds/algo-1-1700000000/ssm", [(1_700_000_000_000, "shell")])
    stand.write("birds", "mine")
    assert Polled(stand, "birds").run() == ["mine"]


def test_more_than_one_page_of_history_comes_whole_and_in_order(stand: Any) -> None:
    lines = [f"line {number}" for number in range(23_000)]
    for start in range(0, len(lines), 5_000):
        stand.write("birds", *lines[start : start + 5_000], at=1_700_000_000_000 + start)
    assert Polled(stand, "birds").run() == lines


def test_several_instances_are_told_in_time_order(stand: Any) -> None:
    for host in (1, 2, 3):
        for number in range(40):
            stand.write("birds", f"{number:02}.{host}", host=host, at=1_700_000_000_000 + number * 10 + host)
    told = Polled(stand, "birds", instances=3).run()
    assert told == sorted(told)
    assert len(told) == 120


def test_history_of_several_pages_is_told_in_time_order_over_instances(stand: Any) -> None:
    chance = random.Random(5)
    times = {host: sorted(chance.sample(range(100_000), 15_000)) for host in (1, 2)}
    for host, stamps in times.items():
        events = [(1_700_000_000_000 + stamp, f"{stamp}") for stamp in stamps]
        for start in range(0, len(events), 5_000):
            stream = f"birds/algo-{host}-170000000{host}"
            stand.logs.append("/aws/sagemaker/TrainingJobs", stream, events[start : start + 5_000])
    polled = Polled(stand, "birds", instances=2)
    told = [int(message) for message in polled.run_through()]
    assert told == sorted(times[1] + times[2])


def test_a_stream_that_comes_later_is_found_when_the_status_changes(stand: Any) -> None:
    stand.write("birds", "before the interruption")
    polled = Polled(stand, "birds")
    polled.run()
    stand.write("birds", "after it", started=1_700_009_999)
    polled.tail.look_again(polled.now)
    assert polled.run() == ["after it"]


def test_a_second_instance_is_found_without_a_word(stand: Any) -> None:
    stand.write("birds", "first")
    polled = Polled(stand, "birds", instances=2)
    polled.run()
    stand.write("birds", "second", host=2)
    assert polled.run(40) == ["second"]


def test_a_late_line_with_an_older_time_is_told_once(stand: Any) -> None:
    stand.write("birds", "first", at=1_700_000_010_000)
    polled = Polled(stand, "birds")
    polled.run()
    stand.write("birds", "late", at=1_700_000_000_000)
    assert polled.run() == ["late"]
    assert polled.run() == []


def test_the_last_round_tells_what_came_since_the_last_poll(stand: Any) -> None:
    stand.write("birds", "one")
    polled = Polled(stand, "birds")
    polled.run()
    stand.write("birds", "two")
    stand.write("birds", "three", host=2)
    assert sorted(polled.run_through()) == ["three", "two"]


def test_the_last_round_of_a_job_without_a_log_ends(stand: Any) -> None:
    assert Polled(stand, "birds").run_through() == []


def test_empty_pages_with_new_tokens_on_the_way_lose_nothing(stand: Any) -> None:
    stand.write("birds", *(f"line {number}" for number in range(50)))
    pages = 0
    aside = 10**55

    def every_second_page_is_empty(request: Request) -> Mapping[str, Any] | None:
        nonlocal pages
        pages += 1
        request.parameters["limit"] = 10  # type: ignore[index]
        place = int(str(request.parameters.get("nextToken", "f/0/s")).split("/")[1])
        if place >= aside:
            request.parameters["nextToken"] = f"f/{place - aside:056d}/s"  # type: ignore[index]
        elif pages < 12:
            return {"events": [], "nextForwardToken": f"f/{place + aside:056d}/s"}
        return None

    stand.hooks["GetLogEvents"] = every_second_page_is_empty
    assert Polled(stand, "birds").run_through() == [f"line {number}" for number in range(50)]
    assert pages >= 12


def test_a_token_that_is_too_old_costs_no_line_and_doubles_none(stand: Any) -> None:
    stand.write("birds", "one", "two", at=1_700_000_000_000)
    stand.write("birds", "two", "same time", at=1_700_000_000_001)
    polled = Polled(stand, "birds")
    polled.run()

    def expired(request: Request) -> None:
        if "nextToken" in request.parameters:
            stand.hooks.clear()
            raise ServiceError("InvalidParameterException", "The specified nextToken is invalid.")

    stand.write("birds", "three", at=1_700_000_000_002)
    stand.hooks["GetLogEvents"] = expired
    assert polled.run() == ["three"]


@pytest.mark.parametrize("operation", ["GetLogEvents", "DescribeLogStreams"])
def test_a_throttle_is_no_problem_and_loses_nothing(stand: Any, operation: str) -> None:
    stand.write("birds", "one")
    polled = Polled(stand, "birds")
    polled.run()
    left = 3

    def throttling(_request: Request) -> None:
        nonlocal left
        left -= 1
        if left >= 0:
            raise ServiceError("ThrottlingException", "Rate exceeded")

    stand.hooks[operation] = throttling
    stand.write("birds", "two")
    polled.tail.look_again(polled.now)
    assert polled.run(20) == ["two"]


def test_a_throttle_slows_the_polling_down(stand: Any) -> None:
    stand.session.slowdown = Slowdown(lambda: polled.now)
    stand.write("birds", "one")
    polled = Polled(stand, "birds")
    polled.run()

    def throttling(_request: Request) -> None:
        raise ServiceError("ThrottlingException", "Rate exceeded")

    before = polled.now
    polled.run(5)
    calm = polled.now - before
    stand.hooks["GetLogEvents"] = throttling
    before = polled.now
    polled.run(5)
    assert polled.now - before > 2 * calm


def test_another_problem_is_raised_and_what_was_read_before_it_is_kept(stand: Any) -> None:
    stand.write("birds", "one", host=1, at=1_700_000_000_000)
    stand.write("birds", "two", host=2, at=1_700_000_000_001)

    def second_is_denied(request: Request) -> None:
        if "algo-2" in request.parameters["logStreamName"]:
            raise ServiceError("AccessDeniedException", "not authorized to perform: logs:GetLogEvents")

    stand.hooks["GetLogEvents"] = second_is_denied
    polled = Polled(stand, "birds", instances=2)
    with pytest.raises(AwsProblem):
        polled.run()
    stand.hooks.clear()
    assert polled.run() == ["one", "two"]


def test_streams_are_asked_for_seldom_once_all_instances_write(stand: Any) -> None:
    stand.write("birds", "one")
    polled = Polled(stand, "birds")
    polled.run()
    stand.calls.clear()
    start = polled.now
    while polled.now < start + 40:
        polled.run(1)
    assert "DescribeLogStreams" not in stand.calls


def test_a_quiet_log_is_asked_ever_more_slowly(stand: Any) -> None:
    stand.write("birds", "one")
    polled = Polled(stand, "birds")
    polled.run()
    gaps = []
    for _ in range(120):
        before = polled.now
        polled.run(1)
        gaps.append(polled.now - before)
    assert max(gaps[5:40]) <= 2.0
    assert gaps[-1] == pytest.approx(10.0)


def test_new_lines_make_it_quick_again(stand: Any) -> None:
    stand.write("birds", "one")
    polled = Polled(stand, "birds")
    polled.run(60)
    stand.write("birds", "two")
    polled.run(2)
    assert polled.tail.due - polled.now <= 0.5


def test_at_most_four_calls_a_second_are_made_however_many_instances(stand: Any) -> None:
    for host in range(1, 9):
        stand.write("birds", "one", host=host)
    polled = Polled(stand, "birds", instances=8)
    polled.run(40)
    stand.calls.clear()
    start = polled.now
    while polled.now < start + 10:
        stand.write("birds", "more", host=1)
        polled.run(1)
    assert stand.calls.count("GetLogEvents") <= 48
