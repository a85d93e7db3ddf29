"""Jobs that end before their time: stopped at any moment, or out of time."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from birdtui.local import iam, logs, quotas, s3, sagemaker
from birdtui.local.s3 import ObjectInfo, S3Service
from birdtui.local.service import Request
from birdtui.local.store import Store

ENDLESS = "1000000"
BUCKET = "tiny-pictures"
STOPPED = ("Stopped", "Stopped")


def training(jobs: Any, request: dict[str, Any] | None = None) -> str:
    """A job that is in the middle of its training."""
    name: str = jobs.create(request or jobs.request(epochs=ENDLESS))
    jobs.said(name, "Epoch[1] Validation-accuracy")
    return name


def status(job: Mapping[str, Any]) -> tuple[str, str]:
    return job["TrainingJobStatus"], job["SecondaryStatus"]


def phases(job: Mapping[str, Any]) -> list[str]:
    return [entry["Status"] for entry in job["SecondaryStatusTransitions"]]


# during training


def test_a_stopped_job_passes_stopping(jobs: Any) -> None:
    name = training(jobs)
    jobs.stop(name)
    job = jobs.ended(name)
    assert status(job) == STOPPED
    assert phases(job) == ["Starting", "Downloading", "Training", "Stopping", "Stopped"]
    assert job["SecondaryStatusTransitions"][-2]["StatusMessage"] == "Stopping the training job"
    assert "FailureReason" not in job


def test_what_it_has_stored_so_far_is_kept(jobs: Any) -> None:
    name = training(jobs)
    jobs.stop(name)
    job = jobs.ended(name)
    assert job["ModelArtifacts"]["S3ModelArtifacts"] == f"s3://{BUCKET}/{name}/output/model.tar.gz"
    assert jobs.keys(f"{name}/") == [f"{name}/output/model.tar.gz"]


def test_its_figures_and_metrics_are_told(jobs: Any) -> None:
    name = training(jobs)
    jobs.stop(name)
    job = jobs.ended(name)
    assert job["TrainingTimeInSeconds"] == job["BillableTimeInSeconds"] >= 1
    assert "validation:accuracy" in {metric["MetricName"] for metric in job["FinalMetricDataList"]}


def test_the_container_hears_of_it_first(jobs: Any) -> None:
    name = training(jobs)
    jobs.stop(name)
    jobs.ended(name)
    assert any("Received SIGTERM" in line for line in jobs.lines(name))


def test_every_instance_is_stopped(jobs: Any, containers: Callable[[str], list[int]]) -> None:
    request = jobs.request(epochs=ENDLESS)
    request["ResourceConfig"]["InstanceCount"] = 2
    name = training(jobs, request)
    jobs.said(name, "Epoch[0] Validation-accuracy", "algo-2")
    jobs.stop(name)
    assert status(jobs.ended(name)) == STOPPED
    assert containers(name) == []
    for host in ("algo-1", "algo-2"):
        assert any("Received SIGTERM" in line for line in jobs.lines(name, host))


def test_stopping_twice_is_no_error(jobs: Any, containers: Callable[[str], list[int]]) -> None:
    name = training(jobs)
    (process,) = containers(name)
    os.kill(process, signal.SIGSTOP)
    jobs.stop(name)
    assert status(jobs.describe(name)) == ("Stopping", "Stopping")
    jobs.stop(name)
    os.kill(process, signal.SIGCONT)
    job = jobs.ended(name)
    assert status(job) == STOPPED
    assert phases(job).count("Stopping") == 1


@pytest.mark.parametrize("epochs", ["1", ENDLESS])
def test_a_job_that_is_over_cannot_be_stopped(jobs: Any, epochs: str) -> None:
    name = jobs.create(epochs=epochs)
    if epochs == ENDLESS:
        jobs.stop(name)
    over = jobs.ended(name)["TrainingJobStatus"]
    with pytest.raises(ClientError) as caught:
        jobs.stop(name)
    assert caught.value.response["Error"] == {
        "Code": "ValidationException",
        "Message": f"The request was rejected because the training job is in status {over}.",
    }


def test_a_job_that_does_not_exist_cannot_be_stopped(jobs: Any) -> None:
    with pytest.raises(ClientError, match=r"ValidationException.*Requested resource not found\.$"):
        jobs.stop("nothing-of-that-name")


def test_a_stop_right_after_the_creation_is_not_lost(jobs: Any) -> None:
    for _ in range(5):
        name = jobs.create(epochs=ENDLESS)
        jobs.stop(name)
        job = jobs.ended(name)
        assert status(job) == STOPPED
        assert phases(job)[-2:] == ["Stopping", "Stopped"]


# out of time


def test_a_job_out_of_time_is_stopped_and_keeps_its_model(jobs: Any) -> None:
    request = jobs.request(epochs=ENDLESS) | {"StoppingCondition": {"MaxRuntimeInSeconds": 1}}
    job = jobs.ran(request)
    assert status(job) == ("Stopped", "MaxRuntimeExceeded")
    assert phases(job) == ["Starting", "Downloading", "Training", "Stopping", "MaxRuntimeExceeded"]
    assert job["ModelArtifacts"]
    assert len(jobs.streams(job["TrainingJobName"])) == 1
    assert 0.9 < (job["SecondaryStatusTransitions"][3]["StartTime"] - job["TrainingStartTime"]).total_seconds() < 3


def test_a_stop_after_the_time_is_over_changes_nothing(jobs: Any, containers: Callable[[str], list[int]]) -> None:
    request = jobs.request(epochs=ENDLESS) | {"StoppingCondition": {"MaxRuntimeInSeconds": 2}}
    name = training(jobs, request)
    (process,) = containers(name)
    os.kill(process, signal.SIGSTOP)
    until(lambda: jobs.describe(name)["TrainingJobStatus"] == "Stopping")
    jobs.stop(name)
    os.kill(process, signal.SIGCONT)
    assert status(jobs.ended(name)) == ("Stopped", "MaxRuntimeExceeded")


def until(look: Callable[[], bool], seconds: float = 20.0) -> None:
    """Waits until something comes true."""
    deadline = time.monotonic() + seconds
    while not look():
        assert time.monotonic() < deadline, "it never came"
        threading.Event().wait(0.02)


# before and after training: S3 holds the job at the wanted moment


class HeldS3(S3Service):
    """Holds the threads of jobs where they list or write objects, until it is told to let them go."""

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self.reached = {"objects": threading.Event(), "put_file": threading.Event()}
        self.free = {"objects": threading.Event(), "put_file": threading.Event()}
        self.faulty = False

    def objects(self, bucket: str, prefix: str = "") -> list[ObjectInfo]:
        self._hold("objects")
        return super().objects(bucket, prefix)

    def put_file(self, bucket: str, key: str, path: Path) -> ObjectInfo:
        self._hold("put_file")
        return super().put_file(bucket, key, path)

    def _hold(self, step: str) -> None:
        if threading.current_thread().name.startswith("job-"):
            self.reached[step].set()
            assert self.free[step].wait(30)
            if self.faulty:
                raise RuntimeError("a fault of the engine's own")


class Held:
    """SageMaker alone, on an S3 that holds its jobs."""

    def __init__(self, store: Store, records: Mapping[str, bytes]) -> None:
        self.scratch = store.scratch
        self.s3 = HeldS3(store)
        self.s3.create_bucket(BUCKET)
        for key, content in records.items():
            self.s3.put_bytes(BUCKET, key, content)
        roles = iam.IamService(store)
        self.role = roles.ensure_role()
        self.service = sagemaker.TrainingJobService(
            store, self.s3, logs.LogsService(store), roles, quotas.QuotaService(store), stop_seconds=0.2
        )

    def call(self, operation: str, **parameters: Any) -> Mapping[str, Any]:
        return self.service.operations[operation](Request(operation, parameters))

    def describe(self, name: str) -> Mapping[str, Any]:
        return self.call("DescribeTrainingJob", TrainingJobName=name)

    def ended(self, name: str) -> Mapping[str, Any]:
        until(lambda: self.service.running() == 0)
        return self.describe(name)


@pytest.fixture
def held(tmp_path: Path, jobs: Any) -> Iterator[Held]:
    store = Store(tmp_path / "held", [module.SCHEMA for module in (iam, quotas, s3, logs, sagemaker)])
    keys = ("train/t.rec", "validation/v.rec")
    found = Held(store, {key: jobs.s3.get_object(Bucket=BUCKET, Key=key)["Body"].read() for key in keys})
    yield found
    for event in found.s3.free.values():
        event.set()
    found.service.close()
    store.close()


def test_a_stop_during_the_download_ends_the_job_before_training(held: Held, jobs: Any) -> None:
    request = jobs.request() | {"RoleArn": held.role}
    name = request["TrainingJobName"]
    held.call("CreateTrainingJob", **request)
    assert held.s3.reached["objects"].wait(10)
    assert held.describe(name)["SecondaryStatus"] == "Downloading"
    held.call("StopTrainingJob", TrainingJobName=name)
    held.s3.free["objects"].set()
    job = held.ended(name)
    assert status(job) == STOPPED
    assert phases(job) == ["Starting", "Downloading", "Stopping", "Stopped"]
    assert "ModelArtifacts" not in job


def test_a_stop_during_the_upload_keeps_the_model_and_says_stopped(held: Held, jobs: Any) -> None:
    request = jobs.request(epochs="1") | {"RoleArn": held.role}
    name = request["TrainingJobName"]
    held.s3.free["objects"].set()
    held.call("CreateTrainingJob", **request)
    assert held.s3.reached["put_file"].wait(20)
    assert held.describe(name)["SecondaryStatus"] == "Uploading"
    held.call("StopTrainingJob", TrainingJobName=name)
    held.s3.free["put_file"].set()
    job = held.ended(name)
    assert status(job) == STOPPED
    assert job["ModelArtifacts"]


def test_a_container_that_does_not_end_is_killed_and_its_model_kept(
    held: Held, jobs: Any, containers: Callable[[str], list[int]]
) -> None:
    request = jobs.request(epochs=ENDLESS) | {"RoleArn": held.role}
    name = request["TrainingJobName"]
    held.s3.free["objects"].set()
    held.call("CreateTrainingJob", **request)
    until(lambda: any(held.scratch.glob(f"*/algo-1/{name}/model/*-symbol.json")))
    (process,) = containers(name)
    os.kill(process, signal.SIGSTOP)
    held.call("StopTrainingJob", TrainingJobName=name)
    assert held.s3.reached["put_file"].wait(20)
    assert containers(name) == []
    held.s3.free["put_file"].set()
    job = held.ended(name)
    assert status(job) == STOPPED
    assert job["ModelArtifacts"]


@pytest.mark.parametrize("stopping", [False, True])
def test_a_fault_of_the_engines_own_is_an_internal_error(held: Held, jobs: Any, stopping: bool) -> None:
    request = jobs.request(epochs="1") | {"RoleArn": held.role}
    name = request["TrainingJobName"]
    held.call("CreateTrainingJob", **request)
    assert held.s3.reached["objects"].wait(10)
    if stopping:
        held.call("StopTrainingJob", TrainingJobName=name)
    held.s3.faulty = True
    held.s3.free["objects"].set()
    job = held.ended(name)
    assert status(job) == ("Failed", "Failed")
    assert job["FailureReason"] == "InternalServerError: We encountered an internal error.  Please try again."
