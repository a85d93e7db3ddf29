"""Choosing one of many: type to search, Enter takes; where other values will do, what is typed is one of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from birdtui.spec.plain_text import plain
from birdtui.ui import background
from birdtui.ui.form_fields import Choice

MOST_SHOWN = 300


class ChooseScreen(ModalScreen[str | None]):
    """A list with a search line; answers with a value, or None.

    `more` is asked, away from the screen, for the choices that fit what is typed; without it `choices` are searched.
    `notes` is asked once for a word more on each of them.
    """

    DEFAULT_CSS = """
    ChooseScreen { align: center middle; }
    ChooseScreen > Vertical {
        width: 80; max-width: 95%; height: 24; max-height: 95%;
        border: round $primary; background: $surface; padding: 0 1;
    }
    ChooseScreen OptionList { height: 1fr; border: none; background: $surface; padding: 0; }
    ChooseScreen OptionList:focus { border: none; }
    ChooseScreen Static { height: auto; color: $text-muted; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)", "Cancel"),
        Binding("down", "move(1)", show=False, priority=True),
        Binding("up", "move(-1)", show=False, priority=True),
        Binding("tab", "complete", show=False, priority=True),
    ]

    @dataclass
    class Found(Message):
        """Choices that AWS gave for what was typed."""

        typed: str
        choices: Sequence[Choice]

    @dataclass
    class Noted(Message):
        """A word more on the choices, by their values."""

        notes: Mapping[str, str]

    def __init__(
        self,
        title: str,
        value: str,
        choices: Sequence[Choice] = (),
        *,
        free: bool = True,
        more: Callable[[str], Sequence[Choice]] | None = None,
        notes: Callable[[], Mapping[str, str]] | None = None,
    ) -> None:
        super().__init__()
        self._title = title
        self._value = value
        self._choices = choices
        self._free = free
        self._more = more
        self._notes = notes
        self._noted: Mapping[str, str] = {}
        self._shown: list[Choice] = []

    def compose(self) -> ComposeResult:
        """The search line, the list, and what to press."""
        with Vertical() as box:
            box.border_title = Content(self._title)
            start = self._value if self._more is not None else ""
            yield Input(start, placeholder="type to search", compact=True, select_on_focus=False)
            yield OptionList()
            takes = "Enter takes the marked one, or what is typed" if self._free else "Enter takes the marked one"
            completes = " · Tab goes in" if self._more is not None else ""
            yield Static(f"{takes}{completes} · Esc cancels", id="choose-help")

    def on_mount(self) -> None:
        """Show all there is."""
        self._search(self._value if self._more is not None else "")
        if self._notes is not None:
            notes = self._notes
            background.start(self, lambda: self.Noted(notes()), what="look for notes")

    def on_choose_screen_noted(self, event: Noted) -> None:
        """Put a word more beside each choice; it is not searched, and the marked one stays marked."""
        self._noted = event.notes
        listing = self.query_one(OptionList)
        marked = listing.highlighted
        self._search(self.query_one(Input).value)
        listing.highlighted = marked

    def on_input_changed(self, event: Input.Changed) -> None:
        """Search as a person types."""
        event.stop()
        self._search(event.value)

    def _search(self, typed: str) -> None:
        if self._more is not None:
            more = self._more
            background.start(self, lambda: self.Found(typed, more(typed)), what="look for choices")
            return
        self._fill(search(self._choices, typed))

    def on_choose_screen_found(self, event: Found) -> None:
        """Show what AWS gave, unless more was typed meanwhile."""
        if event.typed == self.query_one(Input).value:
            self._fill(list(event.choices))

    def on_failed(self, event: background.Failed) -> None:
        """Say why there is nothing to choose, a value can still be typed; notes are an extra and stay away silently."""
        event.stop()
        if event.what == "look for notes":
            return
        self.query_one("#choose-help", Static).update(Content(plain(event.problem.message)))

    def _fill(self, found: list[Choice]) -> None:
        self._shown = found[:MOST_SHOWN]
        listing = self.query_one(OptionList)
        listing.clear_options()
        listing.add_options(Option(Text(self._line(each))) for each in self._shown)
        typed = self.query_one(Input).value
        values = [each.value for each in self._shown]
        wanted = typed if typed in values else self._value
        at = values.index(wanted) if wanted in values else 0
        if values and (not self._free or not typed or self._more is None or typed in values):
            listing.highlighted = at

    def _line(self, choice: Choice) -> str:
        notes = [note for note in (choice.note, self._noted.get(choice.value, "")) if note]
        return plain(f"{choice.value}  {' · '.join(notes)}".rstrip())

    def action_move(self, by: int) -> None:
        """Move the mark."""
        listing = self.query_one(OptionList)
        if self._shown:
            at = -1 if listing.highlighted is None else listing.highlighted
            listing.highlighted = min(max(at + by, 0), len(self._shown) - 1)

    def action_complete(self) -> None:
        """Put the marked one into the search line, to go on from there."""
        listing = self.query_one(OptionList)
        if self._shown:
            at = listing.highlighted or 0
            self.query_one(Input).value = self._shown[at].value
            self.query_one(Input).action_end()

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """A click takes one."""
        event.stop()
        self.dismiss(self._shown[event.option_index].value)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Take the marked one, or what is typed where nothing is marked."""
        event.stop()
        at = self.query_one(OptionList).highlighted
        if at is not None and self._shown:
            self.dismiss(self._shown[at].value)
        elif self._free:
            self.dismiss(event.value.strip())


def search(choices: Sequence[Choice], typed: str) -> list[Choice]:
    """The choices that hold every word typed; first those of which more words are whole: `8 GPU` is not `8xlarge`."""
    words = typed.lower().split()
    found: list[tuple[int, Choice]] = []
    for choice in choices:
        text = f"{choice.value} {choice.note}".lower()
        if all(word in text for word in words):
            whole = set(re.split(r"[^a-z0-9]+", text))
            found.append((-sum(word in whole for word in words), choice))
    return [choice for _, choice in sorted(found, key=lambda each: each[0])]
