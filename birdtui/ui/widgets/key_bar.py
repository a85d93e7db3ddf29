"""The bottom line: the keys that matter most here, as many as there is room for, help always among them.

One widget that draws text, where Textual's footer mounts a widget a key and does so anew at each change of focus: the
line is there in the first frame, and a step from field to field lays nothing out.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from textual.binding import Binding
from textual.content import Content
from textual.events import Click
from textual.screen import Screen
from textual.widget import Widget

HELP = "app.help"
NARROW = 100


class Shown(NamedTuple):
    """One key as the line shows it."""

    binding: Binding
    display: str
    enabled: bool

    @property
    def width(self) -> int:
        """Cells, blanks left out."""
        return len(self.display) + 1 + len(self.binding.description)


class KeyBar(Widget):
    """Drawn from the command table's bindings; a key that does not fit is left out, not cut. A click presses it."""

    DEFAULT_CSS = """
    KeyBar { dock: bottom; height: 1; background: $footer-background; color: $footer-foreground; }
    """

    _told: tuple[Shown, ...] = ()

    def on_mount(self) -> None:
        """Hear of every change of what can be pressed."""
        self.screen.bindings_updated_signal.subscribe(self, self._bindings_changed)

    def _bindings_changed(self, screen: Screen[object]) -> None:
        if screen is self.screen and self.is_attached and tuple(self._all()) != self._told:
            self.refresh()

    def render(self) -> Content:
        """The screen's keys in their order, then help, then at the right the palette where there is room for it."""
        self._told = tuple(self._all())
        parts: list[Content] = []
        end = 0
        for start, key in self._places():
            style = "$footer-key-foreground bold" if key.enabled else "dim"
            parts += [
                Content(" " * (start - end)),
                Content.styled(key.display, style),
                Content.styled(f" {key.binding.description}", "$footer-description-foreground"),
            ]
            end = start + key.width
        return Content.assemble(*parts)

    def on_click(self, event: Click) -> None:
        """Press the key that was clicked."""
        for start, key in self._places():
            if start <= event.x < start + key.width and key.enabled:
                self.app.simulate_key(key.binding.key)

    def _places(self) -> list[tuple[int, Shown]]:
        """Each key that has room, and the cell it begins in."""
        keys = list(self._all())
        room = self.size.width
        between = 1 if room < NARROW else 2
        last = [key for key in keys if key.binding.id == HELP]
        at = 0 if room < NARROW else 1
        kept = sum(key.width + between for key in last)
        found: list[tuple[int, Shown]] = []
        for key in [each for each in keys if each not in last]:
            if at + key.width + between + kept <= room:
                found.append((at, key))
                at += key.width + between
        for key in last:
            found.append((at, key))
            at += key.width + between
        palette = self.screen.active_bindings.get(self.app.COMMAND_PALETTE_BINDING)
        if palette is not None:
            key = Shown(palette.binding, self.app.get_key_display(palette.binding), palette.enabled)
            if at + key.width + 2 <= room:
                found.append((room - key.width - 1, key))
        return found

    def _all(self) -> Iterator[Shown]:
        """Every key that may stand here, the first of each action."""
        actions: set[str] = set()
        for _, binding, enabled, _ in self.screen.active_bindings.values():
            if binding.show and binding.action not in actions:
                actions.add(binding.action)
                yield Shown(binding, self.app.get_key_display(binding), enabled)
