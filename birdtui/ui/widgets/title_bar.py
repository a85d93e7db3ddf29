"""The top line: the program, the screen, and where AWS is."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from textual.content import Content
from textual.widgets import Static

from birdtui.spec.plain_text import plain

if TYPE_CHECKING:
    from birdtui.ui.app import BirdApp


class TitleBar(Static):
    """`birdtui › Jobs` on the left, profile, region and mode on the right."""

    DEFAULT_CSS = """
    TitleBar { height: 1; background: $primary; color: $text; text-style: bold; padding: 0 1; }
    """

    def __init__(self, screen_title: str) -> None:
        super().__init__("")
        self._screen_title = screen_title

    def on_mount(self) -> None:
        """Draw it for the first time."""
        self.refresh_place()

    def on_resize(self) -> None:
        """Keep the right side at the right."""
        self.refresh_place()

    def set_title(self, title: str) -> None:
        """Name what the screen shows."""
        self._screen_title = title
        self.refresh_place()

    def refresh_place(self) -> None:
        """Draw where AWS is, as far as that is known yet."""
        app = cast("BirdApp", self.app)
        left = f"birdtui › {plain(self._screen_title)}"
        right = app.place + ("  read-only" if app.read_only else "")
        room = self.size.width - 2
        if len(left) + len(right) + 2 > room:
            left = left[: max(room - len(right) - 3, 8)] + "…"
        self.update(Content(left + " " * max(room - len(left) - len(right), 1) + plain(right)))
