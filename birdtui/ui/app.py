"""The app: one title, one footer, and the screens; what each screen shows is the screen's own business."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any, ClassVar

from textual.app import App, ComposeResult
from textual.binding import BindingType
from textual.command import Provider
from textual.events import Event, InputEvent, Key

from birdtui import collector
from birdtui.ui import background
from birdtui.ui.backend import Backend
from birdtui.ui.commands import bindings
from birdtui.ui.job_actions import JobActions
from birdtui.ui.palette import CommandProvider
from birdtui.ui.scope import CommandScope
from birdtui.ui.widgets.key_bar import KeyBar
from birdtui.ui.widgets.notice import Notice
from birdtui.ui.widgets.title_bar import TitleBar

if TYPE_CHECKING:
    from textual.driver import Driver

    from birdtui.aws.session import Connection


COLLECT_SECONDS = 15.0
PAUSED_SECONDS = 2.0
"""Seconds without a key after which nobody is likely to press one at this very moment."""


def _forget(_name: str, _value: str) -> None:
    """Remember nothing: what tests and demonstrations want."""


@dataclass(frozen=True)
class Start:
    """How the app begins.

    `connect` says where AWS is and may start the embedded engine; it is called away from the screen. `target` is a
    job's name or a TOML file to open at once. `keymap` maps command ids to keys. `remember` is called with a setting's
    name and value when a person changes one that lasts (`theme`).
    """

    connect: Callable[[], Connection]
    target: str | None = None
    read_only: bool = False
    theme: str | None = None
    keymap: dict[str, str] = field(default_factory=dict)
    remember: Callable[[str, str], None] = _forget


class BirdApp(CommandScope, JobActions):
    """The cockpit."""

    TITLE = "birdtui"
    COMMAND_SCOPE = "app"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("app")]
    COMMANDS: ClassVar[set[type[Provider] | Callable[[], type[Provider]]]] = App.COMMANDS | {CommandProvider}
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-wide")]  # noqa: RUF012 - Textual's own declaration
    VERTICAL_BREAKPOINTS = [(0, "-short"), (30, "-tall")]  # noqa: RUF012

    def __init__(self, start: Start) -> None:
        super().__init__()
        self.start = start
        self.read_only = start.read_only
        self.backend = Backend(start.connect)
        if start.theme and start.theme in self.available_themes:
            self.theme = start.theme
        self.set_keymap(start.keymap)
        self.is_open = False
        """Whether the screens have taken the first frame's place."""
        self._early_keys: list[str] = []
        self._last_input = 0.0

    def compose(self) -> ComposeResult:
        """The first frame: few widgets, so that it is there at once; the screens follow when it is drawn."""
        yield TitleBar("Jobs")
        yield Notice("Loading the jobs…")
        yield KeyBar()

    def on_mount(self) -> None:
        """Draw the first frame before anything else is even imported."""
        self.theme_changed_signal.subscribe(self, lambda theme: self.start.remember("theme", theme.name))
        self.call_after_refresh(self._open_screens)
        self.set_interval(COLLECT_SECONDS, self._collect)

    async def on_event(self, event: Event) -> None:
        """Note when a person last did something."""
        if isinstance(event, InputEvent):
            self._last_input = monotonic()
        await super().on_event(event)

    def _collect(self) -> None:
        """Let go of what is not used any more, unless a person is in the middle of something."""
        if monotonic() - self._last_input > PAUSED_SECONDS:
            collector.idle()

    def _open_screens(self) -> None:
        """Show the jobs, and over them what the command line named; then press the keys that came too early."""
        if self.is_open:
            return
        from birdtui.ui.screens.jobs import JobsScreen

        self.is_open = True
        self.push_screen(JobsScreen())
        if self.start.target:
            self.open_target(self.start.target)
        for key in self._early_keys:
            self.call_after_refresh(self.simulate_key, key)

    def push_screen(self, *args: Any, **kwargs: Any) -> Any:
        """Open a screen, over the jobs even where a key asked for it during the first frame."""
        self._open_screens()
        return super().push_screen(*args, **kwargs)

    def on_key(self, event: Key) -> None:
        """Keep keys that are pressed before there is a screen for them; the app's own work already."""
        if not self.is_open and event.key not in self.screen.active_bindings:
            self._early_keys.append(event.key)

    @property
    def place(self) -> str:
        """Where AWS is, as far as that is known yet."""
        return self.backend.place

    def open_target(self, target: str) -> None:
        """Open a TOML file in the editor, or a job by its name."""
        if target.endswith(".toml"):
            self.edit_file(Path(target))
        else:
            self.open_job(target)

    def edit_file(self, path: Path) -> None:
        """Open a TOML file in the editor; a broken one is told on the editor's screen."""
        from birdtui.ui.screens.editor import EditorScreen

        self.push_screen(EditorScreen.for_file(path))

    def clone_job(self, name: str) -> None:
        """Open the editor on a clone of a job."""
        if self.read_only:
            return
        from birdtui.ui.screens.editor import EditorScreen

        self.push_screen(EditorScreen.for_clone(name))

    def action_new_job(self) -> None:
        """Open the editor on a new job."""
        from birdtui.ui.screens.editor import EditorScreen

        self.push_screen(EditorScreen.for_new_job())

    def action_open_file(self) -> None:
        """Ask for a TOML file and open it."""
        from birdtui.ui.screens.ask_path import AskPathScreen

        def chosen(path: Path | None) -> None:
            if path is not None:
                self.edit_file(path)

        self.push_screen(AskPathScreen("Open a job file", Path("sample.toml"), must_exist=True), chosen)

    def action_connection(self) -> None:
        """Switch to another profile or region."""
        from birdtui.ui.screens.connection import ConnectionScreen
        from birdtui.ui.screens.jobs import JobsScreen

        def switched(changed: bool | None) -> None:
            if changed:
                while not isinstance(self.screen, JobsScreen):
                    self.pop_screen()
                self.screen.reload()

        self.push_screen(ConnectionScreen(), switched)

    def action_help(self) -> None:
        """Show the keys of the screen that is open."""
        from birdtui.ui.screens.help import HelpScreen

        nodes = [self.screen, *self.screen.walk_children()]
        scopes = [node.COMMAND_SCOPE for node in nodes if isinstance(node, CommandScope)]
        self.push_screen(HelpScreen(list(dict.fromkeys([*scopes, "app"])), self.start.keymap))

    def action_theme(self) -> None:
        """Choose one of Textual's themes."""
        self.search_themes()

    async def action_quit(self) -> None:
        """Leave at once; jobs go on running."""
        self.exit(0)


def run(start: Start) -> int:
    """Run the app until a person leaves it; the exit code."""
    background.make_way()
    app = BirdApp(start)
    app.driver_class = _driver() or app.driver_class
    app.call_later(collector.settle)
    return app.run() or 0


def _driver() -> type[Driver] | None:
    """The driver that leaves at once, where the terminal is one for it and no other is asked for."""
    from textual import constants

    if constants.DRIVER is not None or sys.platform == "win32":
        return None
    from birdtui.ui.driver import WakingDriver

    return WakingDriver
