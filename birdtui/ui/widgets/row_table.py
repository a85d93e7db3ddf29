"""A table whose rows are asked for when they come into sight: ten thousand of them cost no more than forty.

Textual's DataTable keeps and measures every cell; making ten thousand rows holds the screen up for over a second.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.cells import set_cell_size
from rich.segment import Segment
from rich.style import Style
from rich.text import Text
from textual.binding import Binding, BindingType
from textual.events import Click, Leave, MouseMove
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import reactive
from textual.strip import Strip

from birdtui.ui.widgets.line_view import LineView

Cell = Text | str
GAP = 1
"""Cells before and after each column's text."""
HELD_STRIPS = 500


@dataclass(frozen=True)
class Column:
    """A column: its title may have several lines; `width` is that of its text, in cells."""

    key: str
    title: str
    width: int


class RowTable(LineView, can_focus=True):
    """Rows with a cursor and a header that stays. Subclasses say what stands in a row: `cells`."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "cursor_up", "Up", show=False),
        Binding("down", "cursor_down", "Down", show=False),
        Binding("pageup", "page_up", "Page up", show=False),
        Binding("pagedown", "page_down", "Page down", show=False),
    ]
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "row-table--header",
        "row-table--row",
        "row-table--hover",
        "row-table--cursor",
    }
    DEFAULT_CSS = """
    RowTable {
        background: $surface; color: $foreground; scrollbar-size-horizontal: 1; scrollbar-size-vertical: 1;
        & > .row-table--header { text-style: bold; background: $panel; color: $foreground; }
        & > .row-table--row { background: $surface; color: $foreground; }
        & > .row-table--hover { background: $block-hover-background; color: $foreground; }
        & > .row-table--cursor {
            background: $block-cursor-blurred-background; color: $block-cursor-blurred-foreground;
            text-style: $block-cursor-blurred-text-style;
        }
        &:focus { background-tint: $foreground 5%; }
        &:focus > .row-table--cursor {
            background: $block-cursor-background; color: $block-cursor-foreground;
            text-style: $block-cursor-text-style;
        }
    }
    """
    cursor_row: reactive[int] = reactive(0, always_update=False)
    hover_row: reactive[int] = reactive(-1)

    @dataclass
    class Highlighted(Message):
        """The cursor went to another row."""

        row: int

    @dataclass
    class Selected(Message):
        """A row that was under the cursor already was clicked."""

        row: int

    @dataclass
    class HeaderSelected(Message):
        """A column's title was clicked."""

        key: str

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's own name
        super().__init__(id=id)
        self._columns: tuple[Column, ...] = ()
        self._strips: dict[tuple[object, ...], Strip] = {}
        self.row_count = 0

    def cells(self, row: int) -> Sequence[Cell]:
        """What stands in a row, a cell of one style for each column."""
        raise NotImplementedError  # pragma: no cover - each table has its own

    # rows

    @property
    def header_height(self) -> int:
        """Lines that the titles take."""
        return max((column.title.count("\n") + 1 for column in self._columns), default=0)

    @property
    def room(self) -> int:
        """How many rows fit into sight."""
        return max(self.scrollable_content_region.height - self.header_height, 0)

    @property
    def rows_in_sight(self) -> range:
        """The rows that are on the screen."""
        top = int(self.scroll_offset.y)
        return range(top, min(top + self.room, self.row_count))

    def set_rows(self, columns: Sequence[Column], count: int) -> None:
        """Show so many rows in these columns; the cursor and what is in sight stay where they are, if they can."""
        self._columns = tuple(columns)
        self.row_count = count
        width = sum(column.width + 2 * GAP for column in columns)
        self.virtual_size = Size(width, self.header_height + count)
        self.cursor_row = self.validate_cursor_row(self.cursor_row)
        self.refresh()

    def validate_cursor_row(self, row: int) -> int:
        """The nearest row that there is."""
        return min(max(row, 0), max(self.row_count - 1, 0))

    def watch_cursor_row(self, before: int, row: int) -> None:
        """Keep the cursor in sight, and tell where it is."""
        self._refresh_row(before)
        self._refresh_row(row)
        self.show_row(row)
        self.post_message(self.Highlighted(row))

    def watch_hover_row(self, before: int, row: int) -> None:
        """Draw the row under the mouse."""
        self._refresh_row(before)
        self._refresh_row(row)

    def _refresh_row(self, row: int) -> None:
        if row in self.rows_in_sight:
            y = row - int(self.scroll_offset.y) + self.header_height
            self.refresh(Region(0, y, self.size.width, 1))

    def show_row(self, row: int) -> None:
        """Bring a row into sight by the shortest way."""
        top, room = int(self.scroll_offset.y), self.room
        if room and not top <= row < top + room:
            self.go_to(row if row < top else row - room + 1)

    def go_to(self, top: int) -> None:
        """Have this row at the top."""
        self.scroll_to(y=max(top, 0), animate=False, immediate=True, force=True)

    def on_resize(self) -> None:
        """The cursor stays in sight at another size."""
        self.show_row(self.cursor_row)

    # drawing

    def notify_style_update(self) -> None:
        """Another theme has other colours."""
        super().notify_style_update()
        self._strips.clear()

    def render_line(self, y: int) -> Strip:
        """A line of the titles, or a row."""
        width = self.scrollable_content_region.width
        if y < self.header_height:
            lines = (column.title.split("\n") for column in self._columns)
            titles = [line[y] if y < len(line) else "" for line in lines]
            return self._strip(titles, "header", width)
        row = int(self.scroll_offset.y) + y - self.header_height
        if row >= self.row_count:
            return Strip.blank(width, self.rich_style)
        found = self.cells(row)
        look = "cursor" if row == self.cursor_row else "hover" if row == self.hover_row else "row"
        if look == "cursor":
            found = [str(cell) for cell in found]  # colours would not be read on the cursor's own
        return self._strip(found, look, width)

    def _strip(self, cells: Sequence[Cell], look: str, width: int) -> Strip:
        """A line as it stands in the window; kept, since most are the same the next time."""
        left = int(self.scroll_offset.x)
        styled = tuple((str(cell), "" if isinstance(cell, str) else cell.style) for cell in cells)
        key = (styled, look, self.has_focus, self._columns, left, width)
        strip = self._strips.get(key)
        if strip is None:
            if len(self._strips) >= HELD_STRIPS:
                self._strips.clear()
            style = self.get_component_rich_style(f"row-table--{look}")
            strip = self._strips[key] = self._line(cells, style).crop_extend(left, left + width, style)
        return strip

    def _line(self, cells: Sequence[Cell], style: Style) -> Strip:
        segments: list[Segment] = []
        plain = ""
        gap = " " * GAP
        for column, cell in zip(self._columns, cells, strict=True):
            text = f"{gap}{set_cell_size(str(cell), column.width)}{gap}"
            if isinstance(cell, str):
                plain += text
                continue
            segments += [Segment(plain, style), Segment(text, style + Style.parse(str(cell.style)))]
            plain = ""
        return Strip([*segments, Segment(plain, style)], sum(column.width + 2 * GAP for column in self._columns))

    # keys and mouse

    def action_cursor_up(self) -> None:
        """A row up."""
        self.cursor_row -= 1

    def action_cursor_down(self) -> None:
        """A row down."""
        self.cursor_row += 1

    def action_page_up(self) -> None:
        """As many rows up as are in sight."""
        self.cursor_row -= max(self.room - 1, 1)

    def action_page_down(self) -> None:
        """As many rows down as are in sight."""
        self.cursor_row += max(self.room - 1, 1)

    def on_mouse_move(self, event: MouseMove) -> None:
        """Note the row under the mouse."""
        self.hover_row = self._row_at(event.y)

    def on_leave(self, _event: Leave) -> None:
        """The mouse is elsewhere."""
        self.hover_row = -1

    def _row_at(self, y: int) -> int:
        row = int(self.scroll_offset.y) + y - self.header_height
        return row if y >= self.header_height and row < self.row_count else -1

    def on_click(self, event: Click) -> None:
        """The cursor goes to the row; a click on the cursor's row selects it, one on a title its column."""
        row = self._row_at(event.y)
        if row < 0:
            key = self._column_at(event.x) if event.y < self.header_height else None
            if key is not None:
                self.post_message(self.HeaderSelected(key))
        elif row == self.cursor_row:
            self.post_message(self.Selected(row))
        else:
            self.cursor_row = row

    def _column_at(self, x: int) -> str | None:
        end = -int(self.scroll_offset.x)
        for column in self._columns:
            end += column.width + 2 * GAP
            if x < end:
                return column.key
        return None
