"""A role is offered where the account has none, and made on an explicit yes alone."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from birdtui.local.engine_files import Engine
from tests.headless.conftest import Run

JOB = """\
[job]
name = "own"
role = "auto"
[algorithm]
image = "012345678901.dkr.ecr.us-east-1.amazonaws.com/own:1"
input_mode = "File"
[resources]
instance_type = "ml.m5.large"
instance_count = 1
volume_gb = 1
[limits]
max_runtime = "1h"
[output]
s3_uri = "s3://role-pictures/"
"""


class Keyboard(io.StringIO):
    """Somebody at a terminal who types these lines."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def empty(fresh_engine: Callable[..., Any], client: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> Engine:
    """An account without a role, with one bucket."""
    engine: Engine = fresh_engine().engine
    iam = client("iam", engine)
    for role in iam.list_roles()["Roles"]:
        name = role["RoleName"]
        for policy in iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]:
            iam.detach_role_policy(RoleName=name, PolicyArn=policy["PolicyArn"])
        for policy in iam.list_role_policies(RoleName=name)["PolicyNames"]:
            iam.delete_role_policy(RoleName=name, PolicyName=policy)
        iam.delete_role(RoleName=name)
    client("s3", engine).create_bucket(Bucket="role-pictures")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", engine.access_key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", engine.secret_key)
    monkeypatch.setenv("AWS_REGION", engine.region)
    return engine


@pytest.fixture
def job(tmp_path: Path) -> str:
    path = tmp_path / "own.toml"
    path.write_text(JOB)
    return str(path)


def roles(client: Callable[..., Any], engine: Engine) -> list[str]:
    return [role["RoleName"] for role in client("iam", engine).list_roles()["Roles"]]


@pytest.mark.parametrize("flags", [(), ("--no-preflight",)])
def test_a_yes_makes_the_role_and_sends_the_job(
    run: Run,
    empty: Engine,
    job: str,
    client: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
    flags: tuple[str, ...],
) -> None:
    monkeypatch.setattr("sys.stdin", Keyboard("y\n"))
    said = run("--submit", job, "--endpoint-url", empty.url, *flags)
    assert said.code == 0, said.err
    (role,) = roles(client, empty)
    described = client("sagemaker", empty).describe_training_job(TrainingJobName=said.out.strip())
    assert described["RoleArn"].endswith(f":role/service-role/{role}")


def test_what_would_be_made_is_shown_before_the_question(
    run: Run, empty: Engine, job: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", Keyboard("n\n"))
    shown, question, _ = run("--submit", job, "--endpoint-url", empty.url).err.partition("Make this role? [y/N]")
    assert question
    assert "sagemaker.amazonaws.com" in shown
    assert "arn:aws:s3:::role-pictures/*" in shown
    assert "AmazonSageMakerFullAccess" in shown


@pytest.mark.parametrize("answer", ["n\n", "\n", "", "yep\n"])
def test_nothing_but_a_yes_makes_a_role(
    run: Run, empty: Engine, job: str, client: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, answer: str
) -> None:
    monkeypatch.setattr("sys.stdin", Keyboard(answer))
    assert run("--submit", job, "--endpoint-url", empty.url).code == 2
    assert roles(client, empty) == []


@pytest.mark.parametrize("flags", [("--json",), ("--quiet",), ("--dry-run",)])
def test_nobody_is_asked_where_only_a_program_listens(
    run: Run, empty: Engine, job: str, client: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, flags: tuple[str]
) -> None:
    monkeypatch.setattr("sys.stdin", Keyboard("y\n"))
    said = run("--submit", job, "--endpoint-url", empty.url, *flags)
    assert "Make this role?" not in said.err
    assert roles(client, empty) == []


def test_in_a_pipe_nobody_is_asked(
    run: Run, empty: Engine, job: str, client: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("y\n"))
    assert "Make this role?" not in run("--submit", job, "--endpoint-url", empty.url).err
    assert roles(client, empty) == []


def test_an_account_with_a_role_is_not_asked(
    run: Run, engine: Engine, job: str, client: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", Keyboard("y\n"))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", engine.access_key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", engine.secret_key)
    monkeypatch.setenv("AWS_REGION", engine.region)
    before = roles(client, engine)
    assert "Make this role?" not in run("--submit", job, "--endpoint-url", engine.url, "--no-preflight").err
    assert roles(client, engine) == before
