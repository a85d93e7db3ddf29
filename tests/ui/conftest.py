"""A log panel in an app of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from textual.app import App, ComposeResult
from textual.pilot import Pilot
from textual.widgets import Static

from birdtui.ui.widgets.log_panel import LogPanel
from birdtui.ui.widgets.log_view import LogView
from birdtui.watch.log_buffer import LogBuffer


class LogApp(App[None]):
    """A log panel and nothing else."""

    def __init__(self, lines: list[str], host: str = "algo-1") -> None:
        super().__init__()
        self.buffer = LogBuffer()
        self.buffer.append(host, range(len(lines)), lines)

    def compose(self) -> ComposeResult:
        yield LogPanel(self.buffer)

    def on_mount(self) -> None:
        self.panel.focus_view()

    @property
    def panel(self) -> LogPanel:
        return self.query_one(LogPanel)

    @property
    def view(self) -> LogView:
        return self.query_one(LogView)

    def in_sight(self) -> list[str]:
        height = self.view.scrollable_content_region.size.height
        lines = ["".join(segment.text for segment in self.view.render_line(y)).rstrip() for y in range(height)]
        return [line for line in lines if line]

    def state(self) -> str:
        return str(self.query_one("#log-state", Static).render())

    def grow(self, lines: list[str]) -> None:
        start = len(self.buffer)
        self.buffer.append("algo-1", range(start, start + len(lines)), lines)
        self.panel.lines_came()


async def until(pilot: Pilot[None], holds: Callable[[], bool]) -> None:
    for _ in range(200):
        await pilot.pause(0.01)
        if holds():
            return
    raise AssertionError("it never came to hold")


@asynccontextmanager
async def shown(lines: list[str], size: tuple[int, int] = (60, 12)) -> AsyncIterator[tuple[LogApp, Pilot[None]]]:
    app = LogApp(lines)
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: "lines" in app.state())
        yield app, pilot
