"""Every key that works here, read from the command table and the user's own keymap."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

from birdtui.ui.commands import SCOPES, commands, key_name


class HelpScreen(ModalScreen[None]):
    """A modal with the keys of the given scopes; any of its own keys closes it."""

    DEFAULT_CSS = """
    HelpScreen { align: center middle; }
    HelpScreen > VerticalScroll {
        width: 90%; max-width: 96; height: auto; max-height: 90%;
        border: round $primary; border-title-color: $text; background: $surface; padding: 0 1;
    }
    HelpScreen Static { height: auto; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,question_mark,q", "dismiss", "Close")]

    def __init__(self, scopes: Sequence[str], keymap: Mapping[str, str]) -> None:
        super().__init__()
        self._scopes = scopes
        self._keymap = keymap

    def compose(self) -> ComposeResult:
        """One table of keys for each scope."""
        with VerticalScroll() as box:
            box.border_title = "Keys"
            box.border_subtitle = "Esc closes"
            for scope in self._scopes:
                yield Static(self._table(scope))

    def _table(self, scope: str) -> Table:
        table = Table(title=SCOPES[scope], title_justify="left", title_style="bold", box=None, expand=True)
        table.show_header = False
        table.add_column(style="bold", no_wrap=True, width=18)
        table.add_column(ratio=1)
        for command in commands(scope):
            keys = self._keymap.get(command.id, command.keys)
            table.add_row(Text(" ".join(key_name(key) for key in keys.split(","))), Text(command.help))
        return table
