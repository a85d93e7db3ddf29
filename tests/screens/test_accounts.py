"""The jobs screen on accounts of every kind: refused, expired, with another profile, with hundreds of jobs."""

from __future__ import annotations

import argparse
import http.server
import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest

from birdtui import settings
from birdtui.aws.session import Connection
from birdtui.headless.connect import connection
from birdtui.ui.screens.job import JobScreen
from birdtui.ui.screens.jobs import JobsScreen
from birdtui.ui.widgets.job_table import JobTable

if TYPE_CHECKING:
    from tests.screens.conftest import Account, Opener, Seen

ROWS = 520
OWN = "012345678901.dkr.ecr.us-east-1.amazonaws.com/own:1"
LONG = "n" * 63
"""The longest name that the service takes."""


def table(seen: Seen) -> JobTable:
    return cast(JobsScreen, seen.app.screen_stack[1]).table


@pytest.fixture
def refusing() -> Iterator[Callable[[str, str], Connection]]:
    """Makes a server that refuses every call with a code and a message, as AWS's JSON services do."""
    servers: list[http.server.HTTPServer] = []

    def made(code: str, message: str) -> Connection:
        class Refusal(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                body = json.dumps({"__type": code, "message": message}).encode()
                self.send_response(400)
                self.send_header("Content-Type", "application/x-amz-json-1.1")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's own name
                """Say nothing."""

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Refusal)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        url = f"http://127.0.0.1:{server.server_port}"
        return Connection(region="us-east-1", endpoint_url=url, access_key="AKIA0", secret_key="secret")

    yield made
    for server in servers:
        server.shutdown()
        server.server_close()


async def test_expired_credentials_are_told_as_expired(
    open_app: Opener, refusing: Callable[[str, str], Connection]
) -> None:
    there = refusing("ExpiredTokenException", "The security token included in the request is expired")
    async with open_app(connect=lambda: there) as seen:
        await seen.sees("Credentials have expired", "r tries again", "^r another profile")


async def test_denied_access_names_the_permission(open_app: Opener, refusing: Callable[[str, str], Connection]) -> None:
    denied = (
        "User: arn:aws:iam::123456789012:user/robin is not authorized to perform: sagemaker:ListTrainingJobs "
        "because no identity-based policy allows the sagemaker:ListTrainingJobs action"
    )
    there = refusing("AccessDeniedException", denied)
    async with open_app(connect=lambda: there) as seen:
        await seen.sees("Access denied", "sagemaker:ListTrainingJobs", "r tries again")


