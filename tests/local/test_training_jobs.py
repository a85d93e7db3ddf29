"""A training job from its creation to its artifact, as clients see it."""

from __future__ import annotations

import io
import itertools
import json
import re
import tarfile
from typing import Any

import pytest
from botocore.exceptions import ClientError

ARN = "arn:aws:sagemaker:us-east-1:000000000000:training-job/"
END_FACTS = (
    "TrainingEndTime",
    "TrainingTimeInSeconds",
    "BillableTimeInSeconds",
    "ModelArtifacts",
    "FinalMetricDataList",
)


# phases


def test_a_job_passes_every_phase_in_order(jobs: Any) -> None:
    job = jobs.ran()
    assert (job["TrainingJobStatus"], job["SecondaryStatus"]) == ("Completed", "Completed")
    transitions = job["SecondaryStatusTransitions"]
    assert [(one["Status"], one["StatusMessage"]) for one in transitions] == [
        ("Starting", "Preparing the instances for training"),
        ("Downloading", "Downloading the training image"),
        ("Training", "Training image download completed. Training in progress."),
        ("Uploading", "Uploading generated training model"),
        ("Completed", "Training job completed"),
    ]
    for one, following in itertools.pairwise(transitions):
        assert one["StartTime"] <= one["EndTime"] == following["StartTime"]
    assert transitions[-1]["EndTime"] == transitions[-1]["StartTime"]


def test_times_agree_with_one_another(jobs: Any) -> None:
    job = jobs.ran()
    phases = {one["Status"]: one for one in job["SecondaryStatusTransitions"]}
    assert job["CreationTime"] == phases["Starting"]["StartTime"]
    assert job["TrainingStartTime"] == phases["Downloading"]["StartTime"]
    assert job["TrainingEndTime"] == job["LastModifiedTime"] == phases["Completed"]["StartTime"]
    seconds = (job["TrainingEndTime"] - job["TrainingStartTime"]).total_seconds()
    assert job["TrainingTimeInSeconds"] == job["BillableTimeInSeconds"] == max(round(seconds), 1)


def test_a_job_that_runs_tells_nothing_of_its_end(jobs: Any) -> None:
    name = jobs.create(epochs="1000000")
    jobs.said(name, "Validation-accuracy")
    job = jobs.describe(name)
    jobs.stop(name)
    assert (job["TrainingJobStatus"], job["SecondaryStatus"]) == ("InProgress", "Training")
    assert not set(END_FACTS) & set(job)
    assert "EndTime" not in job["SecondaryStatusTransitions"][-1]
    assert job["TrainingStartTime"] >= job["CreationTime"]


def test_a_created_job_is_there_at_once(jobs: Any) -> None:
    request = jobs.request()
    answer = jobs.sagemaker.create_training_job(**request)
    job = jobs.describe(request["TrainingJobName"])
    assert answer["TrainingJobArn"] == job["TrainingJobArn"] == ARN + request["TrainingJobName"]


def test_every_line_is_there_before_the_end_is_told(jobs: Any) -> None:
    name = jobs.ran(checkpoint_frequency="1")["TrainingJobName"]
    read = jobs.lines(name)
    assert re.search(r"Epoch\[1\] Validation-accuracy=", "\n".join(read))
    assert "Saved checkpoint" in read[-1]
    assert jobs.lines(name) == read


# the description


def test_the_description_repeats_the_request(jobs: Any) -> None:
    request = jobs.request()
    request |= {"Environment": {"A": "b"}, "CheckpointConfig": {"S3Uri": "s3://tiny-pictures/checkpoints/"}}
    job = jobs.ran(request)
    for member in (
        "RoleArn",
        "HyperParameters",
        "ResourceConfig",
        "StoppingCondition",
        "Environment",
        "CheckpointConfig",
    ):
        assert job[member] == request[member]
    assert job["OutputDataConfig"]["S3OutputPath"] == request["OutputDataConfig"]["S3OutputPath"]
    assert job["AlgorithmSpecification"]["TrainingImage"] == request["AlgorithmSpecification"]["TrainingImage"]
    assert "Tags" not in job


def test_the_service_fills_in_what_was_not_sent(jobs: Any) -> None:
    job = jobs.ran()
    channel = job["InputDataConfig"][0]
    assert (channel["CompressionType"], channel["RecordWrapperType"]) == ("None", "None")
    assert channel["DataSource"]["S3DataSource"]["S3DataDistributionType"] == "FullyReplicated"
    assert job["OutputDataConfig"]["KmsKeyId"] == ""
    assert {one["Name"] for one in job["AlgorithmSpecification"]["MetricDefinitions"]} == {
        "train:accuracy",
        "train:accuracy:epoch",
        "validation:accuracy",
        "validation:accuracy:epoch",
    }
    assert job["EnableManagedSpotTraining"] is job["EnableNetworkIsolation"] is False


