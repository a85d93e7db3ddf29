"""Asking for a file or a folder to write to."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, Static


class AskPathScreen(ModalScreen[Path | None]):
    """One line of input; answers with the path, or None. A file that exists is asked about once more."""

    DEFAULT_CSS = """
    AskPathScreen { align: center middle; }
    AskPathScreen > Vertical {
        width: 80; max-width: 90%; height: auto; border: round $primary; background: $surface; padding: 0 1;
    }
    AskPathScreen Static { height: auto; color: $text-muted; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss(None)", "Cancel")]

    def __init__(self, title: str, proposal: Path, *, must_exist: bool = False) -> None:
        super().__init__()
        self._title = title
        self._proposal = proposal
        self._must_exist = must_exist
        self._warned: Path | None = None

    def compose(self) -> ComposeResult:
        """The input and a line of help."""
        with Vertical() as box:
            box.border_title = Content(self._title)
            yield Input(str(self._proposal), id="path")
            yield Static("Enter takes it · Esc cancels", id="path-help")

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Answer, unless that would overwrite a file without a word."""
        path = Path(event.value.strip()).expanduser()
        if not event.value.strip():
            return
        help_line = self.query_one("#path-help", Static)
        if self._must_exist:
            if path.is_file():
                self.dismiss(path)
            else:
                help_line.update(Content(f"There is no file {path}."))
            return
        if path.is_file() and self._warned != path:
            self._warned = path
            help_line.update(Content(f"{path} exists: Enter again overwrites it."))
            return
        self.dismiss(path)
