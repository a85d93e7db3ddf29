"""FilterLogEvents: streams merged by time, pages that may be empty, what it refuses."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from birdtui.local.logs import SCHEMA, LogsService
from birdtui.local.service import Request, ServiceError
from birdtui.local.store import Store

GROUP = "/aws/sagemaker/TrainingJobs"
NOW = time.time_ns() // 1_000_000


@pytest.fixture
def service(tmp_path: Path) -> Iterator[LogsService]:
    store = Store(tmp_path, [SCHEMA])
    yield LogsService(store)
    store.close()


def search(service: LogsService, **given: Any) -> Any:
    return service.operations["FilterLogEvents"](Request("FilterLogEvents", {"logGroupName": GROUP, **given}))


def texts(page: Any) -> list[str]:
    return [event["message"] for event in page["events"]]


def all_of(service: LogsService, **given: Any) -> list[str]:
    """What all pages tell."""
    told: list[str] = []
    while True:
        page = search(service, **given)
        told += texts(page)
        if "nextToken" not in page:
            return told
        given["nextToken"] = page["nextToken"]


def two_hosts(service: LogsService) -> None:
    for host in (1, 2):
        service.append(GROUP, f"birds/algo-{host}-1", [(NOW + number, f"{host}: {number}") for number in range(3)])


def refusal(service: LogsService, **given: Any) -> str:
    with pytest.raises(ServiceError) as caught:
        search(service, **given)
    return caught.value.code


def test_streams_are_merged_by_time(service: LogsService) -> None:
    two_hosts(service)
    assert texts(search(service)) == ["1: 0", "2: 0", "1: 1", "2: 1", "1: 2", "2: 2"]


def test_the_newest_come_first_where_that_is_asked_for(service: LogsService) -> None:
    two_hosts(service)
    assert all_of(service, startFromHead=False, limit=4) == ["2: 2", "1: 2", "2: 1", "1: 1", "2: 0", "1: 0"]


def test_an_event_names_its_stream_and_an_id_of_its_own(service: LogsService) -> None:
    two_hosts(service)
    events = search(service)["events"]
    assert [event["logStreamName"] for event in events[:2]] == ["birds/algo-1-1", "birds/algo-2-1"]
    assert len({event["eventId"] for event in events}) == 6


def test_both_times_count(service: LogsService) -> None:
    two_hosts(service)
    assert texts(search(service, startTime=NOW + 1, endTime=NOW + 1)) == ["1: 1", "2: 1"]


def test_streams_are_chosen_by_name_or_by_prefix(service: LogsService) -> None:
    two_hosts(service)
    assert texts(search(service, logStreamNames=["birds/algo-2-1"], limit=1)) == ["2: 0"]
    assert len(texts(search(service, logStreamNamePrefix="birds/"))) == 6
    assert texts(search(service, logStreamNamePrefix="other/")) == []


def test_names_and_a_prefix_exclude_each_other(service: LogsService) -> None:
    two_hosts(service)
    given = {"logStreamNames": ["birds/algo-1-1"], "logStreamNamePrefix": "birds"}
    assert refusal(service, **given) == "InvalidParameterException"


def test_a_stream_that_does_not_exist_is_told(service: LogsService) -> None:
    two_hosts(service)
    assert refusal(service, logStreamNames=["never"]) == "ResourceNotFoundException"


def test_a_page_without_a_match_may_lead_on(service: LogsService) -> None:
    service.append(GROUP, "one", [(NOW + number, f"line {number}") for number in range(10_001)])
    first = search(service, filterPattern='"line 10000"')
    assert texts(first) == []
    second = search(service, filterPattern='"line 10000"', nextToken=first["nextToken"])
    assert (texts(second), "nextToken" in second) == (["line 10000"], False)


def test_a_page_that_is_just_full_is_the_last(service: LogsService) -> None:
    two_hosts(service)
    assert "nextToken" not in search(service, limit=6)


def test_a_page_holds_at_most_a_megabyte(service: LogsService) -> None:
    service.append(GROUP, "one", [(NOW + number, "x" * 300_000) for number in range(5)])
    assert [len(search(service)["events"]), len(all_of(service))] == [3, 5]


def test_the_streams_searched_are_never_told(service: LogsService) -> None:
    two_hosts(service)
    assert search(service)["searchedLogStreams"] == []


@pytest.mark.parametrize("token", ["made up", "v1/1/2", "v1/-1/0/0", ""])
def test_a_made_up_token_is_refused(service: LogsService, token: str) -> None:
    two_hosts(service)
    assert refusal(service, nextToken=token) == "InvalidParameterException"


logs_of_streams = st.lists(st.lists(st.integers(0, 6), max_size=8), min_size=1, max_size=4)


@settings(max_examples=60, deadline=None)
@given(logs_of_streams, st.integers(1, 5), st.booleans())
def test_pages_tell_every_event_once_and_in_order(
    tmp_path_factory: pytest.TempPathFactory, times: list[list[int]], limit: int, newest_first: bool
) -> None:
    store = Store(tmp_path_factory.mktemp("logs"), [SCHEMA])
    service = LogsService(store)
    service.append(GROUP, "first", [(NOW, "0 first")])
    expected = ["0 first"]
    for stream, offsets in enumerate(times):
        events = [(NOW + offset, f"{offset} {stream}-{number}") for number, offset in enumerate(offsets)]
        service.append(GROUP, f"s{stream}", events)
        expected += [text for _, text in events]
    told = all_of(service, limit=limit, startFromHead=not newest_first)
    store.close()
    assert sorted(told) == sorted(expected)
    assert [text[0] for text in told] == sorted((text[0] for text in told), reverse=newest_first)
