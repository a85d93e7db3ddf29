"""How a throttle slows down all who ask for news."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from birdtui.aws.errors import AwsProblem
from birdtui.aws.logs import Logs
from birdtui.aws.session import Connection, Session
from birdtui.aws.slowdown import MOST, PATIENCE, TOGETHER, Slowdown
from birdtui.aws.training_jobs import TrainingJobs


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


def test_nothing_is_slower_while_nothing_is_throttled() -> None:
    assert Slowdown().factor == 1.0


def test_a_throttle_doubles_the_time_between_polls() -> None:
    slowdown = Slowdown(Clock())
    slowdown.refused()
    assert slowdown.factor == 2.0


def test_refusals_of_calls_that_were_under_way_together_count_once() -> None:
    clock = Clock()
    slowdown = Slowdown(clock)
    for _ in range(8):
        slowdown.refused()
        clock.now += TOGETHER / 10
    assert slowdown.factor == 2.0


def test_many_throttles_do_not_bring_polling_to_a_stand() -> None:
    clock = Clock()
    slowdown = Slowdown(clock)
    for _ in range(20):
        slowdown.refused()
        clock.now += TOGETHER
    assert slowdown.factor == MOST


def test_without_throttles_polling_comes_back_step_by_step() -> None:
    clock = Clock()
    slowdown = Slowdown(clock)
    for _ in range(2):
        slowdown.refused()
        clock.now += TOGETHER
    found = []
    for _ in range(3):
        found.append(slowdown.factor)
        clock.now += PATIENCE
    assert found == [4.0, 2.0, 1.0]


@pytest.fixture
def once_throttled() -> Iterator[Callable[[], Connection]]:
    """A service that refuses the first call for being one too many and answers the next with nothing."""
    refusals = [b'{"__type":"ThrottlingException","message":"Rate exceeded"}']

    class Answers(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            body, status = (refusals.pop(), 400) if refusals else (b"{}", 200)
            self.send_response(status)
            self.send_header("Content-Type", "application/x-amz-json-1.1")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's own name
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}"
    yield lambda: Connection(region="us-east-1", endpoint_url=url, access_key="AKIA0", secret_key="secret")
    server.shutdown()
    server.server_close()


def test_a_throttle_that_botocore_mends_by_itself_is_heard_of(once_throttled: Callable[[], Connection]) -> None:
    jobs = TrainingJobs(Session(once_throttled()))
    assert (jobs.page().jobs, jobs.slowdown.factor) == ((), 2.0)


def test_a_throttle_of_the_log_slows_who_asks_for_jobs(once_throttled: Callable[[], Connection]) -> None:
    session = Session(once_throttled())
    with pytest.raises(AwsProblem, match="Rate exceeded"):
        Logs(session).page("birds/algo-1-1")
    assert TrainingJobs(session).slowdown.factor == 2.0
