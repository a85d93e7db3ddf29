"""Jobs that were taken and fail: when, with which FailureReason, and what the log says."""

from __future__ import annotations

import json
import os
import re
import signal
import uuid
from collections.abc import Callable
from typing import Any

import pytest

TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}


def phases(job: dict[str, Any]) -> list[str]:
    return [one["Status"] for one in job["SecondaryStatusTransitions"]]


@pytest.fixture
def role_with(client: Callable[..., Any]) -> Callable[..., str]:
    """Makes a role that may do these S3 actions everywhere; gives its ARN."""
    iam = client("iam")

    def make(*actions: str) -> str:
        name = f"role-{uuid.uuid4().hex[:8]}"
        statement = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
        document = {"Version": "2012-10-17", "Statement": [statement]}
        role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST))
        iam.put_role_policy(RoleName=name, PolicyName="its-own", PolicyDocument=json.dumps(document))
        return str(role["Role"]["Arn"])

    return make


def test_a_fault_that_the_container_finds_is_the_reason_and_stands_in_the_log(jobs: Any) -> None:
    job = jobs.ran(num_epochs="3")
    assert (job["TrainingJobStatus"], job["SecondaryStatus"]) == ("Failed", "Failed")
    start = "Additional hyperparameters are not allowed ('num_epochs' was unexpected)"
    assert job["FailureReason"].startswith(f"ClientError: {start}")
    assert any(
        re.search(rf"ERROR \d+\] Customer Error: {re.escape(start)}", line)
        for line in jobs.lines(job["TrainingJobName"])
    )


def test_a_failure_in_the_algorithm_passes_uploading(jobs: Any) -> None:
    job = jobs.ran(num_epochs="3")
    assert phases(job) == ["Starting", "Downloading", "Training", "Uploading", "Failed"]
    assert job["SecondaryStatusTransitions"][-1]["StatusMessage"] == "Training job failed"
    assert job["TrainingEndTime"] >= job["TrainingStartTime"]
    assert "ModelArtifacts" not in job
    assert not jobs.keys(job["TrainingJobName"])


def test_a_long_reason_is_cut_and_whole_in_the_log(jobs: Any) -> None:
    job = jobs.ran(**{f"wrong_{number}": "x" for number in range(60)})
    assert len(job["FailureReason"]) == 1024
    assert len("".join(jobs.lines(job["TrainingJobName"]))) > 1024


@pytest.mark.parametrize(
    ("hyperparameters", "words"),
    [
        ({"learning_rate": "1"}, "learning_rate"),
        ({"mini_batch_size": "9"}, "must be bigger or equal to the mini_batch_size"),
        ({"num_classes": "1"}, "num_classes is 1"),
    ],
)
def test_values_that_do_not_fit(jobs: Any, hyperparameters: dict[str, str], words: str) -> None:
    job = jobs.ran(**hyperparameters)
    assert job["FailureReason"].startswith("ClientError: ")
    assert words in job["FailureReason"]


def test_a_bucket_root_as_a_channel_finds_too_many_records(jobs: Any) -> None:
    bucket = f"birds-{uuid.uuid4().hex[:8]}"
    jobs.s3.create_bucket(Bucket=bucket)
    for name in ("train", "validation"):
        source = {"Bucket": "tiny-pictures", "Key": f"{name}/{name[0]}.rec"}
        jobs.s3.copy_object(Bucket=bucket, Key=f"{name}/{name[0]}.rec", CopySource=source)
    request = jobs.request()
    request["InputDataConfig"][0] = jobs.channel("train", f"s3://{bucket}")
    assert "Multiple RecordIO files found in the train channel" in jobs.ran(request)["FailureReason"]


def test_records_that_are_none(jobs: Any) -> None:
    jobs.s3.put_object(Bucket="tiny-pictures", Key="rubbish/t.rec", Body=b"not a record at all")
    request = jobs.request()
    request["InputDataConfig"][0] = jobs.channel("train", "s3://tiny-pictures/rubbish/")
    job = jobs.ran(request)
    assert job["FailureReason"].startswith("ClientError: Invalid RecordIO format.")


def test_a_missing_channel(jobs: Any) -> None:
    request = jobs.request()
    del request["InputDataConfig"][1]
    assert "validation channel" in jobs.ran(request)["FailureReason"]


