"""What a run brings to its containers, keeps of their log, and brings back: channels, streams, artifacts."""

from __future__ import annotations

import io
import json
import re
import tarfile
from datetime import timedelta
from typing import Any

import pytest

BUCKET = "tiny-pictures"


@pytest.fixture
def folder(jobs: Any, request: pytest.FixtureRequest) -> str:
    """A prefix of the bucket that only this test uses, with a good .rec file under train/."""
    prefix = re.sub(r"\W", "-", request.node.name) + "/"
    copied(jobs, "train/t.rec", f"{prefix}train/t.rec")
    return prefix


def copied(jobs: Any, key: str, target: str) -> None:
    jobs.s3.copy_object(Bucket=BUCKET, Key=target, CopySource=f"{BUCKET}/{key}")


def members(jobs: Any, uri: str) -> list[str]:
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    body = jobs.s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    with tarfile.open(fileobj=io.BytesIO(body)) as archive:
        return archive.getnames()


# the log


def test_the_stream_bears_job_host_and_the_second_of_its_first_line(jobs: Any) -> None:
    job = jobs.ran()
    (stream,) = jobs.streams(job["TrainingJobName"])
    found = re.fullmatch(rf"{job['TrainingJobName']}/algo-1-(\d{{10}})", stream)
    assert found
    events = jobs.logs.get_log_events(logGroupName="/aws/sagemaker/TrainingJobs", logStreamName=stream)["events"]
    assert events[0]["timestamp"] // 1000 == int(found[1])


def test_every_line_lies_between_the_training_and_the_end(jobs: Any) -> None:
    job = jobs.ran()
    (stream,) = jobs.streams(job["TrainingJobName"])
    events = jobs.logs.get_log_events(logGroupName="/aws/sagemaker/TrainingJobs", logStreamName=stream)["events"]
    times = [event["timestamp"] / 1000 for event in events]
    assert times == sorted(times)
    training = job["SecondaryStatusTransitions"][2]
    margin = timedelta(milliseconds=2)
    assert (training["StartTime"] - margin).timestamp() <= times[0]
    assert times[-1] <= (training["EndTime"] + margin).timestamp()


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"CheckpointConfig": {"S3Uri": "s3://tiny-pictures/checkpoints/"}}, "CheckpointConfig is not used"),
        ({"Environment": {"LD_PRELOAD": "x"}}, "Environment is not used"),
        ({"EnableNetworkIsolation": True}, "EnableNetworkIsolation is not used"),
        (
            {
                "EnableManagedSpotTraining": True,
                "StoppingCondition": {"MaxRuntimeInSeconds": 60, "MaxWaitTimeInSeconds": 60},
            },
            "EnableManagedSpotTraining: the local engine never interrupts a job",
        ),
    ],
)
def test_what_the_engine_does_not_do_is_told_in_the_log(jobs: Any, change: dict[str, Any], line: str) -> None:
    job = jobs.ran(jobs.request(epochs="1") | change)
    assert job["TrainingJobStatus"] == "Completed"
    assert [found for found in jobs.lines(job["TrainingJobName"]) if found.startswith(line)]


def test_nothing_is_told_of_what_was_not_asked_for(jobs: Any) -> None:
    request = jobs.request(epochs="1") | {"EnableNetworkIsolation": False}
    name = jobs.ran(request)["TrainingJobName"]
    assert not [line for line in jobs.lines(name) if "local engine" in line and "Images are resized" not in line]


# several instances


def test_a_replicated_channel_gives_each_instance_all_of_it(jobs: Any, folder: str) -> None:
    copied(jobs, "train/t.rec", f"{folder}train/u.rec")
    request = jobs.request(epochs="1")
    request["ResourceConfig"]["InstanceCount"] = 2
    request["InputDataConfig"][0] = jobs.channel("train", f"s3://{BUCKET}/{folder}train/")
    job = jobs.ran(request)
    assert "Multiple RecordIO files found in the train channel" in job["FailureReason"]
    for host in ("algo-1", "algo-2"):
        assert any("Multiple RecordIO files" in line for line in jobs.lines(job["TrainingJobName"], host))


def test_groups_count_as_instances_and_a_channel_may_be_for_one_of_them(jobs: Any) -> None:
    request = jobs.request(epochs="1")
    group = {"InstanceType": "ml.p3.2xlarge", "InstanceCount": 1}
    request["ResourceConfig"] = {
        "InstanceGroups": [group | {"InstanceGroupName": "a"}, group | {"InstanceGroupName": "b"}],
        "VolumeSizeInGB": 1,
    }
    request["InputDataConfig"][0] = jobs.channel("train", InstanceGroupNames=["a"])
    job = jobs.ran(request)
    assert job["FailureReason"].startswith("ClientError: The train channel is required")
    assert not any("channel is required" in line for line in jobs.lines(job["TrainingJobName"], "algo-1"))
    assert any("channel is required" in line for line in jobs.lines(job["TrainingJobName"], "algo-2"))


def test_the_first_preferred_type_is_selected(jobs: Any) -> None:
    request = jobs.request(epochs="1")
    preferences = [{"InstanceType": "ml.g5.xlarge"}, {"InstanceType": "ml.p3.2xlarge"}]
    request["ResourceConfig"] = {"InstancePreferences": preferences, "InstanceCount": 1, "VolumeSizeInGB": 1}
    config = jobs.ran(request)["ResourceConfig"]
    assert (config["SelectedInstanceType"], config["SelectedInstanceCount"]) == ("ml.g5.xlarge", 1)


