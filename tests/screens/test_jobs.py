"""The jobs screen on an engine with a few jobs: each state, each key."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

import pytest

from birdtui.aws.session import Connection
from birdtui.ui.screens.job import JobScreen
from birdtui.ui.screens.jobs import JobsScreen
from birdtui.ui.widgets.job_table import JobTable

if TYPE_CHECKING:
    from tests.screens.conftest import Account, Opener, Seen

CLOSED_PORT = Connection(region="us-east-1", endpoint_url="http://127.0.0.1:9", access_key="A", secret_key="s")


def table(seen: Seen) -> JobTable:
    return cast(JobsScreen, seen.app.screen_stack[1]).table


def names(seen: Seen) -> list[str]:
    """The jobs that the table lists, in its order."""
    found = table(seen)
    return list(found.names)


def shown_status(seen: Seen, row: int) -> str:
    """A job's status as its row says it."""
    return str(table(seen).cells(row)[1]).strip()


async def test_the_first_frame_comes_before_any_answer(open_app: Opener) -> None:
    asked = threading.Event()

    def connect() -> Connection:
        asked.wait(10)
        return CLOSED_PORT

    async with open_app(connect=connect) as seen:
        await seen.sees("birdtui › Jobs", "Loading the jobs…", "q Quit")
        asked.set()


async def test_an_empty_account_says_how_to_make_a_job(open_app: Opener, fresh_engine: Callable[..., Any]) -> None:
    engine = fresh_engine().engine
    there = Connection(
        region=engine.region, endpoint_url=engine.url, access_key=engine.access_key, secret_key=engine.secret_key
    )
    async with open_app(connect=lambda: there) as seen:
        await seen.sees("No training jobs here yet", "^n")


async def test_no_credentials_names_the_ways_out(open_app: Opener) -> None:
    async with open_app(connect=lambda: Connection(region="us-east-1")) as seen:
        await seen.sees("No usable credentials", "--local", "r tries again")


async def test_no_region_is_a_state_of_its_own(
    open_app: Opener, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", account.engine.access_key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", account.engine.secret_key)
    async with open_app(connect=Connection) as seen:
        await seen.sees("No region is set", "^r")


async def test_wrong_keys_are_told_as_wrong_keys(open_app: Opener, account: Account) -> None:
    stranger = Connection(region="us-east-1", endpoint_url=account.engine.url, access_key="AKIA0", secret_key="no")
    async with open_app(connect=lambda: stranger) as seen:
        await seen.sees("No usable credentials", "r tries again")


async def test_an_unreachable_endpoint_is_named(open_app: Opener) -> None:
    async with open_app(connect=lambda: CLOSED_PORT) as seen:
        await seen.sees("AWS cannot be reached", "127.0.0.1:9", "r tries again")


async def test_trying_again_finds_what_is_there_now(open_app: Opener, account: Account) -> None:
    async with open_app(connect=lambda: CLOSED_PORT) as seen:
        await seen.sees("AWS cannot be reached")
        seen.app.backend._connection = Connection(
            region=account.engine.region,
            endpoint_url=account.engine.url,
            access_key=account.engine.access_key,
            secret_key=account.engine.secret_key,
        )
        await seen.press("r")
        await seen.sees("good-alpha")


@pytest.mark.parametrize("size", [(140, 42), (80, 24), (60, 20)])
async def test_jobs_are_listed_with_their_status_in_words(open_app: Opener, size: tuple[int, int]) -> None:
    async with open_app(size) as seen:
        for words, name, status in (("ood-a", "good-alpha", "✔ Completed"), ("bad-ep", "bad-epochs", "✘ Failed")):
            await seen.press("slash")
            await seen.types(words)
            await seen.sees(name, status)
            await seen.press("escape")


async def test_the_newest_job_comes_first(open_app: Opener) -> None:
    async with open_app() as seen:
        await seen.sees("good-beta")
        assert [name for name in names(seen) if name in {"good-alpha", "good-beta", "bad-epochs"}] == [
            "good-beta",
            "good-alpha",
            "bad-epochs",
        ]


