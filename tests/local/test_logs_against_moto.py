"""The same client code against the engine and against moto: where both claim to be CloudWatch Logs, they agree.

Left out is what moto does otherwise: GetLogEvents counts the end time in, FilterLogEvents passes over the prefix, a
pattern that it does not know matches everything, its tokens are list indexes, which tell late events twice, and a
missing stream is reported as a missing group.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

NOW = time.time_ns() // 1_000_000


@pytest.fixture(scope="module")
def moto_url() -> Iterator[str]:
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    yield "http://{}:{}".format(*server.get_host_and_port())
    server.stop()


@pytest.fixture(params=["engine", "moto"])
def logs(request: pytest.FixtureRequest, client: Callable[..., Any]) -> Any:
    if request.param == "engine":
        return client("logs")

    class Moto:
        url, access_key, secret_key = request.getfixturevalue("moto_url"), "testing", "testing"

    return client("logs", Moto())


@pytest.fixture
def group(logs: Any, request: pytest.FixtureRequest) -> str:
    name = "/test/" + hashlib.sha256(request.node.nodeid.encode()).hexdigest()[:16]
    logs.create_log_group(logGroupName=name)
    return name


@pytest.fixture
def stream(logs: Any, group: str) -> str:
    logs.create_log_stream(logGroupName=group, logStreamName="s/1")
    return "s/1"


def put(logs: Any, group: str, stream: str, *events: tuple[int, str]) -> Any:
    given = [{"timestamp": timestamp, "message": message} for timestamp, message in events]
    return logs.put_log_events(logGroupName=group, logStreamName=stream, logEvents=given)


def texts(page: Any) -> list[str]:
    return [event["message"] for event in page["events"]]


def refusal(call: Callable[..., Any], **given: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as caught:
        call(**given)
    error = caught.value.response["Error"]
    return error["Code"], error["Message"].rstrip(".")


def test_what_is_written_is_read(logs: Any, group: str, stream: str) -> None:
    put(logs, group, stream, (NOW, "one"), (NOW + 1, "zwei ä"))
    page = logs.get_log_events(logGroupName=group, logStreamName=stream, startFromHead=True)
    assert [(event["timestamp"], event["message"]) for event in page["events"]] == [(NOW, "one"), (NOW + 1, "zwei ä")]


def test_a_reader_follows_from_token_to_token(logs: Any, group: str, stream: str) -> None:
    put(logs, group, stream, *((NOW + number, f"{number}") for number in range(5)))
    told: list[str] = []
    given: dict[str, Any] = {"logGroupName": group, "logStreamName": stream, "startFromHead": True, "limit": 2}
    while True:
        page = logs.get_log_events(**given)
        told += texts(page)
        if page["nextForwardToken"] == given.get("nextToken"):
            break
        given["nextToken"] = page["nextForwardToken"]
    assert told == ["0", "1", "2", "3", "4"]
    put(logs, group, stream, (NOW + 9, "new"))
    assert texts(logs.get_log_events(**given)) == ["new"]


def test_without_a_token_the_newest_page_comes(logs: Any, group: str, stream: str) -> None:
    put(logs, group, stream, *((NOW + number, f"{number}") for number in range(5)))
    page = logs.get_log_events(logGroupName=group, logStreamName=stream, limit=2)
    assert texts(page) == ["3", "4"]
    before = logs.get_log_events(logGroupName=group, logStreamName=stream, limit=2, nextToken=page["nextBackwardToken"])
    assert texts(before) == ["1", "2"]


def test_history_is_in_the_order_of_time(logs: Any, group: str, stream: str) -> None:
    put(logs, group, stream, (NOW, "later"))
    put(logs, group, stream, (NOW - 1000, "earlier"))
    page = logs.get_log_events(logGroupName=group, logStreamName=stream, startFromHead=True, limit=1)
    assert texts(page) == ["earlier"]


def test_a_quoted_term_is_searched_in_all_streams(logs: Any, group: str, stream: str) -> None:
    logs.create_log_stream(logGroupName=group, logStreamName="s/2")
    put(logs, group, stream, (NOW, "Epoch[0] Validation-accuracy=0.3"), (NOW + 2, "other"))
    put(logs, group, "s/2", (NOW + 1, "Epoch[0] Validation-accuracy=0.4"))
    found = logs.filter_log_events(logGroupName=group, filterPattern='"Validation-accuracy"')
    assert [event["message"][-3:] for event in found["events"]] == ["0.3", "0.4"]


def test_streams_are_listed_in_pages(logs: Any, group: str) -> None:
    for name in ("birds/b", "birds/a", "birds-2/a"):
        logs.create_log_stream(logGroupName=group, logStreamName=name)
    pages = logs.get_paginator("describe_log_streams").paginate(
        logGroupName=group, logStreamNamePrefix="birds/", PaginationConfig={"PageSize": 1}
    )
    assert [each["logStreamName"] for page in pages for each in page["logStreams"]] == ["birds/a", "birds/b"]


def test_a_stream_tells_when_its_events_were(logs: Any, group: str, stream: str) -> None:
    put(logs, group, stream, (NOW, "x"), (NOW + 5, "y"))
    (found,) = logs.describe_log_streams(logGroupName=group)["logStreams"]
    assert (found["firstEventTimestamp"], found["lastEventTimestamp"]) == (NOW, NOW + 5)


def test_a_group_is_found_by_prefix(logs: Any, group: str) -> None:
    assert [each["logGroupName"] for each in logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"]] == [group]
    assert logs.describe_log_groups(logGroupNamePrefix="/never")["logGroups"] == []


def test_what_does_not_exist_is_told_apart(logs: Any, group: str) -> None:
    no_group = ("ResourceNotFoundException", "The specified log group does not exist")
    assert refusal(logs.get_log_events, logGroupName="/never", logStreamName="s") == no_group
    assert refusal(logs.describe_log_streams, logGroupName="/never") == no_group
    assert refusal(logs.filter_log_events, logGroupName="/never") == no_group
    given = {"logGroupName": group, "logStreamName": "never"}
    assert refusal(logs.get_log_events, **given)[0] == "ResourceNotFoundException"


def test_what_exists_is_not_made_again(logs: Any, group: str, stream: str) -> None:
    assert refusal(logs.create_log_group, logGroupName=group)[0] == "ResourceAlreadyExistsException"
    given = {"logGroupName": group, "logStreamName": stream}
    assert refusal(logs.create_log_stream, **given)[0] == "ResourceAlreadyExistsException"


def test_what_is_deleted_is_gone(logs: Any, group: str, stream: str) -> None:
    logs.delete_log_stream(logGroupName=group, logStreamName=stream)
    assert logs.describe_log_streams(logGroupName=group)["logStreams"] == []
    logs.delete_log_group(logGroupName=group)
    assert refusal(logs.delete_log_group, logGroupName=group)[0] == "ResourceNotFoundException"


def test_retention_is_noted(logs: Any, group: str) -> None:
    logs.put_retention_policy(logGroupName=group, retentionInDays=7)
    (found,) = logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"]
    assert found["retentionInDays"] == 7
    logs.delete_retention_policy(logGroupName=group)
    (found,) = logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"]
    assert "retentionInDays" not in found
