"""The bottom line: the keys that matter most here, closer together where the terminal is narrow."""

from __future__ import annotations

from textual.events import Resize
from textual.screen import Screen
from textual.widgets import Footer


class KeyBar(Footer):
    """Textual's footer, made from the command table's bindings."""

    _told: tuple[tuple[str, str, bool], ...] | None = None

    def on_resize(self, event: Resize) -> None:
        """Leave out the blanks where they would push keys out of sight."""
        self.compact = event.size.width < 100

    def bindings_changed(self, screen: Screen[object]) -> None:
        """Make the line anew only when it says something else: every change of focus asks, and layout is dear."""
        if screen is self.screen and self.is_attached and screen.app.app_focus:
            shown = tuple(
                (binding.key, binding.description, enabled)
                for _, binding, enabled, _ in screen.active_bindings.values()
                if binding.show
            )
            if shown == self._told:
                return
            self._told = shown
        super().bindings_changed(screen)
