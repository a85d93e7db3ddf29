"""The offline rules on jobs of any kind, each by the one member of the request that is wrong; and on any request."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from birdtui.spec.findings import Finding, Level
from birdtui.spec.job import JobSpec
from birdtui.spec.rules import check

IMAGE = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/mine:2"
BUILT_IN = "811284229777.dkr.ecr.us-east-1.amazonaws.com/image-classification:1"
ROLE = "arn:aws:iam::123456789012:role/service-role/AmazonSageMaker-ExecutionRole-20180926T219701"
E_, W, N = Level.ERROR, Level.WARNING, Level.NOTE
MODEL_CHECKS = {"unknown-member", "type", "enum", "pattern", "length", "range"}


def own_job(**members: Any) -> JobSpec:
    """A job with an image of the author's own: no algorithm's rules apply to it."""
    request = {
        "TrainingJobName": "own",
        "RoleArn": ROLE,
        "AlgorithmSpecification": {"TrainingImage": IMAGE, "TrainingInputMode": "File"},
        "OutputDataConfig": {"S3OutputPath": "s3://my-bucket/out/"},
        "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 10},
        "StoppingCondition": {"MaxRuntimeInSeconds": 3600},
    }
    return JobSpec({**request, **members}, unique_name=False).with_members()


def source(uri: str, **members: Any) -> dict[str, Any]:
    return {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": uri, **members}}


def channel(name: str, uri: str, **members: Any) -> dict[str, Any]:
    return {"ChannelName": name, "DataSource": source(uri), **members}


def found(spec: JobSpec, name: str) -> list[Finding]:
    return [finding for finding in check(spec) if finding.check == name]


def expect(spec: JobSpec, name: str, level: Level, field: str, remedy: str = "") -> None:
    """One finding of that check and level is at that field, and its remedy says so much."""
    matching = [one for one in found(spec, name) if (one.level, one.field) == (level, field)]
    assert matching, check(spec)
    assert remedy in matching[0].remedy
    assert matching[0].text


def test_a_job_with_an_image_of_its_own_has_no_fault() -> None:
    assert check(own_job()) == []


@pytest.mark.parametrize("role", ["auto", "MyRole", "service-role/AmazonSageMaker-ExecutionRole-1", ROLE])
def test_a_role_may_be_an_arn_a_name_or_auto(role: str) -> None:
    assert check(own_job(RoleArn=role)) == []


FS = {
    "FileSystemId": "fs-0123456789abcdef0",
    "FileSystemAccessMode": "ro",
    "FileSystemType": "FSxLustre",
    "DirectoryPath": "/fsx",
}
ON_SPOT = {
    "EnableManagedSpotTraining": True,
    "StoppingCondition": {"MaxRuntimeInSeconds": 60, "MaxWaitTimeInSeconds": 60},
}
GROUPS = [{"InstanceType": "ml.m5.large", "InstanceCount": 1, "InstanceGroupName": "g"}]
PREFERENCES = [{"InstanceType": "ml.m5.large"}]
BY_MEMBER: Sequence[tuple[dict[str, Any], str, Level, str]] = [
    ({"RoleArn": None}, "required", E_, "job.role"),
    ({"TrainingJobName": None}, "required", E_, "job.name"),
    ({"OutputDataConfig": None}, "required", E_, "output"),
    ({"ResourceConfig": None}, "required", E_, "resources"),
    ({"ResourceConfig": {"InstanceCount": 1}}, "required", E_, "resources.instance_type"),
    ({"AlgorithmSpecification": {"TrainingInputMode": "File"}}, "image-or-algorithm", E_, "algorithm.name"),
    ({"StoppingCondition": None}, "max-runtime", N, "limits.max_runtime"),
    (
        {"AlgorithmSpecification": {"TrainingInputMode": "File", "TrainingImage": IMAGE, "AlgorithmName": "x"}},
        "image-or-algorithm",
        E_,
        "algorithm.image",
    ),
    (
        {
            "AlgorithmSpecification": {
                "TrainingInputMode": "File",
                "TrainingImage": BUILT_IN.replace("us-east-1", "eu-west-1"),
            }
        },
        "image-registry",
        E_,
        "algorithm.image",
    ),
    (
        {"AlgorithmSpecification": {"TrainingInputMode": "File", "TrainingImage": "image-classification:1"}},
        "image-registry",
        W,
        "algorithm.image",
    ),
    (
        {"AlgorithmSpecification": {"TrainingInputMode": "File", "TrainingImage": "<account>.dkr.ecr.x/mine:1"}},
        "image-registry",
        E_,
        "algorithm.image",
    ),
    (
        {
            "AlgorithmSpecification": {
                "TrainingInputMode": "File",
                "TrainingImage": BUILT_IN,
                "MetricDefinitions": [{"Name": "a", "Regex": "a=(.*)"}],
            }
        },
        "metric-definitions",
        E_,
        "algorithm.metrics",
    ),
    (
        {
            "AlgorithmSpecification": {
                "TrainingInputMode": "File",
                "TrainingImage": IMAGE,
                "MetricDefinitions": [{"Name": "a", "Regex": "a=(.*"}],
            }
        },
        "metric-regex",
        W,
        "algorithm.metrics.a",
    ),
    ({"InputDataConfig": []}, "length", E_, "channels"),
    (
        {"InputDataConfig": [{"ChannelName": "fs", "DataSource": {"FileSystemDataSource": FS}}]},
        "file-system-network",
        E_,
        "network.subnets",
    ),
    ({"InputDataConfig": [{"ChannelName": "x", "DataSource": {}}]}, "channel-source", E_, "channels.x.DataSource"),
    ({"InputDataConfig": [channel("x", "s3://aaa/x/"), channel("x", "s3://aaa/y/")]}, "channel-name", E_, "channels.x"),
    (
        {"InputDataConfig": [channel("a", "s3://aaa/x/", InputModes="File")]},
        "unknown-member",
        E_,
        "channels.a.InputModes",
    ),
    ({"Environment": {"1x": "v"}}, "pattern", E_, "job.environment.1x"),
    ({"Tags": [{"Key": "a", "Value": "1"}, {"Key": "a", "Value": "2"}]}, "tags", E_, "job.tags.a"),
    ({"Tags": [{"Key": "a", "Value": "1"}, {"Key": "A", "Value": "2"}]}, "tags", E_, "job.tags.A"),
    ({"HyperParameters": {"k": "v" * 2501}}, "length", E_, "hyperparameters.k"),
    ({"HyperParameters": {"k": 5}}, "type", E_, "hyperparameters.k"),
    ({"VpcConfig": {"SecurityGroupIds": [], "Subnets": ["subnet-1"]}}, "length", E_, "network.security_groups"),
    ({"RetryStrategy": {"MaximumRetryAttempts": 31}}, "range", E_, "request.RetryStrategy.MaximumRetryAttempts"),
    ({"TrainingJobname": "x"}, "unknown-member", E_, "request.TrainingJobname"),
    (
        {"ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceGroups": GROUPS}},
        "instance-groups",
        E_,
        "resources.instance_type",
    ),
    (
        {"ResourceConfig": {"InstanceType": "ml.m5.large", "InstancePreferences": PREFERENCES}},
        "instance-preferences",
        E_,
        "resources.instance_type",
    ),
    (
        {"ResourceConfig": {"InstanceGroups": GROUPS, "InstancePreferences": PREFERENCES}},
        "instance-preferences",
        E_,
        "resources.InstancePreferences",
    ),
    (
        {"ResourceConfig": {"InstancePreferences": PREFERENCES}, **ON_SPOT},
        "instance-preferences",
        E_,
        "resources.InstancePreferences",
    ),
    (
        {
            "ResourceConfig": {"InstanceGroups": GROUPS},
            "InputDataConfig": [{"ChannelName": "a", "DataSource": source("s3://aaa/x/", InstanceGroupNames=["h"])}],
        },
        "instance-groups",
        E_,
        "channels.a.InstanceGroupNames",
    ),
    (
        {
            "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "KeepAlivePeriodInSeconds": 60},
            **ON_SPOT,
        },
        "keep-alive",
        W,
        "resources.keep_alive",
    ),
]


@pytest.mark.parametrize(("members", "name", "level", "field"), BY_MEMBER)
def test_a_slip_in_the_request_is_found(members: Mapping[str, Any], name: str, level: Level, field: str) -> None:
    expect(own_job(**members), name, level, field)


@pytest.mark.parametrize("uri", ["s3://birdtui-sample/train.lst", "s3://birdtui-sample/a/data.rec"])
def test_a_single_object_needs_no_slash(uri: str) -> None:
    assert not found(own_job(InputDataConfig=[channel("a", uri)]), "channel-trailing-slash")


def test_a_list_may_share_its_channels_folder() -> None:
    channels = [channel("train", "s3://aaa/train/"), channel("train_lst", "s3://aaa/train/train.lst")]

    assert not [one for one in check(own_job(InputDataConfig=channels)) if one.check.startswith("channel-nested")]


def test_channels_of_other_jobs_overlap_with_a_warning_only() -> None:
    channels = [channel("a", "s3://aaa/x/"), channel("b", "s3://aaa/x/y/")]

    expect(own_job(InputDataConfig=channels), "channel-nested", W, "channels.b.s3_uri")


def test_channels_in_several_buckets_are_a_note_for_other_jobs() -> None:
    channels = [channel("a", "s3://my-bucket/x/"), channel("b", "s3://elsewhere/y/")]

    expect(own_job(InputDataConfig=channels), "channel-bucket", N, "channels.b.s3_uri")


def test_a_model_from_another_bucket_is_fine() -> None:
    channels = [channel("a", "s3://my-bucket/x/"), channel("model", "s3://elsewhere/model.tar.gz")]

    assert not found(own_job(InputDataConfig=channels), "channel-bucket")


def test_a_serverless_job_needs_no_image_and_no_instances() -> None:
    spec = own_job(AlgorithmSpecification=None, ResourceConfig=None, StoppingCondition=None, ServerlessJobConfig={})

    assert not [one for one in found(spec, "required") if one.field == "resources"]
    assert not found(spec, "image-or-algorithm")


def test_rules_of_image_classification_follow_its_image() -> None:
    algorithm = {"TrainingImage": BUILT_IN, "TrainingInputMode": "File"}

    assert found(own_job(AlgorithmSpecification=algorithm), "hyperparameter-required")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=12) | st.sampled_from(["s3://b/x", "Pipe", "File"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "ChannelName",
                    "DataSource",
                    "S3DataSource",
                    "S3Uri",
                    "InstanceType",
                    "InstanceGroups",
                    "Key",
                    "Name",
                    "x",
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)
MEMBERS = st.sampled_from(
    [
        "TrainingJobName",
        "RoleArn",
        "AlgorithmSpecification",
        "InputDataConfig",
        "OutputDataConfig",
        "ResourceConfig",
        "StoppingCondition",
        "HyperParameters",
        "Tags",
        "VpcConfig",
        "CheckpointConfig",
        "Environment",
    ]
)


@given(st.dictionaries(MEMBERS, JSON, max_size=5), st.booleans(), st.none() | st.text(max_size=8))
def test_any_request_gets_findings_and_never_a_crash(
    request_: dict[str, Any], unique: bool, algorithm: str | None
) -> None:
    for finding in check(JobSpec(request_, algorithm, unique_name=unique)):
        assert finding.check
        assert finding.text


@settings(deadline=None, max_examples=100, suppress_health_check=[HealthCheck.too_slow])
@given(st.data(), st.sampled_from([None, BUILT_IN, IMAGE]))
def test_what_the_model_allows_gets_no_finding_of_the_model(
    legal_requests: st.SearchStrategy[dict[str, Any]], data: st.DataObject, image: str | None
) -> None:
    request = data.draw(legal_requests)
    if image:
        request["AlgorithmSpecification"] = {"TrainingInputMode": "File", "TrainingImage": image}

    assert MODEL_CHECKS.isdisjoint(one.check for one in check(JobSpec(request, unique_name=False)))
