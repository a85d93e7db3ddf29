"""Programs of other makers, pointed at the engine: where they are, or why they are not, and the variables they need."""

from __future__ import annotations

import fcntl
import os
import re
import subprocess
import sys
import threading
import time
import venv
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from birdtui.local import daemon
from birdtui.local.engine_files import Engine

INSTALL_SECONDS = 300
SAMPLE = Path(__file__).parents[2] / "sample.toml"


@pytest.fixture
def engine_environment(engine: Engine, environment: dict[str, str]) -> dict[str, str]:
    """The isolated environment after `eval "$(birdtui --local --env)"`."""
    lines = daemon.environment(engine).splitlines()
    exports = (line.removeprefix("export ").partition("=") for line in lines if line.startswith("export "))
    return environment | {name: value for name, _, value in exports}


@pytest.fixture
def lab_request(client: Callable[..., Any]) -> Callable[..., dict[str, Any]]:
    """The lab's job as a request under a given name, with changed hyperparameters."""
    from birdtui.spec import job, toml_file

    def make(name: str, **hyperparameters: str) -> dict[str, Any]:
        changes = [f'hyperparameters.{key}="{value}"' for key, value in hyperparameters.items()]
        role = client("iam").list_roles(PathPrefix="/service-role/")["Roles"][0]["Arn"]
        return job.resolve(toml_file.read(SAMPLE, changes), region="us-east-1", role_arn=role, name=name)

    return make


@pytest.fixture
def until() -> Callable[[Callable[[], bool]], None]:
    """Waits, not for ever, until something holds."""

    def wait(holds: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 60
        while not holds():
            assert time.monotonic() < deadline
            threading.Event().wait(0.1)

    return wait


@pytest.fixture
def ended(client: Callable[..., Any], until: Callable[..., None]) -> Callable[[str], None]:
    """Waits for a job's end: other makers' waiters look every two minutes only, so they are asked after it."""
    describe = client("sagemaker").describe_training_job
    under_way = {"InProgress", "Stopping"}
    return lambda name: until(lambda: describe(TrainingJobName=name)["TrainingJobStatus"] not in under_way)


@pytest.fixture(scope="session")
def aws_cli_1() -> str:
    """The AWS command line, version 1: this machine's own, else PyPI's in a virtual environment made for it.

    It pins its own botocore, so it must never be installed beside birdtui. The environment is kept between runs.
    """
    return _found().get("1") or _made()


@pytest.fixture(scope="session")
def aws_cli_2() -> str:
    """The AWS command line, version 2: it is not on PyPI, so only a machine that has it can ask it."""
    if "2" not in _found():
        pytest.skip("aws-cli 2 is not installed (Debian: apt-get install awscli)")
    return _found()["2"]


@cache
def _found() -> dict[str, str]:
    """Executables of the AWS command line on this machine, by major version."""
    found: dict[str, str] = {}
    for folder in os.environ.get("PATH", os.defpath).split(os.pathsep):
        path = Path(folder) / "aws"
        # one inside this very environment would use the botocore that birdtui needs
        if path.exists() and path.parent != Path(sys.executable).parent:
            done = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=60, check=False)
            version = re.match(r"aws-cli/(\d+)\.", done.stdout + done.stderr)
            if version:
                found.setdefault(version[1], str(path))
    return found


def _made() -> str:
    """Installs PyPI's awscli where no run before has; only one run at a time does."""
    cache_root = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "birdtui-tests"
    folder = cache_root / f"awscli-python{sys.version_info.major}.{sys.version_info.minor}"
    complete = folder / "complete"
    try:
        cache_root.mkdir(parents=True, exist_ok=True)
        with (cache_root / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not (complete.exists() and (folder / "bin" / "python").exists()):  # its Python may be gone by now
                venv.create(folder, with_pip=True, clear=True)
                command = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", "awscli<2"]
                subprocess.run(command, check=True, capture_output=True, text=True, timeout=INSTALL_SECONDS)
                complete.touch()
    except (OSError, subprocess.SubprocessError) as error:
        reason = str(getattr(error, "stderr", "") or error).strip().splitlines()[-1]
        pytest.skip(f"aws-cli 1 is not installed and cannot be fetched from PyPI: {reason}")
    return str(folder / "bin" / "aws")
