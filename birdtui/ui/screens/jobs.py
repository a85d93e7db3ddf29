"""The jobs: a live table, newest first, with a preview of the job under the cursor."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, ClassVar, cast

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.screen import Screen
from textual.timer import Timer
from textual.widgets import Input, Static

from birdtui.aws.errors import AwsProblem
from birdtui.spec.plain_text import plain
from birdtui.ui import background
from birdtui.ui.commands import bindings
from birdtui.ui.job_list import JobList, JobRow, SortBy
from birdtui.ui.job_reading import JobReading
from birdtui.ui.scope import CommandScope
from birdtui.ui.status_style import now
from birdtui.ui.widgets.job_preview import JobPreview
from birdtui.ui.widgets.job_table import JobTable
from birdtui.ui.widgets.key_bar import KeyBar
from birdtui.ui.widgets.notice import Notice, problem_title
from birdtui.ui.widgets.table_moves import TableMoves
from birdtui.ui.widgets.title_bar import TitleBar

if TYPE_CHECKING:
    from birdtui.ui.app import BirdApp

REFRESH_RUNNING = 3.0
REFRESH_QUIET = 15.0
LOOK_FURTHER = 0.1
SETTLED = 0.15
"""Seconds the cursor rests on a job before it is described: moving through 500 jobs asks for none of them."""


LOADING = "Loading the jobs…"


class JobsScreen(TableMoves, CommandScope, Screen[None]):
    """The first screen."""

    COMMAND_SCOPE = "jobs"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("jobs")]
    AUTO_FOCUS = "JobTable"
    DEFAULT_CSS = """
    JobsScreen #jobs-body { height: 1fr; }
    JobsScreen #jobs-left { width: 5fr; }
    JobsScreen JobPreview { width: 3fr; }
    JobsScreen.-narrow #jobs-body { layout: vertical; }
    JobsScreen.-narrow #jobs-left { width: 100%; height: 3fr; }
    JobsScreen.-narrow JobPreview { width: 100%; height: 2fr; border-left: none; border-top: solid $panel; }
    JobsScreen #jobs-filter { height: 1; border: none; display: none; background: $boost; }
    JobsScreen #jobs-filter.-asked { display: block; }
    JobsScreen #jobs-state { height: 1; background: $panel; padding: 0 1; }
    JobsScreen.-notice #jobs-body { display: none; }
    JobsScreen Notice { display: none; }
    JobsScreen.-notice Notice { display: block; }
    """

    def __init__(self) -> None:
        super().__init__()
        self.list = JobList()
        self._words = ""
        self._sort = SortBy.CREATED
        self._reverse = False
        self._marked: dict[str, None] = {}
        self._problem: AwsProblem | None = None
        self._next_refresh: Timer | None = None
        self._settle: Timer | None = None

    @cached_property
    def reading(self) -> JobReading:
        """What is asked of AWS, and what of it is on its way."""
        return JobReading(self, self.bird.backend)

    @property
    def bird(self) -> BirdApp:
        """The app."""
        from birdtui.ui.app import BirdApp

        return cast(BirdApp, self.app)

    def compose(self) -> ComposeResult:
        """Title, table and preview, or a notice in their place, and the keys."""
        yield TitleBar("Jobs")
        with Horizontal(id="jobs-body"):
            with Vertical(id="jobs-left"):
                yield JobTable(self._row_of, id="jobs-table")
                yield Input(id="jobs-filter", placeholder="filter by name and status", compact=True)
            yield JobPreview()
        yield Notice()
        yield Static("", id="jobs-state")
        yield KeyBar()

    @property
    def table(self) -> JobTable:
        """The table of jobs."""
        return self.query_one(JobTable)

    def _row_of(self, name: str) -> JobRow | None:
        return self.list.row(name)  # another list is made for another account

    def on_mount(self) -> None:
        """Show that the jobs are being loaded, then load them."""
        self.table.show_sorting(self._sort, self._reverse)
        self._say_loading()
        self.set_interval(1.0, self._tick)
        self.call_after_refresh(self._load)

    def on_screen_resume(self) -> None:
        """Back from another screen: the list may be old."""
        if self.list.is_loaded:
            self._load()

    # loading

    def _load(self) -> None:
        if self.is_mounted:
            self.reading.page()

    def reload(self) -> None:
        """Begin anew, with another profile or region."""
        self.list = JobList()
        self.reading = JobReading(self, self.bird.backend)
        self._marked.clear()
        self.table.show((), self._marked)
        self._say_loading()
        self._load()

    def on_job_reading_loaded(self, event: JobReading.Loaded) -> None:
        """Show a page of jobs."""
        self.reading.came(event)
        self._problem = None
        if event.older:
            self.list.older(event.jobs, event.next_token)
        else:
            for name in self.list.newest(event.jobs, event.next_token):
                self._tell_end(name)
        self.query_one(TitleBar).refresh_place()
        self._show()
        self._settle_preview()
        self._schedule()
        self._look_further()

    def _look_further(self) -> None:
        """While a filter has found less than a screenful, look among older jobs too, a page after the other."""
        if self._words and self.list.next_token is not None and self.table.row_count < self.table.room:
            self.set_timer(LOOK_FURTHER * self.bird.backend.slowdown, self.action_more)

    def _tell_end(self, name: str) -> None:
        row = self.list.row(name)
        if row is not None and self.app.screen is self:
            severity = "information" if row.status == "Completed" else "warning"
            self.notify(f"{plain(name)}: {row.status}", title="Job ended", severity=severity, markup=False)  # type: ignore[arg-type]
            self.app.bell()

    def on_failed(self, event: background.Failed) -> None:
        """Say why AWS did not answer; what is on the screen stays."""
        event.stop()
        self.reading.came(event)
        if event.what == "list jobs":
            self._problem = event.problem
            self._show()
            self._schedule()
        elif event.what == "describe jobs":
            self._state_line(problem_title(event.problem))

    def _schedule(self) -> None:
        if self._next_refresh is not None:
            self._next_refresh.stop()
        self._next_refresh = self.set_timer(self.seconds_to_refresh, self._refresh_if_shown)

    @property
    def seconds_to_refresh(self) -> float:
        """How long to wait before the list is asked for again."""
        wait = REFRESH_RUNNING if self.list.has_running and self._problem is None else REFRESH_QUIET
        return wait * self.bird.backend.slowdown

    def _refresh_if_shown(self) -> None:
        if self.is_current:
            self._load()

    # showing

    def _say_loading(self) -> None:
        """The empty table, which has its place already, and beside it what is awaited."""
        self.remove_class("-notice")
        self.query_one(JobPreview).say(LOADING)
        self._state_line(LOADING)

    def _say(self, title: str, text: str = "", way: str = "") -> None:
        self.add_class("-notice")
        self.query_one(Notice).say(title, text, way)

    def _show(self) -> None:
        if not self.list.is_loaded or (self._problem is not None and not len(self.list)):
            if self._problem is not None:
                self.add_class("-notice")
                self.query_one(Notice).say_problem(self._problem)
                self._state_line(problem_title(self._problem))
            return
        if not len(self.list):
            way = (
                "Look at another region with ^r."
                if self.bird.read_only
                else "Press ^n to make one, or ^o to open a job file."
            )
            self._say("No training jobs here yet", "", way)
            self._state_line("0 jobs")
            return
        if self.has_class("-notice"):
            self.remove_class("-notice")
            self.table.focus()
        rows = self.list.order(self._words, self._sort, reverse=self._reverse, now=now())
        self.table.show(rows, self._marked)
        if not rows:
            further = " Older ones are being looked through." if self.list.next_token else ""
            self.query_one(JobPreview).say(f"No job matches the filter.{further} Esc shows all jobs again.")
        self._state_line(" │ ".join(self._state(len(rows))))

    def _state(self, shown: int) -> list[str]:
        """What is listed, in a few words each."""
        more = "+" if self.list.next_token else ""
        parts = [f"{shown}/{len(self.list)}{more} jobs" if self._words else f"{len(self.list)}{more} jobs"]
        if self._words:
            parts.append(f"filter {self._words}")
        if self._marked:
            parts.append(f"{len(self._marked)} marked, v compares")
        if self.list.next_token:
            looks_further = self._words and shown < self.table.room
            parts.append("looking among older ones…" if looks_further else "L loads older ones")
        if self._problem is not None:
            parts.append(problem_title(self._problem) + ", trying again")
        return parts

    def _state_line(self, text: str) -> None:
        self.query_one("#jobs-state", Static).update(Content(plain(text)))

    def _tick(self) -> None:
        if self.is_current and self.list.has_running:
            self.table.refresh()

    # the preview

    def on_row_table_highlighted(self, event: JobTable.Highlighted) -> None:
        """The cursor moved."""
        event.stop()
        self._settle_preview()
        if self.list.next_token and self.table.cursor_row >= self.table.row_count - 5 and self.table.row_count > 20:
            self.action_more()

    def on_row_table_selected(self, event: JobTable.Selected) -> None:
        """A click on the job under the cursor opens it."""
        event.stop()
        self.action_open()

    def on_row_table_header_selected(self, event: JobTable.HeaderSelected) -> None:
        """A click on a column's title sorts by it; a second one turns the order round."""
        event.stop()
        wanted = {"age": SortBy.CREATED}.get(event.key)
        if wanted is None:
            wanted = next((sort for sort in SortBy if sort == event.key), None)
        if wanted is not None:
            self._reverse = not self._reverse if wanted is self._sort else False
            self._sort = wanted
            self._resorted()

    def _settle_preview(self) -> None:
        if self._settle is not None:
            self._settle.stop()
        self._settle = self.set_timer(SETTLED, self._preview)

    def _preview(self) -> None:
        name = self.table.current
        preview = self.query_one(JobPreview)
        if name is None:
            return
        wanted = [each for each in [name, *self.table.in_sight] if self.list.description(each) is None]
        self.reading.describe(list(dict.fromkeys(wanted)))
        row = self.list.row(name)
        if row is not None and row.description is not None:
            curve = self.reading.curve(name, row.description.get("LastModifiedTime"))
            preview.show(row.description, curve)

    def on_job_reading_described(self, event: JobReading.Described) -> None:
        """Show what was described, then go on with what is in sight."""
        self.reading.came(event)
        for description in event.descriptions:
            self.list.describe(description)
        self._show()
        self._settle_preview()

    def on_job_reading_curve_read(self, event: JobReading.CurveRead) -> None:
        """Show the small curve."""
        self.reading.came(event)
        if self.table.current == event.name:
            self._preview()

    # what a person does

    def action_open(self) -> None:
        """Open the job under the cursor."""
        if self.table.current is not None:
            self.bird.open_job(self.table.current)

    def action_clone(self) -> None:
        """Clone the job under the cursor."""
        if self.table.current is not None:
            self.bird.clone_job(self.table.current)

    def action_stop(self) -> None:
        """Stop the job under the cursor, after asking."""
        if self.table.current is not None:
            self.bird.stop_job(self.table.current)

    def action_filter(self) -> None:
        """Type a filter."""
        entry = self.query_one("#jobs-filter", Input)
        entry.add_class("-asked")
        entry.focus()

    def on_input_changed(self, event: Input.Changed) -> None:
        """Filter as a person types."""
        event.stop()
        self._words = event.value
        self._show()
        self._settle_preview()
        self._look_further()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Back to the table, filtered."""
        event.stop()
        event.input.set_class(bool(self._words), "-asked")
        self.table.focus()

    def action_clear_filter(self) -> None:
        """Show all jobs again."""
        entry = self.query_one("#jobs-filter", Input)
        entry.value = ""
        entry.remove_class("-asked")
        self.table.focus()

    def action_sort(self) -> None:
        """Sort by the next column."""
        self._sort = self._sort.next()
        self._resorted()

    def action_reverse(self) -> None:
        """Turn the order round."""
        self._reverse = not self._reverse
        self._resorted()

    def _resorted(self) -> None:
        self.table.show_sorting(self._sort, self._reverse)
        self._show()

    def action_mark(self) -> None:
        """Mark the job, or not, and go on to the next."""
        name = self.table.current
        if name is None:
            return
        if name in self._marked:
            del self._marked[name]
        else:
            self._marked[name] = None
        self._show()
        self.table.action_cursor_down()

    def action_compare(self) -> None:
        """Compare the marked jobs, with the one under the cursor if only one is marked."""
        names = list(self._marked)
        if self.table.current is not None and len(names) < 2 and self.table.current not in names:
            names.append(self.table.current)
        if len(names) < 2:
            self.notify("Mark jobs with Space first, two at least.", title="Compare")
            return
        self.bird.compare_jobs(names)

    def action_more(self) -> None:
        """Load the next page of older jobs."""
        if self.list.next_token is not None:
            self.reading.page(self.list.next_token)

    def action_refresh(self) -> None:
        """Ask AWS now, with credentials read anew."""
        if self._problem is not None:
            self.bird.backend.retry()
        self._load()

    def action_copy_arn(self) -> None:
        """Copy the job's ARN."""
        row = self.list.row(self.table.current or "")
        if row is not None:
            self.bird.copy("ARN", str(row.summary.get("TrainingJobArn", "")))

    def action_copy_artifact(self) -> None:
        """Copy the artifact's URI."""
        row = self.list.row(self.table.current or "")
        if row is not None and row.description is not None:
            self.bird.copy_artifact(row.description)

    def action_console(self) -> None:
        """Open the job in the web console."""
        if self.table.current is not None:
            self.bird.open_console(self.table.current)
