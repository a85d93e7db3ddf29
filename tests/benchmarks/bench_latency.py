"""From an event's writing to the watcher's telling it, at 40 ms a call; and how many calls a quiet job costs.

Run: python tests/benchmarks/bench_latency.py [SECONDS] [--json]
Five lines a second, at uneven times, each with the moment of its writing in it. The quiet hour passes on a clock that
only waiting moves; the SDK's own `TrainingJob.wait(logs=True)` spends the same hour on the same server.
"""

from __future__ import annotations

import contextlib
import logging
import os
import random
import sys
import threading
import time
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

from figures import Figure, report  # beside this file, as is the next one
from log_server import Events, LogServer

from birdtui.aws.call_rate import CallRate
from birdtui.aws.logs import Logs
from birdtui.aws.training_jobs import TrainingJobs
from birdtui.watch import watcher as watching
from birdtui.watch.events import LogLines
from birdtui.watch.watcher import Watcher

STREAM = "birds/algo-1-1700000000"
ROUND_TRIP = 0.04
QUOTA = 25
LAG = 15.0
HOUR = 3600.0
WARM_UP = 3.0


def written() -> dict[str, Events]:
    """A log that has begun."""
    return {STREAM: [(int(time.time() * 1000), "0")]}


def watcher(server: LogServer, stop: threading.Event) -> Watcher:
    """A watcher that takes the server for AWS: it is near, and yet to be asked at the pace of what is far."""
    session = server.session()
    logs = Logs(session, CallRate(QUOTA))
    return Watcher(TrainingJobs(session), logs, "birds", stop=stop, lag=LAG, newest_first=True)


def latencies(server: LogServer, seconds: float) -> tuple[list[float], dict[str, float]]:
    """Seconds from writing to telling, in ascending order, and calls a second while lines came."""
    stop, found = threading.Event(), list[float]()

    def watch() -> None:
        for event in watcher(server, stop).events():
            if isinstance(event, LogLines):
                now = time.monotonic()
                found.extend(now - float(message) for message in event.messages)

    thread = threading.Thread(target=watch)
    thread.start()
    _write_lines(server, WARM_UP)
    server.settle(round_trip=ROUND_TRIP)  # counts anew
    found.clear()
    start = time.monotonic()
    _write_lines(server, seconds)
    calls = server.calls()
    took = time.monotonic() - start
    time.sleep(1.0)
    stop.set()
    thread.join()
    return sorted(found), {name: count / took for name, count in calls.items()}


def _write_lines(server: LogServer, seconds: float) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        time.sleep(random.uniform(0.1, 0.3))
        server.append(STREAM, [(int(time.time() * 1000), repr(time.monotonic()))])


class Clock:
    """A clock that only waiting moves; sets `stop` when the hour is over."""

    def __init__(self) -> None:
        self.now = 1_000.0
        self.end = self.now + HOUR

    def read(self) -> float:
        """The time."""
        return self.now

    def sleep(self, seconds: float) -> None:
        """Let time pass; raises TimeoutError after the hour."""
        self.now += seconds
        if self.now >= self.end:
            raise TimeoutError


class Stop(threading.Event):
    """A stop event whose waiting moves a clock."""

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self._clock = clock

    def wait(self, timeout: float | None = None) -> bool:
        """Let time pass."""
        self._clock.sleep(timeout or 0.0)
        return self.is_set()


def calls_of_a_quiet_hour(server: LogServer) -> int:
    """How many calls the watcher makes for a job that says nothing."""
    clock = Clock()
    server.settle()
    with patch.object(watching, "monotonic", clock.read), contextlib.suppress(TimeoutError):
        for _ in watcher(server, Stop(clock)).events():
            pass
    return int(server.calls().total())


@contextlib.contextmanager
def environment(server: LogServer) -> Iterator[None]:
    """The SDK makes its own clients, out of the environment."""
    named = {
        "AWS_ENDPOINT_URL": server.url,
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    with patch.dict(os.environ, named):
        yield


def sdk_calls_of_a_quiet_hour(server: LogServer) -> int:
    """How many the SDK makes."""
    with environment(server), open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere):  # noqa: PTH123
        logging.disable(logging.CRITICAL)
        from sagemaker.core import resources

        job: Any = resources.TrainingJob.get("birds")
        clock = Clock()
        server.settle()
        passing = SimpleNamespace(time=clock.read, sleep=clock.sleep)
        with patch.object(resources, "time", passing), contextlib.suppress(TimeoutError):
            job.wait(logs=True)
        logging.disable(logging.NOTSET)
    return int(server.calls().total())


def main() -> None:
    """Print what was measured."""
    arguments = [argument for argument in sys.argv[1:] if argument != "--json"]
    seconds = float(arguments[0]) if arguments else 30.0
    with LogServer(written, round_trip=ROUND_TRIP) as server:
        found, calls = latencies(server, seconds)
        quiet = calls_of_a_quiet_hour(server)
        sdk = sdk_calls_of_a_quiet_hour(server)
    median, late = (found[int(share * (len(found) - 1))] for share in (0.5, 0.99))
    report(
        [
            Figure(f"written to told, p50 of {len(found)}", median, "s", goal=0.25),
            Figure("written to told, p99", late, "s", goal=0.4),
            Figure("calls a second meanwhile", sum(calls.values()), "calls/s", goal=4.0),
            Figure("a quiet hour", quiet, "calls", "SDK wait(logs=True)", sdk, 1.0),
        ],
        as_json="--json" in sys.argv,
    )


if __name__ == "__main__":
    main()