def test_final_metrics_are_the_last_values_in_single_precision(jobs: Any) -> None:
    job = jobs.ran(epochs="3")
    last = re.findall(r"Validation-accuracy=([\d.]+)", "\n".join(jobs.lines(job["TrainingJobName"])))[-1]
    metrics = {one["MetricName"]: one for one in job["FinalMetricDataList"]}
    assert metrics["validation:accuracy"]["Value"] == pytest.approx(float(last), rel=1e-6)
    assert job["TrainingStartTime"] <= metrics["validation:accuracy"]["Timestamp"] <= job["TrainingEndTime"]


def test_an_unknown_name_is_a_validation_error(jobs: Any) -> None:
    for call in (
        jobs.sagemaker.describe_training_job,
        jobs.sagemaker.stop_training_job,
        jobs.sagemaker.delete_training_job,
    ):
        with pytest.raises(ClientError, match=r"\(ValidationException\).*: Requested resource not found\.$"):
            call(TrainingJobName="nobody-made-this")


# the artifact


def test_the_model_lies_under_the_jobs_name(jobs: Any) -> None:
    job = jobs.ran()
    name = job["TrainingJobName"]
    assert job["ModelArtifacts"]["S3ModelArtifacts"] == f"s3://tiny-pictures/{name}/output/model.tar.gz"
    assert jobs.keys(f"{name}/") == [f"{name}/output/model.tar.gz"]
    body = jobs.s3.get_object(Bucket="tiny-pictures", Key=f"{name}/output/model.tar.gz")["Body"].read()
    with tarfile.open(fileobj=io.BytesIO(body)) as archive:
        names = archive.getnames()
    assert "image-classification-symbol.json" in names
    assert len([one for one in names if one.endswith(".params")]) == 1


def test_an_output_path_keeps_its_prefix_without_a_double_slash(jobs: Any) -> None:
    request = jobs.request()
    request["OutputDataConfig"] = {"S3OutputPath": "s3://tiny-pictures/some/where/"}
    job = jobs.ran(request)
    wanted = f"s3://tiny-pictures/some/where/{job['TrainingJobName']}/output/model.tar.gz"
    assert job["ModelArtifacts"]["S3ModelArtifacts"] == wanted


def test_an_uncompressed_model_is_files(jobs: Any) -> None:
    request = jobs.request()
    request["OutputDataConfig"]["CompressionType"] = "NONE"
    job = jobs.ran(request)
    prefix = f"{job['TrainingJobName']}/output/model/"
    assert job["ModelArtifacts"]["S3ModelArtifacts"] == f"s3://tiny-pictures/{prefix}"
    assert f"{prefix}image-classification-symbol.json" in jobs.keys(prefix)


# several


def test_two_jobs_run_at_once(jobs: Any) -> None:
    names = [jobs.create(epochs="1000000") for _ in range(2)]
    for name in names:
        jobs.said(name, "Validation-accuracy")
    assert [jobs.describe(name)["SecondaryStatus"] for name in names] == ["Training", "Training"]
    for name in names:
        jobs.stop(name)
    assert [jobs.ended(name)["TrainingJobStatus"] for name in names] == ["Stopped", "Stopped"]


def test_each_instance_has_a_stream_and_the_first_stores(jobs: Any) -> None:
    request = jobs.request()
    request["ResourceConfig"]["InstanceCount"] = 2
    job = jobs.ran(request)
    name = job["TrainingJobName"]
    assert job["TrainingJobStatus"] == "Completed"
    assert [re.sub(r"-\d+$", "", stream) for stream in jobs.streams(name)] == [f"{name}/algo-1", f"{name}/algo-2"]
    first, second = ("\n".join(jobs.lines(name, host)) for host in ("algo-1", "algo-2"))
    for log in (first, second):
        assert "Epoch[1] Validation-accuracy=" in log
    assert "Saved checkpoint" in first
    assert "Saved checkpoint" not in second
    ids = {re.search(r"INFO (\d{15})\]", log)[1] for log in (first, second)}  # type: ignore[index]
    assert len(ids) == 2


