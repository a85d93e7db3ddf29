"""The engine's front door alone, with real IAM, STS and quotas and an S3 that only tells what reached it; and training
jobs on pictures so few and plain that a job takes a second.
"""

from __future__ import annotations

import hashlib
import io
import re
import shutil
import subprocess
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from operator import itemgetter
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from PIL import Image

from birdtui.local import iam, quotas
from birdtui.local.awsjson import JsonService
from birdtui.local.awsquery import QueryService
from birdtui.local.gateway import Gateway, Routes
from birdtui.local.server import EngineServer
from birdtui.local.service import HttpRequest, HttpResponse, Request, ServiceError
from birdtui.local.sigv4 import Keys
from birdtui.local.store import Store
from birdtui.recordio import ImageHeader, pack_image, write_records


@dataclass
class EchoS3:
    """Reads every body to its end and remembers the request and the bytes."""

    requests: list[HttpRequest] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)

    def handle(self, request: HttpRequest, /) -> HttpResponse:
        self.requests.append(request)
        body = request.body.read()
        self.bodies.append(body)
        if request.method == "GET":
            return HttpResponse(200, {"Content-Length": "6"}, iter([b"abc", b"def"]))
        return HttpResponse(200, {"ETag": f'"{hashlib.md5(body, usedforsecurity=False).hexdigest()}"'})


@dataclass
class Door:
    """A listening front door with its parts; `clock` is the engine's idea of now, None for the real one."""

    url: str
    port: int
    keys: Keys
    s3: EchoS3
    iam: iam.IamService
    quotas: quotas.QuotaService
    clock: datetime | None = None

    def now(self) -> datetime:
        return self.clock or datetime.now(UTC)


def failing(_request: Request) -> dict[str, object]:
    raise RuntimeError("a fault of the engine's own")


def refusing(_request: Request) -> dict[str, object]:
    raise ServiceError("ResourceInUse", "That name is taken.")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(tmp_path / "store", [iam.SCHEMA, quotas.SCHEMA])
    yield opened
    opened.close()


@pytest.fixture
def door(store: Store) -> Iterator[Door]:
    keys = Keys("AKIABIRDTUITESTKEY23", "a-secret-of-the-tests")
    identity, limits, objects = iam.IamService(store), quotas.QuotaService(store), EchoS3()
    routes = Routes(
        iam=identity,
        json={
            "servicequotas": JsonService("service-quotas", "Service Quotas", limits.operations),
            "sagemaker": JsonService(
                "sagemaker", "SageMaker", {"StopTrainingJob": failing, "CreateTrainingJob": refusing}
            ),
            "logs": JsonService("logs", "CloudWatch Logs", {"GetLogEvents": failing}),
        },
        query={
            "iam": QueryService("iam", "IAM", identity.operations),
            "sts": QueryService("sts", "STS", identity.sts_operations),
        },
        s3=objects,
    )
    found = Door("", 0, keys, objects, identity, limits)
    server = EngineServer(Gateway(routes, keys, found.now))
    found.port, found.url = server.port, f"http://127.0.0.1:{server.port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield found
    server.close()
    thread.join()


# training jobs

LOG_GROUP = "/aws/sagemaker/TrainingJobs"
BUILT_IN = "811284229777.dkr.ecr.us-east-1.amazonaws.com/image-classification:1"
BUCKET = "tiny-pictures"
OVER = {"Completed", "Failed", "Stopped"}
PATIENCE = 60.0
ENDLESS = "1000000"
"""So many epochs that nobody sees their end."""


def picture_records(count: int) -> bytes:
    """A .rec file of pictures in two colours, one for each label."""
    pictures = []
    for shade in (0, 200):
        content = io.BytesIO()
        Image.new("RGB", (16, 16), (shade, 255 - shade, 128)).save(content, "PNG")
        pictures.append(content.getvalue())
    images = (pack_image(ImageHeader((float(number % 2),)), pictures[number % 2]) for number in range(count))
    return write_records(images)


def waited(look: Callable[[], Any], seconds: float = PATIENCE) -> Any:
    """What `look` gives as soon as that is true; fails after a while."""
    deadline = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < deadline, "it never came"
        threading.Event().wait(0.02)
    return found


