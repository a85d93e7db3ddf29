"""What CreateTrainingJob refuses: with SageMaker's codes and words, and without leaving a job behind."""

from __future__ import annotations

import copy
import json
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

P3 = "ml.p3.2xlarge for training job usage"
TRUST = {
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"}]
}


@pytest.fixture
def refused(jobs: Any, client: Callable[..., Any]) -> Callable[[dict[str, Any]], tuple[str, str]]:
    """Creates what must be refused, past the client's own checks; gives code and message."""
    sagemaker = client("sagemaker", parameter_validation=False)

    def create(request: dict[str, Any]) -> tuple[str, str]:
        with pytest.raises(ClientError) as caught:
            sagemaker.create_training_job(**request)
        error = caught.value.response["Error"]
        return error["Code"], error["Message"]

    return create


@pytest.fixture
def make_role(client: Callable[..., Any]) -> Callable[..., str]:
    """Makes a role that may do these things; gives its ARN."""
    iam = client("iam")

    def make(*statements: dict[str, Any], trust: dict[str, Any] = TRUST) -> str:
        name = f"role-{uuid.uuid4().hex[:8]}"
        role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17"} | trust))
        if statements:
            document = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
            iam.put_role_policy(RoleName=name, PolicyName="its-own", PolicyDocument=document)
        return str(role["Role"]["Arn"])

    return make


def changed(request: dict[str, Any], change: dict[str, Any]) -> dict[str, Any]:
    """A request with some members replaced: dicts are merged, None takes a member away."""
    merged = copy.deepcopy(request)
    for name, value in change.items():
        if value is None:
            merged.pop(name, None)
        elif isinstance(value, dict) and isinstance(merged.get(name), dict):
            merged[name] = changed(merged[name], value)
        else:
            merged[name] = value
    return merged


GROUPS = [{"InstanceType": "ml.p3.2xlarge", "InstanceCount": 1, "InstanceGroupName": "g"}]
FILES = {"FileSystemId": "fs-12345678901", "FileSystemAccessMode": "ro", "FileSystemType": "EFS", "DirectoryPath": "/d"}
MEMBERS = {
    "a name with an underscore": ({"TrainingJobName": "bird_job"}, "at 'trainingJobName' failed to satisfy constraint"),
    "no algorithm": ({"AlgorithmSpecification": None}, "Value null at 'algorithmSpecification'"),
    "no instances": ({"ResourceConfig": None}, "Value null at 'resourceConfig'"),
    "no instance type": ({"ResourceConfig": {"InstanceType": None}}, "Value null at 'resourceConfig.instanceType'"),
    "an unknown instance type": ({"ResourceConfig": {"InstanceType": "ml.p3.3xlarge"}}, "enum value set"),
    "no instance at all": ({"ResourceConfig": {"InstanceCount": 0}}, "greater than or equal to 1"),
    "two ways to name instances": ({"ResourceConfig": {"InstanceGroups": GROUPS}}, "mutually exclusive"),
    "no stopping condition": ({"StoppingCondition": None}, "Value null at 'stoppingCondition'"),
    "image and algorithm": ({"AlgorithmSpecification": {"AlgorithmName": "mine"}}, "either TrainingImage or"),
    "neither image nor algorithm": ({"AlgorithmSpecification": {"TrainingImage": None}}, "either TrainingImage or"),
    "metrics of a built-in algorithm": (
        {"AlgorithmSpecification": {"MetricDefinitions": [{"Name": "a", "Regex": "a=(.*)"}]}},
        "You can't override the metric definitions for Amazon SageMaker algorithms. Please retry the request without "
        "specifying metric definitions.",
    ),
    "an image of another region": (
        {
            "AlgorithmSpecification": {
                "TrainingImage": "685385470294.dkr.ecr.eu-west-1.amazonaws.com/image-classification:1"
            }
        },
        "'us-east-1.amazonaws.com'",
    ),
    "another region's account": (
        {
            "AlgorithmSpecification": {
                "TrainingImage": "685385470294.dkr.ecr.us-east-1.amazonaws.com/image-classification:1"
            }
        },
        "Cannot find repository: image-classification in registry ID: 685385470294",
    ),
    "a run of more than 28 days": ({"StoppingCondition": {"MaxRuntimeInSeconds": 2_419_201}}, "2419200"),
    "a wait without spot": (
        {"StoppingCondition": {"MaxWaitTimeInSeconds": 3600}},
        "Invalid MaxWaitTimeInSeconds. It is only supported when EnableManagedSpotTraining is set to true",
    ),
    "spot without a wait": ({"EnableManagedSpotTraining": True}, "MaxWaitTimeInSeconds"),
    "a wait shorter than the run": (
        {"EnableManagedSpotTraining": True, "StoppingCondition": {"MaxWaitTimeInSeconds": 60}},
        "Invalid MaxWaitTimeInSeconds",
    ),
    "an empty list of channels": ({"InputDataConfig": []}, "at 'inputDataConfig' failed to satisfy constraint"),
    "a key for a disk that has its own": (
        {"ResourceConfig": {"InstanceType": "ml.g5.xlarge", "VolumeKmsKeyId": "alias/mine"}},
        "VolumeKmsKeyId is not supported",
    ),
    "a system tag": ({"Tags": [{"Key": "aws:mine", "Value": "x"}]}, "System tags cannot be added"),
    "a tag twice": ({"Tags": [{"Key": "a", "Value": "1"}, {"Key": "A", "Value": "2"}]}, "Duplicate tag keys"),
    "an output that is not S3": ({"OutputDataConfig": {"S3OutputPath": "https://example.com/x"}}, "Invalid S3 URI"),
    "a file system without a VPC": (
        {"InputDataConfig": [{"ChannelName": "train", "DataSource": {"FileSystemDataSource": FILES}}]},
        "VpcConfig is required",
    ),
}


