"""A bucket of the test's own on the shared engine, holding sound data, and the sample's job pointed at it."""

from __future__ import annotations

import hashlib
import json
import struct
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from birdtui.aws.session import Connection, Session
from birdtui.local.engine_files import Engine
from birdtui.preflight import preflight
from birdtui.recordio import ImageHeader, pack_image, write_records
from birdtui.spec import toml_file
from birdtui.spec.findings import Finding, Level
from birdtui.spec.job import JobSpec

SAMPLE = Path(__file__).parents[2] / "sample.toml"
WRONG = {Level.ERROR, Level.WARNING}


def png(width: int, height: int) -> bytes:
    """The head of a PNG: all of it that is looked at."""
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sII", 13, b"IHDR", width, height)


def records(labels: Iterable[float | Sequence[float]], image: bytes = b"no image") -> bytes:
    """A .rec file: one record for each label or vector of labels."""
    vectors = (tuple(label) if isinstance(label, Sequence) else (label,) for label in labels)
    return write_records(pack_image(ImageHeader(vector), image) for vector in vectors)


def even(count: int, classes: int = 4) -> list[float]:
    """Labels in turn."""
    return [float(number % classes) for number in range(count)]


def policy(*statements: Mapping[str, Any]) -> str:
    """A policy document; statements allow unless they say otherwise."""
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **each} for each in statements]})


TRUST = policy({"Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"})
ANYONE = policy({"Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"})


@cache
def shared_session(engine: Engine) -> Session:
    """One session for an engine: clients are what takes the time, and they keep no answers."""
    keys = {"access_key": engine.access_key, "secret_key": engine.secret_key}
    return Session(Connection(region="us-east-1", endpoint_url=engine.url, **keys))


@dataclass
class World:
    """Where a test makes things wrong, and asks what is found."""

    engine: Engine
    client: Callable[..., Any]
    bucket: str
    name: str
    environment: pytest.MonkeyPatch
    s3: Any = field(init=False)

    def __post_init__(self) -> None:
        self.s3 = self.client("s3")

    def put(self, key: str, body: bytes | str) -> None:
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=body)

    def role(self, document: str | None = None, *, trust: str = TRUST, suffix: str = "") -> str:
        """The ARN of a new role with these rights."""
        iam, name = self.client("iam"), self.name + suffix
        arn = str(iam.create_role(RoleName=name, Path="/service-role/", AssumeRolePolicyDocument=trust)["Role"]["Arn"])
        if document is not None:
            iam.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=document)
        return arn

    def session(self) -> Session:
        return shared_session(self.engine)

    def become(self, document: str) -> Callable[[], Session]:
        """Sessions of a caller who has these rights alone."""
        arn = self.role(document, trust=ANYONE, suffix="-caller")
        keys = self.client("sts").assume_role(RoleArn=arn, RoleSessionName="test")["Credentials"]
        self.environment.setenv("AWS_ACCESS_KEY_ID", keys["AccessKeyId"])
        self.environment.setenv("AWS_SECRET_ACCESS_KEY", keys["SecretAccessKey"])
        self.environment.setenv("AWS_SESSION_TOKEN", keys["SessionToken"])
        return lambda: Session(Connection(region="us-east-1", endpoint_url=self.engine.url))

    def spec(self, *overrides: str) -> JobSpec:
        text = SAMPLE.read_text(encoding="utf-8").replace("birdtui-sample", self.bucket)
        return toml_file.parse(text, "sample.toml", overrides)

    def check(self, *overrides: str) -> list[Finding]:
        return preflight(self.spec(*overrides), self.session)

    def wrong(self, *overrides: str) -> list[Finding]:
        return [each for each in self.check(*overrides) if each.level in WRONG]

    def found(self, check: str, *overrides: str) -> Finding:
        """The one finding of a check."""
        return only(each for each in self.check(*overrides) if each.check == check)


@pytest.fixture
def bare(
    engine: Engine, client: Callable[..., Any], request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> World:
    """An empty bucket of the test's own."""
    name = "p-" + hashlib.sha256(request.node.nodeid.encode()).hexdigest()[:16]
    made = World(engine, client, name, name, monkeypatch)
    made.s3.create_bucket(Bucket=name)
    return made


@pytest.fixture
def world(bare: World) -> World:
    """The bucket with sound data: 322 images to train with, 104 to validate with, of four classes."""
    bare.put("train/t.rec", records(even(322)))
    bare.put("validation/v.rec", records(even(104)))
    return bare


def only(found: Iterable[Finding]) -> Finding:
    """The one finding there is."""
    findings = list(found)
    assert len(findings) == 1, findings
    return findings[0]
