"""A stand for watching: the engine's own door and CloudWatch Logs, and training jobs whose course a test writes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from birdtui.aws.logs import GROUP, Logs
from birdtui.aws.session import Connection, Session
from birdtui.aws.slowdown import Slowdown
from birdtui.aws.training_jobs import TrainingJobs
from birdtui.local import iam, logs
from birdtui.local.awsjson import JsonService
from birdtui.local.gateway import Gateway, Routes
from birdtui.local.server import EngineServer
from birdtui.local.service import HttpRequest, HttpResponse, Operation, Request, ServiceError
from birdtui.local.sigv4 import Keys
from birdtui.local.store import Store

Hook = Callable[[Request], Mapping[str, Any] | None]

BUILT_IN = "811284229777.dkr.ecr.us-east-1.amazonaws.com/image-classification:1"


class NoObjects:
    def handle(self, request: HttpRequest, /) -> HttpResponse:
        raise ServiceError("NoSuchBucket", "no objects here", 404)


class Stand:
    """Jobs as a test wants them: change `jobs`, write lines, put hooks before any operation."""

    def __init__(self, directory: Path) -> None:
        self.jobs: dict[str, dict[str, Any]] = {}
        self.calls: list[str] = []
        self.hooks: dict[str, Hook] = {}
        self._store = Store(directory, [iam.SCHEMA, logs.SCHEMA])
        self.logs = logs.LogsService(self._store)
        keys = Keys("AKIABIRDTUITESTKEY23", "a-secret-of-the-tests")
        routes = Routes(
            iam=iam.IamService(self._store),
            json={
                "logs": JsonService("logs", "CloudWatch Logs", self._hooked(self.logs.operations)),
                "sagemaker": JsonService(
                    "sagemaker", "SageMaker", self._hooked({"DescribeTrainingJob": self._describe})
                ),
            },
            query={},
            s3=NoObjects(),
        )
        self._server = EngineServer(Gateway(routes, keys))
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        url = f"http://127.0.0.1:{self._server.port}"
        self.session = Session(
            Connection(region="us-east-1", endpoint_url=url, access_key=keys.access_key, secret_key=keys.secret_key)
        )

    def _hooked(self, operations: Mapping[str, Operation]) -> dict[str, Operation]:
        def hooked(name: str, operation: Operation) -> Operation:
            def call(request: Request) -> Mapping[str, Any]:
                self.calls.append(name)
                hook = self.hooks.get(name)
                answer = hook(request) if hook else None
                return operation(request) if answer is None else answer

            return call

        return {name: hooked(name, operation) for name, operation in operations.items()}

    def _describe(self, request: Request) -> Mapping[str, Any]:
        name = request.parameters["TrainingJobName"]
        if name not in self.jobs:
            raise ServiceError("ValidationException", "Requested resource not found.")
        return deepcopy(self.jobs[name])

    def clear(self) -> None:
        """Forget jobs, hooks, calls, throttles and the whole log."""
        self.jobs.clear()
        self.hooks.clear()
        self.calls.clear()
        self.session.slowdown = Slowdown()
        with suppress(ServiceError):
            self.logs.operations["DeleteLogGroup"](Request("DeleteLogGroup", {"logGroupName": GROUP}))

    def shut(self) -> None:
        """No more answers."""
        self._server.close()
        self._thread.join()

    def close(self) -> None:
        self.shut()
        self._store.close()

    @property
    def training_jobs(self) -> TrainingJobs:
        return TrainingJobs(self.session)

    @property
    def reader(self) -> Logs:
        return Logs(self.session)

    def start(self, name: str, *, instances: int = 1, **members: Any) -> dict[str, Any]:
        """A job that was just created."""
        now = datetime.now(UTC).replace(microsecond=0)
        self.jobs[name] = {
            "TrainingJobName": name,
            "TrainingJobArn": f"arn:aws:sagemaker:us-east-1:000000000000:training-job/{name}",
            "TrainingJobStatus": "InProgress",
            "SecondaryStatus": "Starting",
            "CreationTime": now,
            "LastModifiedTime": now,
            "AlgorithmSpecification": {"TrainingImage": BUILT_IN, "TrainingInputMode": "File"},
            "ResourceConfig": {"InstanceType": "ml.p3.2xlarge", "InstanceCount": instances, "VolumeSizeInGB": 50},
            "StoppingCondition": {"MaxRuntimeInSeconds": 86400},
            "SecondaryStatusTransitions": [
                {"Status": "Starting", "StartTime": now, "StatusMessage": "Starting the training job"}
            ],
        } | members
        return self.jobs[name]

    def move(self, name: str, secondary: str, message: str = "", *, status: str = "InProgress", **members: Any) -> None:
        """The job's next status."""
        job = deepcopy(self.jobs[name])
        transitions = job["SecondaryStatusTransitions"]
        now = max(datetime.now(UTC).replace(microsecond=0), transitions[-1]["StartTime"] + timedelta(seconds=1))
        transitions[-1]["EndTime"] = now
        transitions.append({"Status": secondary, "StartTime": now, "StatusMessage": message})
        job |= {"SecondaryStatus": secondary, "TrainingJobStatus": status, "LastModifiedTime": now} | members
        self.jobs[name] = job

    def end(self, name: str, status: str = "Completed", secondary: str | None = None, **members: Any) -> None:
        """The job's end."""
        now = datetime.now(UTC).replace(microsecond=0)
        facts: dict[str, Any] = {"TrainingEndTime": now, "BillableTimeInSeconds": 60, "TrainingTimeInSeconds": 90}
        self.move(name, secondary or status, status=status, **(facts | members))

    def write(
        self, job: str, *messages: str, host: int = 1, started: int = 1_700_000_000, at: int | None = None
    ) -> str:
        """Lines of an instance, a millisecond apart; gives the stream's name."""
        stream = f"{job}/algo-{host}-{started}"
        first = at if at is not None else int(datetime.now(UTC).timestamp() * 1000)
        self.logs.append(GROUP, stream, [(first + number, message) for number, message in enumerate(messages)])
        return stream


@pytest.fixture(scope="session")
def shared_stand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    found = Stand(tmp_path_factory.mktemp("stand"))
    yield found
    found.close()


@pytest.fixture
def stand(shared_stand: Stand) -> Stand:
    """An empty stand; the server behind it serves all tests."""
    shared_stand.clear()
    return shared_stand


@pytest.fixture
def fresh_stand(tmp_path: Path) -> Iterator[Stand]:
    """A stand that a test may shut."""
    found = Stand(tmp_path / "stand")
    yield found
    found.close()
