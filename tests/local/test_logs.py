"""Groups, streams and the writing of events, with CloudWatch's own pages and refusals."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from birdtui.local.logs import SCHEMA, LogsService
from birdtui.local.service import Request, ServiceError
from birdtui.local.store import Store

GROUP, STREAM = "/aws/sagemaker/TrainingJobs", "birds/algo-1-1700000000"
NOW = time.time_ns() // 1_000_000
DAY = 24 * 3600 * 1000


@pytest.fixture
def service(tmp_path: Path) -> Iterator[LogsService]:
    store = Store(tmp_path, [SCHEMA])
    yield LogsService(store)
    store.close()


def call(service: LogsService, operation: str, **given: Any) -> Any:
    return service.operations[operation](Request(operation, given))


def put(service: LogsService, *events: tuple[int, str]) -> Any:
    given = [{"timestamp": timestamp, "message": message} for timestamp, message in events]
    return call(service, "PutLogEvents", logGroupName=GROUP, logStreamName=STREAM, logEvents=given)


def messages(service: LogsService) -> list[str]:
    page = call(service, "GetLogEvents", logGroupName=GROUP, logStreamName=STREAM, startFromHead=True)
    return [event["message"] for event in page["events"]]


def refusal(service: LogsService, operation: str, **given: Any) -> tuple[str, str]:
    with pytest.raises(ServiceError) as caught:
        call(service, operation, **given)
    return caught.value.code, caught.value.message


def streams(service: LogsService, **given: Any) -> list[str]:
    """Names of all streams, in the order in which the pages give them."""
    names: list[str] = []
    while True:
        page = call(service, "DescribeLogStreams", logGroupName=GROUP, **given)
        names += [stream["logStreamName"] for stream in page["logStreams"]]
        if "nextToken" not in page:
            return names
        given["nextToken"] = page["nextToken"]


def test_a_group_that_nothing_wrote_to_does_not_exist(service: LogsService) -> None:
    missing = ("ResourceNotFoundException", "The specified log group does not exist.")
    for operation in ("GetLogEvents", "DescribeLogStreams", "FilterLogEvents"):
        assert refusal(service, operation, logGroupName=GROUP, logStreamName=STREAM) == missing


def test_a_stream_that_nothing_wrote_to_does_not_exist(service: LogsService) -> None:
    service.append(GROUP, "other", [(NOW, "x")])
    missing = ("ResourceNotFoundException", "The specified log stream does not exist.")
    assert refusal(service, "GetLogEvents", logGroupName=GROUP, logStreamName=STREAM) == missing


def test_streams_come_by_name(service: LogsService) -> None:
    for name in "cab":
        service.append(GROUP, name, [(NOW, "x")])
    assert (streams(service), streams(service, descending=True)) == (["a", "b", "c"], ["c", "b", "a"])


@pytest.mark.parametrize("ordered", [{}, {"orderBy": "LastEventTime"}, {"descending": True}])
def test_pages_of_streams_tell_each_once(service: LogsService, ordered: dict[str, Any]) -> None:
    for number in range(7):
        service.append(GROUP, f"s{number}", [(NOW + number % 3, "x")])
    assert sorted(streams(service, limit=2, **ordered)) == [f"s{number}" for number in range(7)]


def test_streams_come_by_their_last_event(service: LogsService) -> None:
    for name, last in (("a", 5), ("b", 9), ("c", 7)):
        service.append(GROUP, name, [(NOW + last, "x"), (NOW, "late")])
    assert streams(service, orderBy="LastEventTime", descending=True, limit=1) == ["b", "c", "a"]


@pytest.mark.parametrize("name", ["birds/algo-1-1", "birds-2/algo-1-1", "birds\U0010ffff", "bird"])
def test_a_prefix_is_no_more_and_no_less(service: LogsService, name: str) -> None:
    service.append(GROUP, name, [(NOW, "x")])
    assert streams(service, logStreamNamePrefix="birds/") == ([name] if name.startswith("birds/") else [])


def test_a_prefix_cannot_be_ordered_by_time(service: LogsService) -> None:
    service.append(GROUP, STREAM, [(NOW, "x")])
    given = {"logGroupName": GROUP, "logStreamNamePrefix": "b", "orderBy": "LastEventTime"}
    assert refusal(service, "DescribeLogStreams", **given)[0] == "InvalidParameterException"


@pytest.mark.parametrize("token", ["made up", "6e6f74206a736f6e", "5b312c322c335d", "ff"])
def test_a_made_up_token_is_refused(service: LogsService, token: str) -> None:
    service.append(GROUP, STREAM, [(NOW, "x")])
    refused = ("InvalidParameterException", "The specified nextToken is invalid.")
    assert refusal(service, "DescribeLogStreams", logGroupName=GROUP, nextToken=token) == refused
    assert refusal(service, "DescribeLogGroups", nextToken=token) == refused


def test_a_stream_without_events_has_no_times(service: LogsService) -> None:
    call(service, "CreateLogGroup", logGroupName=GROUP)
    call(service, "CreateLogStream", logGroupName=GROUP, logStreamName=STREAM)
    (stream,) = call(service, "DescribeLogStreams", logGroupName=GROUP)["logStreams"]
    assert set(stream) == {"logStreamName", "creationTime", "arn", "storedBytes"}


def test_a_stream_tells_its_first_and_last_event_but_no_size(service: LogsService) -> None:
    service.append(GROUP, STREAM, [(NOW + 5, "x"), (NOW, "late")])
    (stream,) = call(service, "DescribeLogStreams", logGroupName=GROUP)["logStreams"]
    assert (stream["firstEventTimestamp"], stream["lastEventTimestamp"], stream["storedBytes"]) == (NOW, NOW + 5, 0)


def test_pages_of_groups_tell_each_once(service: LogsService) -> None:
    for name in ("/aws/a", "/aws/b", "/aws/c", "/other"):
        call(service, "CreateLogGroup", logGroupName=name)
    first = call(service, "DescribeLogGroups", logGroupNamePrefix="/aws/", limit=2)
    second = call(service, "DescribeLogGroups", logGroupNamePrefix="/aws/", limit=2, nextToken=first["nextToken"])
    names = [group["logGroupName"] for page in (first, second) for group in page["logGroups"]]
    assert (names, "nextToken" in second) == (["/aws/a", "/aws/b", "/aws/c"], False)


def test_what_a_group_cannot_have_here_is_said(service: LogsService) -> None:
    for given in ({"kmsKeyId": "k"}, {"tags": {"a": "b"}}, {"logGroupClass": "INFREQUENT_ACCESS"}):
        code, message = refusal(service, "CreateLogGroup", logGroupName=GROUP, **given)
        assert (code, "not part of the local engine" in message) == ("InvalidParameterException", True)


def test_a_deleted_group_takes_its_events_along(service: LogsService) -> None:
    service.append(GROUP, STREAM, [(NOW, "before")])
    call(service, "DeleteLogGroup", logGroupName=GROUP)
    service.append(GROUP, STREAM, [(NOW, "after")])
    assert messages(service) == ["after"]


def test_a_batch_out_of_order_is_refused_whole(service: LogsService) -> None:
    service.append(GROUP, STREAM, [(NOW, "x")])
    with pytest.raises(ServiceError, match="must be in chronological order"):
        put(service, (NOW, "a"), (NOW - 1, "b"))
    assert messages(service) == ["x"]


def test_a_batch_over_more_than_a_day_is_refused(service: LogsService) -> None:
    service.append(GROUP, STREAM, [(NOW, "x")])
    with pytest.raises(ServiceError, match="cannot span more than 24 hours"):
        put(service, (NOW - DAY - 1, "a"), (NOW, "b"))


def test_a_batch_counts_26_bytes_for_each_event(service: LogsService) -> None:
    service.append(GROUP, STREAM, [(NOW, "x")])
    put(service, (NOW, "a" * (1_048_576 - 26)))
    with pytest.raises(ServiceError, match="Upload too large: 1048577 bytes"):
        put(service, (NOW, "a" * (1_048_576 - 25)))
    with pytest.raises(ServiceError, match="Upload too large"):
        put(service, (NOW, "ä" * 600_000))


def test_events_too_old_or_too_new_are_left_out_and_told(service: LogsService) -> None:
    service.append(GROUP, STREAM, [(NOW, "x")])
    old, now, new = (NOW - 15 * DAY, "old"), (NOW, "now"), (NOW + DAY, "new")
    assert put(service, old, (NOW - 15 * DAY + 1, "old"))["rejectedLogEventsInfo"] == {"tooOldLogEventEndIndex": 2}
    assert put(service, now, new)["rejectedLogEventsInfo"] == {"tooNewLogEventStartIndex": 1}
    assert messages(service) == ["x", "now"]


def test_an_answer_about_nothing_rejected_says_nothing_of_it(service: LogsService) -> None:
    service.append(GROUP, STREAM, [(NOW, "x")])
    assert "rejectedLogEventsInfo" not in put(service, (NOW, "y"))


def test_live_tail_is_refused_clearly(client: Callable[..., Any]) -> None:
    logs = client("logs", inject_host_prefix=False)
    with pytest.raises(ClientError, match="StartLiveTail is not part of the local engine"):
        logs.start_live_tail(logGroupIdentifiers=["arn:aws:logs:us-east-1:000000000000:log-group:g"])
