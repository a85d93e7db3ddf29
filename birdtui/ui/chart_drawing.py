"""The one module that knows plotext: a Plot in, Text of exactly the asked size out."""

from __future__ import annotations

import math
import re
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from rich.color import Color
from rich.style import Style
from rich.text import Span, Text

from birdtui.ui.chart_model import Plot, PlotLine

RGB = tuple[int, int, int]

_SEQUENCE = re.compile(r"\x1b\[([\d;]*)m")
_figure = threading.Lock()  # plotext has one figure for the whole process


@dataclass(frozen=True)
class Palette:
    """A theme's colours for a chart; `lines` are taken by each line's rank in turn."""

    axis: RGB
    mark: RGB
    lines: Sequence[RGB]
    background: RGB

    def line(self, line: PlotLine) -> RGB:
        """A line's colour; a faint one lies halfway to the background."""
        color = self.lines[line.rank % len(self.lines)]
        if not line.faint:
            return color
        mixed = [(part * 2 + back * 3) // 5 for part, back in zip(color, self.background, strict=True)]
        return mixed[0], mixed[1], mixed[2]


def draw(plot: Plot, width: int, height: int, palette: Palette) -> Text:
    """The chart as `width` by `height` cells."""
    import plotext

    with _figure:
        plotext.terminal.limit(False, False)
        figure = plotext.figure
        figure.clear()
        figure.plot_size(width, height)
        figure.canvas("default")
        figure.legend(False)
        axis = plotext.pixel(palette.axis, "default")
        figure.axes(pixel=axis)
        figure.axes(False, side=1)
        _rulers(figure, plot, axis)
        if plot.cursor is not None:
            figure.line(plot.cursor, "vertical", pixel=plotext.pixel(palette.axis, "default"))
        for line in plot.lines:
            pixel = plotext.pixel(palette.line(line), "default")
            heights = [_height(y, plot) for y in line.ys]
            signal = figure.signal(list(line.xs), heights, marker=plotext.marker("braille", pixel))
            figure.draw(signal.lines() if len(line.xs) > 1 else signal)
        _marks(plotext, figure, plot, palette)
        drawn = figure.build().string()
    return _colored(drawn)


def _colored(drawn: str) -> Text:
    """plotext's output as text with the colours of its characters; what it paints behind them is left to the theme.

    Rich reads any terminal's output (`Text.from_ansi`); these few sequences take a fifth of its time.
    """
    first, *rest = _SEQUENCE.split(drawn.removesuffix("\n"))
    parts, spans, at = [first], [], len(first)
    codes = ""
    for sequence, text in zip(rest[::2], rest[1::2], strict=True):
        codes = "" if sequence in {"", "0"} else f"{codes};{sequence}"
        style = _style(codes) if codes and text else None
        if style is not None:
            spans.append(Span(at, at + len(text), style))
        parts.append(text)
        at += len(text)
    return Text("".join(parts), spans=spans, no_wrap=True, end="")


@lru_cache(maxsize=256)
def _style(codes: str) -> Style | None:
    """The style that codes set one after the other: bold, and a colour of 24 bits; backgrounds are passed over."""
    numbers = iter(codes.split(";"))
    color, bold = None, False
    for number in numbers:
        if number in {"38", "48"}:
            mixed = [int(next(numbers, "0")) for _ in range(3 if next(numbers, "") == "2" else 1)]
            if number == "38" and len(mixed) == 3:
                color = Color.from_rgb(*mixed)
        elif number == "1":
            bold = True
    return Style(color=color, bold=bold or None) if color is not None or bold else None


def _height(value: float, plot: Plot) -> float:
    """Where a value stands: plotext draws linear axes only, so a logarithmic one is made by its ticks."""
    return math.log10(value) if plot.log_scale else value


def _rulers(figure: Any, plot: Plot, axis: Any) -> None:
    horizontal = figure.ruler("x", 0)
    horizontal.lim(*plot.x_range)
    horizontal.ticks(list(plot.x_ticks), [str(tick) for tick in plot.x_ticks])
    horizontal.pixel(axis)
    vertical = figure.ruler("y", 0)
    low, high = plot.y_range
    vertical.lim(_height(low, plot), _height(high, plot))
    vertical.ticks([_height(tick, plot) for tick in plot.y_ticks], [f"{tick:g}" for tick in plot.y_ticks])
    vertical.pixel(axis)


def _marks(plotext: Any, figure: Any, plot: Plot, palette: Palette) -> None:
    pixel = plotext.pixel(palette.mark, "default")
    middle = sum(plot.x_range) / 2
    low, high = (_height(end, plot) for end in plot.y_range)
    for number, mark in enumerate(plot.marks):
        figure.draw(figure.signal([mark.x], [_height(mark.y, plot)], marker=plotext.marker(mark.symbol, pixel)))
        label = f" {mark.symbol} {mark.label} "
        at = low + (high - low) * (0.06 + 0.1 * number)
        alignment = "right" if mark.x > middle else "left"
        figure.draw(figure.text(mark.x, at, plotext.colorize(label, pixel), alignment=alignment))
