"""The accuracy chart: curves by plotext, a legend with the latest values, a cursor, and a table of epochs on demand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.color import Color
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget
from textual.widgets import Static

from birdtui.spec.plain_text import plain
from birdtui.ui.chart_drawing import RGB, Palette, draw
from birdtui.ui.chart_model import SMOOTHING, ChartData, ChartView, Curve, plot, shown
from birdtui.ui.commands import bindings
from birdtui.ui.scope import CommandScope
from birdtui.ui.status_style import MUTED
from birdtui.ui.widgets.epoch_table import EpochTable, value_text

DASHES = ("━", "╍", "┅", "┉", "╌")
"""A line's mark in the legend differs by more than its colour."""


NO_METRIC_YET = "No metric yet: values appear here as the job logs them."
NO_METRIC = "This job logged no metric that is known by its metric definitions or by how it is written."


class ChartArea(Widget, can_focus=True):
    """The drawn chart, exactly as large as its room."""

    DEFAULT_CSS = """
    ChartArea { height: 1fr; width: 1fr; min-height: 3; }
    ChartArea:focus { background-tint: $foreground 3%; }
    """
    data: reactive[ChartData] = reactive(ChartData(), layout=False)
    view: reactive[ChartView] = reactive(ChartView(), layout=False)

    def palette(self) -> Palette:
        """The theme's colours."""
        variables = self.app.theme_variables
        names = ("text-success", "text-primary", "text-accent", "text-error", "text-secondary", "text-warning")
        background = self.background_colors[1]
        lines = [_rgb(background.blend(Color.parse(variables[name]), 1.0)) for name in names if name in variables]
        muted = background.blend(background.get_contrast_text(), 0.55)
        mark = _rgb(Color.parse(variables["warning"]))
        return Palette(_rgb(muted), mark, lines, _rgb(background))

    def render(self) -> Text:
        """The chart, or what is missing for one."""
        width, height = self.size
        if not self.data.curves:
            return Text(NO_METRIC if self.data.is_over else NO_METRIC_YET, style="dim")
        if width < 12 or height < 4:
            return Text("Too small for a chart", style="dim", no_wrap=True, overflow="crop")
        return draw(plot(self.data, self.view, width - 5, height - 2), width, height, self.palette())


