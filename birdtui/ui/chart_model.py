"""What a chart of metrics shows, worked out before anything is drawn: curves, range, ticks, smoothing, thinning.

Pure and free of plotext and Textual. Epochs count from 0, as logged.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import pairwise

SMOOTHING = (0.0, 0.4, 0.6, 0.8, 0.9)
"""The steps of smoothing: the weight of the past in a running mean."""

MARKED_RESTARTS = 3
PREFERRED = ("validation:accuracy", "train:accuracy")
"""Drawn first and never hidden by default; top-k follows."""


@dataclass(frozen=True, eq=False)  # comparing two long curves takes longer than drawing one
class Curve:
    """One metric of one instance: `values[i]` was logged for `epochs[i]`; epochs rise."""

    host: str
    name: str
    epochs: Sequence[int]
    values: Sequence[float]

    def at(self, epoch: int) -> float | None:
        """The value of an epoch, None where none was logged."""
        place = bisect_left(self.epochs, epoch)
        return self.values[place] if place < len(self.epochs) and self.epochs[place] == epoch else None

    @cached_property
    def by_epoch(self) -> Mapping[int, float]:
        """Each epoch's value."""
        return dict(zip(self.epochs, self.values, strict=True))


@dataclass(frozen=True)
class ChartData:
    """Everything logged so far: `best` as (epoch, value), `saved` the epoch whose weights the artifact holds.

    Of a job that was restarted, `curves` have each epoch's last value, `earlier` what each attempt before logged that
    a later one logged anew, and `restarts` the first epoch of each attempt after the first. `storing_host` is the
    instance that stores the model; `is_over` says that nothing will follow.
    """

    curves: tuple[Curve, ...] = ()
    best: tuple[int, float] | None = None
    saved: int | None = None
    total_epochs: int | None = None
    storing_host: str | None = None
    is_over: bool = False
    earlier: tuple[tuple[Curve, ...], ...] = ()
    restarts: tuple[int, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The metrics there are, accuracy first."""
        found = dict.fromkeys(curve.name for curve in self.curves)
        first = [name for name in PREFERRED if name in found]
        return (*first, *sorted(name for name in found if name not in first))

    @property
    def hosts(self) -> tuple[str, ...]:
        """The instances that logged."""
        return tuple(dict.fromkeys(curve.host for curve in self.curves))

    @property
    def last_epoch(self) -> int:
        """The last epoch with a value; -1 before there is one."""
        return max((curve.epochs[-1] for curve in self.curves if curve.epochs), default=-1)


@dataclass(frozen=True)
class ChartView:
    """How a person looks at it: each part stands alone.

    `window` is the first and last epoch in sight, None for the whole run; `host` is an instance, "each" for all of
    them, None for their mean.
    """

    hidden: frozenset[str] = frozenset()
    smoothing: float = 0.0
    log_scale: bool = False
    window: tuple[int, int] | None = None
    cursor: int | None = None
    host: str | None = None

    def smoother(self) -> ChartView:
        """The next step of smoothing, round and round."""
        return replace(self, smoothing=SMOOTHING[(SMOOTHING.index(self.smoothing) + 1) % len(SMOOTHING)])

    def zoomed(self, data: ChartData, factor: float) -> ChartView:
        """A window `factor` as wide around the cursor or the middle; the whole run when it would be wider than that."""
        first, last = self.span(data)
        middle = self.cursor if self.cursor is not None else (first + last) // 2
        width = max(round((last - first) * factor), 2)
        whole = replace(self, window=None)
        if width >= whole.span(data)[1] - whole.span(data)[0]:
            return whole
        return replace(self, window=_within((middle - width // 2, middle - width // 2 + width), whole.span(data)))

    def panned(self, data: ChartData, steps: int) -> ChartView:
        """The window moved by quarters of its width."""
        if self.window is None:
            return self
        first, last = self.window
        by = steps * max((last - first) // 4, 1)
        return replace(self, window=_within((first + by, last + by), replace(self, window=None).span(data)))

    def moved(self, data: ChartData, steps: int) -> ChartView:
        """The cursor moved by epochs; it appears at the last epoch."""
        if data.last_epoch < 0:
            return self
        at = data.last_epoch if self.cursor is None else self.cursor + steps
        return replace(self, cursor=min(max(at, 0), data.last_epoch))

    def span(self, data: ChartData) -> tuple[int, int]:
        """The first and last epoch in sight; the whole run reaches to the epochs asked for."""
        if self.window is not None:
            return self.window
        return 0, max(data.last_epoch, (data.total_epochs or 1) - 1, 1)


def _within(window: tuple[int, int], whole: tuple[int, int]) -> tuple[int, int]:
    first, last = window
    width = min(last - first, whole[1] - whole[0])
    first = min(max(first, whole[0]), whole[1] - width)
    return first, first + width


@dataclass(frozen=True)
class Plot:
    """What is drawn: lines of points, the value range and the ticks of both axes."""

    lines: tuple[PlotLine, ...]
    x_range: tuple[float, float]
    y_range: tuple[float, float]
    x_ticks: tuple[int, ...]
    y_ticks: tuple[float, ...]
    log_scale: bool
    marks: tuple[PlotMark, ...] = field(default=())
    cursor: int | None = None


@dataclass(frozen=True)
class PlotLine:
    """One line: `rank` picks its colour (the place of its metric), `faint` draws it in the background."""

    label: str
    rank: int
    xs: tuple[float, ...]
    ys: tuple[float, ...]
    faint: bool = False


@dataclass(frozen=True)
class PlotMark:
    """A point with a word: the best epoch, the saved one."""

    symbol: str
    label: str
    x: int
    y: float


def plot(data: ChartData, view: ChartView, columns: int, rows: int) -> Plot:
    """The chart as it fits `columns` by `rows` cells."""
    first, last = view.span(data)
    lines = _earlier_lines(data, view, (first, last), columns)
    for name in data.names:
        if name in view.hidden:
            continue
        for curve, color in shown(data, name, view.host):
            lines += _lines(curve, color, view, (first, last), columns)
    if view.log_scale:
        lines = [_positive(line) for line in lines]
    y_range = _value_range([line for line in lines if line.xs], view.log_scale)
    marks = [mark for mark in _marks(data, view) if first <= mark.x <= last]
    return Plot(
        tuple(line for line in lines if line.xs),
        (first, max(last, first + 1)),
        y_range,
        integer_ticks(first, last, max(columns // 12, 2)),
        value_ticks(*y_range, max(rows // 4, 2), log_scale=view.log_scale),
        view.log_scale,
        tuple(marks),
        view.cursor if view.cursor is not None and first <= view.cursor <= last else None,
    )


def _earlier_lines(data: ChartData, view: ChartView, span: tuple[int, int], columns: int) -> list[PlotLine]:
    """What attempts before a restart logged, in the background and in the colours of what followed."""
    lines: list[PlotLine] = []
    for name in data.names if data.earlier else ():
        ranks = {} if name in view.hidden else {curve.host: rank for curve, rank in shown(data, name, view.host)}
        for curves in data.earlier if ranks else ():
            for curve in _curves(replace(data, curves=curves), name, view.host):
                rank = ranks.get(curve.host, next(iter(ranks.values())))
                found = _lines(curve, rank, replace(view, smoothing=0.0), span, columns)
                lines += [replace(line, faint=True) for line in found]
    return lines


def shown(data: ChartData, name: str, host: str | None) -> list[tuple[Curve, int]]:
    """The curves of a metric that a view shows, each with the rank that picks its colour."""
    curves = _curves(data, name, host)
    rank = data.names.index(name)
    if len(curves) == 1:
        return [(curves[0], rank)]
    return [(curve, rank * len(curves) + number) for number, curve in enumerate(curves)]


def _curves(data: ChartData, name: str, host: str | None) -> list[Curve]:
    curves = [curve for curve in data.curves if curve.name == name]
    if host == "each" or len(curves) == 1:
        return curves
    if host is not None:
        return [curve for curve in curves if curve.host == host]
    return [mean(curves)] if curves else []


def mean(curves: Sequence[Curve]) -> Curve:
    """The mean over instances of one metric, for each epoch over those that logged it."""
    epochs = sorted({epoch for curve in curves for epoch in curve.epochs})
    values = []
    for epoch in epochs:
        found = [curve.by_epoch[epoch] for curve in curves if epoch in curve.by_epoch]
        finite = [value for value in found if math.isfinite(value)]
        values.append(sum(finite) / len(finite) if finite else math.nan)
    return Curve("mean", curves[0].name, epochs, values)


def _lines(curve: Curve, rank: int, view: ChartView, span: tuple[int, int], columns: int) -> list[PlotLine]:
    low = max(bisect_left(curve.epochs, span[0]) - 1, 0)
    high = bisect_right(curve.epochs, span[1]) + 1
    label = curve.name if curve.host in {"mean", "-"} or view.host is None else f"{curve.name} {curve.host}"
    xs, ys = curve.epochs[low:high], curve.values[low:high]
    raw = PlotLine(label, rank, *thin(xs, ys, columns), faint=bool(view.smoothing))
    if not view.smoothing:
        return [raw]
    smooth = smoothed(curve.values, view.smoothing)[low:high]
    return [raw, PlotLine(label, rank, *thin(xs, smooth, columns))]


def smoothed(values: Sequence[float], weight: float) -> list[float]:
    """A running mean that leans on the past by `weight`, free of the bias of its start; nan stays nan."""
    result: list[float] = []
    total = norm = 0.0
    for value in values:
        if not math.isfinite(value):
            result.append(math.nan)
            continue
        total = total * weight + value * (1 - weight)
        norm = norm * weight + (1 - weight)
        result.append(total / norm)
    return result


def thin(xs: Sequence[float], ys: Sequence[float], columns: int) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """At most four points a column of cells: first, lowest, highest, last, so that extremes stay; nan is left out."""
    if len(xs) <= columns * 4:
        pairs = [(float(x), float(y)) for x, y in zip(xs, ys, strict=True) if math.isfinite(y)]
        return tuple(x for x, _ in pairs), tuple(y for _, y in pairs)
    import numpy as np

    x, y = np.asarray(xs, dtype=float), np.asarray(ys, dtype=float)
    keep = np.isfinite(y)
    if not keep.all():
        x, y = x[keep], y[keep]
    bounds = np.linspace(0, len(x), min(columns, len(x)) + 1).astype(int)
    chosen = [*bounds[:-1].tolist(), *(bounds[1:] - 1).tolist()]
    for start, stop in pairwise(bounds.tolist()):
        part = y[start:stop]
        chosen += (start + int(part.argmin()), start + int(part.argmax()))
    kept = np.unique(chosen)
    return tuple(x[kept].tolist()), tuple(y[kept].tolist())


def _positive(line: PlotLine) -> PlotLine:
    kept = [(x, y) for x, y in zip(line.xs, line.ys, strict=True) if y > 0]
    return replace(line, xs=tuple(x for x, _ in kept), ys=tuple(y for _, y in kept))


def _value_range(lines: Sequence[PlotLine], log_scale: bool) -> tuple[float, float]:
    """Up to 1 for accuracies, from the tenth below the lowest; with room at the ends for anything else."""
    values = [y for line in lines for y in line.ys]
    if not values:
        return (0.1, 1.0) if log_scale else (0.0, 1.0)
    low, high = min(values), max(values)
    if log_scale:
        return low / 1.1, max(high * 1.1, low * 1.2)
    if low >= 0 and high <= 1:
        return min(math.floor(low * 10) / 10, 0.9), 1.0
    room = (high - low) * 0.05 or abs(high) * 0.1 or 1.0
    return low - room, high + room


def _marks(data: ChartData, view: ChartView) -> list[PlotMark]:
    marks = _restart_marks(data, view)
    if "validation:accuracy" in view.hidden:
        return marks
    if data.saved is not None:
        curves = _curves(data, "validation:accuracy", None)
        value = curves[0].at(data.saved) if curves else None
        if value is not None and math.isfinite(value) and (data.best is None or data.saved != data.best[0]):
            marks.append(PlotMark("■", f"saved {value:.3f} @{data.saved}", data.saved, value))
    if data.best is not None:
        epoch, value = data.best
        word = "best+saved" if data.saved == epoch else "best"
        marks.append(PlotMark("◆", f"{word} {value:.3f} @{epoch}", epoch, value))
    return marks


def _restart_marks(data: ChartData, view: ChartView) -> list[PlotMark]:
    """Where the last attempts began, on the first curve in sight."""
    names = [name for name in data.names if name not in view.hidden]
    if not names or not data.restarts:
        return []
    curve = shown(data, names[0], view.host)[0][0]
    found: list[PlotMark] = []
    for number, epoch in list(enumerate(data.restarts, 2))[-MARKED_RESTARTS:]:
        value = curve.at(epoch)
        if value is not None and math.isfinite(value):
            found.append(PlotMark("↻", f"attempt {number} @{epoch}", epoch, value))
    return found


def integer_ticks(first: int, last: int, most: int) -> tuple[int, ...]:
    """Whole epochs at round steps, at most `most` of them and always both ends when there is room."""
    span = max(last - first, 1)
    steps = (base * 10**power for power in range(12) for base in (1, 2, 5))
    step = next((step for step in steps if span / step < most), span)
    ticks = [*range(-(-first // step) * step, last + 1, step)]
    if ticks and last - ticks[-1] > step * 0.6:
        ticks.append(last)
    return tuple(ticks)


def value_ticks(low: float, high: float, most: int, *, log_scale: bool = False) -> tuple[float, ...]:
    """Round values between the ends."""
    if log_scale:
        powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
        ticks = [base * 10.0**power for power in powers for base in (1, 2, 5)]
        return tuple(tick for tick in ticks if low <= tick <= high) or (low, high)
    span = high - low
    power = math.floor(math.log10(span / max(most, 1))) if span > 0 else 0
    for base in (1, 2, 2.5, 5, 10, 20, 25, 50):
        step = base * 10.0**power
        if span / step <= most:
            break
    start = math.ceil(low / step - 1e-9)
    count = math.floor(high / step + 1e-9) - start
    return tuple(round((start + number) * step, 10) for number in range(count + 1))
