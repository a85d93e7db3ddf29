"""What works on every screen: help, palette, theme, leaving."""

from __future__ import annotations

import re
import threading
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from birdtui.aws.session import Connection
from birdtui.ui import background
from birdtui.ui.app import BirdApp, Start
from birdtui.ui.commands import commands, key_name
from birdtui.ui.screens.help import HelpScreen
from birdtui.ui.screens.jobs import JobsScreen
from tests.screens.conftest import PATIENCE, Seen, connection

if TYPE_CHECKING:
    from tests.screens.conftest import Account, Opener


async def test_help_names_every_key_of_the_screen(open_app: Opener) -> None:
    async with open_app((140, 60)) as seen:
        await seen.sees("good-beta")
        await seen.press("question_mark")
        await seen.until(lambda: isinstance(seen.app.screen, HelpScreen))
        for command in (*commands("jobs"), *commands("app")):
            await seen.sees(command.help, " ".join(key_name(key) for key in command.keys.split(",")))


async def test_help_of_the_job_screen_has_its_panels_keys(open_app: Opener) -> None:
    async with open_app((140, 130), target="good-alpha") as seen:
        await seen.sees("✔ Completed")
        await seen.press("question_mark")
        for command in (*commands("job"), *commands("log"), *commands("chart"), *commands("app")):
            await seen.sees(command.help)


@pytest.mark.parametrize("key", ["escape", "question_mark", "q"])
async def test_help_closes(open_app: Opener, key: str) -> None:
    async with open_app() as seen:
        await seen.sees("good-beta")
        await seen.press("question_mark")
        await seen.until(lambda: isinstance(seen.app.screen, HelpScreen))
        await seen.press(key)
        await seen.until(lambda: isinstance(seen.app.screen, JobsScreen))


async def test_help_shows_the_users_own_keys(open_app: Opener) -> None:
    async with open_app((140, 60), keymap={"jobs.mark": "m"}) as seen:
        await seen.sees("good-beta")
        await seen.press("question_mark")
        await seen.until(lambda: bool(re.search(r"\bm +Mark the job for comparing", seen.text)))


async def test_a_remapped_key_works(open_app: Opener) -> None:
    async with open_app(keymap={"jobs.mark": "m"}) as seen:
        await seen.sees("good-beta")
        await seen.press("m")
        await seen.sees("1 marked")


async def test_the_palette_finds_a_command_and_runs_it(open_app: Opener) -> None:
    async with open_app() as seen:
        await seen.sees("good-beta")
        await seen.press("ctrl+p", *"Reverse")
        await seen.sees("Turn the order round.")
        await seen.press("enter")
        await seen.sees("Age▴")


async def test_the_palette_of_a_read_only_app_offers_no_job(open_app: Opener) -> None:
    async with open_app(read_only=True) as seen:
        await seen.sees("good-beta")
        await seen.press("ctrl+p", *"job")
        await seen.sees("Open the job under the cursor.")
        assert "Open the editor on a new training job." not in seen.text


async def test_a_theme_is_chosen_and_remembered(open_app: Opener) -> None:
    kept: dict[str, str] = {}
    async with open_app(remember=kept.__setitem__) as seen:
        await seen.sees("good-beta")
        await seen.press("ctrl+t", *"textual-light")
        await seen.sees("textual-light")
        await seen.press("enter")
        await seen.until(lambda: kept.get("theme") == "textual-light")
        assert seen.app.theme == "textual-light"


async def test_a_remembered_theme_is_there_from_the_first_frame(open_app: Opener) -> None:
    async with open_app(theme="textual-light") as seen:
        assert seen.app.theme == "textual-light"


async def test_a_theme_that_is_no_more_is_passed_over(open_app: Opener) -> None:
    async with open_app(theme="no-such-theme") as seen:
        await seen.sees("good-beta")


async def test_keys_of_the_first_frame_are_not_lost(account: Account) -> None:
    app = BirdApp(Start(connect=partial(connection, account.engine)))
    async with app.run_test(size=(140, 42)) as pilot:
        assert not app.is_open
        await pilot.press("slash", *"good-a")
        seen = Seen(app, pilot)
        await seen.sees("filter good-a", "good-alpha")
    assert background.idle(PATIENCE)


async def test_a_screen_asked_for_in_the_first_frame_opens_over_the_jobs(account: Account) -> None:
    app = BirdApp(Start(connect=partial(connection, account.engine)))
    async with app.run_test(size=(140, 42)) as pilot:
        await pilot.press("ctrl+n")
        seen = Seen(app, pilot)
        await seen.sees("birdtui › New job", "num_classes is missing")
        await pilot.press("escape")
        await seen.sees("good-alpha")
    assert background.idle(PATIENCE)


async def test_leaving_waits_for_nothing(open_app: Opener) -> None:
    answers = threading.Event()

    def connect() -> Connection:
        answers.wait(10)
        return Connection(region="us-east-1", endpoint_url="http://127.0.0.1:9", access_key="A", secret_key="s")

    async with open_app(connect=connect) as seen:
        await seen.sees("Loading the jobs…")
        start = time.monotonic()
        await seen.press("q")
        await seen.until(lambda: not seen.app.is_running, 5)
        took = time.monotonic() - start
        answers.set()
    assert took < 1
    assert seen.app.return_code == 0


async def test_the_other_key_leaves_too(open_app: Opener) -> None:
    async with open_app() as seen:
        await seen.press("ctrl+q")
        await seen.until(lambda: not seen.app.is_running, 5)
    assert seen.app.return_code == 0


async def test_an_open_file_that_is_not_there_is_told(
    open_app: Opener, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    async with open_app() as seen:
        await seen.sees("good-beta")
        await seen.press("ctrl+o")
        await seen.sees("Open a job file")
        await seen.press("enter")
        await seen.sees("There is no file")
