"""The app: one title, one footer, and the screens; what each screen shows is the screen's own business."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual.app import App
from textual.binding import BindingType
from textual.command import Provider

from birdtui import collector
from birdtui.ui.backend import Backend
from birdtui.ui.commands import bindings
from birdtui.ui.job_actions import JobActions
from birdtui.ui.palette import CommandProvider
from birdtui.ui.scope import CommandScope
from birdtui.ui.screens.jobs import JobsScreen

if TYPE_CHECKING:
    from birdtui.aws.session import Connection


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

    def on_mount(self) -> None:
        """Show the jobs, and over them what the command line named."""
        self.theme_changed_signal.subscribe(self, lambda theme: self.start.remember("theme", theme.name))
        self.push_screen(JobsScreen())
        if self.start.target:
            self.open_target(self.start.target)

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
    app = BirdApp(start)
    app.call_later(collector.settle)
    return app.run() or 0