def test_a_share_of_the_objects_for_each_instance(jobs: Any) -> None:
    for number in (1, 2):
        jobs.s3.copy_object(Bucket="tiny-pictures", Key=f"shards/{number}.rec", CopySource="tiny-pictures/train/t.rec")
    request = jobs.request()
    request["ResourceConfig"]["InstanceCount"] = 2
    request["InputDataConfig"][0] = jobs.channel(
        "train", "s3://tiny-pictures/shards/", S3DataDistributionType="ShardedByS3Key"
    )
    assert jobs.ran(request)["TrainingJobStatus"] == "Completed"  # two in one channel would fail


def test_a_manifest_lists_the_objects(jobs: Any) -> None:
    manifest = [{"prefix": "s3://tiny-pictures/train/"}, "t.rec"]
    jobs.s3.put_object(Bucket="tiny-pictures", Key="lists/train.manifest", Body=json.dumps(manifest).encode())
    request = jobs.request()
    request["InputDataConfig"][0] = jobs.channel(
        "train", "s3://tiny-pictures/lists/train.manifest", S3DataType="ManifestFile"
    )
    assert jobs.ran(request)["TrainingJobStatus"] == "Completed"


def test_what_the_engine_does_not_do_is_told_in_the_log(jobs: Any) -> None:
    request = jobs.request()
    request |= {"EnableManagedSpotTraining": True, "Environment": {"A": "b"}}
    request["StoppingCondition"]["MaxWaitTimeInSeconds"] = 7200
    log = "\n".join(jobs.lines(jobs.ran(request)["TrainingJobName"]))
    assert "Environment is not used by the local engine" in log
    assert "never interrupts a job" in log


# tags and deletion


def test_tags_are_kept_changed_and_listed(jobs: Any) -> None:
    request = jobs.request() | {"Tags": [{"Key": "b", "Value": "2"}, {"Key": "a", "Value": "1"}]}
    arn = ARN + jobs.create(request)
    jobs.sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": "c", "Value": "3"}, {"Key": "a", "Value": "9"}])
    jobs.sagemaker.delete_tags(ResourceArn=arn, TagKeys=["b", "not there"])
    assert jobs.sagemaker.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "a", "Value": "9"}, {"Key": "c", "Value": "3"}]


def test_tags_come_in_pages(jobs: Any) -> None:
    tags = [{"Key": f"k{number:02}", "Value": "v"} for number in range(50)]
    arn = ARN + jobs.create(jobs.request() | {"Tags": tags})
    pages = jobs.sagemaker.get_paginator("list_tags").paginate(ResourceArn=arn, PaginationConfig={"PageSize": 50})
    assert [tag for page in pages for tag in page["Tags"]] == tags


def test_tags_of_nothing(jobs: Any) -> None:
    name = jobs.create()
    for arn in (ARN + "nobody-made-this", f"arn:aws:sagemaker:us-east-1:000000000000:endpoint/{name}"):
        with pytest.raises(ClientError, match=r"Requested resource not found\."):
            jobs.sagemaker.list_tags(ResourceArn=arn)


def test_a_job_has_at_most_fifty_tags(jobs: Any) -> None:
    arn = ARN + jobs.create(jobs.request() | {"Tags": [{"Key": f"k{number}", "Value": ""} for number in range(50)]})
    with pytest.raises(ClientError, match="at most 50 tags; 51 were given"):
        jobs.sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": "one more", "Value": ""}])
    assert len(jobs.sagemaker.list_tags(ResourceArn=arn)["Tags"]) == 50


def test_system_tags_cannot_be_added(jobs: Any) -> None:
    arn = ARN + jobs.create()
    with pytest.raises(ClientError, match="System tags"):
        jobs.sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": "aws:x", "Value": ""}])
    assert jobs.sagemaker.list_tags(ResourceArn=arn)["Tags"] == []


def test_a_job_is_deleted_once_it_is_over_and_its_name_is_free(jobs: Any) -> None:
    request = jobs.request(epochs="1000000")
    name = jobs.create(request)
    with pytest.raises(ClientError, match=r"\(ValidationException\)"):
        jobs.sagemaker.delete_training_job(TrainingJobName=name)
    jobs.stop(name)
    jobs.ended(name)
    jobs.sagemaker.delete_training_job(TrainingJobName=name)
    with pytest.raises(ClientError, match=r"Requested resource not found\."):
        jobs.describe(name)
    request["HyperParameters"]["epochs"] = "1"
    assert jobs.ran(request)["TrainingJobStatus"] == "Completed"
