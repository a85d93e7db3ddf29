"""Makes the pictures of the docs: real screens of real jobs on an embedded engine of their own.

    python docs/make_pictures.py

It takes half a minute and writes SVG files into docs/pictures/.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable
from pathlib import Path

from textual.pilot import Pilot

from birdtui.aws.requests import resolved
from birdtui.aws.session import Connection, Session
from birdtui.aws.training_jobs import TrainingJobs
from birdtui.local.host import Host
from birdtui.spec import toml_file
from birdtui.ui.app import BirdApp, Start

ROOT = Path(__file__).parents[1]
PICTURES = ROOT / "docs" / "pictures"
SIZE = (140, 42)
JOBS = {
    "birds-lab": (),
    "birds-more-epochs": ("hyperparameters.epochs=40", "hyperparameters.checkpoint_frequency=40"),
    "birds-three-classes": ("hyperparameters.num_classes=3",),
}


async def until(pilot: Pilot[int], holds: Callable[[], bool]) -> None:
    """Wait until something is on the screen."""
    for _ in range(600):
        await pilot.pause(0.05)
        if holds():
            return
    raise SystemExit("a picture did not come to be")


def train(jobs: TrainingJobs, session: Session) -> None:
    """Run the jobs to their ends, one after the other."""
    for name, overrides in JOBS.items():
        spec = toml_file.read(ROOT / "sample.toml", overrides)
        jobs.create(resolved(spec, session, name))
        while jobs.describe(name)["TrainingJobStatus"] == "InProgress":
            pass


async def take(connection: Connection) -> None:
    """Go from screen to screen as a person would."""
    app = BirdApp(Start(connect=lambda: connection))
    async with app.run_test(size=SIZE) as pilot:

        def text() -> str:
            return app.export_screenshot()

        def save(name: str) -> None:
            (PICTURES / f"{name}.svg").write_text(app.export_screenshot(title="birdtui"), encoding="utf-8")

        await until(pilot, lambda: "Set&#160;num_classes" in text() or "num_classes" in text())
        save("jobs")
        await pilot.press("c")
        await until(pilot, lambda: "Changes&#160;against" in text())
        await pilot.press("backspace", "4")
        await until(pilot, lambda: "3&#160;→&#160;4" in text())
        save("editor")
        await pilot.press("escape", "y")
        await until(pilot, lambda: "3&#160;jobs" in text())
        await pilot.press("G", "enter")
        await until(pilot, lambda: "best&#160;validation" in text() and "Saved&#160;checkpoint" in text())
        save("job")
        await pilot.press("z", "a", "t")
        await until(pilot, lambda: "time&#160;UTC" in text())
        save("log")
        await pilot.press("a", "t", "t", "z", "3", "z", "e", "left", "left")
        await until(pilot, lambda: "epoch&#160;" in text())
        save("chart")
        await pilot.press("z")
        await pilot.press("escape", "space", "k", "k", "down", "space", "v")
        await until(pilot, lambda: "best&#160;accuracy" in text())
        save("compare")


def main() -> None:
    """Make them all."""
    PICTURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        host = Host(Path(folder))
        keys = {"access_key": host.engine.access_key, "secret_key": host.engine.secret_key}
        connection = Connection(region=host.engine.region, endpoint_url=host.engine.url, **keys)
        session = Session(connection)
        train(TrainingJobs(session), session)
        asyncio.run(take(connection))
        host.close()


if __name__ == "__main__":
    main()
