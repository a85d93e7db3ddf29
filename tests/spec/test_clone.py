"""A described job back to a spec: what is kept, what is dropped and why, what is asked."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from birdtui.spec.clone import Dropped, clone, questions
from birdtui.spec.job import JobSpec

ROLE = "arn:aws:iam::000000000000:role/service-role/AmazonSageMaker-ExecutionRole-20180926T21970"
IMAGE = "811284229777.dkr.ecr.us-east-1.amazonaws.com/image-classification:1"
NOON = dt.datetime(2018, 10, 21, 12, tzinfo=dt.UTC)
KEPT: dict[str, Any] = {
    "TrainingJobName": "birds",
    "HyperParameters": {"epochs": "25", "num_classes": "4"},
    "AlgorithmSpecification": {
        "TrainingImage": IMAGE,
        "TrainingInputMode": "File",
        "EnableSageMakerMetricsTimeSeries": False,
    },
    "RoleArn": ROLE,
    "InputDataConfig": [
        {
            "ChannelName": "train",
            "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://birds/train/"}},
            "CompressionType": "None",
            "RecordWrapperType": "None",
        }
    ],
    "OutputDataConfig": {"S3OutputPath": "s3://birds/"},
    "ResourceConfig": {"InstanceType": "ml.p3.2xlarge", "InstanceCount": 1, "VolumeSizeInGB": 50},
    "StoppingCondition": {"MaxRuntimeInSeconds": 86400},
    "EnableNetworkIsolation": False,
    "EnableInterContainerTrafficEncryption": False,
    "EnableManagedSpotTraining": False,
}
OUTCOME: dict[str, Any] = {
    "TrainingJobArn": "arn:aws:sagemaker:us-east-1:000000000000:training-job/birds",
    "TrainingJobStatus": "Failed",
    "SecondaryStatus": "Failed",
    "FailureReason": "ClientError: …",
    "CreationTime": NOON,
    "SecondaryStatusTransitions": [{"Status": "Starting", "StartTime": NOON}],
    "BillableTimeInSeconds": 300,
    "ResponseMetadata": {"RequestId": "x"},
}


def cloned(**changes: Any) -> tuple[dict[str, Any], list[str]]:
    spec, dropped = clone(KEPT | OUTCOME | changes)
    return dict(spec.request), [one.path for one in dropped if one.notable]


def test_all_that_create_takes_is_kept_and_an_explicit_false_too() -> None:
    assert cloned() == (KEPT, [])


def test_a_clone_gets_a_name_of_its_own() -> None:
    spec, _ = clone(KEPT | {"TrainingJobName": "birds-20181021-161253-k3f"})
    assert (spec.name, spec.unique_name) == ("birds", True)


def test_what_says_how_the_job_went_is_dropped_without_a_word() -> None:
    _, dropped = clone(KEPT | OUTCOME)
    assert {one.path for one in dropped} == set(OUTCOME)
    assert not any(one.notable for one in dropped)


def test_members_that_no_model_knows_are_dropped_at_every_depth() -> None:
    request, dropped = cloned(
        DisableEFA=False,
        ResourceConfig=KEPT["ResourceConfig"] | {"Colour": "red"},
        InputDataConfig=[KEPT["InputDataConfig"][0] | {"Taste": "sweet"}],
    )
    assert request == KEPT
    assert sorted(dropped) == ["DisableEFA", "InputDataConfig.0.Taste", "ResourceConfig.Colour"]


def test_nulls_are_dropped_at_every_depth() -> None:
    request, _ = cloned(VpcConfig=None, ResourceConfig=KEPT["ResourceConfig"] | {"VolumeKmsKeyId": None})
    assert request == KEPT


@pytest.mark.parametrize(
    ("member", "value", "dropped"),
    [
        ("OutputDataConfig", {"S3OutputPath": "s3://birds/", "KmsKeyId": ""}, "OutputDataConfig.KmsKeyId"),
        (
            "ResourceConfig",
            KEPT["ResourceConfig"] | {"SelectedInstanceType": "ml.p3.2xlarge"},
            "ResourceConfig.SelectedInstanceType",
        ),
        (
            "ResourceConfig",
            KEPT["ResourceConfig"] | {"SelectedInstanceCount": 1},
            "ResourceConfig.SelectedInstanceCount",
        ),
        ("ResourceConfig", KEPT["ResourceConfig"] | {"VolumeKmsKeyId": ""}, "ResourceConfig.VolumeKmsKeyId"),
        (
            "StoppingCondition",
            {"MaxRuntimeInSeconds": 86400, "MaxWaitTimeInSeconds": 86400},
            "StoppingCondition.MaxWaitTimeInSeconds",
        ),
        (
            "AlgorithmSpecification",
            KEPT["AlgorithmSpecification"] | {"MetricDefinitions": [{"Name": "a", "Regex": "b"}]},
            "AlgorithmSpecification.MetricDefinitions",
        ),
    ],
)
def test_what_the_service_filled_in_and_would_refuse_is_dropped(member: str, value: object, dropped: str) -> None:
    assert cloned(**{member: value}) == (KEPT, [dropped])


def test_an_empty_list_of_inputs_is_dropped() -> None:
    request, dropped = cloned(InputDataConfig=[])
    assert "InputDataConfig" not in request
    assert dropped == ["InputDataConfig"]


def test_zero_volumes_are_dropped() -> None:
    rule = {"RuleConfigurationName": "r", "RuleEvaluatorImage": "i", "VolumeSizeInGB": 0}
    request, dropped = cloned(
        ProfilerRuleConfigurations=[rule], ResourceConfig=KEPT["ResourceConfig"] | {"VolumeSizeInGB": 0}
    )
    assert request["ProfilerRuleConfigurations"] == [{"RuleConfigurationName": "r", "RuleEvaluatorImage": "i"}]
    assert "VolumeSizeInGB" not in request["ResourceConfig"]
    assert sorted(dropped) == ["ProfilerRuleConfigurations.0.VolumeSizeInGB", "ResourceConfig.VolumeSizeInGB"]


def test_an_own_image_keeps_its_metric_definitions() -> None:
    metrics = [{"Name": "a", "Regex": "b"}]
    own = {
        "TrainingImage": "000000000000.dkr.ecr.us-east-1.amazonaws.com/image-classification:1",
        "TrainingInputMode": "File",
    }
    request, _ = cloned(AlgorithmSpecification=own | {"MetricDefinitions": metrics})
    assert request["AlgorithmSpecification"]["MetricDefinitions"] == metrics


def test_a_marketplace_algorithm_keeps_its_name_alone() -> None:
    both = {
        "AlgorithmName": "arn:aws:sagemaker:us-east-1:000000000000:algorithm/a",
        "TrainingImage": IMAGE,
        "TrainingInputMode": "File",
    }
    request, dropped = cloned(AlgorithmSpecification=both)
    assert "TrainingImage" not in request["AlgorithmSpecification"]
    assert dropped == ["AlgorithmSpecification.TrainingImage"]


def test_a_spot_job_keeps_its_longest_wait() -> None:
    wait = {"MaxRuntimeInSeconds": 60, "MaxWaitTimeInSeconds": 90}
    request, dropped = cloned(EnableManagedSpotTraining=True, StoppingCondition=wait)
    assert (request["StoppingCondition"], dropped) == (wait, [])


def test_tags_come_along_but_for_the_services_own() -> None:
    tags = [{"Key": "owner", "Value": "me"}, {"Key": "aws:cloudformation:stack-name", "Value": "s"}]
    spec, dropped = clone(KEPT, tags)
    assert spec.request["Tags"] == tags[:1]
    assert dropped == [
        Dropped("Tags.aws:cloudformation:stack-name", "the service sets tags that begin with aws: itself")
    ]


def test_the_description_itself_is_left_alone() -> None:
    description = KEPT | {"OutputDataConfig": {"S3OutputPath": "s3://birds/", "KmsKeyId": ""}}
    clone(description)
    assert description["OutputDataConfig"]["KmsKeyId"] == ""


@pytest.mark.parametrize(
    ("member", "value", "field"),
    [
        ("CheckpointConfig", {"S3Uri": "s3://birds/c/"}, "checkpoints.s3_uri"),
        ("ExperimentConfig", {"TrialName": "t"}, "request.ExperimentConfig"),
        ("HyperParameters", {"_tuning_objective_metric": "a"}, "hyperparameters._tuning_objective_metric"),
        ("HyperParameters", {"sagemaker_job_name": "a"}, "hyperparameters.sagemaker_job_name"),
        (
            "ProfilerRuleConfigurations",
            [{"RuleConfigurationName": "ProfilerReport-1600000000", "RuleEvaluatorImage": "i"}],
            "request.ProfilerRuleConfigurations.0",
        ),
    ],
)
def test_what_only_the_author_can_decide_is_kept_and_asked(member: str, value: object, field: str) -> None:
    spec, _ = clone(KEPT | {member: value})
    assert spec.request[member] == value
    assert [asked.field for asked in questions(spec)] == [field]


def test_nothing_is_asked_of_a_plain_job() -> None:
    assert questions(JobSpec(KEPT)) == []


@settings(deadline=None, max_examples=60)
@given(st.data())
def test_cloning_adds_nothing(legal_requests: st.SearchStrategy[dict[str, Any]], data: st.DataObject) -> None:
    request = data.draw(legal_requests)
    spec, _ = clone(request | OUTCOME)
    assert set(spec.request) <= set(request)
