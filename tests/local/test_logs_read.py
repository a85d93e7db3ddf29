"""GetLogEvents: the order of events, the size of pages, and what a token promises."""

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

GROUP, STREAM = "/aws/sagemaker/TrainingJobs", "birds/algo-1-1700000000"
NOW = time.time_ns() // 1_000_000


@pytest.fixture
def service(tmp_path: Path) -> Iterator[LogsService]:
    store = Store(tmp_path, [SCHEMA])
    yield LogsService(store)
    store.close()


def get(service: LogsService, **given: Any) -> Any:
    parameters = {"logGroupName": GROUP, "logStreamName": STREAM, **given}
    return service.operations["GetLogEvents"](Request("GetLogEvents", parameters))


def texts(page: Any) -> list[str]:
    return [event["message"] for event in page["events"]]


def fill(service: LogsService, count: int) -> None:
    service.append(GROUP, STREAM, [(NOW + number, f"line {number}") for number in range(count)])


def follow(service: LogsService, token: str | None = None, **given: Any) -> tuple[list[str], str]:
    """What is told from a token on until it comes back, and that token."""
    told: list[str] = []
    while True:
        page = get(service, startFromHead=True, **given, **({"nextToken": token} if token else {}))
        told += texts(page)
        sent, token = token, str(page["nextForwardToken"])
        if token == sent:
            return told, token


def go_back(service: LogsService, **given: Any) -> tuple[list[str], str]:
    """All that is told from the end back, in the order of time, and the forward token of the first page."""
    page = get(service, **given)
    told, forward = texts(page), str(page["nextForwardToken"])
    while True:
        token = page["nextBackwardToken"]
        page = get(service, **given, nextToken=token)
        told = texts(page) + told
        if page["nextBackwardToken"] == token:
            return told, forward


def test_without_a_token_the_newest_page_comes(service: LogsService) -> None:
    fill(service, 5)
    assert texts(get(service, limit=2)) == ["line 3", "line 4"]


def test_from_the_head_the_oldest_page_comes(service: LogsService) -> None:
    fill(service, 5)
    assert texts(get(service, limit=2, startFromHead=True)) == ["line 0", "line 1"]


def test_events_come_by_time_however_they_arrived(service: LogsService) -> None:
    for offset in (3, 1, 2, 0):
        service.append(GROUP, STREAM, [(NOW + offset, f"line {offset}")])
    in_order = [f"line {number}" for number in range(4)]
    assert (follow(service, limit=1)[0], go_back(service, limit=1)[0]) == (in_order, in_order)


def test_events_of_one_time_come_as_they_arrived(service: LogsService) -> None:
    for number in range(6):
        service.append(GROUP, STREAM, [(NOW, f"line {number}")])
    assert follow(service, limit=4)[0] == [f"line {number}" for number in range(6)]


def test_the_end_is_the_token_that_was_sent(service: LogsService) -> None:
    fill(service, 3)
    first = get(service, startFromHead=True, limit=3)
    second = get(service, startFromHead=True, nextToken=first["nextForwardToken"])
    assert (texts(second), second["nextForwardToken"]) == ([], first["nextForwardToken"])


def test_the_newest_page_ends_at_the_end(service: LogsService) -> None:
    fill(service, 3)
    token = get(service, limit=2)["nextForwardToken"]
    assert get(service, startFromHead=True, nextToken=token)["nextForwardToken"] == token


def test_an_empty_stream_has_tokens_that_lead_to_what_comes(service: LogsService) -> None:
    fill(service, 1)
    delete = Request("DeleteLogStream", {"logGroupName": GROUP, "logStreamName": STREAM})
    service.operations["DeleteLogStream"](delete)
    service.operations["CreateLogStream"](delete)
    page = get(service, startFromHead=True)
    newest = get(service)
    service.append(GROUP, STREAM, [(NOW, "first")])
    for token in (page["nextForwardToken"], newest["nextForwardToken"]):
        assert follow(service, token)[0] == ["first"]


def test_a_backward_token_leads_to_older_events(service: LogsService) -> None:
    fill(service, 5)
    newest = get(service, limit=2)
    assert texts(get(service, limit=2, nextToken=newest["nextBackwardToken"])) == ["line 1", "line 2"]


def test_one_may_turn_round_on_the_way(service: LogsService) -> None:
    fill(service, 6)
    ahead = get(service, limit=4, startFromHead=True)
    back = get(service, limit=2, nextToken=get(service, limit=2)["nextBackwardToken"])
    assert texts(get(service, nextToken=ahead["nextBackwardToken"])) == []
    assert texts(get(service, limit=1, startFromHead=True, nextToken=back["nextForwardToken"])) == ["line 4"]


def test_an_event_that_comes_late_is_told_once(service: LogsService) -> None:
    fill(service, 3)
    _, token = follow(service)
    service.append(GROUP, STREAM, [(NOW - 1000, "late")])
    told, token = follow(service, token)
    assert (told, follow(service, token)[0]) == (["late"], [])


