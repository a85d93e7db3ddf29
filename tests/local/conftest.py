"""The engine's front door alone: real IAM, STS and quotas, and an S3 that only tells what reached it."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest

from birdtui.local import iam, quotas
from birdtui.local.awsjson import JsonService
from birdtui.local.awsquery import QueryService
from birdtui.local.gateway import Gateway, Routes
from birdtui.local.server import EngineServer
from birdtui.local.service import HttpRequest, HttpResponse, Request, ServiceError
from birdtui.local.sigv4 import Keys
from birdtui.local.store import Store


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
