"""The bottom line: the keys that matter most here, as many as there is room for, help always among them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from textual.app import ComposeResult
from textual.binding import Binding
from textual.events import Resize
from textual.screen import Screen
from textual.widgets import Footer
from textual.widgets._footer import FooterKey

HELP = "app.help"
NARROW = 100


class Shown(NamedTuple):
    """One key as the line shows it."""

    binding: Binding
    display: str
    enabled: bool
    tooltip: str

    @property
    def width(self) -> int:
        """Cells, blanks left out."""
        return len(self.display) + 1 + len(self.binding.description)


class KeyBar(Footer):
    """Textual's footer, made from the command table's bindings; a key that does not fit is left out, not cut."""

    _told: tuple[Shown, ...] | None = None

    def on_resize(self, event: Resize) -> None:
        """Another width has room for other keys; a narrow one leaves the blanks out."""
        self.compact = event.size.width < NARROW
        self._told = None
        self.call_after_refresh(self.recompose)

    def bindings_changed(self, screen: Screen[object]) -> None:
        """Make the line anew only when it says something else: every change of focus asks, and layout is dear."""
        if screen is self.screen and self.is_attached and screen.app.app_focus:
            shown = tuple(self._all())
            if shown == self._told:
                return
            self._told = shown
        super().bindings_changed(screen)

    def compose(self) -> ComposeResult:
        """The screen's keys in their order, then help, then the palette where there is room for it."""
        if not self._bindings_ready:
            return
        keys = list(self._all())
        blanks = 1 if self.compact else 2
        last = [key for key in keys if key.binding.id == HELP]
        room = self.size.width - sum(key.width + blanks for key in last)
        for key in keys:
            if key not in last and key.width + blanks <= room:
                room -= key.width + blanks
                yield self._key(key)
        for key in last:
            yield self._key(key)
        palette = self.screen.active_bindings.get(self.app.COMMAND_PALETTE_BINDING)
        if palette is not None:
            _, binding, enabled, tooltip = palette
            key = Shown(binding, self.app.get_key_display(binding), enabled, tooltip)
            if key.width + 4 <= room:
                yield self._key(key, "-command-palette")

    def _all(self) -> Iterator[Shown]:
        """Every key that may stand here, the first of each action."""
        actions: set[str] = set()
        for _, binding, enabled, tooltip in self.screen.active_bindings.values():
            if binding.show and binding.action not in actions:
                actions.add(binding.action)
                yield Shown(binding, self.app.get_key_display(binding), enabled, tooltip)

    def _key(self, key: Shown, classes: str = "") -> FooterKey:
        binding = key.binding
        made = FooterKey(
            binding.key,
            key.display,
            binding.description,
            binding.action,
            disabled=not key.enabled,
            tooltip=key.tooltip or binding.description,
            classes=classes,
        )
        return made if classes else made.data_bind(compact=Footer.compact)