@pytest.mark.parametrize(("change", "words"), MEMBERS.values(), ids=MEMBERS)
def test_members_that_do_not_go_together(jobs: Any, refused: Any, change: dict[str, Any], words: str) -> None:
    code, message = refused(changed(jobs.request(), change))
    assert code == "ValidationException"
    assert words in message


def test_what_is_refused_leaves_no_job(jobs: Any, refused: Any) -> None:
    request = changed(jobs.request(), {"StoppingCondition": {"MaxWaitTimeInSeconds": 3600}})
    refused(request)
    with pytest.raises(ClientError, match=r"Requested resource not found\."):
        jobs.describe(request["TrainingJobName"])


def test_a_channel_twice(jobs: Any, refused: Any) -> None:
    request = jobs.request()
    request["InputDataConfig"] *= 2
    code, message = refused(request)
    assert code == "ValidationException"
    assert "must be unique" in message


def test_a_name_that_was_used(jobs: Any, refused: Any) -> None:
    request = jobs.request()
    jobs.create(request)
    code, message = refused(request)
    assert code == "ResourceInUse"
    assert (
        f"already exists (arn:aws:sagemaker:us-east-1:000000000000:training-job/{request['TrainingJobName']})"
        in message
    )


def test_a_name_is_refused_before_what_the_job_uses(jobs: Any, refused: Any) -> None:
    request = jobs.request()
    jobs.create(request)
    assert refused(changed(request, {"RoleArn": "arn:aws:iam::000000000000:role/nobody"}))[0] == "ResourceInUse"


# data

NO_OBJECTS = (
    'No S3 objects found under S3 URL "{uri}" given in input data source. Please ensure that the bucket exists in the '
    'selected region (us-east-1), that objects exist under that S3 prefix, and that the role "{role}" has '
    '"s3:ListBucket" permissions on bucket "{bucket}".'
)


@pytest.mark.parametrize(
    "uri",
    [
        "s3://no-such-bucket-anywhere/train/",
        "s3://tiny-pictures/nothing/",
        "https://s3.amazonaws.com/tiny-pictures/no/",
    ],
)
def test_a_place_without_objects(jobs: Any, refused: Any, uri: str) -> None:
    request = jobs.request()
    request["InputDataConfig"][0] = jobs.channel("train", uri)
    bucket = uri.split("/")[-3]
    assert refused(request) == ("ValidationException", NO_OBJECTS.format(uri=uri, role=jobs.role, bucket=bucket))


def test_a_bucket_of_another_region(jobs: Any, refused: Any) -> None:
    bucket = f"far-{uuid.uuid4().hex[:8]}"
    jobs.s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    jobs.s3.put_object(Bucket=bucket, Key="train/t.rec", Body=b"there")
    request = jobs.request()
    request["InputDataConfig"][0] = jobs.channel("train", f"s3://{bucket}/train/")
    assert NO_OBJECTS.format(uri=f"s3://{bucket}/train/", role=jobs.role, bucket=bucket) in refused(request)[1]


def test_a_role_that_may_not_list_the_bucket(jobs: Any, refused: Any, make_role: Any) -> None:
    role = make_role({"Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject"], "Resource": "*"})
    uri = "s3://tiny-pictures/train/"
    told = refused(jobs.request() | {"RoleArn": role})
    assert told == ("ValidationException", NO_OBJECTS.format(uri=uri, role=role, bucket="tiny-pictures"))


# roles

NO_ROLE = (
    "Could not assume role {}. Please ensure that the role exists and allows principal 'sagemaker.amazonaws.com' to "
    "assume the role."
)


