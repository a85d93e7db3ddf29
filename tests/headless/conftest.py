"""The command line in this process, pointed at the shared engine by environment and --endpoint-url."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from birdtui import cli
from birdtui.local.engine_files import Engine
from birdtui.recordio import ImageHeader, pack_image, write_records

SAMPLE = Path(__file__).parents[2] / "sample.toml"


@dataclass(frozen=True)
class Said:
    """What a command left."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def events(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.out.splitlines()]


Run = Callable[..., Said]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command line as it stands."""

    def call(*arguments: str) -> Said:
        capsys.readouterr()
        code = cli.main(arguments)
        said = capsys.readouterr()
        return Said(code, said.out, said.err)

    return call


@pytest.fixture
def aws(run: Run, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a command line against the shared engine, reached as AWS is: by credentials of the environment."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", engine.access_key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", engine.secret_key)
    monkeypatch.setenv("AWS_REGION", "us-east-1")

    def call(*arguments: str) -> Said:
        return run(*arguments, "--endpoint-url", engine.url)

    return call


def tiny_records(count: int) -> bytes:
    """So many records of two classes that a network tells apart at once."""
    import io

    from PIL import Image

    def picture(shade: int) -> bytes:
        buffer = io.BytesIO()
        Image.new("RGB", (50, 50), (shade, 255 - shade, 128)).save(buffer, "JPEG")
        return buffer.getvalue()

    return write_records(
        pack_image(ImageHeader((float(number % 2),)), picture(200 * (number % 2))) for number in range(count)
    )


@pytest.fixture
def tiny(client: Callable[..., Any], tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """A job file that trains in well under a second, its data in a bucket of its own."""
    import hashlib

    bucket = "tiny-" + hashlib.sha256(request.node.nodeid.encode()).hexdigest()[:16]
    s3 = client("s3")
    s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key="train/t.rec", Body=tiny_records(8))
    s3.put_object(Bucket=bucket, Key="validation/v.rec", Body=tiny_records(6))
    text = SAMPLE.read_text(encoding="utf-8").replace("birdtui-sample", bucket)
    for old, new in (
        ("checkpoint_frequency = 25", "checkpoint_frequency = 2"),
        ("epochs = 25 ", "epochs = 2 "),
        ("mini_batch_size = 24", "mini_batch_size = 4"),
        ("num_classes = 4", "num_classes = 2"),
        ("num_training_samples = 322", "num_training_samples = 8"),
        ("top_k = 2 ", ""),
    ):
        assert old in text
        text = text.replace(old, new)
    text = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("# also logs"))
    path = tmp_path / "tiny.toml"
    path.write_text(text.replace("                    # also logs", "# also logs"), encoding="utf-8")
    return path
