"""Reading job logs with real boto3: from the engine, and from moto where it is right."""

from __future__ import annotations

import contextlib
import time
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from birdtui.aws.log_pages import DecodeError, decode
from birdtui.aws.logs import GROUP, Logs, LogTooLong, is_loopback
from birdtui.aws.session import Connection, Session

Write = Callable[..., list[str]]

engine_alone = pytest.mark.parametrize("session", ["engine"], indirect=True)
"""moto counts endTime in, and a filter's stream prefix for nothing."""


@pytest.fixture
def job() -> str:
    return f"birds-{uuid.uuid4().hex[:12]}"


@pytest.fixture(scope="module")
def moto_url() -> Iterator[str]:
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    yield "http://{}:{}".format(*server.get_host_and_port())
    server.stop()


@pytest.fixture(params=["engine", "moto"])
def session(request: pytest.FixtureRequest) -> Session:
    if request.param == "moto":
        url = request.getfixturevalue("moto_url")
        return Session(Connection(region="us-east-1", endpoint_url=url, access_key="key", secret_key="secret"))
    engine = request.getfixturevalue("engine")
    keys = {"access_key": engine.access_key, "secret_key": engine.secret_key}
    return Session(Connection(region="us-east-1", endpoint_url=engine.url, **keys))


@pytest.fixture
def write(session: Session, job: str) -> Write:
    """Puts lines on a stream of the job, a millisecond apart; gives them back."""
    client = session.client("logs", retries=False)
    now = int(time.time() * 1000) - 3_600_000

    def put(*messages: str, rest: str = "algo-1-1700000000", of: str = job) -> list[str]:
        for call, names in (
            (client.create_log_group, {"logGroupName": GROUP}),
            (client.create_log_stream, {"logGroupName": GROUP, "logStreamName": f"{of}/{rest}"}),
        ):
            with contextlib.suppress(client.exceptions.ResourceAlreadyExistsException):
                call(**names)
        for start in range(0, len(messages), 5_000):
            events = [
                {"timestamp": now + number, "message": message}
                for number, message in enumerate(messages[start : start + 5_000], start)
            ]
            client.put_log_events(logGroupName=GROUP, logStreamName=f"{of}/{rest}", logEvents=events)
        return list(messages)

    return put


def read_all(logs: Logs, stream: str) -> list[str]:
    found: list[str] = []
    token: str | None = None
    while True:
        page = logs.page(stream, token)
        found += page.messages
        if page.forward == token:
            return found
        token = page.forward


def test_a_job_without_a_log_has_no_streams_and_no_lines(session: Session, job: str) -> None:
    logs = Logs(session)
    assert logs.streams(job) == ()
    page = logs.page(f"{job}/algo-1-1700000000")
    assert (list(page.messages), page.forward) == ([], None)


def test_streams_are_those_of_the_jobs_instances_alone(session: Session, job: str, write: Write) -> None:
    for rest in ("algo-10-1700000001", "algo-2-1700000009", "algo-2-1700000002", "algo-1-1700000000/ssm"):
        write("x", rest=rest)
    write("x", of=f"{job}-2")
    found = Logs(session).streams(job)
    assert [(stream.host, stream.instance, stream.started) for stream in found] == [
        ("algo-2", 2, 1_700_000_002),
        ("algo-2", 2, 1_700_000_009),
        ("algo-10", 10, 1_700_000_001),
    ]


def test_more_streams_than_one_answer_holds_are_all_found(session: Session, job: str, write: Write) -> None:
    for number in range(53):
        write("x", rest=f"algo-{number + 1}-1700000000")
    assert len(Logs(session).streams(job)) == 53


def test_a_stream_is_read_whole_page_by_page(session: Session, job: str, write: Write) -> None:
    lines = write(*(f"line {number}" for number in range(12_345)))
    assert read_all(Logs(session), f"{job}/algo-1-1700000000") == lines


def test_any_text_comes_as_it_was_written(session: Session, job: str, write: Write) -> None:
    lines = write('tab\tquote" backslash\\ ', "[31m\x1b[0m", "größe 🐦 鳥", "\u2028", "{}", " ")
    assert read_all(Logs(session), f"{job}/algo-1-1700000000") == lines


