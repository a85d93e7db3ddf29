"""An account with ten thousand jobs on the screen: how many calls list them, and whether anything waits meanwhile.

Run: python tests/benchmarks/bench_jobs.py [KEYS] [--json]
The whole app over HTTP with a round trip of 40 ms, a process of its own; the peer is Textual's DataTable, which is
given the same rows.
"""

from __future__ import annotations

import asyncio
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

from figures import Figure, report  # beside this file, as is the next
from log_server import JOBS, LogServer
from textual.app import App, ComposeResult
from textual.events import Key
from textual.pilot import Pilot
from textual.widgets import DataTable

from birdtui import collector
from birdtui.aws.session import Connection
from birdtui.ui import background
from birdtui.ui.app import BirdApp, Start
from birdtui.ui.screens.jobs import JobsScreen

ROUND_TRIP = 0.04


class Beat:
    """Notes the longest time in which the event loop did nothing else."""

    def __init__(self) -> None:
        self.longest = 0.0
        self._task = asyncio.create_task(self._run())

    async def _run(self) -> None:
        while True:
            start = time.perf_counter()
            await asyncio.sleep(0.001)
            self.longest = max(self.longest, time.perf_counter() - start - 0.001)

    def milliseconds(self) -> float:
        """The longest so far; from now on it is noted anew."""
        found, self.longest = self.longest * 1e3, 0.0
        return found

    def stop(self) -> None:
        """No more."""
        self._task.cancel()


class Ours(BirdApp):
    """birdtui, which knows when it last painted."""

    painted = 0.0

    def _display(self, *arguments: Any) -> None:
        super()._display(*arguments)
        self.painted = time.perf_counter()


async def ours(url: str, keys: int) -> list[float]:
    """Milliseconds: to the first jobs, of the longest stall while all are loaded, from key to frame, while sorting."""
    there = Connection(region="us-east-1", endpoint_url=url, access_key="key", secret_key="secret")
    app = Ours(Start(connect=lambda: there))
    async with app.run_test(size=(140, 42)) as pilot:
        await until(pilot, lambda: app.is_open)
        start = time.perf_counter()
        screen = app.screen
        assert isinstance(screen, JobsScreen)
        await until(pilot, lambda: screen.list.is_loaded)
        first = (time.perf_counter() - start) * 1e3
        collector.settle()
        await asyncio.sleep(1.0)
        beat = Beat()
        while screen.list.next_token is not None:
            screen.action_more()
            await asyncio.sleep(0.01)
        loading = beat.milliseconds()
        times = [await key_to_frame(app, "j") for _ in range(keys)]
        moving = beat.milliseconds()
        await key_to_frame(app, "s")
        await asyncio.sleep(0.2)
        sorting = beat.milliseconds()
        beat.stop()
    return [first, loading, statistics.quantiles(times, n=100)[98], moving, sorting]


async def key_to_frame(app: Ours, key: str) -> float:
    """Milliseconds until the frame after a key is handed to the terminal."""
    await asyncio.sleep(0.05)
    start = time.perf_counter()
    app.post_message(Key(key, None))
    while app.painted <= start and time.perf_counter() - start < 2:
        await asyncio.sleep(0.0005)
    return (time.perf_counter() - start) * 1e3


async def until(pilot: Pilot[Any], holds: Any) -> None:
    """Wait for a condition."""
    while not holds():
        await pilot.pause(0.005)


class Peer(App[None]):
    """A DataTable."""

    def compose(self) -> ComposeResult:
        """The table alone."""
        yield DataTable(cursor_type="row")


async def peer() -> list[float]:
    """Milliseconds of the stall while a DataTable takes the same rows."""
    app = Peer()
    async with app.run_test(size=(140, 42)) as pilot:
        table: DataTable[str] = app.query_one(DataTable)
        table.add_columns("mark", "Status", "Name", "Age", "Took", "Accuracy", "Instance")
        await pilot.pause(0.5)
        beat = Beat()
        await asyncio.sleep(0.05)
        for number in range(JOBS):
            table.add_row("", "Completed", f"ended-{number:05}", "1d", "6m40s", "0.7800", "ml.p3.2xlarge")
        await asyncio.sleep(0.5)
        found = beat.milliseconds()
        beat.stop()
    return [found]


def child(which: str, url: str, keys: int) -> None:
    """One side, in a process of its own."""
    if which == "ours":  # as the command line does
        collector.begin()
        background.make_way()
    print(*asyncio.run(ours(url, keys) if which == "ours" else peer()))


def side(which: str, url: str, keys: int) -> list[float]:
    """What one side measured."""
    words = [sys.executable, __file__, "--child", which, url, str(keys)]
    env = os.environ | {"TEXTUAL_FPS": "240"}  # as the command line sets it
    answer = subprocess.run(words, env=env, stdout=subprocess.PIPE, text=True, check=True).stdout.split()
    return [float(word) for word in answer]


def measured(keys: int) -> Iterator[Figure]:
    """Ours, beside what a DataTable takes."""
    with LogServer(dict, round_trip=ROUND_TRIP) as server:
        first, loading, key, moving, sorting = side("ours", server.url, keys)
        calls = server.calls()["ListTrainingJobs"]
    (theirs,) = side("peer", "", 0)
    yield Figure(f"calls that list {JOBS:,} jobs, with those that look for new ones", calls, "calls", goal=110)
    yield Figure("first page shown, 40 ms a call, in milliseconds", first, "ms")
    yield Figure(f"longest stall while {JOBS:,} jobs are loaded", loading, "ms", "DataTable, its rows", theirs, 0.05)
    yield Figure(f"key to paint, p99, {JOBS:,} jobs", key, "ms", goal=16)
    yield Figure("longest stall while moving among them", moving, "ms")
    yield Figure("longest stall while sorting them", sorting, "ms")


def main() -> None:
    """Print what was measured."""
    if "--child" in sys.argv:
        child(sys.argv[-3], sys.argv[-2], int(sys.argv[-1]))
        return
    counts = [int(word) for word in sys.argv[1:] if word.isdigit()]
    report(measured(counts[0] if counts else 200), as_json="--json" in sys.argv)


if __name__ == "__main__":
    main()