async def test_the_list_filters_as_one_types(open_app: Opener) -> None:
    async with open_app() as seen:
        await seen.sees("good-beta")
        await seen.press("slash", *"ood-a")
        await seen.until(lambda: names(seen) == ["good-alpha"])
        await seen.sees("filter ood-a")


async def test_the_list_filters_by_status(open_app: Opener) -> None:
    async with open_app() as seen:
        await seen.sees("good-beta")
        await seen.press("slash", *"failed")
        await seen.until(lambda: "good-beta" not in names(seen))
        assert "bad-epochs" in names(seen)
        assert {shown_status(seen, row) for row in range(table(seen).row_count)} == {"✘ Failed"}


async def test_escape_shows_all_jobs_again(open_app: Opener) -> None:
    async with open_app() as seen:
        await seen.sees("good-beta")
        await seen.press("slash", *"alpha", "enter")
        await seen.until(lambda: names(seen) == ["good-alpha"])
        await seen.press("escape")
        await seen.until(lambda: len(names(seen)) > 2)


async def test_escape_while_typing_shows_all_jobs_again(open_app: Opener) -> None:
    async with open_app() as seen:
        await seen.sees("good-beta")
        await seen.press("slash", *"alpha", "escape")
        await seen.until(lambda: len(names(seen)) > 2 and table(seen).has_focus)


async def test_a_filter_that_nothing_passes_says_so(open_app: Opener) -> None:
    async with open_app() as seen:
        await seen.sees("good-beta")
        await seen.press("slash", *"zzz")
        await seen.sees("0/", "No job matches")


async def test_sorting_goes_from_column_to_column(open_app: Opener) -> None:
    async with open_app() as seen:
        await seen.sees("good-beta")
        await seen.press("s")
        await seen.until(lambda: names(seen) == sorted(names(seen)))
        await seen.sees("Name▾")


async def test_reversing_turns_the_order_round(open_app: Opener) -> None:
    async with open_app() as seen:
        await seen.sees("good-beta")
        before = names(seen)
        await seen.press("S")
        await seen.until(lambda: names(seen) == before[::-1])


async def test_the_cursor_stays_on_its_job_when_the_order_changes(open_app: Opener) -> None:
    async with open_app() as seen:
        await seen.sees("good-beta")
        await seen.press("slash", *"o", "enter", "j")
        current = table(seen).current
        await seen.press("S", "s", "s")
        await seen.sees("Status")
        assert table(seen).current == current


async def test_the_cursor_stays_on_its_job_when_a_new_one_comes(open_app: Opener, account: Account) -> None:
    async with open_app() as seen:
        await seen.sees("good-beta")
        await seen.until(lambda: table(seen).current is not None)
        current = table(seen).current
        account.ended(account.create("another-one"))
        await seen.press("r")
        await seen.until(lambda: "another-one" in names(seen))
        assert table(seen).current == current
        assert table(seen).cursor_row == names(seen).index(str(current))


async def test_moving_by_letters_and_to_the_ends(open_app: Opener) -> None:
    async with open_app() as seen:
        await seen.sees("good-beta")
        await seen.press("G")
        assert table(seen).cursor_row == table(seen).row_count - 1
        await seen.press("k")
        assert table(seen).cursor_row == table(seen).row_count - 2
        await seen.press("g", "j")
        assert table(seen).cursor_row == 1


async def test_marking_goes_on_to_the_next_job(open_app: Opener) -> None:
    async with open_app() as seen:
        await seen.sees("good-beta")
        await seen.press("g", "space")
        await seen.sees("1 marked", "●")
        assert table(seen).cursor_row == 1


async def test_comparing_wants_two_jobs(open_app: Opener) -> None:
    async with open_app() as seen:
        await seen.sees("good-beta")
        await seen.press("v")
        await seen.sees("Mark jobs with Space")


async def test_the_preview_shows_the_failure_with_advice(open_app: Opener) -> None:
    async with open_app() as seen:
        await seen.sees("good-beta")
        await seen.press("slash", *"bad-epochs", "enter")
        await seen.sees("Failure", "hyperparameters.epochs", "→")


