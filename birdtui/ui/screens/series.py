"""Choosing which series a chart draws."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import SelectionList
from textual.widgets.selection_list import Selection

from birdtui.spec.plain_text import plain


class SeriesScreen(ModalScreen[frozenset[str] | None]):
    """A list of series with a tick each; answers with those to hide, or None when nothing shall change."""

    DEFAULT_CSS = """
    SeriesScreen { align: center middle; }
    SeriesScreen SelectionList {
        width: 60; max-width: 90%; height: auto; max-height: 80%; border: round $primary; background: $surface;
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "take", "Take", priority=True),
        Binding("escape", "dismiss(None)", "Cancel"),
    ]

    def __init__(self, names: Sequence[str], hidden: frozenset[str]) -> None:
        super().__init__()
        self._names = names
        self._hidden = hidden

    def compose(self) -> ComposeResult:
        """The list."""
        listing = SelectionList(
            *(Selection(Content(plain(name)), name, name not in self._hidden) for name in self._names)
        )
        listing.border_title = "Series"
        listing.border_subtitle = "Space ticks · Enter takes · Esc cancels"
        yield listing

    def action_take(self) -> None:
        """Answer with what is not ticked."""
        shown = set(self.query_one(SelectionList).selected)
        self.dismiss(frozenset(name for name in self._names if name not in shown))
