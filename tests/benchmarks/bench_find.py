"""Filters and searches on the screen with a million lines held: how long until they are through, and the longest stall.

Run: python tests/benchmarks/bench_find.py [LINES] [--json]
A process of its own with the log panel, its keys pressed one after the other as a quick typist would. A frequent word
matches nine lines of ten, a rare one a few. A stall is to be two frames at most.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

from bench_metrics import mixed_log  # beside this file, as is the next
from figures import Figure, report
from textual.app import App, ComposeResult
from textual.events import Key

from birdtui import collector
from birdtui.ui import background
from birdtui.ui.widgets.log_panel import LogPanel
from birdtui.watch.log_buffer import LogBuffer

PAGE = 7_000
STEPS = {
    "a frequent word as a filter": ["slash", *"epoch", "enter"],
    "and a line of context": ["plus"],
    "a search among them": ["escape", "ctrl+f", *"speed", "enter"],
    "to the next and back": ["N", "N", "n"],
    "a rare word as a filter": ["escape", "slash", *"00440.rec", "enter"],
    "errors only": ["escape", "e"],
    "accuracy only": ["e", "a"],
    "a regular expression": ["a", "slash", *"/[0-9]{3} samples/", "enter"],
}


class Panel(App[None]):
    """birdtui's log panel alone."""

    def __init__(self, count: int) -> None:
        super().__init__()
        self.buffer = LogBuffer()
        page = mixed_log(PAGE)
        for start in range(0, count, PAGE):
            self.buffer.append("algo-1", range(start, start + PAGE), page)

    def compose(self) -> ComposeResult:
        """The panel alone."""
        yield LogPanel(self.buffer)


async def run(count: int) -> list[float]:
    """Milliseconds of each step until it is through, and of its longest stall."""
    app = Panel(count)
    found: list[float] = []
    longest = 0.0

    async def beat() -> None:
        nonlocal longest
        while True:
            start = time.perf_counter()
            await asyncio.sleep(0.001)
            longest = max(longest, time.perf_counter() - start - 0.001)

    async with app.run_test(size=(140, 42)) as pilot:
        panel = app.query_one(LogPanel)
        panel.focus_view()
        collector.settle()
        await pilot.pause(0.5)
        beating = asyncio.create_task(beat())
        for keys in STEPS.values():
            longest = 0.0
            start = time.perf_counter()
            for key in keys:
                app.post_message(Key(key, key if len(key) == 1 else None))
                await asyncio.sleep(0.03)  # a quick typist
            while panel.is_looking:
                await asyncio.sleep(0.005)
            found += [(time.perf_counter() - start) * 1e3, longest * 1e3]
            await asyncio.sleep(0.1)
        beating.cancel()
    return found


def measured(count: int) -> Iterator[Figure]:
    """Each step."""
    words = [sys.executable, __file__, "--child", str(count)]
    env: dict[str, Any] = os.environ | {"TEXTUAL_FPS": "240"}  # as the command line sets it
    answer = subprocess.run(words, env=env, stdout=subprocess.PIPE, text=True, check=True).stdout.split()
    figures = [float(word) for word in answer]
    for what, took, longest in zip(STEPS, figures[::2], figures[1::2], strict=True):
        yield Figure(f"{what}, typed and through", took, "ms")
        yield Figure(f"{what}: longest stall", longest, "ms", goal=33.0)


def main() -> None:
    """Print what was measured."""
    if "--child" in sys.argv:
        collector.begin()
        background.make_way()
        print(*asyncio.run(run(int(sys.argv[-1]))))
        return
    counts = [int(word) for word in sys.argv[1:] if word.isdigit()]
    report(measured(counts[0] if counts else 1_000_000), as_json="--json" in sys.argv)


if __name__ == "__main__":
    main()
