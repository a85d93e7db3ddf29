"""One more epoch comes: how long until the chart is drawn anew, against plotext alone drawing all points.

Run: python tests/benchmarks/bench_chart.py [--json]
Both draw 100 by 30 cells. Ours is all that the screen does: the value taken in, curves, range, ticks, thinning, text.
"""

from __future__ import annotations

import math
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import plotext
from figures import Figure, report  # beside this file

from birdtui.ui.chart_drawing import Palette, draw
from birdtui.ui.chart_model import ChartView, plot
from birdtui.ui.job_progress import ChartFeed
from birdtui.watch.events import MetricPoint
from birdtui.watch.job_state import JobState

SERIES = ("train:accuracy", "train:top_k_accuracy_2", "validation:accuracy", "validation:top_k_accuracy_2")
PALETTE = Palette((120, 120, 120), (255, 160, 0), [(0, 160, 0), (0, 0, 160), (160, 0, 0), (90, 90, 0)], (0, 0, 0))
WIDTH, HEIGHT = 100, 30
NOW = datetime.now(UTC)


def value(series: int, epoch: int) -> float:
    """A curve that rises and shakes."""
    return 0.9 - 0.6 / (1 + epoch / 50) + 0.05 * math.sin(epoch * (series + 1))


def point(state: JobState, series: int, epoch: int) -> None:
    """One value more."""
    state.apply(MetricPoint(NOW, "algo-1", epoch, SERIES[series], value(series, epoch)))


def ours(epochs: int) -> Callable[[], object]:
    """An update of a chart that shows so many epochs already."""
    state, feed = JobState("birds"), ChartFeed()
    for epoch in range(epochs):
        for series in range(len(SERIES)):
            point(state, series, epoch)
    feed.data(state)

    def update() -> object:
        epoch = state.epochs_done
        for series in range(len(SERIES)):
            point(state, series, epoch)
        return draw(plot(feed.data(state), ChartView(), WIDTH - 5, HEIGHT - 2), WIDTH, HEIGHT, PALETTE)

    return update


def alone(epochs: int) -> Callable[[], object]:
    """plotext with every point."""
    xs = list(range(epochs))
    lines = [[value(series, epoch) for epoch in xs] for series in range(len(SERIES))]

    def work() -> object:
        plotext.terminal.limit(False, False)
        figure = plotext.figure
        figure.clear()
        figure.plot_size(WIDTH, HEIGHT)
        for number, ys in enumerate(lines):
            pixel = plotext.pixel(PALETTE.lines[number], "default")
            figure.draw(figure.signal(xs, ys, marker=plotext.marker("braille", pixel)).lines())
        return figure.build().string()

    return work


def milliseconds(work: Callable[[], object], rounds: int) -> float:
    """The middle of several runs, the first not counted."""
    times = []
    for _ in range(rounds + 1):
        start = time.perf_counter()
        work()
        times.append((time.perf_counter() - start) * 1e3)
    return statistics.median(times[1:])


def measured() -> Iterator[Figure]:
    """A short run and a very long one."""
    for epochs, rounds, goal in ((25, 20, 1.2), (100_000, 3, 0.02)):
        theirs = milliseconds(alone(epochs), rounds)
        what = f"chart update, {epochs:,} epochs x {len(SERIES)}"
        yield Figure(what, milliseconds(ours(epochs), rounds * 3), "ms", "plotext alone", theirs, goal)


if __name__ == "__main__":
    report(measured(), as_json="--json" in sys.argv)