def test_a_role_that_does_not_exist(jobs: Any, refused: Any) -> None:
    role = "arn:aws:iam::000000000000:role/nobody"
    assert refused(jobs.request() | {"RoleArn": role}) == ("ValidationException", NO_ROLE.format(role))


def test_a_role_without_its_path(jobs: Any, refused: Any) -> None:
    role = jobs.role.replace("/service-role/", "/")
    assert refused(jobs.request() | {"RoleArn": role}) == ("ValidationException", NO_ROLE.format(role))


def test_a_role_that_trusts_another_service(jobs: Any, refused: Any, make_role: Any) -> None:
    statement = TRUST["Statement"][0] | {"Principal": {"Service": "ec2.amazonaws.com"}}
    role = make_role(trust={"Statement": [statement]})
    assert refused(jobs.request() | {"RoleArn": role}) == ("ValidationException", NO_ROLE.format(role))


# quotas


@pytest.fixture
def few(jobs: Any, client: Callable[..., Any]) -> Iterator[Callable[[str, float], None]]:
    """Sets a quota of the shared engine by its name, and back at the end."""
    quotas = client("service-quotas")
    before: dict[str, float] = {}

    def ask(code: str, value: float) -> None:
        quotas.request_service_quota_increase(ServiceCode="sagemaker", QuotaCode=code, DesiredValue=value)

    def change(name: str, value: float) -> None:
        pages = quotas.get_paginator("list_service_quotas").paginate(ServiceCode="sagemaker")
        found = next(one for page in pages for one in page["Quotas"] if one["QuotaName"] == name)
        before.setdefault(found["QuotaCode"], found["Value"])
        ask(found["QuotaCode"], value)

    yield change
    for code, value in before.items():
        ask(code, value)


def limit(name: str, value: int, asked: int, unit: str = "Instances", used: int = 0) -> str:
    return (
        f"The account-level service limit '{name}' is {value} {unit}, with current utilization of {used} {unit} and a "
        f"request delta of {asked} {unit}."
    )


def test_a_quota_of_none(jobs: Any, refused: Any, few: Any) -> None:
    few(P3, 0)
    code, message = refused(jobs.request())
    assert code == "ResourceLimitExceeded"
    assert message.startswith(limit(P3, 0, 1))


def test_spot_instances_have_a_quota_of_their_own(jobs: Any, refused: Any, few: Any) -> None:
    few("ml.p3.2xlarge for spot training job usage", 0)
    spot = {"EnableManagedSpotTraining": True, "StoppingCondition": {"MaxWaitTimeInSeconds": 3600}}
    code, message = refused(changed(jobs.request(), spot))
    assert code == "ResourceLimitExceeded"
    assert message.startswith(limit("ml.p3.2xlarge for spot training job usage", 0, 1))


def test_jobs_that_run_count(jobs: Any, refused: Any, few: Any) -> None:
    kind = "ml.p3.8xlarge"
    few(f"{kind} for training job usage", 2)
    request = changed(jobs.request(epochs="1000000"), {"ResourceConfig": {"InstanceType": kind}})
    name = jobs.create(request)
    message = refused(changed(jobs.request(), {"ResourceConfig": {"InstanceType": kind, "InstanceCount": 2}}))[1]
    jobs.stop(name)
    assert message.startswith(limit(f"{kind} for training job usage", 2, 2, used=1))
    jobs.ended(name)
    jobs.ended(jobs.create(changed(jobs.request(), {"ResourceConfig": {"InstanceType": kind, "InstanceCount": 2}})))


def test_the_longest_run_is_a_quota(jobs: Any, refused: Any, few: Any) -> None:
    few("Longest run time for a training job", 600)
    code, message = refused(jobs.request())
    assert code == "ResourceLimitExceeded"
    assert message.startswith(limit("Longest run time for a training job", 600, 3600, "Seconds"))


def test_all_instances_together_are_a_quota(jobs: Any, refused: Any, few: Any) -> None:
    few("Number of instances across training jobs", 1)
    code, message = refused(changed(jobs.request(), {"ResourceConfig": {"InstanceCount": 2}}))
    assert code == "ResourceLimitExceeded"
    assert "'Number of instances across training jobs' is 1 Instances" in message


def test_the_settings_file_sets_a_quota(
    jobs: Any, refused: Any, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "its-config"
    config.mkdir()
    (config / "settings.toml").write_text('[local.quotas]\n"ml.p3.2xlarge" = 0\n')
    monkeypatch.setenv("BIRDTUI_CONFIG_DIR", str(config))
    assert refused(jobs.request())[0] == "ResourceLimitExceeded"
