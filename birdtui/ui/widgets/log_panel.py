"""The live log: the view, one line that says what is on show, and an input for filter or search when asked for."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from copy import copy
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.css.query import NoMatches
from textual.events import Key
from textual.message import Message
from textual.timer import Timer
from textual.widgets import Input, Static

from birdtui.spec.plain_text import plain
from birdtui.ui.commands import bindings
from birdtui.ui.log_rows import LogRows
from birdtui.ui.log_style import TimeShown, as_text
from birdtui.ui.scope import CommandScope
from birdtui.ui.widgets.log_moves import LogMoves
from birdtui.ui.widgets.log_view import LogView
from birdtui.watch.log_buffer import LogBuffer
from birdtui.watch.log_filter import LogFilter, PatternError, parse
from birdtui.watch.log_matches import Matches, TooSlow

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

REFRESHES_A_SECOND = 30
SAVED_AT_ONCE = 1_000
CLOCK_SECONDS = 1.0
LOOKING_REFRESHES_A_SECOND = 10
PAUSE = 0.001
"""Seconds between two looks of a filter or a search at further lines."""


class LogPanel(LogMoves, CommandScope, Vertical):
    """Shows a LogBuffer. Call `lines_came` when it grew; say what it waits for with `waiting`."""

    COMMAND_SCOPE = "log"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("log")]
    DEFAULT_CSS = """
    LogPanel { background: $surface; }
    LogPanel > LogView { height: 1fr; }
    LogPanel > #log-state { height: 1; background: $panel; color: $text; }
    LogPanel > Input { height: 1; border: none; padding: 0 1; display: none; background: $boost; }
    LogPanel > Input.-asked { display: block; }
    LogPanel > #log-waiting { height: 1fr; content-align: center middle; color: $text-muted; padding: 1 2; }
    LogPanel > .hidden { display: none; }
    LogPanel > LogView.-waiting { height: 0; }
    """

    class SaveRequested(Message):
        """A person wants the lines on show in a file; `text` yields them whole."""

    def __init__(self, buffer: LogBuffer, *, id: str | None = None) -> None:  # noqa: A002 - Textual's own name
        super().__init__(id=id)
        self.buffer = buffer
        self.rows = LogRows(buffer)
        self._search = LogFilter()
        self._hits: Matches | None = None
        self._pattern_text = ""
        self._search_text = ""
        self._asking = "filter"
        self._problem = ""
        self._waiting: tuple[str, datetime] | None = None
        self._seen_at_pause: int | None = None
        self._timer: Timer | None = None
        self._clock: Timer | None = None
        self._hosts = 0
        self._is_looking = False
        self._goes_to_hit = False

    def compose(self) -> ComposeResult:
        """The view, the input, and the line that says what is on show."""
        yield Static("", id="log-waiting", classes="hidden")
        yield LogView(self.rows, id="log-view")
        yield Input(id="log-input", compact=True)
        yield Static("", id="log-state")

    @property
    def view(self) -> LogView:
        """The window onto the rows."""
        return self.query_one(LogView)

    def on_mount(self) -> None:
        """Show what the buffer holds already."""
        self.call_after_refresh(self.lines_came)

    def focus_view(self) -> None:
        """Give the keys to the log."""
        self.view.focus()

    # what comes in

    def show_buffer(self, buffer: LogBuffer) -> None:
        """Show another buffer, with what is on show kept."""
        shown = self.rows.shown
        self.buffer = buffer
        self.rows = self.view.rows = LogRows(buffer)
        self.rows.show(shown)
        self._hits = None
        self.lines_came()

    def waiting(self, reason: str, since: datetime) -> None:
        """Say what the log waits for while there is no line yet."""
        self._waiting = (reason, since)
        self._flush_later()

    @property
    def is_looking(self) -> bool:
        """Whether a filter or a search has lines left to look at."""
        return self._is_looking

    def lines_came(self) -> None:
        """The buffer grew: draw it soon, at most thirty times a second however often this is called."""
        self._flush_later()

    def _flush_later(self) -> None:
        if self._timer is None and self.is_mounted:
            a_second = LOOKING_REFRESHES_A_SECOND if self._is_looking else REFRESHES_A_SECOND
            self._timer = self.set_timer(1 / a_second, self._flush)

    def _flush(self) -> None:
        self._timer = None
        try:
            view = self.view
        except NoMatches:
            return  # the panel is being taken down
        if not self._is_looking:
            self._look()
        self.rows.update()
        self._show_waiting()
        if len(self.buffer.hosts) != self._hosts:
            self._hosts = len(self.buffer.hosts)
            view.restyle()  # each line's host is shown once there are several
        else:
            view.refresh_rows()
        self._show_state()
        if self._waiting is not None and not len(self.buffer) and self._clock is None:
            self._clock = self.set_timer(CLOCK_SECONDS, self._tick)

    def _tick(self) -> None:
        """Count the seconds of waiting on."""
        self._clock = None
        self._flush_later()

    def _look(self) -> None:
        """Filter and search a few milliseconds further; the keys have their turn before it goes on."""
        self._is_looking = self._filter_further() or self._search_further()
        if self._is_looking:
            self.set_timer(PAUSE, self._look_further)

    def _look_further(self) -> None:
        if self.is_mounted:
            self._look()
            self._flush_later()

    def _filter_further(self) -> bool:
        try:
            return self.rows.look()
        except TooSlow as problem:
            self._pattern_text = ""
            self._show(pattern=LogFilter())
            self._problem = str(problem)
            return False

    def _search_further(self) -> bool:
        try:
            more = self._hits is not None and self._hits.update()
        except TooSlow as problem:
            self._hits, more = None, False
            self._problem = str(problem)
        if self._goes_to_hit and (not more or len(self._hits_before())):
            self._goes_to_hit = False
            self.action_previous()
        return more

    def _show_waiting(self) -> None:
        waits = self._waiting is not None and not len(self.buffer)
        notice = self.query_one("#log-waiting", Static)
        notice.set_class(not waits, "hidden")
        self.view.set_class(waits, "-waiting")  # not hidden: it would lose the keys
        if waits and self._waiting is not None:
            reason, since = self._waiting
            seconds = max(int((datetime.now(UTC) - since).total_seconds()), 0)
            notice.update(Content(f"{reason}\nsince {since.astimezone():%H:%M:%S}, for {seconds} s"))

    def _show_state(self) -> None:
        view, shown = self.view, self.rows.shown
        parts: list[str] = []
        if view.follow:
            parts.append("● following")
        else:
            before = self._seen_at_pause
            if before is None:
                before = self._seen_at_pause = len(self.buffer)
            new = len(self.buffer) - before
            parts.append(f"⏸ paused  +{new:,} new" if new else "⏸ paused")
        if not self.rows.is_all:
            parts.append(f"{self.rows.matching:,}/{len(self.buffer):,} lines")
        else:
            parts.append(f"{len(self.buffer):,} lines")
        if self._pattern_text:
            parts.append(f"filter {self._pattern_text}")
        if self._hits is not None:
            parts.append(self._search_state())
        parts += [
            name for name, on in (("errors", shown.errors), ("accuracy", shown.accuracy), ("wrap", view.wrap)) if on
        ]
        if shown.context:
            parts.append(f"±{shown.context} context")
        if view.time_shown is not TimeShown.NONE:
            parts.append(f"time {view.time_shown}")
        if shown.host is not None or len(self.buffer.hosts) > 1:
            parts.append(shown.host or f"{len(self.buffer.hosts)} instances")
        if self._problem:
            parts.append(self._problem)
        line = Content(" │ ".join(plain(part) for part in parts))
        self.query_one("#log-state", Static).update(line, layout=False)  # its room is always the same

    # filter and search

    def action_filter(self) -> None:
        """Type a filter."""
        self._ask("filter", self._pattern_text, 'filter: words, "quoted terms", ?any, -not, /regex/')

    def action_search(self) -> None:
        """Type what to search."""
        self._ask("search", self._search_text, 'search: words, "quoted terms", /regex/')

    def _ask(self, what: str, value: str, hint: str) -> None:
        entry = self.query_one("#log-input", Input)
        self._asking = what
        entry.placeholder = hint
        entry.add_class("-asked")
        with entry.prevent(Input.Changed):
            entry.value = value
        entry.focus()

    def on_input_changed(self, event: Input.Changed) -> None:
        """Filter or search as a person types."""
        event.stop()
        self._problem = ""
        try:
            parsed = parse(event.value)
        except PatternError as problem:
            self._problem = str(problem)
            self._show_state()
            return
        if self._asking == "filter":
            self._pattern_text = event.value.strip()
            self._show(pattern=parsed)
        else:
            self._search_text = event.value.strip()
            self._search = parsed
            self._hits = None if parsed.is_empty else Matches(self.buffer, (parsed,))
        self._mark()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Take what was typed; a search goes to its first hit."""
        event.stop()
        self._close_input()
        self._goes_to_hit = self._asking == "search" and self._hits is not None
        self._flush_later()

    def on_key(self, event: Key) -> None:
        """Escape drops the search or the filter that was last typed; with neither it is the screen's."""
        asked = self.query_one("#log-input", Input).has_focus
        if event.key != "escape" or not (asked or self._pattern_text or self._hits is not None):
            return
        event.stop()
        event.prevent_default()
        if self._hits is not None and (self._asking == "search" or not self._pattern_text):
            self._search_text, self._search, self._hits = "", LogFilter(), None
            self.view.current = None
        else:
            self._pattern_text = ""
            self._show(pattern=LogFilter())
        self._problem = ""
        self._close_input()
        self._mark()

    def _close_input(self) -> None:
        entry = self.query_one("#log-input", Input)
        entry.remove_class("-asked")
        self.view.focus()
        self._show_state()

    def _mark(self) -> None:
        self.view.marks = tuple(mark for mark in (self.rows.shown.pattern, self._search) if not mark.is_empty)
        self.view.restyle()
        self._flush_later()

    def _hit_rows(self) -> NDArray[np.int64]:
        """The rows of all search hits that are on show, in order."""
        import numpy as np

        return np.empty(0, np.int64) if self._hits is None else self.rows.rows_of(self._hits.places())

    def _hits_before(self) -> NDArray[np.int64]:
        """The hits before where a person stands."""
        hits = self._hit_rows()
        return hits[: hits.searchsorted(self._standing(-1))]

    def _standing(self, step: int) -> int:
        """The row from which the next hit is looked for, forwards or backwards."""
        view = self.view
        if view.current is not None:
            return view.current
        return int(view.scroll_offset.y) + (view.scrollable_content_region.size.height if step < 0 else -1)

    def _search_state(self) -> str:
        hits = self._hit_rows()
        current = self.view.current
        place = len(hits) if current is None else int(hits.searchsorted(current))
        at = f"{place + 1:,}/" if place < len(hits) and hits[place] == current else ""
        return f"search {self._search_text} {at}{len(hits):,}"

    def _go_hit(self, step: int) -> None:
        hits = self._hit_rows()
        if not len(hits):
            self.app.bell()
            return
        start = self._standing(step)
        place = int(hits.searchsorted(start, side="right")) if step > 0 else int(hits.searchsorted(start)) - 1
        self.view.show_row(int(hits[place % len(hits)]))  # round the ends
        self._show_state()

    def action_next(self) -> None:
        """Go to the next hit, round the end."""
        self._go_hit(1)

    def action_previous(self) -> None:
        """Go to the hit before, round the start."""
        self._go_hit(-1)

    # what is on show: each stands alone

    def _show(self, **changes: object) -> None:
        self.rows.show(replace(self.rows.shown, **changes))  # type: ignore[arg-type]
        self.view.current = None
        self._flush_later()

    def action_errors(self) -> None:
        """Only errors, or all."""
        self._show(errors=not self.rows.shown.errors)

    def action_accuracy(self) -> None:
        """Only Validation-accuracy lines, or all."""
        self._show(accuracy=not self.rows.shown.accuracy)

    def action_host(self) -> None:
        """All instances, or the next one alone."""
        order = [None, *sorted(self.buffer.hosts)]
        host = self.rows.shown.host
        self._show(host=order[(order.index(host) + 1) % len(order)] if host in order else None)

    def action_context(self) -> None:
        """One more line around each match."""
        self._show(context=self.rows.shown.context + 1)

    def action_less_context(self) -> None:
        """One line less around each match."""
        self._show(context=max(self.rows.shown.context - 1, 0))

    def action_wrap(self) -> None:
        """Wrap long lines, or not."""
        self.view.wrap = not self.view.wrap
        self._show_state()

    def action_time(self) -> None:
        """The next way to show time."""
        self.view.time_shown = self.view.time_shown.next()
        self._show_state()

    # moving

    def action_follow(self) -> None:
        """Follow the end, or stay where the view is."""
        if self.view.follow:
            self.view.follow = False
        else:
            self.view.go_end()
        self._paused_or_not()

    def on_log_view_scrolled(self, event: LogView.Scrolled) -> None:
        """A person scrolled: following stops away from the end and begins again at it."""
        event.stop()
        self._paused_or_not()

    def _paused_or_not(self) -> None:
        self._seen_at_pause = None if self.view.follow else self._seen_at_pause or len(self.buffer)
        self._show_state()

    def action_bottom(self) -> None:
        """The last line, and follow."""
        self.view.go_end()
        self._paused_or_not()

    # taking lines away

    def text_on_show(self, start: int = 0, stop: int | None = None) -> str:
        """The rows on show as text, with what stands before each line."""
        rows = self.rows.rows(start, len(self.rows) if stop is None else stop)
        return "\n".join(as_text(row, self.view.time_shown, self.buffer.hosts) for row in rows)

    def action_copy(self) -> None:
        """Copy the selection, or the lines in sight."""
        selected = self.screen.get_selected_text()
        if not selected:
            top = self.view.scroll_offset.y
            selected = self.text_on_show(top, top + self.view.scrollable_content_region.size.height)
        self.app.copy_to_clipboard(selected)
        self.app.notify(f"{len(selected.splitlines())} lines copied", title="Log")

    def action_save(self) -> None:
        """Ask for a file to save to; the screen does the asking."""
        self.post_message(self.SaveRequested())

    def saving(self, path: Path) -> Callable[[], int]:
        """What writes the rows on show to a file, away from the screen: whole lines, control sequences off.

        It gives how many there are and raises OSError; a file that was there stays until the new one is whole.
        """
        rows, time_shown, hosts = copy(self.rows), self.view.time_shown, self.buffer.hosts
        count = len(rows)

        target = path.resolve()
        # a device or a pipe is written to, not replaced
        part = target if target.exists() and not target.is_file() else target.with_name(f".{target.name}.part")

        def write() -> int:
            try:
                with part.open("w", encoding="utf-8") as file:
                    for start in range(0, count, SAVED_AT_ONCE):
                        found = rows.rows(start, min(start + SAVED_AT_ONCE, count))
                        file.writelines(as_text(row, time_shown, hosts) + "\n" for row in found)
                if part != target:
                    part.replace(target)
            except OSError:
                if part != target:
                    with suppress(OSError):
                        part.unlink()
                raise
            return count

        return write