def test_the_last_page_comes_first_where_that_is_asked_for(session: Session, job: str, write: Write) -> None:
    lines = write(*(f"line {number}" for number in range(30)))
    logs = Logs(session)
    page = logs.page(f"{job}/algo-1-1700000000", from_head=False, limit=10)
    assert list(page.messages) == lines[-10:]
    before = logs.page(f"{job}/algo-1-1700000000", page.backward, from_head=False, limit=10)
    assert list(before.messages) == lines[-20:-10]


@engine_alone
def test_a_window_of_time_holds_its_start_and_not_its_end(session: Session, job: str, write: Write) -> None:
    lines = write(*(f"line {number}" for number in range(10)))
    logs = Logs(session)
    first = logs.page(f"{job}/algo-1-1700000000").timestamps[0]
    page = logs.page(f"{job}/algo-1-1700000000", start=first + 3, end=first + 6)
    assert list(page.messages) == lines[3:6]


@engine_alone
def test_matching_lines_come_in_time_order_over_the_jobs_streams_alone(
    session: Session, job: str, write: Write
) -> None:
    write("a", "Epoch[0] Validation-accuracy=0.1", "c", rest="algo-1-1700000000")
    write("d", "e", "Epoch[0] Validation-accuracy=0.2", rest="algo-2-1700000000")
    write("Epoch[0] Validation-accuracy=0.9", of=f"{job}-2")
    found = list(Logs(session).matching(job, '"Validation-accuracy"'))
    assert found == ["Epoch[0] Validation-accuracy=0.1", "Epoch[0] Validation-accuracy=0.2"]


@engine_alone
def test_a_log_that_is_not_worth_so_many_calls_is_too_long(session: Session, job: str, write: Write) -> None:
    write(*["a page looks at so many events"] * 25_000, "Epoch[0] Validation-accuracy=0.1")
    logs = Logs(session)
    with pytest.raises(LogTooLong):
        list(logs.matching(job, '"Validation-accuracy"', most_calls=2))
    assert list(logs.matching(job, '"Validation-accuracy"', most_calls=12)) == ["Epoch[0] Validation-accuracy=0.1"]


@engine_alone
def test_nothing_matches_in_a_job_without_a_log(session: Session, job: str) -> None:
    assert list(Logs(session).matching(job, "x")) == []


def test_pages_are_what_botocores_own_parser_reads(session: Session, job: str, write: Write) -> None:
    write(*(f"line {number} 🐦" for number in range(100)))
    stream = f"{job}/algo-1-1700000000"
    page = Logs(session).page(stream)
    connection = session.connection
    plain = Session(connection).client("logs", retries=False)
    answer = plain.get_log_events(logGroupName=GROUP, logStreamName=stream, startFromHead=True)
    assert list(page.messages) == [event["message"] for event in answer["events"]]
    assert list(page.timestamps) == [event["timestamp"] for event in answer["events"]]


@pytest.mark.parametrize(
    "body", [b"", b"not json", b"[]", b'{"events": null}', b'{"events": [{"message": 5}]}', b'{"events": [{}]}']
)
def test_an_answer_of_another_shape_is_left_to_botocore(body: bytes) -> None:
    with pytest.raises(DecodeError):
        decode(body)


def test_members_that_are_new_do_no_harm() -> None:
    body = b'{"events": [{"message": "m", "timestamp": 7, "x": {}}], "nextForwardToken": "f/1", "y": 1}'
    assert decode(body) == (((7,), ("m",)), {"nextForwardToken": "f/1"})


@pytest.mark.parametrize(
    ("url", "here"),
    [
        ("http://127.0.0.1:5000", True),
        ("http://localhost:4566", True),
        ("http://[::1]:80", True),
        ("https://logs.us-east-1.amazonaws.com", False),
        ("http://10.0.0.1", False),
        ("", False),
    ],
)
def test_an_endpoint_on_this_machine_is_known(url: str, here: bool) -> None:
    assert is_loopback(url) is here


def test_an_engine_has_written_every_line_before_it_shows_an_end(engine: Any) -> None:
    keys = {"access_key": engine.access_key, "secret_key": engine.secret_key}
    local = Session(Connection(region="us-east-1", endpoint_url=engine.url, **keys))
    far = Session(Connection(region="us-east-1", access_key="key", secret_key="secret"))
    assert (Logs(local).lag_seconds, Logs(far).lag_seconds) == (0.0, 15.0)
