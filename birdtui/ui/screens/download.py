"""Downloading a model artifact, with a progress bar; leaving it ends the download and leaves no half file."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, cast

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.screen import ModalScreen
from textual.widgets import ProgressBar, Static

from birdtui.spec.plain_text import plain
from birdtui.ui import background

if TYPE_CHECKING:
    from birdtui.ui.app import BirdApp


class DownloadScreen(ModalScreen[None]):
    """Shows a download until it has ended."""

    DEFAULT_CSS = """
    DownloadScreen { align: center middle; }
    DownloadScreen > Vertical {
        width: 80; max-width: 90%; height: auto; border: round $primary; background: $surface; padding: 1 2;
    }
    DownloadScreen Static { height: auto; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", "Cancel or close")]

    @dataclass
    class Moved(Message):
        """So many bytes of so many are here."""

        done: int
        total: int

    @dataclass
    class Done(Message):
        """All of it is here."""

        path: Path

    def __init__(self, uri: str, path: Path) -> None:
        super().__init__()
        self._uri = uri
        self._path = path
        self._cancelled = threading.Event()

    def compose(self) -> ComposeResult:
        """What comes from where, the bar, and what to press."""
        with Vertical() as box:
            box.border_title = "Download"
            yield Static(Content(plain(f"{self._uri}\n→ {self._path}")))
            yield ProgressBar(total=None, show_eta=False)
            yield Static("Esc cancels", id="download-state")

    def on_mount(self) -> None:
        """Begin."""
        backend = cast("BirdApp", self.app).backend

        def work() -> Message | None:
            from birdtui.aws.artifacts import download

            told = lambda done, total: self.post_message(self.Moved(done, total))  # noqa: E731
            finished = download(backend.session(), self._uri, self._path, told, self._cancelled.is_set)
            return self.Done(self._path) if finished else None

        background.start(self, work, what="download")

    def on_download_screen_moved(self, event: Moved) -> None:
        """Move the bar."""
        self.query_one(ProgressBar).update(total=event.total, progress=event.done)

    def on_download_screen_done(self, event: Done) -> None:
        """Say so and go."""
        self.app.notify(plain(f"{event.path}"), title="Downloaded", markup=False)
        self.dismiss()

    def on_failed(self, event: background.Failed) -> None:
        """Say why not."""
        event.stop()
        self.query_one("#download-state", Static).update(Content(plain(f"{event.problem.message}\nEsc closes")))

    def action_leave(self) -> None:
        """End the download and go."""
        self._cancelled.set()
        self.dismiss()
