"""ListTrainingJobs: filters, order, pages, and the trap that pages are cut before they are filtered by status."""

from __future__ import annotations

import uuid
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from botocore.exceptions import ClientError

OTHER_IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/mine:1"


@pytest.fixture
def stem() -> str:
    """A part of its jobs' names that only this test uses."""
    return f"list{uuid.uuid4().hex[:8]}"


def failed(jobs: Any, stem: str, count: int) -> list[str]:
    """Jobs that failed at once, in the order of their creation; their names are in the opposite order."""
    names = []
    for number in range(count):
        request = jobs.request()
        request["TrainingJobName"] = f"{stem}-{9 - number}"
        request["AlgorithmSpecification"]["TrainingImage"] = OTHER_IMAGE
        names.append(jobs.ran(request)["TrainingJobName"])
    return names


def listed(jobs: Any, stem: str, **given: Any) -> list[str]:
    pages = jobs.sagemaker.get_paginator("list_training_jobs").paginate(NameContains=stem, **given)
    return [job["TrainingJobName"] for page in pages for job in page["TrainingJobSummaries"]]


def test_the_oldest_comes_first_unless_asked_otherwise(jobs: Any, stem: str) -> None:
    names = failed(jobs, stem, 3)
    assert listed(jobs, stem) == names
    assert listed(jobs, stem, SortOrder="Descending") == names[::-1]


def test_jobs_are_sorted_by_name(jobs: Any, stem: str) -> None:
    names = failed(jobs, stem, 3)
    assert listed(jobs, stem, SortBy="Name") == sorted(names)
    assert listed(jobs, stem, SortBy="Name", SortOrder="Descending") == sorted(names, reverse=True)


def test_jobs_are_sorted_by_status(jobs: Any, stem: str) -> None:
    names = failed(jobs, stem, 2)
    request = jobs.request()
    request["TrainingJobName"] = f"{stem}-5"
    completed = jobs.ran(request)["TrainingJobName"]
    assert listed(jobs, stem, SortBy="Status") == [completed, *sorted(names)]


@pytest.mark.parametrize("size", [1, 2, 3, 4])
@pytest.mark.parametrize("order", ["CreationTime", "Name", "Status"])
def test_pages_hold_every_job_once(jobs: Any, stem: str, size: int, order: str) -> None:
    names = failed(jobs, stem, 3)
    assert sorted(listed(jobs, stem, SortBy=order, PaginationConfig={"PageSize": size})) == sorted(names)


def test_a_page_has_ten_jobs_unless_asked_otherwise(jobs: Any, stem: str) -> None:
    for number in range(11):
        request = jobs.request()
        request["TrainingJobName"] = f"{stem}-{number}"
        request["AlgorithmSpecification"]["TrainingImage"] = OTHER_IMAGE
        jobs.create(request)
    page = jobs.sagemaker.list_training_jobs(NameContains=stem)
    assert len(page["TrainingJobSummaries"]) == 10
    rest = jobs.sagemaker.list_training_jobs(NameContains=stem, NextToken=page["NextToken"])
    assert [job["TrainingJobName"] for job in rest["TrainingJobSummaries"]] == [f"{stem}-10"]
    assert "NextToken" not in rest


def test_a_page_may_be_empty_and_go_on(jobs: Any, stem: str) -> None:
    failed(jobs, stem, 2)
    request = jobs.request()
    request["TrainingJobName"] = f"{stem}-last"
    completed = jobs.ran(request)["TrainingJobName"]
    page = jobs.sagemaker.list_training_jobs(NameContains=stem, StatusEquals="Completed", MaxResults=2)
    assert page["TrainingJobSummaries"] == []
    assert page["NextToken"]
    assert listed(jobs, stem, StatusEquals="Completed", PaginationConfig={"PageSize": 2}) == [completed]


def test_jobs_are_found_by_status(jobs: Any, stem: str) -> None:
    names = failed(jobs, stem, 1)
    assert listed(jobs, stem, StatusEquals="Failed") == names
    assert listed(jobs, stem, StatusEquals="InProgress") == []


