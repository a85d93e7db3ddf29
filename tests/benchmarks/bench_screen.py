"""A key in the log while fifty thousand lines a second arrive and a million are held: how long until it is painted.

Run: python tests/benchmarks/bench_screen.py [KEYS] [--json]
The peer is Textual's RichLog with two thousand lines a second and none held. Both run in an app of their own, a process
each; a key goes up or down by a line, and its time ends when the app has handed the new frame to the terminal.
"""

from __future__ import annotations

import asyncio
import os
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

from bench_metrics import mixed_log  # beside this file, as is the next
from figures import Figure, report
from textual.app import App, ComposeResult
from textual.events import Key
from textual.widgets import RichLog

from birdtui import collector
from birdtui.ui import background
from birdtui.ui.widgets.log_panel import LogPanel
from birdtui.watch.log_buffer import LogBuffer

HELD = 1_000_000
ARRIVING, THEIRS = 50_000, 2_000
BATCHES = 30
PAGE = 7_000


class Timed(App[None]):
    """An app that knows when it last painted."""

    painted = 0.0

    def _display(self, *arguments: Any) -> None:
        super()._display(*arguments)
        self.painted = time.perf_counter()


class Ours(Timed):
    """birdtui's log panel."""

    def __init__(self) -> None:
        super().__init__()
        self.buffer = LogBuffer()
        page = mixed_log(PAGE)
        for start in range(0, HELD, PAGE):
            self.buffer.append("algo-1", range(start, start + PAGE), page)
        self.stamp = HELD + PAGE

    def compose(self) -> ComposeResult:
        """The panel alone."""
        yield LogPanel(self.buffer)

    def on_mount(self) -> None:
        """Give it the keys."""
        self.query_one(LogPanel).focus_view()

    def take(self, lines: list[str]) -> None:
        """Lines come in, as they do from the watcher's thread."""
        self.buffer.append("algo-1", range(self.stamp, self.stamp + len(lines)), lines)
        self.stamp += len(lines)
        self.call_from_thread(self.query_one(LogPanel).lines_came)


class Peer(Timed):
    """RichLog."""

    def compose(self) -> ComposeResult:
        """The log alone."""
        yield RichLog()

    def on_mount(self) -> None:
        """Give it the keys."""
        self.query_one(RichLog).focus()

    def take(self, lines: list[str]) -> None:
        """Lines come in."""
        for line in lines:
            self.call_from_thread(self.query_one(RichLog).write, line)


def feed(app: Ours | Peer, a_second: int, over: threading.Event) -> None:
    """So many lines a second, in thirty batches, until it is over."""
    lines = mixed_log(a_second // BATCHES)
    due = time.perf_counter()
    while not over.is_set():
        app.take(lines)
        due += 1 / BATCHES
        over.wait(max(due - time.perf_counter(), 0.0))


async def run(make: Callable[[], Ours | Peer], a_second: int, keys: int) -> tuple[list[float], float]:
    """Milliseconds from each key to its frame, and of the longest stall of the event loop."""
    app = make()
    collector.settle()
    times: list[float] = []
    longest = 0.0
    over = threading.Event()

    async def beat() -> None:
        nonlocal longest
        while not over.is_set():
            start = time.perf_counter()
            await asyncio.sleep(0.001)
            longest = max(longest, time.perf_counter() - start - 0.001)

    async with app.run_test(size=(140, 42)) as pilot:
        await pilot.pause(0.5)
        feeding = threading.Thread(target=feed, args=(app, a_second, over), daemon=True)
        feeding.start()
        await asyncio.sleep(0.5)
        beating = asyncio.create_task(beat())
        for number in range(keys):
            await asyncio.sleep(0.05)
            key = "up" if number % 2 == 0 else "down"
            start = time.perf_counter()
            app.post_message(Key(key, None))
            while app.painted <= start and time.perf_counter() - start < 2:
                await asyncio.sleep(0.0005)
            times.append((time.perf_counter() - start) * 1e3)
        over.set()
        await beating
        await asyncio.to_thread(feeding.join)
    return times, longest * 1e3


def child(which: str, keys: int) -> None:
    """One side, in a process of its own."""
    if which == "ours":  # as the command line does
        collector.begin()
        background.make_way()
    make: Callable[[], Ours | Peer] = Ours if which == "ours" else Peer
    times, longest = asyncio.run(run(make, ARRIVING if which == "ours" else THEIRS, keys))
    print(statistics.quantiles(times, n=100)[98], longest)


def side(which: str, keys: int) -> tuple[float, float]:
    """The 99th percentile of a key's time and the longest stall, in milliseconds."""
    words = [sys.executable, __file__, "--child", which, str(keys)]
    env = os.environ | ({"TEXTUAL_FPS": "240"} if which == "ours" else {})  # as the command line sets it
    answer = subprocess.run(words, env=env, stdout=subprocess.PIPE, text=True, check=True).stdout.split()
    return float(answer[0]), float(answer[1])


def measured(keys: int) -> Iterator[Figure]:
    """Ours beside RichLog's."""
    ours, stall = side("ours", keys)
    theirs, _ = side("peer", max(keys // 4, 25))
    what = f"key to paint, p99, {ARRIVING:,} lines/s, {HELD:,} held"
    yield Figure(what, ours, "ms", goal=16.0)
    yield Figure(f"the same, RichLog at {THEIRS:,} lines/s", theirs, "ms")
    yield Figure("longest stall meanwhile", stall, "ms", goal=10.0)


def main() -> None:
    """Print what was measured."""
    if "--child" in sys.argv:
        child(sys.argv[-2], int(sys.argv[-1]))
        return
    counts = [int(word) for word in sys.argv[1:] if word.isdigit()]
    report(measured(counts[0] if counts else 300), as_json="--json" in sys.argv)


if __name__ == "__main__":
    main()
