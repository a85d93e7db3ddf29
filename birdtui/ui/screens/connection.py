"""Switching to another profile or region."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, cast

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.screen import ModalScreen
from textual.suggester import SuggestFromList
from textual.widgets import Input, Static

from birdtui.spec.plain_text import plain
from birdtui.ui import background

if TYPE_CHECKING:
    from birdtui.ui.app import BirdApp


class ConnectionScreen(ModalScreen[bool]):
    """Profile and region, completed from what the AWS configuration and the service tables know."""

    DEFAULT_CSS = """
    ConnectionScreen { align: center middle; }
    ConnectionScreen > Vertical {
        width: 64; max-width: 90%; height: auto; border: round $primary; background: $surface; padding: 0 1;
    }
    ConnectionScreen Static { height: auto; color: $text-muted; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss(False)", "Cancel")]

    @dataclass
    class Known(Message):
        """The profiles of the AWS configuration."""

        profiles: Sequence[str]

    def compose(self) -> ComposeResult:
        """Two inputs and a line of help."""
        from birdtui.spec.images import regions

        backend = cast("BirdApp", self.app).backend
        with Vertical() as box:
            box.border_title = "Profile and region"
            if backend.is_local:
                yield Static("The embedded engine has its own keys and one region: start birdtui without --local.")
                yield Static("Esc closes")
            else:
                known = regions("image-classification")
                yield Input(placeholder="profile", id="profile")
                yield Input(placeholder="region", id="region", suggester=SuggestFromList(known))
                yield Static(
                    "Enter switches, what is left empty stays · → completes · Esc cancels", id="connection-help"
                )

    def on_mount(self) -> None:
        """Find the profiles there are."""
        backend = cast("BirdApp", self.app).backend
        if not backend.is_local:
            background.start(self, lambda: self.Known(backend.session().profiles()), what="read profiles")

    def on_connection_screen_known(self, event: Known) -> None:
        """Complete from them, and name them."""
        self.query_one("#profile", Input).suggester = SuggestFromList(event.profiles)
        names = ", ".join(event.profiles[:12]) or "none configured"
        self.query_one("#connection-help", Static).update(
            Content(plain(f"profiles: {names}\nEnter switches, what is left empty stays · → completes · Esc cancels"))
        )

    def on_failed(self, event: background.Failed) -> None:
        """Without profiles the names can still be typed."""
        event.stop()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Switch."""
        event.stop()
        profile = self.query_one("#profile", Input).value.strip()
        region = self.query_one("#region", Input).value.strip()
        cast("BirdApp", self.app).backend.switch(profile=profile or None, region=region or None)
        self.dismiss(bool(profile or region))