def test_jobs_are_found_by_the_time_of_their_creation(jobs: Any, stem: str) -> None:
    names = failed(jobs, stem, 3)
    at = [jobs.describe(name)["CreationTime"] for name in names]
    assert all(one < other for one, other in pairwise(at))
    assert listed(jobs, stem, CreationTimeAfter=at[0]) == names[1:]
    assert listed(jobs, stem, CreationTimeBefore=at[2]) == names[:2]
    assert listed(jobs, stem, CreationTimeAfter=at[0], CreationTimeBefore=at[2]) == [names[1]]


def test_jobs_are_found_by_the_time_of_their_last_change(jobs: Any, stem: str) -> None:
    names = failed(jobs, stem, 2)
    jobs.sagemaker.add_tags(ResourceArn=jobs.describe(names[0])["TrainingJobArn"], Tags=[{"Key": "a", "Value": "b"}])
    changed = jobs.describe(names[0])["LastModifiedTime"]
    other = jobs.describe(names[1])["LastModifiedTime"]
    assert changed > other
    assert listed(jobs, stem, LastModifiedTimeAfter=other) == [names[0]]
    assert listed(jobs, stem, LastModifiedTimeBefore=changed) == [names[1]]
    assert listed(jobs, stem, LastModifiedTimeAfter=changed + timedelta(seconds=1)) == []


def test_no_job_has_a_warm_pool_or_a_plan(jobs: Any, stem: str) -> None:
    failed(jobs, stem, 1)
    plan = "arn:aws:sagemaker:us-east-1:000000000000:training-plan/mine"
    assert listed(jobs, stem, WarmPoolStatusEquals="Available") == []
    assert listed(jobs, stem, TrainingPlanArnEquals=plan) == []


def test_a_summary_tells_what_the_service_tells(jobs: Any, stem: str) -> None:
    (name,) = failed(jobs, stem, 1)
    (summary,) = jobs.sagemaker.list_training_jobs(NameContains=stem)["TrainingJobSummaries"]
    job = jobs.describe(name)
    for member in ("TrainingJobArn", "CreationTime", "LastModifiedTime", "TrainingJobStatus", "SecondaryStatus"):
        assert summary[member] == job[member]
    assert summary["TrainingEndTime"] == job["SecondaryStatusTransitions"][-1]["EndTime"]
    assert "ResourceConfig" not in summary


def test_a_job_that_runs_has_no_end_in_its_summary(jobs: Any, stem: str) -> None:
    request = jobs.request(epochs="1000000")
    request["TrainingJobName"] = stem
    jobs.create(request)
    (summary,) = jobs.sagemaker.list_training_jobs(NameContains=stem)["TrainingJobSummaries"]
    assert summary["TrainingJobStatus"] == "InProgress"
    assert "TrainingEndTime" not in summary


@pytest.mark.parametrize("token", ["rubbish", "W10=", "MQ==", "eyJhIjogMX0=", "WyJjcmVhdGVkIiwgZmFsc2UsIHt9LCAieCJd"])
def test_a_token_that_was_never_given(jobs: Any, token: str) -> None:
    with pytest.raises(ClientError, match=r"\(ValidationException\).*Invalid NextToken"):
        jobs.sagemaker.list_training_jobs(NextToken=token)


@pytest.mark.parametrize("other", [{"SortBy": "Name"}, {"SortOrder": "Descending"}])
def test_a_token_of_another_order(jobs: Any, stem: str, other: dict[str, str]) -> None:
    failed(jobs, stem, 2)
    token = jobs.sagemaker.list_training_jobs(NameContains=stem, MaxResults=1)["NextToken"]
    with pytest.raises(ClientError, match=r"\(ValidationException\).*Invalid NextToken"):
        jobs.sagemaker.list_training_jobs(NameContains=stem, NextToken=token, **other)


@pytest.mark.parametrize("given", [{"MaxResults": 101}, {"NameContains": "under_score"}, {"SortBy": "Colour"}])
def test_what_the_model_forbids(jobs: Any, given: dict[str, Any]) -> None:
    with pytest.raises(ClientError, match=r"\(ValidationException\).*failed to satisfy constraint"):
        jobs.sagemaker.list_training_jobs(**given)
