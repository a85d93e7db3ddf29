"""What every test may use: an embedded engine, real boto3 clients for it, and no trace of the user's own settings."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hypothesis
import pytest

if TYPE_CHECKING:
    from birdtui.local.engine_files import Engine
    from birdtui.local.host import Host

hypothesis.settings.register_profile("untimed", deadline=None)  # a busy machine is no reason to fail
hypothesis.settings.load_profile("untimed")

Environment = Callable[[Path], dict[str, str]]


def isolated_environment(directory: Path) -> dict[str, str]:
    """Variables that keep birdtui, boto3 and the AWS command line inside a directory; for programs a test starts."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "BIRDTUI_"))}
    return kept | {
        "BIRDTUI_STATE_DIR": str(directory / "state"),
        "BIRDTUI_CONFIG_DIR": str(directory / "config"),
        "AWS_CONFIG_FILE": str(directory / "aws-config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(directory / "aws-credentials"),
        "AWS_EC2_METADATA_DISABLED": "true",
    }


@pytest.fixture(autouse=True)
def isolated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every test has state, settings and AWS configuration of its own, all of it empty."""
    wanted = isolated_environment(tmp_path)
    for name in [name for name in os.environ if name not in wanted]:
        monkeypatch.delenv(name)
    for name, value in wanted.items():
        if os.environ.get(name) != value:
            monkeypatch.setenv(name, value)


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """The isolated environment for a program that the test starts; the same directories as the test's own."""
    return isolated_environment(tmp_path)


@pytest.fixture(scope="session")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """One engine for the whole run, furnished as a new user's is. Tests share it: use names of your own."""
    from birdtui.local.host import Host

    host = Host(tmp_path_factory.mktemp("engine"))
    yield host.engine
    host.close()


@pytest.fixture
def fresh_engine(tmp_path: Path) -> Iterator[Callable[..., Host]]:
    """Starts engines that only this test uses: `fresh_engine(name="engine")`, `.engine` tells where it is.

    The same name again, after `close()`, is the same engine started again. Those still open are closed at the end.
    """
    from birdtui.local.host import Host

    opened: list[Host] = []

    def start(name: str = "engine") -> Host:
        opened.append(Host(tmp_path / "state" / name))
        return opened[-1]

    yield start
    for host in opened:
        host.close()


@pytest.fixture
def client(request: pytest.FixtureRequest) -> Callable[..., Any]:
    """Real boto3 clients: `client("s3")` for the shared engine, `client("s3", other.engine)` for another.

    They try once, so that an error is seen as the engine sent it.
    """

    def make(service: str, engine: Engine | None = None, **config: Any) -> Any:
        found: Engine = engine or request.getfixturevalue("engine")
        return make_client(service, found.url, found.access_key, found.secret_key, **config)

    return make


def make_client(service: str, url: str, access_key: str, secret_key: str, **config: Any) -> Any:
    """A boto3 client for a URL; the service models are read once for the whole run."""
    from botocore.config import Config

    options = {"retries": {"total_max_attempts": 1}, "connect_timeout": 3, "read_timeout": 20} | config
    return _session().client(
        service,
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id=access_key,
        aws_secret_access_key=secret_key,
        config=Config(**options),
    )


@cache
def _session() -> Any:
    import boto3

    return boto3.session.Session()
