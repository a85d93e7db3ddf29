"""The job screen on a job that trains and on jobs that are over."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest

from birdtui.aws.prices import Price
from birdtui.ui.screens.job import JobScreen
from birdtui.ui.widgets.accuracy_chart import AccuracyChart, ChartArea
from birdtui.ui.widgets.channels_panel import ChannelsPanel
from birdtui.ui.widgets.job_panel import JobPanel
from birdtui.ui.widgets.log_panel import LogPanel
from birdtui.ui.widgets.log_view import LogView

if TYPE_CHECKING:
    from birdtui.watch.watcher import Watcher
    from tests.screens.conftest import Account, Opener, Seen

WIDE, SMALL = (140, 42), (80, 24)
TITLES = ("Job configuration", "Channels", "Accuracy", "Log")


def screen(seen: Seen) -> JobScreen:
    return cast(JobScreen, seen.app.screen)


async def test_four_panels_are_in_sight_at_once(open_app: Opener) -> None:
    async with open_app(WIDE, target="good-alpha") as seen:
        await seen.sees("1 Job configuration", "2 Channels", "3 Accuracy", "4 Log")
        await seen.sees("num_classes", "s3://screen-pictures/train/", "validation:accuracy", "Validation-accuracy=")


async def test_a_small_terminal_shows_one_panel_and_the_names_of_all(open_app: Opener) -> None:
    async with open_app(SMALL, target="good-alpha") as seen:
        await seen.sees(*(f"{number} {title}" for number, title in enumerate(TITLES, 1)), "Validation-accuracy=")
        assert "num_classes  " not in seen.text


@pytest.mark.parametrize(
    ("key", "panel", "words"),
    [
        ("1", JobPanel, "maximum runtime"),
        ("2", ChannelsPanel, "s3://screen-pictures/validation/"),
        ("3", ChartArea, "validation:accuracy"),
        ("4", LogView, "Validation-accuracy="),
    ],
)
async def test_a_number_goes_to_its_panel(open_app: Opener, key: str, panel: type, words: str) -> None:
    async with open_app(SMALL, target="good-alpha") as seen:
        await seen.sees("✔ Completed")
        await seen.press(key)
        await seen.sees(words)
        await seen.until(lambda: isinstance(seen.app.focused, panel))


async def test_maximising_gives_the_panel_with_the_keys_the_whole_screen(open_app: Opener) -> None:
    async with open_app(WIDE, target="good-alpha") as seen:
        await seen.sees("✔ Completed", "validation:accuracy")
        await seen.press("3")
        await seen.until(lambda: isinstance(seen.app.focused, ChartArea))
        await seen.press("z")
        await seen.until(lambda: screen(seen).query_one(ChartArea).size.width > 130)
        await seen.misses("maximum runtime")
        await seen.press("z")
        await seen.sees("maximum runtime", "validation:accuracy")


async def test_escape_puts_a_maximised_panel_back_first(open_app: Opener) -> None:
    async with open_app(WIDE, target="good-alpha") as seen:
        await seen.sees("✔ Completed")
        await seen.press("z")
        await seen.misses("maximum runtime")
        await seen.press("escape")
        await seen.sees("maximum runtime")
        await seen.press("escape")
        await seen.sees("birdtui › Jobs")


async def test_resizing_loses_nothing(open_app: Opener) -> None:
    async with open_app(WIDE, target="good-alpha") as seen:
        await seen.sees("✔ Completed", "Validation-accuracy=")
        await seen.pilot.resize_terminal(*SMALL)
        await seen.misses("maximum runtime")
        await seen.pilot.resize_terminal(*WIDE)
        await seen.sees("maximum runtime", "validation:accuracy", "Validation-accuracy=", "s3://screen-pictures/train/")


async def test_an_ended_job_says_what_the_artifact_holds(open_app: Opener) -> None:
    async with open_app(WIDE, target="good-alpha") as seen:
        await seen.sees("✔ Completed", "best validation accuracy", "the artifact holds epoch", "model.tar.gz")


async def test_the_chart_marks_the_best_epoch(open_app: Opener) -> None:
    async with open_app(WIDE, target="good-alpha") as seen:
        await seen.sees("◆ best")


async def test_a_failed_job_says_what_to_change(open_app: Opener) -> None:
    async with open_app(WIDE, target="bad-epochs") as seen:
        await seen.sees("✘ Failed", "hyperparameters.epochs", "c clones the job")


async def test_a_running_job_shows_progress_and_its_log(open_app: Opener, running: str) -> None:
    async with open_app(WIDE, target=running) as seen:
        await seen.sees("Training", "epoch ", "/1000000", "Validation-accuracy=", "best ", "left", "following")


async def test_a_job_is_watched_to_its_end(open_app: Opener, account: Account, running: str) -> None:
    async with open_app(WIDE, target=running) as seen:
        await seen.sees("Validation-accuracy=")
        await seen.press("x", "y")
        await seen.sees("■ Stopped", "the artifact holds epoch")


async def test_an_unknown_job_is_told(open_app: Opener) -> None:
    async with open_app(WIDE, target="no-such-job") as seen:
        await seen.sees("no-such-job", "not found")


async def test_read_only_neither_clones_nor_stops(open_app: Opener) -> None:
    async with open_app(WIDE, target="good-alpha", read_only=True) as seen:
        await seen.sees("✔ Completed", "read-only")
        footer = seen.text.splitlines()[-1]
        assert "Clone" not in footer
        assert "Stop" not in footer
        await seen.press("c", "x")
        assert isinstance(seen.app.screen, JobScreen)


async def test_the_artifact_the_arn_and_the_command_are_copied(open_app: Opener) -> None:
    async with open_app(WIDE, target="good-alpha") as seen:
        await seen.sees("✔ Completed", "model.tar.gz")
        await seen.press("1", "y")
        await seen.until(lambda: seen.app.clipboard.endswith("/output/model.tar.gz"))
        await seen.press("Y")
        await seen.until(lambda: seen.app.clipboard.endswith(":training-job/good-alpha"))
        await seen.press("ctrl+y")
        await seen.until(lambda: seen.app.clipboard.startswith("aws sagemaker create-training-job"))


async def test_the_artifact_is_downloaded(open_app: Opener, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    async with open_app(WIDE, target="good-alpha") as seen:
        await seen.sees("✔ Completed", "model.tar.gz")
        await seen.press("1", "d")
        await seen.sees("Download the artifact to")
        await seen.press("enter")
        await seen.sees("Downloaded")
        assert (tmp_path / "good-alpha-model.tar.gz").read_bytes()[:2] == b"\x1f\x8b"


async def test_the_log_is_saved(open_app: Opener, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    async with open_app(WIDE, target="good-alpha") as seen:
        await seen.sees("✔ Completed", "Validation-accuracy=")
        await seen.press("4", "ctrl+s")
        await seen.sees("Save the log as")
        await seen.press("enter")
        await seen.sees("Saved")
        assert "Validation-accuracy=" in (tmp_path / "good-alpha.log").read_text(encoding="utf-8")


async def test_saving_over_a_file_asks_first(open_app: Opener, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "good-alpha.log").write_text("mine", encoding="utf-8")
    async with open_app(WIDE, target="good-alpha") as seen:
        await seen.sees("✔ Completed", "Validation-accuracy=")
        await seen.press("4", "ctrl+s")
        await seen.sees("Save the log as")
        await seen.press("enter")
        await seen.sees("Enter again overwrites it")
        assert (tmp_path / "good-alpha.log").read_text(encoding="utf-8") == "mine"


async def test_the_engine_has_no_web_console(open_app: Opener) -> None:
    async with open_app(WIDE, target="good-alpha") as seen:
        await seen.sees("✔ Completed")
        await seen.press("o")
        await seen.sees("no web console")


async def test_a_click_on_a_tab_opens_its_panel(open_app: Opener) -> None:
    async with open_app(SMALL, target="good-alpha") as seen:
        await seen.sees("the artifact holds", "2 Channels")
        line = next(number for number, text in enumerate(seen.text.splitlines()) if "2 Channels" in text)
        await seen.pilot.click(offset=(seen.text.splitlines()[line].index("2 Channels") + 2, line))
        await seen.sees("s3://screen-pictures/validation/")


def chart(seen: Seen) -> AccuracyChart:
    return screen(seen).query_one(AccuracyChart)


async def test_the_table_of_epochs_stands_beside_the_chart(open_app: Opener) -> None:
    async with open_app(WIDE, target="good-alpha") as seen:
        await seen.sees("✔ Completed", "◆ best")
        await seen.press("3", "e")
        await seen.sees("epoch", "accuracy")
        await seen.until(lambda: chart(seen).has_class("-table"))


async def test_a_long_failure_reason_leaves_room_and_is_there_in_full(open_app: Opener, account: Account) -> None:
    reason = account.ended(account.create("bad-name-of-one", num_clases="4"))["FailureReason"]
    assert reason.count("\n") > 10
    async with open_app(SMALL, target="bad-name-of-one") as seen:
        await seen.sees('Did you mean "num_classes"?', "in full under 1 Job configuration", "4 Log")
        await seen.press("1", "end")
        await seen.sees(reason.rstrip().splitlines()[-1].strip()[-20:])


async def test_the_cost_is_told_where_the_price_is_known(open_app: Opener, account: Account) -> None:
    seconds = account.describe("good-alpha")["BillableTimeInSeconds"]
    async with open_app() as seen:
        await seen.sees("good-alpha")
        price = Price(Decimal(36), "USD", account.engine.region)  # a cent a second
        seen.app.backend._prices["ml.p3.2xlarge", account.engine.region] = price
        seen.app.open_job("good-alpha")
        await seen.sees(f"cost $0.{seconds:02}")


async def test_a_job_under_another_screen_is_out_of_sight(open_app: Opener, running: str) -> None:
    async with open_app(target=running) as seen:
        await seen.sees("Training")
        screen = cast(JobScreen, seen.app.screen)
        assert not watcher_of(screen).is_hidden
        await seen.press("c")
        await seen.until(lambda: watcher_of(screen).is_hidden)
        await seen.press("escape")
        await seen.until(lambda: not watcher_of(screen).is_hidden)


async def test_a_job_under_a_dialog_stays_in_sight(open_app: Opener, running: str) -> None:
    async with open_app(target=running) as seen:
        await seen.sees("Training")
        screen = cast(JobScreen, seen.app.screen)
        await seen.press("x")
        await seen.until(lambda: seen.app.screen is not screen)
        await seen.pilot.pause()
        assert not watcher_of(screen).is_hidden


def watcher_of(screen: JobScreen) -> Watcher:
    assert screen._watch is not None
    assert screen._watch._watcher is not None
    return screen._watch._watcher


async def test_a_log_that_cannot_be_saved_says_why(open_app: Opener) -> None:
    async with open_app(WIDE, target="good-alpha") as seen:
        await seen.sees("✔ Completed", "Validation-accuracy=")
        job = screen(seen)
        path = Path("/dev/null/birds.log")
        job.post_message(job._saved(path, job.query_one(LogPanel).saving(path)))
        await seen.sees("Not saved", "/dev/null")
