"""One job: configuration, channels, accuracy chart and live log at once, or as tabs where the terminal is small."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Protocol, cast

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container, Vertical
from textual.content import Content
from textual.css.query import NoMatches
from textual.events import Click, Resize
from textual.message import Message
from textual.screen import Screen
from textual.widgets import Static

from birdtui.aws.errors import AwsProblem
from birdtui.spec.plain_text import plain
from birdtui.ui import background
from birdtui.ui.commands import bindings
from birdtui.ui.job_cost import cost_text, price_of_job
from birdtui.ui.job_progress import ChartFeed, progress
from birdtui.ui.job_watch import JobWatch
from birdtui.ui.scope import CommandScope
from birdtui.ui.status_style import now, strip_of_statuses
from birdtui.ui.widgets.accuracy_chart import AccuracyChart
from birdtui.ui.widgets.channels_panel import ChannelsPanel
from birdtui.ui.widgets.job_panel import JobPanel
from birdtui.ui.widgets.key_bar import KeyBar
from birdtui.ui.widgets.log_panel import LogPanel
from birdtui.ui.widgets.notice import problem_title
from birdtui.ui.widgets.outcome import Outcome
from birdtui.ui.widgets.title_bar import TitleBar
from birdtui.watch.events import JobDescribed, JobEnded, MetricPoint, StatusChanged, Waiting
from birdtui.watch.job_state import JobState

if TYPE_CHECKING:
    from birdtui.aws.prices import Price
    from birdtui.ui.app import BirdApp

PANELS = {"config": "Job configuration", "channels": "Channels", "chart": "Accuracy", "log": "Log"}
WIDE = (110, 30)


class Focusable(Protocol):
    """A panel that takes the keys."""

    def focus_view(self) -> None:
        """Give the keys to the panel."""


class PanelTabs(Static):
    """The names of the panels with their keys, where they are tabs."""

    DEFAULT_CSS = "PanelTabs { height: 1; background: $panel; padding: 0 1; }"

    def show(self, current: str) -> None:
        """Mark the panel that is open."""
        parts = [
            Content.styled(f" {number} {title} ", "reverse bold" if name == current else "")
            for number, (name, title) in enumerate(PANELS.items(), 1)
        ]
        self.update(Content(" ").join(parts))

    def on_click(self, event: Click) -> None:
        """Open the panel whose name was clicked."""
        at = 1
        for number, title in enumerate(PANELS.values(), 1):
            at += len(f" {number} {title} ") + 1
            if event.x < at:
                cast(JobScreen, self.screen).open_panel(list(PANELS)[number - 1])
                return


class JobScreen(CommandScope, Screen[None]):
    """The cockpit of one job."""

    COMMAND_SCOPE = "job"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("job")]
    AUTO_FOCUS = ""
    DEFAULT_CSS = """
    JobScreen #job-status { height: auto; max-height: 2; padding: 0 1; background: $panel; }
    JobScreen #job-panels { height: 1fr; }
    JobScreen .panel { border: round $panel-lighten-2; border-title-color: $text-muted; background: $surface; }
    JobScreen .panel:focus-within { border: round $primary; border-title-color: $text; border-title-style: bold; }
    JobScreen .panel > * { height: 1fr; }
    JobScreen PanelTabs { display: none; }
    JobScreen.-four #job-panels { layout: horizontal; }
    JobScreen.-four #job-left { width: 2fr; }
    JobScreen.-four #job-right { width: 3fr; }
    JobScreen.-four #panel-config { height: 3fr; }
    JobScreen.-four #panel-channels { height: 2fr; }
    JobScreen.-one #job-panels > .-aside { display: none; }
    JobScreen.-one PanelTabs { display: block; }
    JobScreen.-one .panel { display: none; border: none; }
    JobScreen.-one .panel:focus-within { border: none; }
    JobScreen.-one .panel.-open { display: block; }
    """

    @dataclass
    class Priced(Message):
        """What one of the job's instances costs an hour."""

        price: Price

    @dataclass
    class LogSaved(Message):
        """The lines on show are in a file."""

        path: Path
        lines: int

    @dataclass
    class LogNotSaved(Message):
        """The file could not be written."""

        reason: str

    def __init__(self, name: str) -> None:
        super().__init__()
        self.job_name = name
        self._price: Price | None = None
        self._price_asked = False
        self._was_running = False
        self._watch: JobWatch | None = None
        self._open = "log"
        self._maximised = False
        self._trouble = ""
        self._chart_version = -1
        self._feed = ChartFeed()

    @property
    def bird(self) -> BirdApp:
        """The app."""
        return cast("BirdApp", self.app)

    @property
    def state(self) -> JobState:
        """What is known of the job."""
        if self._watch is None:
            raise RuntimeError("the job is not watched yet")
        return self._watch.state

    def compose(self) -> ComposeResult:
        """Title, status line, four panels, keys."""
        self._watch = JobWatch(self, self.bird.backend, self.job_name)
        yield TitleBar(self.job_name)
        yield Static(Content("Loading the job…"), id="job-status")
        yield Outcome()
        yield PanelTabs("")
        with Container(id="job-panels"):
            with Vertical(id="job-left"):
                yield self._panel("config", JobPanel())
                yield self._panel("channels", ChannelsPanel())
            with Vertical(id="job-right"):
                yield self._panel("chart", AccuracyChart())
                yield self._panel("log", LogPanel(self.state.log))
        yield KeyBar()

    @staticmethod
    def _panel(name: str, content: Vertical | JobPanel | ChannelsPanel) -> Container:
        panel = Container(content, id=f"panel-{name}", classes="panel")
        number = list(PANELS).index(name) + 1
        panel.border_title = f"{number} {PANELS[name]}"
        return panel

    def on_mount(self) -> None:
        """Begin to watch."""
        self.open_panel(self._open)
        self.query_one(LogPanel).waiting("Asking for the job…", now())
        self.set_interval(1.0, self._draw_status)
        if self._watch is not None:
            self._watch.start()

    def on_screen_suspend(self) -> None:
        """Another screen lies over this one: the job is out of sight, save under a dialog."""
        if self._watch is not None:
            self._watch.hide(not self.app.screen.is_modal)

    def on_screen_resume(self) -> None:
        """The job is in sight again."""
        if self._watch is not None:
            self._watch.hide(False)

    def on_unmount(self) -> None:
        """Stop watching."""
        if self._watch is not None:
            self._watch.stop()

    # what the watcher tells

    @on(JobWatch.LogGrew)
    def _log_grew(self) -> None:
        self.query_one(LogPanel).lines_came()

    @on(JobWatch.Told)
    def _told(self, message: JobWatch.Told) -> None:
        event = message.event
        self.state.apply(event)
        match event:
            case Waiting():
                self.query_one(LogPanel).waiting(event.reason, event.since)
            case JobDescribed():
                self.query_one(JobPanel).show(self.state.description)
                self.query_one(ChannelsPanel).show(self.state.description.get("InputDataConfig") or [])
                self.query_one(TitleBar).refresh_place()
                self._chart_soon()
                self._ask_price()
                self._was_running = self._was_running or not self.state.is_over
            case MetricPoint():
                self._chart_soon()
            case JobEnded():
                self._chart_soon()
                self._ended(event)
            case StatusChanged():
                pass
        self._draw_status()

    def _ask_price(self) -> None:
        if self._price_asked:
            return
        self._price_asked = True
        backend, description = self.bird.backend, self.state.description

        def work() -> Message | None:
            price = price_of_job(backend, description)
            return None if price is None else self.Priced(price)

        background.start(self, work, what="look up the price")

    @on(Priced)
    def _priced(self, message: Priced) -> None:
        self._price = message.price
        self._draw_status()
        if self.state.ended is not None:
            self.query_one(Outcome).show(self.state.ended, self._cost(now()))

    def _cost(self, moment: datetime) -> str:
        spot = bool(self.state.description.get("EnableManagedSpotTraining"))
        return cost_text(self._price, self.state.billable_seconds(moment), spot=spot)

    @on(JobWatch.GaveUp)
    def _gave_up(self, message: JobWatch.GaveUp) -> None:
        self._show_problem(message.problem)

    def _show_problem(self, problem: AwsProblem) -> None:
        advice = " ".join(each.text for each in problem.advice)
        self.query_one(TitleBar).refresh_place()
        self._trouble = f"{problem_title(problem)}: {problem.message} {advice}".strip()
        self.query_one(LogPanel).waiting(self._trouble, now())
        self._draw_status()

    def _ended(self, event: JobEnded) -> None:
        self.query_one(Outcome).show(event, self._cost(now()))
        if not len(self.state.log):
            self.query_one(LogPanel).waiting("The job ended without a log.", event.time)
        if self._was_running:
            self.app.bell()
            severity = "information" if event.exit_code == 0 else "warning"
            self.notify(plain(f"{self.job_name}: {event.status}"), title="Job ended", severity=severity, markup=False)  # type: ignore[arg-type]

    def _chart_soon(self) -> None:
        self.call_later(self._draw_chart)

    def _draw_chart(self) -> None:
        if self._chart_version == self.state.version:
            return
        self._chart_version = self.state.version
        with contextlib.suppress(NoMatches):
            self.query_one(AccuracyChart).show(self._feed.data(self.state))

    # the status line

    def _draw_status(self) -> None:
        state, moment = self.state, now()
        lines: list[Content] = []
        transitions = state.description.get("SecondaryStatusTransitions") or []
        if transitions:
            lines.append(strip_of_statuses(transitions, moment))
        elif not self._trouble:
            lines.append(Content("Loading the job…"))
        line = Content(plain(" · ".join(progress(state, moment, self._cost(moment)))))
        if state.trouble is not None:
            line += Content.styled(plain(f"  ⚠ {state.trouble.message}"), "$text-warning")
        if self._trouble:
            line += Content.styled(plain(f"  ⚠ {self._trouble}"), "$text-error")
        if line.plain:
            lines.append(line)
        self.query_one("#job-status", Static).update(Content("\n").join(lines))

    # panels

    def on_resize(self, event: Resize) -> None:
        """Four panels where there is room, tabs where there is not; what each shows stays."""
        self._arrange(event.size.width, event.size.height)

    def _arrange(self, width: int | None = None, height: int | None = None) -> None:
        size = (width or self.size.width, height or self.size.height)
        four = size[0] >= WIDE[0] and size[1] >= WIDE[1] and not self._maximised
        self.set_class(four, "-four")
        self.set_class(not four, "-one")
        for name in PANELS:
            self.query_one(f"#panel-{name}").set_class(name == self._open, "-open")
        for side in self.query_one("#job-panels").children:
            side.set_class(not any(panel.id == f"panel-{self._open}" for panel in side.children), "-aside")
        self.query_one(PanelTabs).show(self._open)

    def open_panel(self, name: str) -> None:
        """Go to a panel."""
        self._open = name
        self._arrange()
        panel = self.query_one(f"#panel-{name}").children[0]
        self.call_after_refresh(cast(Focusable, panel).focus_view)

    def on_descendant_focus(self) -> None:
        """The panel that has the keys is the one to maximise."""
        for name in PANELS:
            if self.focused is not None and self.query_one(f"#panel-{name}") in self.focused.ancestors:
                self._open = name

    def action_panel_config(self) -> None:
        """Go to the job configuration."""
        self.open_panel("config")

    def action_panel_channels(self) -> None:
        """Go to the channels."""
        self.open_panel("channels")

    def action_panel_chart(self) -> None:
        """Go to the accuracy chart."""
        self.open_panel("chart")

    def action_panel_log(self) -> None:
        """Go to the log."""
        self.open_panel("log")

    def action_maximise(self) -> None:
        """Give the panel with the keys the whole screen, or put it back."""
        self._maximised = not self._maximised
        self._arrange()

    # the job

    def action_back(self) -> None:
        """Back to the jobs."""
        if self._maximised:
            self.action_maximise()
        else:
            self.dismiss()

    def action_clone(self) -> None:
        """Clone this job into the editor."""
        self.bird.clone_job(self.job_name)

    def action_stop(self) -> None:
        """Stop this job, after asking."""
        self.bird.stop_job(self.job_name)

    def action_copy_artifact(self) -> None:
        """Copy the artifact's URI."""
        self.bird.copy_artifact(self.state.description)

    def action_copy_arn(self) -> None:
        """Copy the job's ARN."""
        self.bird.copy("ARN", str(self.state.description.get("TrainingJobArn", "")))

    def action_copy_command(self) -> None:
        """Copy the aws command that creates this job."""
        self.bird.copy_command(self.state.description)

    def action_download(self) -> None:
        """Download the artifact."""
        self.bird.download_artifact(self.state.description)

    def action_console(self) -> None:
        """Open the job in the web console."""
        self.bird.open_console(self.job_name)

    def on_log_panel_save_requested(self, event: LogPanel.SaveRequested) -> None:
        """Ask where to save the log to."""
        event.stop()
        from birdtui.ui.screens.ask_path import AskPathScreen

        def save(path: Path | None) -> None:
            if path is not None:
                saving = self.query_one(LogPanel).saving(path)
                background.start(self, lambda: self._saved(path, saving), what="save the log")

        self.app.push_screen(AskPathScreen("Save the log as", Path(f"{self.job_name}.log")), save)

    def _saved(self, path: Path, saving: Callable[[], int]) -> Message:
        try:
            return self.LogSaved(path, saving())
        except OSError as error:
            return self.LogNotSaved(str(error))

    @on(LogSaved)
    def _log_saved(self, message: LogSaved) -> None:
        self.notify(f"{message.lines:,} lines in {plain(str(message.path))}", title="Saved", markup=False)

    @on(LogNotSaved)
    def _log_not_saved(self, message: LogNotSaved) -> None:
        self.notify(plain(message.reason), title="Not saved", severity="error", markup=False)