async def test_the_preview_shows_timeline_accuracy_and_artifact(open_app: Opener) -> None:
    async with open_app() as seen:
        await seen.sees("good-beta")
        await seen.press("slash", *"good-alpha", "enter")
        await seen.sees("Training", "Uploading", "validation accuracy", "artifact", "s3://screen-pictures/good-alpha")


async def test_the_accuracy_column_is_filled(open_app: Opener) -> None:
    async with open_app() as seen:
        await seen.sees("good-beta")
        row = names(seen).index("good-beta")
        await seen.until(lambda: str(table(seen).cells(row)[5]) not in {"", "–"})


async def test_enter_opens_the_job(open_app: Opener) -> None:
    async with open_app() as seen:
        await seen.sees("good-beta")
        current = table(seen).current
        await seen.press("enter")
        await seen.until(lambda: isinstance(seen.app.screen, JobScreen))
        await seen.sees(f"birdtui › {current}")


async def test_stopping_asks_and_enter_alone_does_not_stop(open_app: Opener, running: str, account: Account) -> None:
    async with open_app() as seen:
        await seen.sees(running)
        await seen.press("g", "x")
        await seen.sees(f"Stop {running}?", "artifact")
        await seen.press("enter")
        await seen.misses("Stop the job")
        assert account.describe(running)["TrainingJobStatus"] == "InProgress"


async def test_a_job_is_stopped_and_the_list_shows_it(open_app: Opener, running: str) -> None:
    async with open_app() as seen:
        await seen.sees(running, "▶ InProgress")
        await seen.press("g", "x", "y")
        await seen.sees("is being stopped")
        await seen.sees("Stopped")


async def test_read_only_has_neither_create_nor_stop(open_app: Opener) -> None:
    async with open_app(read_only=True) as seen:
        await seen.sees("good-beta", "read-only", "Open")
        assert "Clone" not in seen.text
        assert "Stop" not in seen.text.splitlines()[-1]
        await seen.press("x", "c", "ctrl+n")
        assert isinstance(seen.app.screen, JobsScreen)


async def test_copying_says_what_was_copied(open_app: Opener) -> None:
    async with open_app() as seen:
        await seen.sees("good-beta")
        await seen.press("Y")
        await seen.sees("ARN copied")
        assert seen.app.clipboard.startswith("arn:aws:sagemaker:")


async def test_the_artifact_uri_is_copied(open_app: Opener) -> None:
    async with open_app() as seen:
        await seen.sees("good-beta")
        await seen.press("slash", *"good-beta", "enter")
        await seen.sees("s3://screen-pictures/good-beta")
        await seen.press("y")
        await seen.until(lambda: seen.app.clipboard.endswith("/output/model.tar.gz"))


async def test_the_engine_has_no_web_console(open_app: Opener) -> None:
    async with open_app() as seen:
        await seen.sees("good-beta")
        await seen.press("o")
        await seen.sees("no web console")


async def test_there_are_no_older_jobs_to_load(open_app: Opener) -> None:
    async with open_app() as seen:
        await seen.sees("good-beta")
        before = names(seen)
        await seen.press("L")
        assert names(seen) == before


async def test_profile_and_region_cannot_be_switched_on_the_engine(open_app: Opener) -> None:
    async with open_app() as seen:
        await seen.sees("good-beta")
        await seen.press("ctrl+r")
        await seen.sees("The embedded engine has its own keys")


async def test_home_and_end_go_to_the_first_and_last_job(open_app: Opener) -> None:
    async with open_app() as seen:
        await seen.sees("good-beta")
        await seen.press("end")
        assert table(seen).cursor_row == table(seen).row_count - 1
        await seen.press("home")
        assert table(seen).cursor_row == 0


async def test_after_a_throttle_the_list_is_asked_for_half_as_often(open_app: Opener) -> None:
    async with open_app() as seen:
        await seen.sees("good-alpha")
        jobs = cast(JobsScreen, seen.app.screen)
        usual = jobs.seconds_to_refresh
        seen.app.backend.session().slowdown.refused()
        assert jobs.seconds_to_refresh == 2 * usual
