"""Draws the lines of a log that are in sight, and nothing else: the rows come from LogRows, the text from LogBuffer."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import ClassVar, TypeVar

from rich.cells import cell_len
from rich.style import Style
from rich.text import Text
from textual.geometry import Size
from textual.message import Message
from textual.reactive import var
from textual.scroll_view import ScrollView
from textual.selection import Selection
from textual.strip import Strip

from birdtui.ui.log_rows import LogRows, Row
from birdtui.ui.log_style import TimeShown, as_text, body, lead
from birdtui.ui.widgets.line_view import LineView
from birdtui.watch.log_buffer import Line
from birdtui.watch.log_filter import LogFilter

HELD_STRIPS = 1000


Key = TypeVar("Key")
Value = TypeVar("Value")


class LogView(LineView, can_focus=True):
    """A window onto the rows of a log. It scrolls by rows; while `follow` holds, its end is always in sight."""

    ALLOW_SELECT = True
    DEFAULT_CSS = """
    LogView { background: $surface; scrollbar-size-horizontal: 1; scrollbar-size-vertical: 1; }
    LogView:focus { background-tint: $foreground 3%; }
    """
    follow: var[bool] = var(True)
    wrap: var[bool] = var(False)
    time_shown: var[TimeShown] = var(TimeShown.NONE)

    @dataclass
    class Scrolled(Message):
        """A person moved the view; `at_end` says whether the last row is in sight."""

        at_end: bool

    _FRAME_NONE: ClassVar[tuple[object, ...]] = ()

    def __init__(self, rows: LogRows, *, id: str | None = None) -> None:  # noqa: A002 - Textual's own name
        super().__init__(id=id)
        self.rows = rows
        self.marks: tuple[LogFilter, ...] = ()
        self.current: int | None = None
        """The row of the search hit a person stands on."""
        self._frame: list[Strip] = []
        self._frame_key: tuple[object, ...] = self._FRAME_NONE
        self._held: dict[tuple[int, bool], Text] = {}
        self._strips: dict[tuple[object, ...], tuple[Strip, int]] = {}
        self._generation = 0
        self._widest = 0
        self._reordered = 0
        self._moving = False
        self._top: Line | None = None

    # what to draw

    def refresh_rows(self) -> None:
        """Draw what came since; the rows in sight stay where they are unless the view follows the end."""
        buffer = self.rows.buffer
        anchor = self._top if not self.follow and buffer.reordered != self._reordered else None
        self._reordered = buffer.reordered
        self._resize()
        if self.follow:
            self._go(self.max_row)
        elif anchor is not None:
            self._go(self.rows.row_of(buffer.place(anchor.timestamp, anchor.serial)))
        self._note_top()
        self._generation += 1
        self.refresh()

    def _note_top(self) -> None:
        """Remember the first line in sight: when older lines come before it, it stays where it is."""
        top = self.rows.rows(self.scroll_offset.y, self.scroll_offset.y + 1)
        self._top = top[0].line if top else None

    def restyle(self) -> None:
        """Draw every row anew: what is marked, wrapped or shown before a line has changed."""
        self._held.clear()
        self._strips.clear()
        self._widest = 0
        self.refresh_rows()

    @property
    def max_row(self) -> int:
        """The first row in sight when the view is at its end."""
        height = self.scrollable_content_region.size.height
        if not self.wrap:
            return max(len(self.rows) - height, 0)
        room, first = height, len(self.rows)
        for row in reversed(self.rows.rows(len(self.rows) - height, len(self.rows))):
            room -= len(self._pieces(row))
            if room < 0:
                break
            first -= 1
        return min(first, max(len(self.rows) - 1, 0))

    def _resize(self) -> None:
        width = 0 if self.wrap else self._widest
        room = self.scrollable_content_region.size.height
        size, before = Size(width, self.max_row + room), self.virtual_size
        if self.show_vertical_scrollbar and size.width == before.width and size.height > room < before.height:
            # only the scrollbar changes: Textual would lay out the whole screen anew
            self.set_reactive(ScrollView.virtual_size, size)
            self.vertical_scrollbar.window_virtual_size = size.height
        else:
            self.virtual_size = size

    def _widened(self) -> None:
        """A wider line came into sight: the scrollbar that may appear now takes a row away from the window."""
        self._resize()
        self.call_after_refresh(self.refresh_rows)

    # moving

    def _go(self, row: int) -> None:
        self._moving = True
        try:
            self.scroll_to(y=max(row, 0), animate=False, immediate=True, force=True)
        finally:
            self._moving = False

    def show_row(self, row: int) -> None:
        """Bring a row into sight, in the middle if it was out of it, and stop following."""
        self.follow = False
        height = self.scrollable_content_region.size.height
        if not self.scroll_offset.y <= row < self.scroll_offset.y + height:
            self._go(min(max(row - height // 2, 0), self.max_row))
        self.current = row
        self.restyle()

    def go_end(self) -> None:
        """Show the last rows and follow."""
        self.follow = True
        self.refresh_rows()

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Tell when a person, not new lines, moved the view."""
        super().watch_scroll_y(old_value, new_value)
        if not self._moving and round(old_value) != round(new_value):
            at_end = round(new_value) >= self.max_scroll_y  # not max_row: rows may have come that are not drawn yet
            self.follow = at_end
            self._note_top()
            self.post_message(self.Scrolled(at_end))

    def on_resize(self) -> None:
        """Keep the end in sight, or the top row, at the new size; scrollbars settle only after it is drawn."""
        self.refresh_rows()
        self.call_after_refresh(self.refresh_rows)

    # drawing

    def render_line(self, y: int) -> Strip:
        """One line of the window."""
        scroll_x, scroll_y = self.scroll_offset
        size = self.scrollable_content_region.size
        key = (scroll_x, scroll_y, size, self._generation, self.text_selection, self.wrap)
        if key != self._frame_key:
            self._frame_key = key
            self._frame = self._make_frame(scroll_x, scroll_y, size)
        return self._frame[y] if y < len(self._frame) else Strip.blank(size.width, self.rich_style)

    def _make_frame(self, scroll_x: int, scroll_y: int, size: Size) -> list[Strip]:
        strips: list[Strip] = []
        widest = self._widest
        style = self.rich_style  # worked out from all ancestors at each asking
        for number, row in enumerate(self.rows.rows(scroll_y, scroll_y + size.height), scroll_y):
            if len(strips) >= size.height:
                break
            if self.wrap:
                strips.extend(self._wrapped(row, number, size.width, style))
            else:
                strip, cells = self._line_strip(row, number, scroll_x, size.width, style)
                widest = max(widest, cells)
                strips.append(strip)
        if widest > self._widest:
            self._widest = widest
            self.call_later(self._widened)
        return strips[: size.height]

    def _line_strip(self, row: Row, number: int, x: int, width: int, style: Style) -> tuple[Strip, int]:
        """A row as the window shows it, and its whole width; kept while nothing about it changes."""
        key = (row.line.serial, row.context, number, x, width, style)
        is_plain = number != self.current and self.text_selection is None
        found = self._strips.get(key) if is_plain else None
        if found is None:
            text = self._text(row, number)
            strip = Strip(text.render(self.app.console), text.cell_len).crop_extend(x, x + width, style)
            found = strip.apply_style(style).apply_offsets(x, number), text.cell_len
            if is_plain:
                _keep(self._strips, key, found)
        return found

    def _wrapped(self, row: Row, number: int, width: int, style: Style) -> list[Strip]:
        strips: list[Strip] = []
        start = 0
        for piece in self._pieces(row, number):
            strip = Strip(piece.render(self.app.console), piece.cell_len).extend_cell_length(width, style)
            strips.append(strip.apply_style(style).apply_offsets(start, number))
            start += len(piece)
        return strips

    def _pieces(self, row: Row, number: int = -1) -> list[Text]:
        """A row cut to the window's width, at cells: logs are not prose."""
        text = self._text(row, number)
        width = max(self.scrollable_content_region.size.width, 1)
        if text.cell_len <= width:
            return [text]
        cuts: list[int] = []
        cells = 0
        for at, character in enumerate(text.plain):
            cells += cell_len(character)
            if cells > width:
                cuts.append(at)
                cells = cell_len(character)
        return list(text.divide(cuts))

    def _text(self, row: Row, number: int) -> Text:
        key = (row.line.serial, row.context)
        text = self._held.get(key)
        if text is None:
            text = lead(row, self.time_shown, self.rows.buffer.hosts)
            text.append_text(body(row, self.marks))
            text.end = ""
            _keep(self._held, key, text)
        selection = self.text_selection
        if number >= 0 and (number == self.current or selection is not None):
            text = text.copy()
            if number == self.current:
                text.stylize("bold underline")
            span = selection.get_span(number) if selection is not None else None
            if span is not None:
                start, end = span
                style = self.screen.get_component_rich_style("screen--selection")
                text.stylize(style, start, len(text) if end == -1 else end)
        return text

    # selection

    def selection_updated(self, selection: Selection | None) -> None:  # noqa: ARG002 - Textual's signature
        """Draw the selection."""
        self._generation += 1
        self.refresh()

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        """The selected text, plain, of all selected rows, in sight or not."""
        first = selection.start.y if selection.start is not None else 0
        last = selection.end.y if selection.end is not None else len(self.rows) - 1
        lines: list[str] = []
        for number, row in enumerate(self.rows.rows(first, last + 1), first):
            text = as_text(row, self.time_shown, self.rows.buffer.hosts)
            start, end = selection.get_span(number) or (0, -1)
            lines.append(text[start:] if end == -1 else text[start:end])
        return "\n".join(lines), "\n"

    def watch_wrap(self) -> None:
        """Wrap, or stop wrapping, without moving the top row."""
        self.restyle()

    def watch_time_shown(self) -> None:
        """Change the time before each line."""
        self.restyle()


def _keep(kept: dict[Key, Value], key: Key, value: Value) -> None:
    """Keep what was made, and let the older half go when there is much of it."""
    if len(kept) >= HELD_STRIPS:
        for old in list(islice(kept, HELD_STRIPS // 2)):
            del kept[old]
    kept[key] = value