def test_what_comes_while_history_is_read_waits_for_its_turn(service: LogsService) -> None:
    fill(service, 4)
    page = get(service, startFromHead=True, limit=2)
    service.append(GROUP, STREAM, [(NOW - 1000, "late"), (NOW + 1, "between")])
    told, _ = follow(service, page["nextForwardToken"], limit=1)
    assert told == ["line 2", "line 3", "late", "between"]


def test_history_behind_the_newest_page_is_not_told_by_what_comes(service: LogsService) -> None:
    fill(service, 5)
    told, token = go_back(service, limit=2)
    service.append(GROUP, STREAM, [(NOW + 2, "late"), (NOW + 9, "new")])
    assert (told, follow(service, token)[0]) == ([f"line {number}" for number in range(5)], ["late", "new"])


def test_many_late_events_are_told_by_time_too(service: LogsService) -> None:
    fill(service, 3)
    _, token = follow(service)
    late = [(NOW - 30_000 + number, f"{number}") for number in range(10_050)]
    service.append(GROUP, STREAM, late[1::2] + late[::2])
    assert follow(service, token)[0] == [text for _, text in late]


def test_the_start_time_counts_and_the_end_time_does_not(service: LogsService) -> None:
    fill(service, 5)
    times: dict[str, Any] = {"startTime": NOW + 1, "endTime": NOW + 3}
    assert (follow(service, **times)[0], go_back(service, **times)[0]) == (["line 1", "line 2"],) * 2


@pytest.mark.parametrize(("more", "pages"), [("", [4, 4]), ("x", [3, 3])])
def test_a_page_holds_a_megabyte_with_26_bytes_more_for_each_event(
    service: LogsService, more: str, pages: list[int]
) -> None:
    # four events of 262,118 bytes and 26 each are a megabyte, to the byte
    service.append(GROUP, STREAM, [(NOW + number, "ä" * 131_059 + more) for number in range(8)])
    first = get(service, startFromHead=True)
    second = get(service, startFromHead=True, nextToken=first["nextForwardToken"])
    assert [len(page["events"]) for page in (first, second)] == pages


def test_an_event_that_fills_a_page_is_a_page(service: LogsService) -> None:
    service.append(GROUP, STREAM, [(NOW, "a"), (NOW + 1, "x" * 1_048_576), (NOW + 2, "b")])
    assert [len(text) for text in follow(service)[0]] == [1, 1_048_576, 1]


def test_a_page_holds_at_most_ten_thousand_events(service: LogsService) -> None:
    fill(service, 10_001)
    assert len(get(service, startFromHead=True)["events"]) == 10_000


@pytest.mark.parametrize("token", ["made up", "f/12/s", "f/" + "9" * 56 + "/s", "x/" + "0" * 56 + "/s", ""])
def test_a_made_up_token_is_refused(service: LogsService, token: str) -> None:
    fill(service, 1)
    with pytest.raises(ServiceError, match="The specified nextToken is invalid"):
        get(service, nextToken=token)


def test_a_token_is_not_of_the_stream_that_was_made_anew(service: LogsService) -> None:
    fill(service, 5)
    _, token = follow(service)
    delete = Request("DeleteLogStream", {"logGroupName": GROUP, "logStreamName": STREAM})
    service.operations["DeleteLogStream"](delete)
    fill(service, 2)
    with pytest.raises(ServiceError, match="nextToken"):
        get(service, startFromHead=True, nextToken=token)


offsets = st.lists(st.integers(-5, 5), min_size=1, max_size=6)
steps = st.lists(st.one_of(st.tuples(st.just("put"), offsets), st.tuples(st.just("read"), st.just([0]))), max_size=12)


@settings(max_examples=60, deadline=None)
@given(steps, st.integers(1, 4), st.booleans())
def test_every_event_is_told_exactly_once(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, list[int]]], limit: int, backward_first: bool
) -> None:
    store = Store(tmp_path_factory.mktemp("logs"), [SCHEMA])
    service = LogsService(store)
    service.append(GROUP, STREAM, [(NOW, "0"), (NOW - 1, "1"), (NOW, "2")])
    written = 3
    told, token = go_back(service, limit=limit) if backward_first else ([], None)
    for what, numbers in steps:
        if what == "put":
            service.append(GROUP, STREAM, [(NOW + each, str(written + at)) for at, each in enumerate(numbers)])
            written += len(numbers)
        else:
            page = get(service, startFromHead=True, limit=limit, **({"nextToken": token} if token else {}))
            told += texts(page)
            token = page["nextForwardToken"]
    told += follow(service, token, limit=limit)[0]
    whole = go_back(service, limit=limit)[0]
    again = follow(service, limit=limit)[0]
    store.close()
    assert sorted(told, key=int) == [str(number) for number in range(written)]
    assert whole == again
    assert sorted(whole, key=int) == [str(number) for number in range(written)]
