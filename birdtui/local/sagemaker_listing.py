"""ListTrainingJobs: filters, order, and pages that the service cuts before it filters them by status."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from birdtui.local.job_records import JobRecords
from birdtui.local.sagemaker_checks import invalid
from birdtui.local.sagemaker_describe import summary

DEFAULT_PAGE = 10
_SORT = {"Name": "name", "CreationTime": "created", "Status": "status"}
_TIMES = {
    "CreationTimeAfter": "created > ?",
    "CreationTimeBefore": "created < ?",
    "LastModifiedTimeAfter": "modified > ?",
    "LastModifiedTimeBefore": "modified < ?",
}
_UNHELD = ("WarmPoolStatusEquals", "TrainingPlanArnEquals")
"""No job here has a warm pool or a training plan, so nothing passes these filters."""


def list_jobs(records: JobRecords, given: Mapping[str, Any]) -> dict[str, Any]:
    """One page. With StatusEquals it may be empty and still have a token, as the service's may."""
    column = _SORT[given.get("SortBy", "CreationTime")]
    descending = given.get("SortOrder", "Ascending") == "Descending"
    limit = given.get("MaxResults", DEFAULT_PAGE)
    after = _place(given.get("NextToken"), column, descending)
    if any(given.get(name) for name in _UNHELD):
        return {"TrainingJobSummaries": []}
    rows = records.page(column, after, limit + 1, descending=descending, where=_conditions(given))
    shown, status = rows[:limit], given.get("StatusEquals")
    answer: dict[str, Any] = {
        "TrainingJobSummaries": [summary(dict(row)) for row in shown if status in (None, row["status"])]
    }
    if len(rows) > limit:
        answer["NextToken"] = _token(column, descending, shown[-1][column], shown[-1]["name"])
    return answer


def _conditions(given: Mapping[str, Any]) -> dict[str, Any]:
    conditions: dict[str, Any] = {
        condition: _seconds(given[name]) for name, condition in _TIMES.items() if given.get(name) is not None
    }
    if given.get("NameContains"):
        conditions["instr(name, ?) > 0"] = given["NameContains"]
    return conditions


def _seconds(moment: datetime) -> float:
    return moment.timestamp()


def _token(column: str, descending: bool, value: float | str, name: str) -> str:
    return base64.b64encode(json.dumps([column, descending, value, name]).encode()).decode()


def _place(token: str | None, column: str, descending: bool) -> tuple[float | str, str] | None:
    """Where a page starts: behind this value and name. Raises ValidationException for a token of another order."""
    if not token:
        return None
    try:
        found = json.loads(base64.b64decode(token, validate=True))
    except (binascii.Error, ValueError):
        raise invalid("Invalid NextToken.") from None
    match found:
        case [str(told), bool(backwards), float() | int() | str() as value, str(name)]:
            if (told, backwards) != (column, descending):
                raise invalid("Invalid NextToken: it belongs to a request with another SortBy or SortOrder.")
            return value, name
    raise invalid("Invalid NextToken.")