async def test_an_engine_that_cannot_start_says_why(open_app: Opener, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BIRDTUI_STATE_DIR", "/dev/null")
    local = argparse.Namespace(local=True, region=None)
    async with open_app(connect=lambda: connection(local, settings.Settings())) as seen:
        await seen.sees("The local engine does not run", "BIRDTUI_STATE_DIR", "r tries again")


async def test_another_profile_shows_its_jobs(
    open_app: Opener, account: Account, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = account.engine
    keys = "[{}]\naws_access_key_id = {}\naws_secret_access_key = {}\n"
    (tmp_path / "credentials").write_text(
        keys.format("default", "AKIA0", "wrong") + keys.format("garden", engine.access_key, engine.secret_key)
    )
    place = f"region = {engine.region}\nendpoint_url = {engine.url}\n"
    (tmp_path / "config").write_text(f"[default]\n{place}[profile garden]\n{place}")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    async with open_app(connect=Connection) as seen:
        await seen.sees("No usable credentials")
        await seen.press("ctrl+r")
        await seen.sees("profiles: default, garden")
        await seen.types("garden")
        await seen.press("enter")
        await seen.sees("good-alpha", f"garden {engine.region}")


@pytest.fixture(scope="module")
def crowd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Connection]:
    """An account with hundreds of jobs, the newest of which has the longest name there can be."""
    import boto3

    from birdtui.local.host import Host

    host = Host(tmp_path_factory.mktemp("crowd"))
    engine = host.engine
    session = boto3.session.Session(engine.access_key, engine.secret_key, region_name=engine.region)
    role = session.client("iam", endpoint_url=engine.url).list_roles()["Roles"][0]["Arn"]
    sagemaker = session.client("sagemaker", endpoint_url=engine.url)
    request: dict[str, Any] = {
        "RoleArn": role,
        "AlgorithmSpecification": {"TrainingImage": OWN, "TrainingInputMode": "File"},
        "OutputDataConfig": {"S3OutputPath": "s3://birdtui-sample/"},
        "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1},
        "StoppingCondition": {"MaxRuntimeInSeconds": 60},
    }
    for name in [*(f"own-{number:03}" for number in range(ROWS - 1)), LONG]:
        sagemaker.create_training_job(TrainingJobName=name, **request)
    yield Connection(
        region=engine.region, endpoint_url=engine.url, access_key=engine.access_key, secret_key=engine.secret_key
    )
    host.close()


async def test_older_jobs_come_a_page_at_a_time_to_the_last(open_app: Opener, crowd: Connection) -> None:
    async with open_app(connect=lambda: crowd) as seen:
        await seen.until(lambda: table(seen).row_count == 100)
        for pages in range(2, 7):
            await seen.press("L")
            await seen.until(lambda pages=pages: table(seen).row_count == min(100 * pages, ROWS))  # type: ignore[misc]
        await seen.press("G")
        await seen.sees("own-000")


async def test_the_longest_name_keeps_its_end_in_a_small_terminal(open_app: Opener, crowd: Connection) -> None:
    async with open_app((60, 20), connect=lambda: crowd) as seen:
        await seen.sees("Failed", "…nnnnnn")
        assert all(len(line) <= 60 for line in seen.text.splitlines())


async def test_a_filter_looks_among_older_jobs_until_it_finds(open_app: Opener, crowd: Connection) -> None:
    async with open_app(connect=lambda: crowd) as seen:
        await seen.until(lambda: table(seen).row_count == 100)
        await seen.press("slash")
        await seen.types("own-000")
        await seen.until(lambda: list(table(seen).names) == ["own-000"])


async def test_a_filter_that_fills_the_screen_asks_for_no_older_jobs(open_app: Opener, crowd: Connection) -> None:
    async with open_app(connect=lambda: crowd) as seen:
        await seen.until(lambda: table(seen).row_count == 100)
        await seen.press("slash")
        await seen.types("own")
        await seen.sees("99/100+ jobs", "L loads older ones")


async def test_what_is_in_sight_stays_when_jobs_come_in_above(open_app: Opener, crowd: Connection) -> None:
    async with open_app(connect=lambda: crowd) as seen:
        await seen.until(lambda: table(seen).row_count == 100)
        jobs = table(seen)
        jobs.cursor_row = 80
        await seen.pilot.pause()
        before = list(jobs.in_sight)
        jobs.show(["a-new-one", *jobs.names], ())
        await seen.pilot.pause()
        assert list(jobs.in_sight) == before
        assert jobs.cursor_row == 81


async def test_a_click_goes_to_a_job_and_a_second_one_opens_it(open_app: Opener, crowd: Connection) -> None:
    async with open_app(connect=lambda: crowd) as seen:
        await seen.until(lambda: table(seen).row_count == 100)
        await seen.pilot.click(JobTable, offset=(20, 4))
        assert table(seen).current == "own-516"
        await seen.pilot.click(JobTable, offset=(20, 4))
        await seen.until(lambda: isinstance(seen.app.screen, JobScreen) and seen.app.screen.job_name == "own-516")


async def test_a_click_on_a_title_sorts_and_a_second_one_turns_the_order(open_app: Opener, crowd: Connection) -> None:
    async with open_app(connect=lambda: crowd) as seen:
        await seen.until(lambda: table(seen).row_count == 100)
        await seen.pilot.click(JobTable, offset=(20, 0))
        await seen.until(lambda: list(table(seen).names) == sorted(table(seen).names))
        await seen.pilot.click(JobTable, offset=(20, 0))
        await seen.until(lambda: list(table(seen).names) == sorted(table(seen).names, reverse=True))


async def test_a_page_down_keeps_a_row_in_sight(open_app: Opener, crowd: Connection) -> None:
    async with open_app(connect=lambda: crowd) as seen:
        await seen.until(lambda: table(seen).row_count == 100)
        room = table(seen).room
        await seen.press("pagedown")
        assert table(seen).cursor_row == room - 1
        await seen.press("pagedown")
        assert (table(seen).cursor_row, table(seen).rows_in_sight.start) == (2 * room - 2, room - 1)
        await seen.press("pageup", "pageup")
        assert (table(seen).cursor_row, table(seen).rows_in_sight.start) == (0, 0)
