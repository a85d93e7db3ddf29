"""The one module that knows plotext: a Plot in, Text of exactly the asked size out."""

from __future__ import annotations

import math
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rich.style import Style
from rich.text import Span, Text

from birdtui.ui.chart_model import Plot, PlotLine

RGB = tuple[int, int, int]

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
    return _without_background(Text.from_ansi(drawn, no_wrap=True, end=""))


def _without_background(text: Text) -> Text:
    """plotext paints what lies round the canvas in a colour of its own; the theme's shall show."""
    text.spans = [
        Span(span.start, span.end, Style(color=span.style.color, bold=span.style.bold))
        for span in text.spans
        if isinstance(span.style, Style)
    ]
    return text


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