# channels


@pytest.mark.parametrize(
    "uri",
    [
        f"s3://{BUCKET}/train/t.rec",
        f"s3://{BUCKET}/train/t",
        f"https://s3.us-east-1.amazonaws.com/{BUCKET}/train/",
        f"https://{BUCKET}.s3.amazonaws.com/train/",
    ],
)
def test_a_channel_may_be_an_object_the_start_of_a_name_or_a_url(jobs: Any, uri: str) -> None:
    request = jobs.request(epochs="1")
    request["InputDataConfig"][0] = jobs.channel("train", uri)
    assert jobs.ran(request)["TrainingJobStatus"] == "Completed"


def test_training_leaves_the_stored_objects_as_they_are(jobs: Any, folder: str) -> None:
    # two keys that lie at the same path: the second must not be written over the first one's bytes
    other = b"other bytes"
    jobs.s3.put_object(Bucket=BUCKET, Key=f"{folder}train//t.rec", Body=other)
    before = jobs.s3.get_object(Bucket=BUCKET, Key=f"{folder}train/t.rec")["Body"].read()
    request = jobs.request(epochs="1")
    request["InputDataConfig"][0] = jobs.channel("train", f"s3://{BUCKET}/{folder}train/")
    job = jobs.ran(request)
    assert "previously downloaded file/folder clashes" in job["FailureReason"]
    assert jobs.s3.get_object(Bucket=BUCKET, Key=f"{folder}train/t.rec")["Body"].read() == before
    assert jobs.s3.get_object(Bucket=BUCKET, Key=f"{folder}train//t.rec")["Body"].read() == other


VPC = {"SecurityGroupIds": ["sg-1"], "Subnets": ["subnet-1"]}
FILES = {"FileSystemId": "fs-12345678901", "FileSystemAccessMode": "ro", "FileSystemType": "EFS", "DirectoryPath": "/d"}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"DataSource": {"FileSystemDataSource": FILES}}, "brings channels from S3 only"),
        ({"CompressionType": "Gzip"}, "does not unpack Gzip channels"),
    ],
)
def test_a_channel_that_the_engine_cannot_bring_fails_the_download(
    jobs: Any, change: dict[str, Any], words: str
) -> None:
    request = jobs.request() | {"VpcConfig": VPC}
    request["InputDataConfig"][0] |= change
    job = jobs.ran(request)
    assert job["FailureReason"].startswith("ClientError: Data download failed:Channel train ")
    assert words in job["FailureReason"]
    assert not jobs.streams(job["TrainingJobName"])


def test_an_augmented_manifest_is_not_read(jobs: Any) -> None:
    request = jobs.request()
    request["InputDataConfig"][0] = jobs.channel("train", S3DataType="AugmentedManifestFile", AttributeNames=["a", "b"])
    assert "does not read channels of type AugmentedManifestFile" in jobs.ran(request)["FailureReason"]


def test_a_manifest_may_list_only_what_exists(jobs: Any, folder: str) -> None:
    listed = [{"prefix": f"s3://{BUCKET}/{folder}train/"}, "t.rec", "missing.rec"]
    jobs.s3.put_object(Bucket=BUCKET, Key=f"{folder}list.manifest", Body=json.dumps(listed).encode())
    request = jobs.request()
    request["InputDataConfig"][0] = jobs.channel(
        "train", f"s3://{BUCKET}/{folder}list.manifest", S3DataType="ManifestFile"
    )
    reason = jobs.ran(request)["FailureReason"]
    assert f"s3://{BUCKET}/{folder}train/missing.rec, which the manifest lists, does not exist (404)" in reason


def test_folder_markers_are_not_files(jobs: Any, folder: str) -> None:
    jobs.s3.put_object(Bucket=BUCKET, Key=f"{folder}train/", Body=b"")
    request = jobs.request(epochs="1")
    request["InputDataConfig"][0] = jobs.channel("train", f"s3://{BUCKET}/{folder}train/")
    assert jobs.ran(request)["TrainingJobStatus"] == "Completed"


# artifacts


@pytest.mark.parametrize("path", ["", "/", "/deep/er", "/deep/er/"])
def test_the_model_lies_under_the_output_path_without_a_double_slash(jobs: Any, path: str) -> None:
    request = jobs.request(epochs="1") | {"OutputDataConfig": {"S3OutputPath": f"s3://{BUCKET}{path}"}}
    job = jobs.ran(request)
    middle = path.strip("/") + "/" if path.strip("/") else ""
    artifact = f"s3://{BUCKET}/{middle}{job['TrainingJobName']}/output/model.tar.gz"
    assert job["ModelArtifacts"] == {"S3ModelArtifacts": artifact}
    assert "image-classification-symbol.json" in members(jobs, artifact)


def test_every_stored_epoch_is_in_the_model(jobs: Any) -> None:
    job = jobs.ran(epochs="4", checkpoint_frequency="2")
    found = members(jobs, job["ModelArtifacts"]["S3ModelArtifacts"])
    assert sorted(name for name in found if name.endswith(".params")) == [
        "image-classification-0002.params",
        "image-classification-0004.params",
    ]