# before the algorithm


def test_a_role_that_may_not_read_fails_the_download(jobs: Any, role_with: Callable[..., str]) -> None:
    role = role_with("s3:ListBucket", "s3:PutObject")
    job = jobs.ran(jobs.request() | {"RoleArn": role})
    assert job["FailureReason"].startswith("ClientError: Data download failed:")
    assert "403" in job["FailureReason"]
    assert "s3://tiny-pictures/train/t.rec" in job["FailureReason"]
    assert phases(job) == ["Starting", "Downloading", "Failed"]
    assert not jobs.streams(job["TrainingJobName"])


def test_a_role_that_may_not_write_fails_after_training(jobs: Any, role_with: Callable[..., str]) -> None:
    role = role_with("s3:ListBucket", "s3:GetObject")
    job = jobs.ran(jobs.request() | {"RoleArn": role})
    assert job["FailureReason"].startswith("ClientError: Artifact upload failed:")
    assert phases(job) == ["Starting", "Downloading", "Training", "Uploading", "Failed"]
    assert "ModelArtifacts" not in job


def test_an_output_bucket_that_does_not_exist(jobs: Any) -> None:
    request = jobs.request()
    request["OutputDataConfig"] = {"S3OutputPath": "s3://no-such-bucket-anywhere/"}
    assert jobs.ran(request)["FailureReason"].startswith("ClientError: Artifact upload failed:")


@pytest.mark.parametrize(
    "image",
    [
        "123456789012.dkr.ecr.us-east-1.amazonaws.com/image-classification:1",
        "811284229777.dkr.ecr.us-east-1.amazonaws.com/object-detection:1",
        "public.ecr.aws/somebody/trainer:latest",
    ],
)
def test_another_algorithm_is_not_run(jobs: Any, image: str) -> None:
    request = jobs.request()
    request["AlgorithmSpecification"]["TrainingImage"] = image
    job = jobs.ran(request)
    assert "runs the built-in image-classification algorithm only" in job["FailureReason"]
    assert image in job["FailureReason"]
    assert phases(job) == ["Starting", "Failed"]
    assert not {"TrainingStartTime", "TrainingEndTime", "BillableTimeInSeconds"} & set(job)
    assert not jobs.streams(job["TrainingJobName"])


def test_own_images_keep_their_metric_definitions(jobs: Any) -> None:
    request = jobs.request()
    metrics = [{"Name": "loss", "Regex": "loss=(.*)"}]
    request["AlgorithmSpecification"] = {
        "TrainingImage": "123456789012.dkr.ecr.us-east-1.amazonaws.com/mine:1",
        "TrainingInputMode": "File",
        "MetricDefinitions": metrics,
    }
    assert jobs.ran(request)["AlgorithmSpecification"]["MetricDefinitions"] == metrics


def test_a_manifest_that_cannot_be_read(jobs: Any) -> None:
    jobs.s3.put_object(Bucket="tiny-pictures", Key="lists/broken.manifest", Body=b"{")
    request = jobs.request()
    request["InputDataConfig"][0] = jobs.channel(
        "train", "s3://tiny-pictures/lists/broken.manifest", S3DataType="ManifestFile"
    )
    assert "Unable to parse manifest" in jobs.ran(request)["FailureReason"]


def test_a_container_that_is_killed(jobs: Any, containers: Callable[[str], list[int]]) -> None:
    name = jobs.create(epochs="1000000")
    jobs.said(name, "Validation-accuracy")
    (process,) = containers(name)
    os.kill(process, signal.SIGKILL)
    assert jobs.ended(name)["FailureReason"] == "AlgorithmError: , exit code: 137"


def test_one_instance_that_fails_ends_the_others(jobs: Any, containers: Callable[[str], list[int]]) -> None:
    request = jobs.request(epochs="1000000")
    request["ResourceConfig"]["InstanceCount"] = 2
    name = jobs.create(request)
    for host in ("algo-1", "algo-2"):
        jobs.said(name, "Validation-accuracy", host)
    os.kill(containers(name)[1], signal.SIGKILL)
    assert jobs.ended(name)["TrainingJobStatus"] == "Failed"
    assert containers(name) == []
