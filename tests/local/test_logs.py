"""CloudWatch Logs as its clients meet it: pages, tokens, late events, refusals."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from birdtui.local.logs import SCHEMA, LogsService
from birdtui.local.service import Request, ServiceError
from birdtui.local.store import Store

GROUP, STREAM = "/aws/sagemaker/TrainingJobs", "birds/algo-1-1700000000"
NOW = time.time_ns() // 1_000_000


@pytest.fixture
def service(tmp_path: Path) -> Any:
    store = Store(tmp_path, [SCHEMA])
    yield LogsService(store)
    store.close()


def call(service: LogsService, operation: str, **given: Any) -> Any:
    return service.operations[operation](Request(operation, given))


def get(service: LogsService, **given: Any) -> Any:
    return call(service, "GetLogEvents", logGroupName=GROUP, logStreamName=STREAM, **given)


def texts(answer: Any) -> list[str]:
    return [event["message"] for event in answer["events"]]


def fill(service: LogsService, count: int, stream: str = STREAM, start: int = NOW) -> None:
    service.append(GROUP, stream, [(start + number, f"line {number}") for number in range(count)])


def test_a_group_that_nothing_wrote_to_does_not_exist(service: LogsService) -> None:
    with pytest.raises(ServiceError, match="The specified log group does not exist"):
        get(service)


def test_a_stream_that_nothing_wrote_to_does_not_exist(service: LogsService) -> None:
    fill(service, 1, "other")
    with pytest.raises(ServiceError, match="The specified log stream does not exist"):
        get(service)


def test_without_a_token_the_newest_page_comes(service: LogsService) -> None:
    fill(service, 5)
    assert texts(get(service, limit=2)) == ["line 3", "line 4"]


def test_from_the_head_the_oldest_page_comes(service: LogsService) -> None:
    fill(service, 5)
    assert texts(get(service, limit=2, startFromHead=True)) == ["line 0", "line 1"]


def test_the_end_is_the_token_that_was_sent(service: LogsService) -> None:
    fill(service, 3)
    first = get(service, startFromHead=True)
    second = get(service, startFromHead=True, nextToken=first["nextForwardToken"])
    assert (texts(second), second["nextForwardToken"]) == ([], first["nextForwardToken"])


def test_the_backward_token_leads_to_older_events(service: LogsService) -> None:
    fill(service, 5)
    newest = get(service, limit=2)
    assert texts(get(service, limit=2, nextToken=newest["nextBackwardToken"])) == ["line 1", "line 2"]


def test_an_event_that_comes_late_is_told_once(service: LogsService) -> None:
    fill(service, 3)
    token = get(service, startFromHead=True)["nextForwardToken"]
    service.append(GROUP, STREAM, [(NOW - 1000, "late")])
    page = get(service, startFromHead=True, nextToken=token)
    again = get(service, startFromHead=True, nextToken=page["nextForwardToken"])
    assert (texts(page), texts(again)) == (["late"], [])


def test_the_start_time_counts_and_the_end_time_does_not(service: LogsService) -> None:
    fill(service, 5)
    assert texts(get(service, startTime=NOW + 1, endTime=NOW + 3, startFromHead=True)) == ["line 1", "line 2"]


def test_times_hold_in_a_stream_out_of_order_too(service: LogsService) -> None:
    fill(service, 3)
    service.append(GROUP, STREAM, [(NOW - 5, "late")])
    assert texts(get(service, startTime=NOW - 9, endTime=NOW + 1, startFromHead=True)) == ["late", "line 0"]


def test_a_page_holds_at_most_a_megabyte(service: LogsService) -> None:
    service.append(GROUP, STREAM, [(NOW + number, "x" * 200_000) for number in range(8)])
    assert len(get(service, startFromHead=True)["events"]) == 5


def test_a_page_holds_at_most_ten_thousand_events(service: LogsService) -> None:
    fill(service, 10_001)
    assert len(get(service, startFromHead=True)["events"]) == 10_000


def test_a_made_up_token_is_refused(service: LogsService) -> None:
    fill(service, 1)
    with pytest.raises(ServiceError, match="nextToken"):
        get(service, nextToken="made up")


def filtered(service: LogsService, **given: Any) -> Any:
    return call(service, "FilterLogEvents", logGroupName=GROUP, **given)


def test_filtering_merges_streams_by_time(service: LogsService) -> None:
    fill(service, 2, "birds/algo-1-1", NOW)
    service.append(GROUP, "birds/algo-2-1", [(NOW, "other 0"), (NOW + 1, "other 1")])
    assert texts(filtered(service)) == ["line 0", "other 0", "line 1", "other 1"]


def test_the_end_time_counts_when_filtering(service: LogsService) -> None:
    fill(service, 3)
    assert texts(filtered(service, endTime=NOW + 1)) == ["line 0", "line 1"]


def test_filtering_newest_first(service: LogsService) -> None:
    fill(service, 3)
    assert texts(filtered(service, startFromHead=False, limit=2)) == ["line 2", "line 1"]


def test_an_empty_page_may_lead_on(service: LogsService) -> None:
    fill(service, 10_001)
    first = filtered(service, filterPattern='"line 10000"')
    assert texts(first) == []
    assert texts(filtered(service, filterPattern='"line 10000"', nextToken=first["nextToken"])) == ["line 10000"]


def test_names_and_a_prefix_exclude_each_other(service: LogsService) -> None:
    fill(service, 1)
    with pytest.raises(ServiceError) as caught:
        filtered(service, logStreamNames=[STREAM], logStreamNamePrefix="birds")
    assert caught.value.code == "InvalidParameterException"


def test_a_prefix_cannot_be_ordered_by_time(service: LogsService) -> None:
    fill(service, 1)
    with pytest.raises(ServiceError) as caught:
        call(service, "DescribeLogStreams", logGroupName=GROUP, logStreamNamePrefix="b", orderBy="LastEventTime")
    assert caught.value.code == "InvalidParameterException"


def test_streams_come_in_pages(service: LogsService) -> None:
    for name in "cab":
        fill(service, 1, name)
    first = call(service, "DescribeLogStreams", logGroupName=GROUP, limit=2)
    second = call(service, "DescribeLogStreams", logGroupName=GROUP, limit=2, nextToken=first["nextToken"])
    names = [stream["logStreamName"] for page in (first, second) for stream in page["logStreams"]]
    assert (names, "nextToken" in second) == (["a", "b", "c"], False)


def test_a_batch_out_of_order_is_refused(service: LogsService) -> None:
    fill(service, 1)
    events = [{"timestamp": NOW, "message": "a"}, {"timestamp": NOW - 1, "message": "b"}]
    with pytest.raises(ServiceError, match="chronological"):
        call(service, "PutLogEvents", logGroupName=GROUP, logStreamName=STREAM, logEvents=events)


def test_events_too_old_or_too_new_are_left_out_and_told(service: LogsService) -> None:
    fill(service, 1)
    events = [{"timestamp": NOW - 15 * 86_400_000, "message": "old"}]
    answer = call(service, "PutLogEvents", logGroupName=GROUP, logStreamName=STREAM, logEvents=events)
    assert answer["rejectedLogEventsInfo"] == {"tooOldLogEventEndIndex": 1}


steps = st.lists(
    st.one_of(st.tuples(st.just("put"), st.lists(st.integers(-5, 5), min_size=1, max_size=6)), st.just(("read", []))),
    max_size=12,
)


@settings(max_examples=40, deadline=None)
@given(steps, st.integers(1, 4))
def test_following_tells_every_event_exactly_once(tmp_path_factory: Any, steps: Any, limit: int) -> None:
    store = Store(tmp_path_factory.mktemp("logs"), [SCHEMA])
    service = LogsService(store)
    service.append(GROUP, STREAM, [(NOW, "first")])
    written, told, token = ["first"], [], None
    for what, offsets in [*steps, *[("read", [])] * 80]:
        if what == "put":
            batch = [(NOW + offset, f"{len(written) + number}") for number, offset in enumerate(sorted(offsets))]
            service.append(GROUP, STREAM, batch)
            written += [text for _, text in batch]
        else:
            page = get(service, startFromHead=True, limit=limit, **({"nextToken": token} if token else {}))
            told += texts(page)
            token = page["nextForwardToken"]
    store.close()
    assert sorted(told) == sorted(written)
