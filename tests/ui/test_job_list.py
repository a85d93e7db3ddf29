"""The list of jobs: pages taken in, filtered, ordered."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from birdtui.ui.job_list import JobList, SortBy, Summary

NOW = datetime(2021, 3, 4, 12, tzinfo=UTC)


def job(name: str, minutes_ago: int, status: str = "Completed", took: int = 5) -> dict[str, Any]:
    created = NOW - timedelta(minutes=minutes_ago)
    found: dict[str, Any] = {
        "TrainingJobName": name,
        "TrainingJobStatus": status,
        "CreationTime": created,
        "LastModifiedTime": created,
    }
    return found | ({} if status == "InProgress" else {"TrainingEndTime": created + timedelta(minutes=took)})


def listed(*jobs: Summary, token: str | None = None) -> JobList:
    found = JobList()
    found.newest(jobs, token)
    return found


def order(found: JobList, words: str = "", sort: SortBy = SortBy.CREATED, *, reverse: bool = False) -> Sequence[str]:
    return list(found.order(words, sort, reverse=reverse, now=NOW))


BIRDS = (job("wren", 1, took=9), job("robin", 3, "Failed", took=2), job("owl", 2, "InProgress"))


def test_the_newest_comes_first() -> None:
    assert order(listed(*BIRDS)) == ["wren", "owl", "robin"]


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        (SortBy.NAME, ["owl", "robin", "wren"]),
        (SortBy.STATUS, ["wren", "robin", "owl"]),
        (SortBy.DURATION, ["wren", "owl", "robin"]),
    ],
)
def test_each_column_has_its_order(sort: SortBy, expected: list[str]) -> None:
    assert order(listed(*BIRDS), sort=sort) == expected


def test_the_best_accuracy_comes_first_and_unknown_ones_last() -> None:
    found = listed(*BIRDS)
    for name, value in (("robin", 0.5), ("wren", 0.25)):
        metrics = [{"MetricName": "validation:accuracy", "Value": value}]
        found.describe({"TrainingJobName": name, "FinalMetricDataList": metrics})
    assert order(found, sort=SortBy.ACCURACY) == ["robin", "wren", "owl"]


def test_every_word_of_a_filter_stands_in_name_or_status() -> None:
    found = listed(*BIRDS)
    assert order(found, "R") == ["wren", "owl", "robin"]
    assert order(found, "r failed") == ["robin"]
    assert order(found, "w completed") == ["wren"]


def test_the_order_is_made_once_while_nothing_changes() -> None:
    found = listed(BIRDS[0], BIRDS[1])
    first = found.order("", SortBy.NAME, reverse=False, now=NOW)
    found.newest(BIRDS[:2], None)
    assert found.order("", SortBy.NAME, reverse=False, now=NOW) is first


def test_a_page_of_older_jobs_joins_those_that_are_there() -> None:
    found = listed(BIRDS[0], token="older")
    found.older(BIRDS[1:], None)
    assert (order(found), found.next_token) == (["wren", "owl", "robin"], None)


def test_a_job_that_was_deleted_leaves_and_older_pages_stay() -> None:
    found = listed(BIRDS[0], BIRDS[2], token="older")
    found.older([BIRDS[1]], None)
    found.newest([job("finch", 0), BIRDS[2]], "older")
    assert order(found) == ["finch", "owl", "robin"]


def test_an_account_that_was_emptied_lists_nothing() -> None:
    found = listed(*BIRDS)
    found.newest((), None)
    assert (order(found), found.has_running) == ([], False)


def test_a_job_that_ended_is_told_once() -> None:
    found = listed(*BIRDS)
    assert found.has_running
    over = job("owl", 2)
    assert found.newest([BIRDS[0], over, BIRDS[1]], None) == ["owl"]
    assert found.newest([BIRDS[0], over, BIRDS[1]], None) == []
    assert not found.has_running
