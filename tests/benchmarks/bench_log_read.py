"""How quickly a job's past log is read: every line once, in order, read for metrics and held as the screen does.

Run: python tests/benchmarks/bench_log_read.py [LINES] [--json]
Against a plain boto3 loop over the same server in the same run; under a quota, against what the quota allows. It fails
where a line is missing, doubled or out of place. The plain loop over a round trip reads fewer lines, as many as show
its pace.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from bench_metrics import mixed_log  # beside this file, as are the next two
from figures import Figure, report
from log_server import EVENT_BYTES, PAGE_BYTES, Events, LogServer

from birdtui import collector
from birdtui.aws.call_rate import CallRate
from birdtui.aws.logs import GROUP, Logs
from birdtui.aws.session import Session
from birdtui.watch.log_buffer import LogBuffer
from birdtui.watch.log_tail import LogTail
from birdtui.watch.metrics import MetricsReader

STREAM = "birds/algo-1-1700000000"
SAMPLE = "sample/algo-1-1700000000"
INSTANCES = 8
ROUND_TRIP = 0.08
QUOTA = 25
BEGIN = 1_700_000_000_000


def written(count: int) -> dict[str, Events]:
    """The log of a long job, three lines a millisecond: so any cut in time falls between equal times."""
    events = [(BEGIN + number // 3, line) for number, line in enumerate(mixed_log(count))]
    flock = {f"flock/algo-{host}-1700000000": events[host - 1 :: INSTANCES] for host in range(1, INSTANCES + 1)}
    return {STREAM: events, SAMPLE: events[: count // 5], **flock}


def raw_loop(session: Session, stream: str = STREAM) -> int:
    """What a script does: boto3 as it comes."""
    client = session.client("logs")
    request: dict[str, Any] = {"logGroupName": GROUP, "logStreamName": stream, "startFromHead": True}
    found = 0
    while True:
        answer = client.get_log_events(**request)
        found += len(answer["events"])
        if answer["nextForwardToken"] == request.get("nextToken"):
            return found
        request["nextToken"] = answer["nextForwardToken"]


def read(session: Session, quota: int | None = None) -> LogBuffer:
    """What the screen does with a job's log: every line told, read for metrics, and held."""
    tail = LogTail(Logs(session, CallRate(quota)), "birds")
    metrics, held = MetricsReader(), LogBuffer()
    told = latest = 0
    tail.begin_last_round(time.monotonic())
    while not tail.is_drained:
        time.sleep(max(tail.due - time.monotonic(), 0.0))
        for lines in tail.poll(time.monotonic()):
            if lines.timestamps[0] < latest:
                raise SystemExit("lines were told out of order")
            told, latest = told + len(lines.messages), lines.timestamps[-1]
            for part in lines.parts:
                metrics.feed_lines(part.messages, host=part.host, timestamps=part.timestamps)
                held.append(part.host, part.timestamps, part.messages)
    if told != len(held):
        raise SystemExit(f"{told:,} lines were told, {len(held):,} are held")
    return held


def seconds_to_read(server: LogServer, expected: bytes, quota: int | None = None) -> float:
    """How long it takes to read everything; fails where a line is missing, doubled or out of place."""
    session = ready(server)
    start = time.perf_counter()
    held = read(session, quota)
    seconds = time.perf_counter() - start
    if b"".join(block.text() for block in held.blocks) != expected:
        raise SystemExit("lines are missing, doubled, or in another order")
    return seconds


def flock_seconds(server: LogServer, count: int) -> float:
    """How long the log of eight instances takes until a screen has it, merged; fails where a line is out of place."""
    session = ready(server)
    start = time.perf_counter()
    tail = LogTail(Logs(session, CallRate()), "flock", instances=INSTANCES, newest_first=True)
    held = LogBuffer()
    tail.begin_last_round(time.monotonic())
    while not tail.is_drained:
        time.sleep(max(tail.due - time.monotonic(), 0.0))
        parts = [part for lines in tail.poll(time.monotonic()) for part in lines.parts]
        held.extend((part.host, part.timestamps, part.messages) for part in parts)
    seconds = time.perf_counter() - start
    times = [stamp for block in held.blocks for stamp in block.timestamps]
    if len(held) != count or times != sorted(times):
        raise SystemExit("lines of several instances are missing, doubled or out of order")
    return seconds


def first_sight(server: LogServer, mean: float) -> tuple[float, int]:
    """How long it takes until a screen has the log's last lines to show, and how many pages are asked for."""
    session = ready(server)
    server.settle(round_trip=ROUND_TRIP)
    start = time.perf_counter()
    tail = LogTail(Logs(session, CallRate(QUOTA)), "birds", newest_first=True)
    told = tail.poll(time.monotonic())
    if sum(len(lines.messages) for lines in told) < 0.9 * PAGE_BYTES / mean:
        raise SystemExit("the first lines are less than a page")
    return time.perf_counter() - start, server.calls()["GetLogEvents"]


def seconds_of(work: Callable[[Session], int], server: LogServer, count: int) -> float:
    """How long a plain loop takes; fails where it does not find every line."""
    session = ready(server)
    start = time.perf_counter()
    found = work(session)
    if found != count:
        raise SystemExit(f"{found:,} lines of {count:,} were read")
    return time.perf_counter() - start


def ready(server: LogServer) -> Session:
    """A session whose clients are made, so that making them is not measured."""
    session: Session = server.session()
    session.client("logs")
    Logs(session).streams("birds")
    return session


def main() -> None:
    """Print what was measured."""
    collector.begin()
    arguments = [argument for argument in sys.argv[1:] if argument != "--json"]
    count = int(arguments[0]) if arguments else 1_000_000
    expected = "".join(line + "\n" for line in mixed_log(count)).encode()
    mean = len(expected) / count - 1 + EVENT_BYTES
    named = f"{count:,} lines"
    collector.settle()  # as in the app; the plain loop gains by it too
    with LogServer(partial(written, count)) as server:
        plain = min(seconds_of(raw_loop, server, count) for _ in range(2))
        ours = min(seconds_to_read(server, expected) for _ in range(5))  # the first one imports what is needed
        server.settle(round_trip=ROUND_TRIP)
        plain_far = seconds_of(partial(raw_loop, stream=SAMPLE), server, count // 5) * 5
        ours_far = min(seconds_to_read(server, expected) for _ in range(2))
        flock = flock_seconds(server, count)
        sight, calls = first_sight(server, mean)
        server.settle(limit=QUOTA)
        paced = seconds_to_read(server, expected, QUOTA)
        throttled = server.calls()["throttled"]
    allowed = QUOTA * PAGE_BYTES / mean
    unit = "lines/s"
    report(
        [
            Figure(f"{named} held, metrics read", count / ours, unit, "boto3 loop", count / plain, 3, True),
            Figure("the same, 80 ms a call", count / ours_far, unit, "boto3 loop", count / plain_far, 5, True),
            Figure(
                f"{INSTANCES} instances' merged, 80 ms a call", count / flock, unit, "boto3 loop", count / plain_far
            ),
            Figure("the same, 25 calls/s", count / paced, unit, "the quota", allowed, 0.8, True),
            Figure("pages asked for until its end is told", calls, "calls", goal=1),
            Figure("the same, 80 ms a call, in seconds", sight, "s"),
            Figure("calls throttled under it, none told", throttled, "calls"),
        ],
        as_json="--json" in sys.argv,
    )


if __name__ == "__main__":
    main()