class AccuracyChart(CommandScope, Vertical):
    """Draws ChartData as a person wants to see it; give it new data with `show`."""

    COMMAND_SCOPE = "chart"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("chart")]
    DEFAULT_CSS = """
    AccuracyChart { background: $surface; }
    AccuracyChart > #chart-legend { height: auto; max-height: 2; }
    AccuracyChart > Horizontal { height: 1fr; }
    AccuracyChart EpochTable { display: none; }
    AccuracyChart.-table EpochTable { display: block; }
    """

    def compose(self) -> ComposeResult:
        """Legend, chart and table."""
        yield Static("", id="chart-legend")
        with Horizontal():
            yield ChartArea(id="chart-area")
            yield EpochTable(id="epoch-table")

    @property
    def area(self) -> ChartArea:
        """The drawn chart."""
        return self.query_one(ChartArea)

    def focus_view(self) -> None:
        """Give the keys to the chart."""
        self.area.focus()

    def show(self, data: ChartData) -> None:
        """Draw new data; how a person looks at it stays."""
        if data != self.area.data:
            self.area.data = data
            self._refresh_around()

    def _look(self, view: ChartView) -> None:
        self.area.view = view
        self._refresh_around()

    def _refresh_around(self) -> None:
        self.query_one("#chart-legend", Static).update(self._legend())
        if self.has_class("-table"):
            self._fill_table()

    # legend

    def _shown(self, name: str) -> list[Curve]:
        """The curves of one metric that the view shows."""
        return [curve for curve, _ in shown(self.area.data, name, self.area.view.host)]

    def _legend(self) -> Content:
        area = self.area
        data, view = area.data, area.view
        colors = area.palette().lines
        parts: list[Content] = []
        for name in data.names:
            curves = shown(data, name, view.host)
            for curve, rank in curves:
                mark = "╳" if name in view.hidden else DASHES[rank % len(DASHES)] * 2
                color = Color(*colors[rank % len(colors)]).hex
                stores = "■" if curve.host == data.storing_host else ""
                label = f"{name} {curve.host}{stores}" if len(curves) > 1 else name
                parts.append(Content.styled(mark, color) + Content(f" {plain(label)} {self._value(curve)}"))
        notes = self._notes()
        if notes:
            parts.append(Content.styled(plain(" · ".join(notes)), MUTED))
        return _in_lines(parts, self.query_one("#chart-legend", Static).size.width or 80)

    def on_resize(self) -> None:
        """Another width has room for more or less of the legend in a line."""
        self._refresh_around()

    def _notes(self) -> list[str]:
        """How the chart is looked at, in words."""
        data, view = self.area.data, self.area.view
        notes: list[str] = []
        if view.cursor is not None:
            notes.append(f"epoch {view.cursor}")
        if view.smoothing:
            notes.append(f"smooth {SMOOTHING.index(view.smoothing)}/{len(SMOOTHING) - 1}")
        if view.log_scale:
            notes.append("log")
        if view.window is not None:
            notes.append(f"epochs {view.window[0]}–{view.window[1]}")
        if len(data.hosts) > 1 and view.host != "each":
            notes.append(f"mean of {len(data.hosts)}" if view.host is None else view.host)
        if len(data.hosts) > 1 and data.storing_host is not None:
            notes.append(f"■ {data.storing_host} stores the model")
        if data.restarts:
            notes.append(f"↻ attempt {len(data.restarts) + 1} from epoch {data.restarts[-1]}")
        return notes

    def _value(self, curve: Curve) -> str:
        """The value at the cursor, or the latest."""
        cursor = self.area.view.cursor
        return value_text(curve.at(cursor) if cursor is not None else curve.values[-1] if curve.values else None)

    # table

    def _fill_table(self) -> None:
        names = [name for name in self.area.data.names if name not in self.area.view.hidden]
        self.query_one(EpochTable).show({name: self._shown(name) for name in names}, self.area.data)

    def on_row_table_highlighted(self, event: EpochTable.Highlighted) -> None:
        """The chart's cursor goes where the table's is."""
        event.stop()
        table = self.query_one(EpochTable)
        epoch = table.epoch_at(event.row)
        if table.has_focus and epoch is not None:
            self.area.view = replace(self.area.view, cursor=epoch)
            self.query_one("#chart-legend", Static).update(self._legend())

    # what a person does

    def action_series(self) -> None:
        """Choose which series are drawn."""
        from birdtui.ui.screens.series import SeriesScreen

        view = self.area.view

        def chosen(hidden: frozenset[str] | None) -> None:
            if hidden is not None:
                self._look(replace(self.area.view, hidden=hidden))

        self.app.push_screen(SeriesScreen(self.area.data.names, view.hidden), chosen)

    def action_smooth(self) -> None:
        """The next step of smoothing."""
        self._look(self.area.view.smoother())

    def action_zoom_in(self) -> None:
        """Half as many epochs."""
        self._look(self.area.view.zoomed(self.area.data, 0.5))

    def action_zoom_out(self) -> None:
        """Twice as many epochs."""
        self._look(self.area.view.zoomed(self.area.data, 2.0))

    def action_pan_left(self) -> None:
        """Move the window back."""
        self._look(self.area.view.panned(self.area.data, -1))

    def action_pan_right(self) -> None:
        """Move the window on."""
        self._look(self.area.view.panned(self.area.data, 1))

    def action_left(self) -> None:
        """The cursor one epoch back."""
        self._look(self.area.view.moved(self.area.data, -1))

    def action_right(self) -> None:
        """The cursor one epoch on."""
        self._look(self.area.view.moved(self.area.data, 1))

    def action_reset(self) -> None:
        """The whole run, without a cursor."""
        self._look(replace(self.area.view, window=None, cursor=None))

    def action_log_scale(self) -> None:
        """A logarithmic scale, or a linear one."""
        self._look(replace(self.area.view, log_scale=not self.area.view.log_scale))

    def action_host(self) -> None:
        """The mean, each instance, or the next one alone."""
        order: list[str | None] = [None, "each", *self.area.data.hosts]
        host = self.area.view.host
        self._look(replace(self.area.view, host=order[(order.index(host) + 1) % len(order)] if host in order else None))

    def action_table(self) -> None:
        """A table of epochs beside the chart, or none."""
        self.toggle_class("-table")
        self._refresh_around()

    def on_mount(self) -> None:
        """Draw anew in another theme's colours."""
        self.app.theme_changed_signal.subscribe(self, lambda _theme: self._refresh_around())


def _rgb(color: Color) -> RGB:
    return color.r, color.g, color.b


def _in_lines(parts: Sequence[Content], width: int) -> Content:
    """Parts side by side, in as many lines as they need; none is broken over two."""
    lines: list[Content] = []
    for part in parts:
        if lines and lines[-1].cell_length + 2 + part.cell_length <= width:
            lines[-1] = Content("  ").join([lines[-1], part])
        else:
            lines.append(part)
    return Content("\n").join(lines)