class Jobs:
    """Training jobs of one engine, through real clients."""

    def __init__(self, client: Callable[[str], Any]) -> None:
        self.client = client
        self._created: list[str] = []
        self.sagemaker, self.s3, self.logs = client("sagemaker"), client("s3"), client("logs")
        self.role = client("iam").list_roles(PathPrefix="/service-role/")["Roles"][0]["Arn"]
        if BUCKET not in {bucket["Name"] for bucket in self.s3.list_buckets()["Buckets"]}:
            self.s3.create_bucket(Bucket=BUCKET)
            self.s3.put_object(Bucket=BUCKET, Key="train/t.rec", Body=picture_records(8))
            self.s3.put_object(Bucket=BUCKET, Key="validation/v.rec", Body=picture_records(6))

    def channel(self, name: str, uri: str = "", **source: Any) -> dict[str, Any]:
        """A channel as a request has it."""
        where = {"S3DataType": "S3Prefix", "S3Uri": uri or f"s3://{BUCKET}/{name}/"} | source
        return {"ChannelName": name, "DataSource": {"S3DataSource": where}}

    def request(self, stem: str = "tiny", **hyperparameters: str) -> dict[str, Any]:
        """A request that is in order, with a name of its own."""
        sent = {"num_classes": "2", "num_training_samples": "8", "epochs": "2", "mini_batch_size": "4"}
        return {
            "TrainingJobName": f"{stem}-{uuid.uuid4().hex[:8]}",
            "RoleArn": self.role,
            "AlgorithmSpecification": {"TrainingImage": BUILT_IN, "TrainingInputMode": "File"},
            "HyperParameters": sent | hyperparameters,
            "InputDataConfig": [self.channel("train"), self.channel("validation")],
            "OutputDataConfig": {"S3OutputPath": f"s3://{BUCKET}/"},
            "ResourceConfig": {"InstanceType": "ml.p3.2xlarge", "InstanceCount": 1, "VolumeSizeInGB": 1},
            "StoppingCondition": {"MaxRuntimeInSeconds": 3600},
        }

    def create(self, request: dict[str, Any] | None = None, **hyperparameters: str) -> str:
        """Creates a job; gives its name."""
        request = request or self.request(**hyperparameters)
        self.sagemaker.create_training_job(**request)
        self._created.append(request["TrainingJobName"])
        return self._created[-1]

    def clear(self) -> None:
        """Stops what a test left running."""
        running = self.sagemaker.list_training_jobs(StatusEquals="InProgress", MaxResults=100, SortOrder="Descending")
        for job in running["TrainingJobSummaries"]:
            if job["TrainingJobName"] in self._created:
                with suppress(ClientError):  # it may end by itself meanwhile
                    self.stop(job["TrainingJobName"])

    def describe(self, name: str) -> dict[str, Any]:
        answer: dict[str, Any] = self.sagemaker.describe_training_job(TrainingJobName=name)
        return answer

    def stop(self, name: str) -> None:
        self.sagemaker.stop_training_job(TrainingJobName=name)

    def ended(self, name: str) -> dict[str, Any]:
        """The description of a job once it is over."""
        job: dict[str, Any] = waited(lambda: (found := self.describe(name))["TrainingJobStatus"] in OVER and found)
        return job

    def ran(self, request: dict[str, Any] | None = None, **hyperparameters: str) -> dict[str, Any]:
        """A job from its creation to its end: its last description."""
        return self.ended(self.create(request, **hyperparameters))

    def said(self, name: str, words: str, host: str = "algo-1") -> None:
        """Waits until the log of one of a job's instances holds these words."""
        waited(lambda: any(words in line for line in self.lines(name, host)))

    def streams(self, name: str) -> list[str]:
        """The names of a job's log streams."""
        try:
            answer = self.logs.describe_log_streams(logGroupName=LOG_GROUP, logStreamNamePrefix=f"{name}/")
        except self.logs.exceptions.ResourceNotFoundException:
            return []
        return [stream["logStreamName"] for stream in answer["logStreams"]]

    def lines(self, name: str, host: str = "algo-1") -> list[str]:
        """The log of one of a job's instances, as far as a page goes."""
        streams = [stream for stream in self.streams(name) if stream.startswith(f"{name}/{host}-")]
        events = [
            event
            for stream in streams
            for event in self.logs.get_log_events(logGroupName=LOG_GROUP, logStreamName=stream, startFromHead=True)[
                "events"
            ]
        ]
        return [event["message"] for event in events]

    def keys(self, prefix: str) -> list[str]:
        """The keys of the bucket's objects under a prefix."""
        listing = self.s3.list_objects_v2(Bucket=BUCKET, Prefix=prefix)
        return [entry["Key"] for entry in listing.get("Contents", [])]


@pytest.fixture
def jobs(client: Callable[..., Any]) -> Iterator[Jobs]:
    """Jobs of the shared engine."""
    found = Jobs(client)
    yield found
    found.clear()


@pytest.fixture
def jobs_of(client: Callable[..., Any]) -> Callable[[Any], Jobs]:
    """Jobs of another engine: `jobs_of(host.engine)`."""
    return lambda engine: Jobs(lambda service: client(service, engine))


@pytest.fixture
def containers() -> Callable[[str], list[int]]:
    """The processes that train for a job, by its name, as the system knows them; in the order of their instances."""

    def running(name: str) -> list[int]:
        listed = subprocess.run(
            ["ps", "-A", "-ww", "-o", "pid=,args="], capture_output=True, text=True, check=True
        ).stdout
        found = re.findall(rf"^ *(\d+) .*/(algo-\d+)/{re.escape(name)}$", listed, re.MULTILINE)
        return [int(process) for process, _ in sorted(found, key=itemgetter(1))]

    if shutil.which("ps") is None:
        pytest.skip("`ps` is not installed")
    return running
