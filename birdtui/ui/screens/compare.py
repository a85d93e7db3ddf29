"""Several jobs side by side: their curves on one chart, over a table of only the settings that differ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, cast

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.message import Message
from textual.screen import Screen
from textual.widgets import DataTable

from birdtui.spec.plain_text import plain
from birdtui.ui import background
from birdtui.ui.chart_model import ChartData, ChartView, Curve
from birdtui.ui.commands import bindings
from birdtui.ui.job_cost import cost_text, price_of_job
from birdtui.ui.scope import CommandScope
from birdtui.ui.status_style import job_duration, now, short_duration
from birdtui.ui.widgets.accuracy_chart import AccuracyChart
from birdtui.ui.widgets.key_bar import KeyBar
from birdtui.ui.widgets.notice import Notice
from birdtui.ui.widgets.title_bar import TitleBar

if TYPE_CHECKING:
    from birdtui.ui.app import BirdApp

METRICS = ("validation:accuracy", "train:accuracy")
"""What can be compared."""
PATTERNS = ('"Validation-accuracy"', '"Train-accuracy"')
"""How the log's lines about them are found."""
WIDEST = 44


@dataclass(frozen=True)
class Compared:
    """One job: its description, its settings by field, its curves by metric."""

    name: str
    description: Mapping[str, Any]
    settings: Mapping[str, Any]
    curves: Mapping[str, Curve]
    cost: str = ""

    @property
    def best(self) -> float | None:
        """Its best validation accuracy."""
        curve = self.curves.get("validation:accuracy")
        return max(curve.values) if curve is not None and curve.values else None


def rows(jobs: Sequence[Compared], *, all_settings: bool) -> list[tuple[str, list[str]]]:
    """The table: outcome and cost of each job first, then its settings; those that agree only where asked for."""
    moment = now()
    found = [
        ("status", [str(job.description.get("TrainingJobStatus", "")) for job in jobs]),
        ("best accuracy", ["–" if job.best is None else f"{job.best:.4f}" for job in jobs]),
        ("duration", [short_duration(job_duration(job.description, moment)) for job in jobs]),
        ("billable", [_billable(job.description) for job in jobs]),
    ]
    if any(job.cost for job in jobs):
        found.append(("cost", [job.cost or "–" for job in jobs]))
    fields = dict.fromkeys(field for job in jobs for field in job.settings if field != "job.name")
    for field in fields:
        values = [_text(job.settings.get(field)) for job in jobs]
        if all_settings or len(set(values)) > 1:
            found.append((field, values))
    return found


def _billable(description: Mapping[str, Any]) -> str:
    return short_duration(_billable_seconds(description))


def _billable_seconds(description: Mapping[str, Any]) -> int | None:
    """Of all instances together."""
    seconds = description.get("BillableTimeInSeconds")
    count = description.get("ResourceConfig", {}).get("InstanceCount") or 1
    return None if seconds is None else int(seconds) * count


def _text(value: object) -> str:
    text = "–" if value is None else str(value)
    return text if len(text) <= WIDEST else text[: WIDEST - 1] + "…"


class CompareScreen(CommandScope, Screen[None]):
    """Compares jobs by their names."""

    COMMAND_SCOPE = "compare"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("compare")]
    DEFAULT_CSS = """
    CompareScreen #compare-body { height: 1fr; display: none; }
    CompareScreen.-ready #compare-body { display: block; }
    CompareScreen.-ready Notice { display: none; }
    CompareScreen AccuracyChart { height: 3fr; padding: 0 1; }
    CompareScreen #compare-table { height: 2fr; background: $surface; }
    """

    @dataclass
    class Read(Message):
        """All jobs are read."""

        jobs: Sequence[Compared]

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__()
        self._names = names
        self._jobs: Sequence[Compared] = ()
        self._metric = METRICS[0]
        self._all_settings = False

    def compose(self) -> ComposeResult:
        """Title, chart over table, or a notice in their place."""
        yield TitleBar(f"Compare {len(self._names)} jobs")
        with Vertical(id="compare-body"):
            yield AccuracyChart()
            yield DataTable[Text](id="compare-table", cursor_type="row")
        yield Notice()
        yield KeyBar()

    def on_mount(self) -> None:
        """Read the jobs, away from the screen."""
        self.query_one(Notice).say("Reading the jobs and their logs…")
        app = cast("BirdApp", self.app)
        background.start(self, lambda: self.Read([read(app, name) for name in self._names]), what="compare jobs")

    def on_compare_screen_read(self, event: Read) -> None:
        """Show them."""
        self._jobs = event.jobs
        self.add_class("-ready")
        self.query_one(AccuracyChart).area.view = ChartView(host="each")
        self._show()
        self.query_one("#compare-table").focus()  # the chart has an m of its own

    def on_failed(self, event: background.Failed) -> None:
        """Say why they cannot be compared."""
        event.stop()
        self.query_one(Notice).say_problem(event.problem)

    def _show(self) -> None:
        curves = [job.curves[self._metric] for job in self._jobs if self._metric in job.curves]
        self.query_one(AccuracyChart).show(ChartData(tuple(curves)))
        table = self.query_one("#compare-table", DataTable)
        table.clear(columns=True)
        table.add_columns("", *(Text(plain(job.name)) for job in self._jobs))
        for field, values in rows(self._jobs, all_settings=self._all_settings):
            table.add_row(Text(plain(field)), *(Text(plain(value)) for value in values))  # a str would be markup

    def action_metric(self) -> None:
        """Compare by the next metric."""
        self._metric = METRICS[(METRICS.index(self._metric) + 1) % len(METRICS)]
        self._show()

    def action_all_settings(self) -> None:
        """All settings, or only those that differ."""
        self._all_settings = not self._all_settings
        self._show()

    def action_back(self) -> None:
        """Back to the jobs."""
        self.dismiss()


def read(app: BirdApp, name: str) -> Compared:
    """One job with its settings and curves (the mean over its instances); waits for AWS."""
    from birdtui.spec.clone import clone
    from birdtui.spec.diff import settings
    from birdtui.watch.metrics import MetricsReader

    description = app.backend.training_jobs().describe(name)
    reader = MetricsReader()
    for pattern in PATTERNS:
        for message in app.backend.logs().matching(name, pattern):
            reader.feed(message)
    curves = {
        metric: Curve(name, metric, sorted(values), [values[epoch] for epoch in sorted(values)])
        for metric, values in reader.mean().values.items()
        if metric in METRICS
    }
    spec, _ = clone(description)
    spot = bool(description.get("EnableManagedSpotTraining"))
    cost = cost_text(price_of_job(app.backend, description), _billable_seconds(description), spot=spot)
    return Compared(name, description, settings(spec), curves, cost)
