"""Quotas by name, and what runs against them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from birdtui.aws import quotas
from birdtui.aws.errors import AwsProblem
from birdtui.aws.quotas import in_use, limits, quota_name, wanted
from birdtui.aws.side_by_side import all_of
from birdtui.aws.training_jobs import TrainingJobs
from birdtui.local.engine_files import Engine
from tests.aws.conftest import Calls, service, session_at, session_on


def quota(name: str, value: float) -> dict[str, Any]:
    return {"QuotaName": name, "QuotaCode": "L-1", "Value": value}


def test_the_names_are_service_quotas_own() -> None:
    assert quota_name("ml.p3.2xlarge", spot=False) == "ml.p3.2xlarge for training job usage"
    assert quota_name("ml.p3.2xlarge", spot=True) == "ml.p3.2xlarge for spot training job usage"


def test_the_engines_quotas_are_found_on_whichever_page(engine: Engine) -> None:
    names = [quota_name("ml.g4dn.12xlarge", spot=spot) for spot in (False, True)]
    assert limits(session_on(engine), [*names, "no such quota"]) == dict.fromkeys(names, 8.0)


def test_an_applied_value_wins_and_a_default_fills_the_gap() -> None:
    pages: Calls = {
        "ListServiceQuotas": lambda _: {"Quotas": [quota("a", 5)]},
        "ListAWSDefaultServiceQuotas": lambda _: {"Quotas": [quota("a", 1), quota("b", 2)]},
    }
    with service(pages) as url:
        assert limits(session_at(url), ["a", "b", "c"]) == {"a": 5, "b": 2}


def test_pages_are_followed_until_all_is_found() -> None:
    asked: list[str | None] = []

    def page(body: Mapping[str, Any]) -> Mapping[str, Any]:
        asked.append(body.get("NextToken"))
        number = int(body.get("NextToken") or 0)
        return {"Quotas": [quota(f"q{number}", number)], "NextToken": str(number + 1)}

    with service({"ListServiceQuotas": page}) as url:
        assert limits(session_at(url), ["q2"]) == {"q2": 2}
    assert asked == [None, "1", "2"]


def test_a_default_is_not_taken_where_the_applied_list_is_denied() -> None:
    defaults: Calls = {"ListAWSDefaultServiceQuotas": lambda _: {"Quotas": [quota("a", 0)]}}
    with service(defaults) as url, pytest.raises(AwsProblem, match="ListServiceQuotas"):
        limits(session_at(url), ["a"])


CONFIGS = [
    ({"InstanceType": "a", "InstanceCount": 3}, {"a": 3}),
    ({"InstanceType": "a"}, {"a": 1}),
    (
        {"InstanceGroups": [{"InstanceType": "a", "InstanceCount": 2}, {"InstanceType": "a", "InstanceCount": 1}]},
        {"a": 3},
    ),
    ({"InstancePreferences": [{"InstanceType": "a"}, {"InstanceType": "b"}], "InstanceCount": 2}, {"a": 2, "b": 2}),
    ({"InstancePreferences": [{"InstanceType": "a", "InstanceCount": 4}]}, {"a": 4}),
    (
        {
            "InstancePreferences": [{"InstanceType": "a"}, {"InstanceType": "b"}],
            "InstanceCount": 2,
            "SelectedInstanceType": "b",
            "SelectedInstanceCount": 2,
        },
        {"b": 2},
    ),
    ({}, {}),
]


@pytest.mark.parametrize(("config", "expected"), CONFIGS)
def test_instances_that_a_config_asks_for(config: Mapping[str, Any], expected: Mapping[str, int]) -> None:
    assert wanted(config) == expected


def jobs_of(configs: Mapping[str, Mapping[str, Any]]) -> Calls:
    rest = {"TrainingJobArn": "arn", "CreationTime": 1.0, "TrainingJobStatus": "InProgress"}
    return {
        "ListTrainingJobs": lambda _: {"TrainingJobSummaries": [{"TrainingJobName": name, **rest} for name in configs]},
        "DescribeTrainingJob": lambda body: {"TrainingJobName": "x", **configs[body["TrainingJobName"]]},
    }


def test_running_jobs_are_added_up_by_type_and_by_spot() -> None:
    one = {"ResourceConfig": {"InstanceType": "ml.p3.2xlarge", "InstanceCount": 2, "VolumeSizeInGB": 1}}
    with service(jobs_of({"a": one, "b": one, "c": one | {"EnableManagedSpotTraining": True}})) as url:
        usage = in_use(TrainingJobs(session_at(url)))
    assert (usage.of("ml.p3.2xlarge", spot=False), usage.of("ml.p3.2xlarge", spot=True)) == (4, 2)
    assert (usage.total, usage.complete, usage.of("ml.g5.xlarge", spot=False)) == (6, True, 0)


def test_more_jobs_than_are_looked_at_are_said_to_be_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quotas, "MOST_DESCRIBED", 2)
    one = {"ResourceConfig": {"InstanceType": "ml.p3.2xlarge", "InstanceCount": 1, "VolumeSizeInGB": 1}}
    with service(jobs_of(dict.fromkeys("abc", one))) as url:
        usage = in_use(TrainingJobs(session_at(url)))
    assert (usage.total, usage.complete) == (2, False)


def test_calls_side_by_side_keep_their_order() -> None:
    assert all_of([lambda number=number: number for number in range(50)]) == list(range(50))  # type: ignore[misc]


def test_a_call_that_fails_is_raised() -> None:
    def fail() -> int:
        raise ValueError("second")

    with pytest.raises(ValueError, match="second"):
        all_of([lambda: 1, fail])
