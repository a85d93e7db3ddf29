"""The top line: the program, the screen, and where AWS is."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from textual.content import Content
from textual.widget import Widget

from birdtui.spec.plain_text import plain

if TYPE_CHECKING:
    from birdtui.ui.app import BirdApp


class TitleBar(Widget):
    """`birdtui › Jobs` on the left, profile, region and mode on the right."""

    DEFAULT_CSS = """
    TitleBar { height: 1; background: $primary; color: $text; text-style: bold; padding: 0 1; }
    """

    def __init__(self, screen_title: str) -> None:
        super().__init__()
        self._screen_title = screen_title

    def set_title(self, title: str) -> None:
        """Name what the screen shows."""
        self._screen_title = title
        self.refresh()

    def refresh_place(self) -> None:
        """Draw anew where AWS is: it may be known by now."""
        self.refresh()

    def render(self) -> Content:
        """The title at the left, the place at the right; where both do not fit, the title is cut."""
        app = cast("BirdApp", self.app)
        left = f"birdtui › {plain(self._screen_title)}"
        right = app.place + ("  read-only" if app.read_only else "")
        room = self.size.width
        if len(left) + len(right) + 2 > room:
            left = left[: max(room - len(right) - 3, 8)] + "…"
        return Content(left + " " * max(room - len(left) - len(right), 1) + plain(right))
