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
    ("status", "Status", SortBy.STATUS, 14),
    ("name", "Name", SortBy.NAME, None),
    ("age", "Age", SortBy.CREATED, 4),
    ("duration", "Took", SortBy.DURATION, 6),
    ("instance", "Instance", SortBy.INSTANCE, 15),
    ("accuracy", "Accuracy", SortBy.ACCURACY, 8),
)
NAME_WIDTH = 40

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
        self._sorting = ""

    def on_mount(self) -> None:
        """Make the columns."""
        for key, title, _, width in COLUMNS:
            self.add_column(title, key=key, width=width)

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
                for (key, *_), cell, text, old in zip(COLUMNS, found, texts, before, strict=True):
                    if text != old:
                        self.update_cell(name, key, cell)
                self._cells[name] = texts

    def show_sorting(self, sort: SortBy, *, reverse: bool) -> None:
        """Mark the column that sorts."""
        arrow = "▴" if reverse else "▾"
        for key, title, by, _ in COLUMNS:
            self.columns[next(column for column in self.columns if column.value == key)].label = Text(
                f"{title}{arrow if by is sort else ''}"
            )
        self._sorting = f"{sort}{reverse}"
        self.refresh()

    def _row_cells(self, row: JobRow, marked: Collection[str], now: datetime) -> tuple[Cell, ...]:
        name = plain(row.name)
        if len(name) > NAME_WIDTH:
            name = name[: NAME_WIDTH - 1] + "…"
        accuracy = row.accuracy
        return (
            "●" if row.name in marked else "",
            self._status(row.status),
            Text(name),
            age(row.summary.get("CreationTime"), now),
            short_duration(row.duration(now)),
            Text(plain(row.instance)),
            "" if accuracy is None else f"{accuracy:.4f}",
        )

    def _status(self, status: str) -> Text:
        """A status in the theme's colours; DataTable draws rich text, which does not know them by name."""
        content = status_content(status)
        style = str(content.spans[0].style) if content.spans else ""
        name = style.partition(" ")[0].removeprefix("$text-").removeprefix("$")
        color = self.app.theme_variables.get(name, "")
        return Text(
            content.plain, style=f"{'bold ' if 'bold' in style else ''}{color}" if color.startswith("#") else ""
        )
