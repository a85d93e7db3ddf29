"""A million lines held: what they take, and how long a filter or a search over them does.

Run: python tests/benchmarks/bench_search.py [LINES] [--json]
The peer is Python's `in` over a list of all lines. The memory is that of a process of its own with the whole app, a
job on the screen and the lines in its log.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator

from bench_metrics import mixed_log  # beside this file, as is the next
from figures import Figure, report

from birdtui.watch.log_buffer import LogBuffer
from birdtui.watch.log_filter import parse
from birdtui.watch.log_matches import Matches

PAGE = 7_000
WORD = "Validation-accuracy"
RARE = "part-00440.rec"
OPEN = 32 << 20
MEMORY = """\
import asyncio, resource, sys
sys.path.insert(0, sys.argv[1])
from bench_metrics import mixed_log
from birdtui.aws.session import Connection
from birdtui.ui.app import BirdApp, Start
from birdtui.ui.screens.job import JobScreen

async def main():
    there = Connection(region="us-east-1", endpoint_url="http://127.0.0.1:9", access_key="a", secret_key="b")
    app = BirdApp(Start(connect=lambda: there, target="birds"))
    async with app.run_test(size=(140, 42)) as pilot:
        while not isinstance(app.screen, JobScreen):
            await pilot.pause(0.05)
        log, count, made = app.screen.state.log, int(sys.argv[2]), 0
        page = mixed_log(7_000)
        while made < count:
            log.append("algo-1", range(made, made + len(page)), page)
            made += len(page)
        app.screen.post_message(app.screen._watch.LogGrew())
        await pilot.pause(0.5)
    with open("/proc/self/status") as status:
        print(next(int(line.split()[1]) for line in status if line.startswith("VmHWM")))

asyncio.run(main())
"""


def held(lines: list[str]) -> LogBuffer:
    """The lines as a job's log."""
    buffer = LogBuffer()
    for start in range(0, len(lines), PAGE):
        page = lines[start : start + PAGE]
        buffer.append("algo-1", range(start, start + len(page)), page)
    return buffer


def filtered(buffer: LogBuffer, word: str) -> tuple[float, float, int]:
    """Seconds for all of it, seconds of the longest slice on the screen's thread, and how many lines match."""
    matches = Matches(buffer, (parse(f'"{word}"'),))
    total = longest = 0.0
    more = True
    while more:
        start = time.perf_counter()
        more = matches.update()
        took = time.perf_counter() - start
        total, longest = total + took, max(longest, took)
    return total, longest, len(matches.places())


def measured(count: int) -> Iterator[Figure]:
    """A frequent word and a rare one, over what lies open and over everything; then the memory."""
    lines = mixed_log(count)
    mean = sum(map(len, lines[:PAGE])) / PAGE + 1
    for word in (WORD, RARE):
        for what, part, goal in (("newest 32 MB", lines[-int(OPEN / mean) :], 1.0), ("all", lines, 4.0)):
            buffer = held(part)
            start = time.perf_counter()
            found = sum(word in line for line in part)
            theirs = time.perf_counter() - start
            ours, longest, matching = min(filtered(buffer, word) for _ in range(3))
            if matching != found:
                raise SystemExit(f"{matching:,} lines match {word}, {found:,} do")
            yield Figure(f"filter {word}, {what}", ours * 1e3, "ms", "`in` over a list", theirs * 1e3, goal)
            yield Figure("its longest slice", longest * 1e3, "ms", goal=5.0)
    words = [sys.executable, "-c", MEMORY, str(__file__).rpartition("/")[0], str(count)]
    peak = int(subprocess.run(words, stdout=subprocess.PIPE, text=True, check=True).stdout)
    yield Figure(f"the app with {count:,} lines held, at its most", peak / 1000, "MB", goal=160.0)


def main() -> None:
    """Print what was measured."""
    counts = [int(word) for word in sys.argv[1:] if word.isdigit()]
    report(measured(counts[0] if counts else 1_000_000), as_json="--json" in sys.argv)


if __name__ == "__main__":
    main()
