"""The watcher on real training in the embedded engine."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from birdtui.aws.logs import Logs
from birdtui.aws.session import Connection, Session
from birdtui.aws.training_jobs import TrainingJobs
from birdtui.watch.events import JobEnded, LogLines, MergedLines, MetricPoint, StatusChanged
from birdtui.watch.saved_log import read_saved
from birdtui.watch.watcher import Watcher

IMAGE = "811284229777.dkr.ecr.us-east-1.amazonaws.com/image-classification:1"


@pytest.fixture
def session(engine: Any) -> Session:
    keys = {"access_key": engine.access_key, "secret_key": engine.secret_key}
    return Session(Connection(region="us-east-1", endpoint_url=engine.url, **keys))


@pytest.fixture
def submit(session: Session) -> Callable[..., str]:
    """Creates a small bird job with these hyperparameters besides; gives its name."""

    def channel(name: str) -> dict[str, Any]:
        uri = {"S3DataType": "S3Prefix", "S3Uri": f"s3://birdtui-sample/{name}/"}
        return {
            "ChannelName": name,
            "ContentType": "application/x-recordio",
            "DataSource": {"S3DataSource": uri | {"S3DataDistributionType": "FullyReplicated"}},
        }

    def create(*, instances: int = 1, **hyperparameters: str) -> str:
        name = f"birds-{uuid.uuid4().hex[:12]}"
        settings = {"num_classes": "4", "num_training_samples": "322", "mini_batch_size": "24", "epochs": "3"}
        TrainingJobs(session).create(
            {
                "TrainingJobName": name,
                "RoleArn": session.client("iam").list_roles()["Roles"][0]["Arn"],
                "AlgorithmSpecification": {"TrainingImage": IMAGE, "TrainingInputMode": "File"},
                "InputDataConfig": [channel("train"), channel("validation")],
                "OutputDataConfig": {"S3OutputPath": "s3://birdtui-sample/"},
                "ResourceConfig": {
                    "InstanceType": "ml.p3.2xlarge",
                    "InstanceCount": instances,
                    "VolumeSizeInGB": 50,
                },
                "StoppingCondition": {"MaxRuntimeInSeconds": 3600},
                "HyperParameters": settings | hyperparameters,
            }
        )
        return name

    return create


def watched(session: Session, name: str) -> tuple[Watcher, list[Any]]:
    watcher = Watcher(TrainingJobs(session), Logs(session), name, stop=threading.Event())
    return watcher, list(watcher.events())


def test_a_job_is_told_whole(session: Session, submit: Callable[..., str]) -> None:
    watcher, told = watched(session, submit(top_k="2"))
    ended = told[-1]
    noticed = datetime.now(UTC)
    assert isinstance(ended, JobEnded)
    assert (ended.status, ended.exit_code) == ("Completed", 0)
    assert (noticed - ended.time).total_seconds() < 1.0
    assert ended.artifact is not None
    assert ended.artifact.endswith("/output/model.tar.gz")
    # a status whose message changes is told again: each counts once here
    secondaries = list(dict.fromkeys(event.secondary for event in told if isinstance(event, StatusChanged)))
    assert secondaries == ["Starting", "Downloading", "Training", "Uploading", "Completed"]
    points = [event for event in told if isinstance(event, MetricPoint)]
    assert {point.name for point in points} >= {"train:accuracy", "validation:accuracy", "time_cost"}
    assert watcher.metrics.configured_epochs == 3
    assert watcher.metrics.epochs_done == 3
    assert ended.best_epoch == watcher.metrics.artifact_epoch == ended.artifact_epoch


def test_a_saved_copy_of_the_log_tells_the_same(session: Session, submit: Callable[..., str]) -> None:
    watcher, told = watched(session, submit(checkpoint_frequency="2"))
    lines = [message for event in told if isinstance(event, LogLines | MergedLines) for message in event.messages]
    saved = read_saved("\n".join(lines).encode()).summary()
    live = watcher.metrics.summary()
    assert list(saved["hosts"].values()) == list(live["hosts"].values())
    assert saved["saved_checkpoint_epochs"] == live["saved_checkpoint_epochs"] == [1]
    assert told[-1].artifact_epoch == 1


def test_every_instance_is_heard(session: Session, submit: Callable[..., str]) -> None:
    watcher, told = watched(session, submit(instances=2))
    lines = [event for event in told if isinstance(event, LogLines | MergedLines)]
    assert {host for event in lines for host in event.hosts} == {"algo-1", "algo-2"}
    assert sorted(one.host for one in watcher.metrics.series()) == ["algo-1", "algo-2"]


def test_a_failure_says_what_to_change(session: Session, submit: Callable[..., str]) -> None:
    _, told = watched(session, submit(num_epochs="3"))
    ended = told[-1]
    assert (ended.status, ended.exit_code, ended.artifact) == ("Failed", 1, None)
    assert "num_epochs" in ended.failure_reason
    assert any("num_epochs" in line for line in ended.error_lines)
    assert ended.advice


def test_a_stopped_job_has_an_exit_code_of_its_own(session: Session, submit: Callable[..., str]) -> None:
    name = submit(epochs="2000")
    watcher = Watcher(TrainingJobs(session), Logs(session), name, stop=threading.Event())
    told: list[Any] = []
    for event in watcher.events():
        told.append(event)
        if isinstance(event, MetricPoint) and event.epoch == 1 and event.name == "validation:accuracy":
            TrainingJobs(session).stop(name)
    assert (told[-1].status, told[-1].exit_code) == ("Stopped", 5)
