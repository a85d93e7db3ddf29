"""The app on a real engine, driven by its keys; jobs so small that they end in a second; the screen as plain text."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image
from textual.app import App
from textual.pilot import Pilot

from birdtui.aws.session import Connection
from birdtui.recordio import ImageHeader, pack_image, write_records
from birdtui.ui import background
from birdtui.ui.app import BirdApp, Start

if TYPE_CHECKING:
    from birdtui.local.engine_files import Engine

PATIENCE = 15.0
BUILT_IN = "811284229777.dkr.ecr.us-east-1.amazonaws.com/image-classification:1"
BUCKET = "screen-pictures"
OVER = {"Completed", "Failed", "Stopped"}
ENDLESS = "1000000"
"""So many epochs that nobody sees their end."""


def screen_text(app: App[Any]) -> str:
    """What a person sees, as lines of plain text."""
    strips = app.screen._compositor.render_strips()
    lines = ("".join(segment.text for segment in strip).rstrip() for strip in strips)
    return "\n".join(lines)


@dataclass
class Seen:
    """An app that runs, and the keys to it."""

    app: BirdApp
    pilot: Pilot[int]

    @property
    def text(self) -> str:
        return screen_text(self.app)

    async def until(self, holds: Callable[[], bool], seconds: float = PATIENCE) -> None:
        """Waits for a condition; shows the screen where it never comes to hold."""
        deadline = time.monotonic() + seconds
        while not holds():
            assert time.monotonic() < deadline, f"it never came to hold\n{self.text}"
            await self.pilot.pause(0.02)

    async def sees(self, *words: str) -> None:
        """Waits until all of these are on the screen."""
        await self.until(lambda: all(word in self.text for word in words))

    async def misses(self, word: str) -> None:
        """Waits until this is not on the screen."""
        await self.until(lambda: word not in self.text)

    async def press(self, *keys: str) -> None:
        """Presses keys, one after the other."""
        await self.pilot.press(*keys)

    async def types(self, text: str) -> None:
        """Types a text, a key a character."""
        await self.pilot.press(*("space" if character == " " else character for character in text))


Opener = Callable[..., AbstractAsyncContextManager[Seen]]


@asynccontextmanager
async def opened(start: Start, size: tuple[int, int]) -> AsyncIterator[Seen]:
    app = BirdApp(start)
    async with app.run_test(size=size, notifications=True) as pilot:
        seen = Seen(app, pilot)
        await seen.until(lambda: app.is_open)
        await pilot.pause()
        yield seen
    assert background.idle(PATIENCE)


def connection(engine: Engine) -> Connection:
    return Connection(
        region=engine.region, endpoint_url=engine.url, access_key=engine.access_key, secret_key=engine.secret_key
    )


@dataclass
class Account:
    """An engine of the screens' own and what is in it."""

    engine: Engine
    client: Callable[[str], Any]
    made: list[str] = field(default_factory=list)

    def request(self, name: str, **hyperparameters: str) -> dict[str, Any]:
        role = self.client("iam").list_roles(PathPrefix="/service-role/")["Roles"][0]["Arn"]
        return {
            "TrainingJobName": name,
            "RoleArn": role,
            "AlgorithmSpecification": {"TrainingImage": BUILT_IN, "TrainingInputMode": "File"},
            "HyperParameters": {"num_classes": "2", "num_training_samples": "8", "epochs": "3", "mini_batch_size": "4"}
            | hyperparameters,
            "InputDataConfig": [
                {
                    "ChannelName": channel,
                    "ContentType": "application/x-recordio",
                    "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"s3://{BUCKET}/{channel}/"}},
                }
                for channel in ("train", "validation")
            ],
            "OutputDataConfig": {"S3OutputPath": f"s3://{BUCKET}/"},
            "ResourceConfig": {"InstanceType": "ml.p3.2xlarge", "InstanceCount": 1, "VolumeSizeInGB": 1},
            "StoppingCondition": {"MaxRuntimeInSeconds": 3600},
        }

    def create(self, name: str, **hyperparameters: str) -> str:
        self.client("sagemaker").create_training_job(**self.request(name, **hyperparameters))
        self.made.append(name)
        return name

    def describe(self, name: str) -> dict[str, Any]:
        answer: dict[str, Any] = self.client("sagemaker").describe_training_job(TrainingJobName=name)
        return answer

    def ended(self, name: str) -> dict[str, Any]:
        """The description of a job once it is over."""
        deadline = time.monotonic() + PATIENCE
        while (job := self.describe(name))["TrainingJobStatus"] not in OVER:
            assert time.monotonic() < deadline, f"{name} never ended"
            threading.Event().wait(0.05)
        return job

    def stop(self, name: str) -> None:
        client = self.client("sagemaker")
        with suppress(client.exceptions.ClientError):  # it may have ended by itself
            client.stop_training_job(TrainingJobName=name)


def picture_records(count: int) -> bytes:
    """A .rec file of plain pictures in two colours, one for each label."""
    import io

    pictures = []
    for shade in (0, 200):
        content = io.BytesIO()
        Image.new("RGB", (16, 16), (shade, 255 - shade, 128)).save(content, "PNG")
        pictures.append(content.getvalue())
    images = (pack_image(ImageHeader((float(number % 2),)), pictures[number % 2]) for number in range(count))
    return write_records(images)


@pytest.fixture(scope="session")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    """Three jobs that are over: `good-alpha` and `good-beta` completed, `bad-epochs` failed."""
    import boto3

    from birdtui.local.host import Host

    host = Host(tmp_path_factory.mktemp("screens"))
    engine = host.engine
    session = boto3.session.Session(engine.access_key, engine.secret_key, region_name=engine.region)
    clients: dict[str, Any] = {}

    def client(service: str) -> Any:
        if service not in clients:
            clients[service] = session.client(service, endpoint_url=engine.url)
        return clients[service]

    found = Account(engine, client)
    client("s3").create_bucket(Bucket=BUCKET)
    client("s3").put_object(Bucket=BUCKET, Key="train/t.rec", Body=picture_records(8))
    client("s3").put_object(Bucket=BUCKET, Key="validation/v.rec", Body=picture_records(6))
    found.create("bad-epochs", epochs="many")
    found.create("good-alpha", learning_rate="0.1")
    found.create("good-beta", learning_rate="0.01")
    for name in list(found.made):
        found.ended(name)
    yield found
    host.close()


@pytest.fixture
def open_app(account: Account, tmp_path: Any) -> Opener:
    """`async with open_app(size=(80, 24), target=..., read_only=True) as seen:`; further words go to `Start`."""

    def start(size: tuple[int, int] = (140, 42), **how: Any) -> AbstractAsyncContextManager[Seen]:
        return opened(Start(**{"connect": partial(connection, account.engine)} | how), size)

    return start


@pytest.fixture
def running(account: Account) -> Iterator[str]:
    """A job that trains until the test is over."""
    name = account.create(f"running-{uuid.uuid4().hex[:6]}", epochs=ENDLESS)
    yield name
    account.stop(name)
    account.ended(name)
