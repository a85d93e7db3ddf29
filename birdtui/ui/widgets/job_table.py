"""The table of jobs: redrawn cell by cell, the cursor stays on its job."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import ClassVar

from rich.text import Text
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import DataTable

from birdtui.spec.plain_text import plain
from birdtui.ui.job_list import JobRow, SortBy
from birdtui.ui.status_style import age, short_duration, status_content

COLUMNS = (
    ("mark", " ", None, 1),
    ("status", "Status", SortBy.STATUS, 13),
    ("name", "Name", SortBy.NAME, None),
    ("age", "Age", SortBy.CREATED, 4),
    ("duration", "Took", SortBy.DURATION, 6),
    ("accuracy", "Accuracy", SortBy.ACCURACY, 9),
    ("instance", "Instance", SortBy.INSTANCE, None),
)
INSTANCE = 15
"""Cells that an instance takes, mostly."""
PADDING = 2
"""Cells beside each column's text."""
ROOM = {"instance": 86, "duration": 66}
"""The narrowest table that has these columns; the preview says both in any case."""
NAME_TAIL = 15
"""Of a name that is too long the end stays: it holds what tells runs apart."""

Cell = Text | Content | str


class JobTable(DataTable[Cell], inherit_bindings=False):
    """Jobs by row, keyed by name. Of a DataTable's keys only those that move are kept: the others are commands."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "cursor_up", "Up", show=False),
        Binding("down", "cursor_down", "Down", show=False),
        Binding("pageup", "page_up", "Page up", show=False),
        Binding("pagedown", "page_down", "Page down", show=False),
    ]

    DEFAULT_CSS = """
    JobTable { height: 1fr; background: $surface; scrollbar-size-horizontal: 1; scrollbar-size-vertical: 1; }
    """

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's own name
        super().__init__(id=id, cursor_type="row", zebra_stripes=False)
        self._order: list[str] = []
        self._cells: dict[str, tuple[str, ...]] = {}
        self._sorting: tuple[SortBy, bool] = (SortBy.CREATED, False)
        self._drawn_width = 0
        self._shown: tuple[Sequence[JobRow], Collection[str], datetime] | None = None

    def on_mount(self) -> None:
        """Make the columns."""
        for key, title, _, width in self._columns():
            self.add_column(title, key=key, width=width)

    def on_resize(self) -> None:
        """Another width has room for other columns and for more or less of a name."""
        if self.size.width == self._drawn_width:
            return
        self._drawn_width = self.size.width
        current = self.current
        self.clear(columns=True)
        self._order = []
        self.on_mount()
        self.show_sorting(*self._sorting)
        if self._shown is not None:
            self.show(*self._shown)
        if current in self._order:
            self.move_cursor(row=self._order.index(current), animate=False)

    def _columns(self) -> Sequence[tuple[str, str, SortBy | None, int | None]]:
        width = self.size.width
        return [column for column in COLUMNS if not width or width >= ROOM.get(column[0], 0)]

    @property
    def current(self) -> str | None:
        """The name of the job under the cursor."""
        return self._order[self.cursor_row] if 0 <= self.cursor_row < len(self._order) else None

    @property
    def in_sight(self) -> list[str]:
        """The names of the jobs that are on the screen."""
        top = int(self.scroll_offset.y)
        return self._order[top : top + max(self.size.height - 1, 0)]

    def show(self, rows: Sequence[JobRow], marked: Collection[str], now: datetime) -> None:
        """Show these rows; only what differs is drawn anew, and the cursor stays on its job."""
        self._shown = rows, marked, now
        order = [row.name for row in rows]
        cells = {row.name: self._row_cells(row, marked, now) for row in rows}
        if order != self._order:
            current = self.current
            top = self.scroll_offset.y
            self.clear()
            self._order = order
            for row in rows:
                self.add_row(*cells[row.name], key=row.name)
            if current in cells:
                self.move_cursor(row=order.index(current), animate=False, scroll=False)
            self.scroll_to(y=top, animate=False, force=True)
            self._cells = {name: tuple(map(str, found)) for name, found in cells.items()}
            return
        for name, found in cells.items():
            texts = tuple(map(str, found))
            before = self._cells.get(name, ())
            if texts != before:
                for (key, *_), cell, text, old in zip(self._columns(), found, texts, before, strict=True):
                    if text != old:
                        self.update_cell(name, key, cell, update_width=key == "instance")
                self._cells[name] = texts

    def show_sorting(self, sort: SortBy, reverse: bool) -> None:
        """Mark the column that sorts."""
        arrow = "▴" if reverse else "▾"
        for key, title, by, _ in self._columns():
            self.columns[next(column for column in self.columns if column.value == key)].label = Text(
                f"{title}{arrow if by is sort else ''}"
            )
        self._sorting = sort, reverse
        self.refresh()

    def _row_cells(self, row: JobRow, marked: Collection[str], now: datetime) -> tuple[Cell, ...]:
        name = plain(row.name)
        columns = self._columns()
        beside = sum((width or INSTANCE) + PADDING for key, _, _, width in columns if key != "name")
        room = max(self.size.width - beside - PADDING, 20)
        if len(name) > room:
            name = f"{name[: room - NAME_TAIL - 1]}…{name[-NAME_TAIL:]}"
        accuracy = row.accuracy
        cells: dict[str, Cell] = {
            "mark": "●" if row.name in marked else "",
            "status": self._status(row.status),
            "name": Text(name),
            "age": age(row.summary.get("CreationTime"), now),
            "duration": short_duration(row.duration(now)),
            "accuracy": "" if accuracy is None else f"{accuracy:.4f}",
            "instance": Text(plain(row.instance)),
        }
        return tuple(cells[key] for key, *_ in columns)

    def _status(self, status: str) -> Text:
        """A status in the theme's colours; DataTable draws rich text, which does not know them by name."""
        content = status_content(status)
        style = str(content.spans[0].style) if content.spans else ""
        name = style.partition(" ")[0].removeprefix("$")
        color = self.app.theme_variables.get(name, "")
        return Text(
            content.plain, style=f"{'bold ' if 'bold' in style else ''}{color}" if color.startswith("#") else ""
        )
