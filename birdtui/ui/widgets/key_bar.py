"""The bottom line: the keys that matter most here, closer together where the terminal is narrow."""

from __future__ import annotations

from textual.events import Resize
from textual.widgets import Footer


class KeyBar(Footer):
    """Textual's footer, made from the command table's bindings."""

    def on_resize(self, event: Resize) -> None:
        """Leave out the blanks where they would push keys out of sight."""
        self.compact = event.size.width < 100
