"""The AWS command line, versions 1 and 2, against the engine: an independent judge of its protocols.

Debian's `awscli` is version 2, PyPI's is version 1.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from birdtui.local.engine_files import Engine

WAITER = ("sagemaker", "wait", "training-job-completed-or-stopped", "--training-job-name")


class Aws:
    """Runs one AWS command line against an engine."""

    def __init__(self, program: str, engine: Engine, environment: dict[str, str], directory: Path) -> None:
        self._program, self._engine, self._directory = program, engine, directory
        self._environment = environment | {"AWS_PAGER": ""}

    def command(self, *arguments: str) -> list[str]:
        # by a flag, since the early versions 2 that some systems still have know no AWS_ENDPOINT_URL
        return [self._program, "--endpoint-url", self._engine.url, *arguments]

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            self.command(*arguments), env=self._environment, cwd=self._directory, stdout=subprocess.PIPE, text=True
        )

    def run(self, *arguments: str) -> str:
        done = self._done(self.command(*arguments))
        assert done.returncode == 0, done.stderr
        return done.stdout

    def json(self, *arguments: str) -> Any:
        return json.loads(self.run(*arguments, "--output", "json"))

    def refused(self, *arguments: str) -> str:
        done = self._done(self.command(*arguments))
        assert done.returncode != 0
        return done.stderr

    def shell(self, command: str) -> str:
        """Runs a shell's line whose `aws` is this one, with the endpoint in the environment."""
        folder = self._directory / "bin"
        folder.mkdir(exist_ok=True)
        script = folder / "aws"
        script.write_text(f'#!/bin/sh\nexec "{self._program}" --endpoint-url "{self._engine.url}" "$@"\n')
        script.chmod(0o755)
        paths = os.pathsep.join([str(folder), self._environment.get("PATH", os.defpath)])
        done = self._done(["sh", "-e", "-c", command], PATH=paths)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def _done(self, command: list[str], **variables: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command,
            env=self._environment | variables,
            cwd=self._directory,
            capture_output=True,
            text=True,
            timeout=90,
            check=False,
        )


@pytest.fixture(params=["1", "2"], ids=["version 1", "version 2"])
def version(request: pytest.FixtureRequest) -> str:
    asked: str = request.param
    return asked


@pytest.fixture
def aws(version: str, engine: Engine, engine_environment: dict[str, str], tmp_path: Path, request: Any) -> Aws:
    return Aws(request.getfixturevalue(f"aws_cli_{version}"), engine, engine_environment, tmp_path)


@pytest.fixture
def lab_job(aws: Aws, version: str, lab_request: Callable[..., dict[str, Any]], tmp_path: Path) -> Callable[..., str]:
    """Creates the lab's job from a file, with changed hyperparameters, and gives its name."""

    def create(stem: str, **hyperparameters: str) -> str:
        request = lab_request(f"{stem}-v{version}", **hyperparameters)
        path = tmp_path / "job.json"
        path.write_text(json.dumps(request))
        answer = aws.json("sagemaker", "create-training-job", "--cli-input-json", path.as_uri())
        assert answer["TrainingJobArn"].endswith(f":training-job/{request['TrainingJobName']}")
        return str(request["TrainingJobName"])

    return create


def test_objects_go_up_and_down(aws: Aws, tmp_path: Path, version: str) -> None:
    bucket = f"s3://cli-objects-{version}"
    big = os.urandom(9 << 20)  # over the limit from which the command line uploads in parts
    (tmp_path / "up" / "folder").mkdir(parents=True)
    (tmp_path / "up" / "big.bin").write_bytes(big)
    (tmp_path / "up" / "folder" / "ä b+c.txt").write_text("small")
    aws.run("s3", "mb", bucket)
    aws.run("s3", "cp", "up/big.bin", f"{bucket}/big.bin")
    aws.run("s3", "sync", "up", bucket)
    listing = aws.run("s3", "ls", "--recursive", bucket)
    assert [line.split(maxsplit=3)[2:] for line in listing.splitlines()] == [
        [str(len(big)), "big.bin"],
        ["5", "folder/ä b+c.txt"],
    ]
    aws.run("s3", "sync", bucket, "down")
    assert (tmp_path / "down" / "big.bin").read_bytes() == big
    assert (tmp_path / "down" / "folder" / "ä b+c.txt").read_text() == "small"
    aws.run("s3", "rb", "--force", bucket)
    assert "NoSuchBucket" in aws.refused("s3", "ls", bucket)


def test_the_sample_bucket_is_listed(aws: Aws) -> None:
    assert "birdtui-sample" in aws.run("s3", "ls")
    assert aws.run("s3", "ls", "s3://birdtui-sample/train/").strip().endswith(".rec")


def test_a_job_is_created_waited_for_and_described(
    aws: Aws, lab_job: Callable[..., str], ended: Callable[[str], None]
) -> None:
    name = lab_job("cli-trains", epochs="3", checkpoint_frequency="3")
    ended(name)
    aws.run(*WAITER, name)
    job = aws.json("sagemaker", "describe-training-job", "--training-job-name", name)
    assert job["TrainingJobStatus"] == "Completed"
    artifact = job["ModelArtifacts"]["S3ModelArtifacts"]
    assert artifact == f"s3://birdtui-sample/{name}/output/model.tar.gz"
    assert "model.tar.gz" in aws.run("s3", "ls", artifact)
    jobs = aws.json("sagemaker", "list-training-jobs", "--name-contains", "cli-trains", "--max-results", "1")
    assert len(jobs["TrainingJobSummaries"]) == 1
    group = ["--log-group-name", "/aws/sagemaker/TrainingJobs"]
    streams = aws.json("logs", "describe-log-streams", *group, "--log-stream-name-prefix", f"{name}/")["logStreams"]
    assert [stream["logStreamName"].partition("/")[0] for stream in streams] == [name]
    stream = ["--log-stream-name", streams[0]["logStreamName"]]
    events = aws.json("logs", "get-log-events", *group, *stream, "--start-from-head")["events"]
    assert any("Validation-accuracy" in event["message"] for event in events)
    found = aws.json(
        "logs",
        "filter-log-events",
        *group,
        "--log-stream-names",
        stream[1],
        "--filter-pattern",
        '"Validation-accuracy"',
    )
    assert len(found["events"]) == 3


def test_a_job_is_stopped(aws: Aws, lab_job: Callable[..., str], ended: Callable[[str], None]) -> None:
    name = lab_job("cli-stops", epochs="2000")
    aws.run("sagemaker", "stop-training-job", "--training-job-name", name)
    ended(name)
    aws.run(*WAITER, name)
    job = aws.json("sagemaker", "describe-training-job", "--training-job-name", name)
    assert job["TrainingJobStatus"] == "Stopped"
    jobs = aws.json("sagemaker", "list-training-jobs", "--status-equals", "Stopped", "--name-contains", name)
    assert [one["TrainingJobName"] for one in jobs["TrainingJobSummaries"]] == [name]


def test_the_converted_command_creates_the_job(
    aws: Aws, version: str, lab_request: Callable[..., dict[str, Any]], client: Callable[..., Any]
) -> None:
    from birdtui.spec.convert_shell import aws_command

    request = lab_request(f"cli-converted-v{version}", epochs="1")
    answer = json.loads(aws.shell(aws_command(request, "us-east-1")))
    assert answer["TrainingJobArn"].endswith(f":training-job/{request['TrainingJobName']}")
    job = client("sagemaker").describe_training_job(TrainingJobName=request["TrainingJobName"])
    for member in ("HyperParameters", "ResourceConfig", "StoppingCondition", "RoleArn"):
        assert job[member] == request[member]


def test_a_refusal_is_told_as_the_service_words_it(
    aws: Aws, lab_request: Callable[..., dict[str, Any]], tmp_path: Path
) -> None:
    request = lab_request("cli-refused")
    request["InputDataConfig"][0]["DataSource"]["S3DataSource"]["S3Uri"] = "s3://birdtui-sample/nothing/"
    (tmp_path / "job.json").write_text(json.dumps(request))
    said = aws.refused("sagemaker", "create-training-job", "--cli-input-json", (tmp_path / "job.json").as_uri())
    assert "(ValidationException)" in said
    assert 'No S3 objects found under S3 URL "s3://birdtui-sample/nothing/"' in said


@pytest.mark.parametrize("version", ["2"], ids=["version 2"], indirect=True)  # 1 has no `logs tail`
def test_a_log_is_followed_while_it_is_written(
    aws: Aws, lab_job: Callable[..., str], client: Callable[..., Any], until: Callable[..., None]
) -> None:
    name = lab_job("cli-tails", epochs="2000")
    group, prefix = "/aws/sagemaker/TrainingJobs", f"{name}/"
    until(lambda: group in {one["logGroupName"] for one in client("logs").describe_log_groups()["logGroups"]})
    tail = aws.start("logs", "tail", group, "--follow", "--since", "10m", "--log-stream-name-prefix", prefix)
    assert tail.stdout is not None
    watchdog = threading.Timer(60, tail.kill)
    watchdog.start()
    epochs: list[int] = []
    try:
        for line in tail.stdout:
            found = re.search(r"Epoch\[(\d+)\] Validation-accuracy=", line)
            if found:
                epochs.append(int(found[1]))
            if len(epochs) == 10:
                break
    finally:
        client("sagemaker").stop_training_job(TrainingJobName=name)
        watchdog.cancel()
        tail.terminate()
        tail.wait()
        tail.stdout.close()
    assert epochs == list(range(10))


def test_roles_identity_and_quotas_are_read(aws: Aws) -> None:
    assert aws.json("sts", "get-caller-identity")["Account"] == "000000000000"
    role = aws.json("iam", "list-roles")["Roles"][0]
    assert role["AssumeRolePolicyDocument"]["Statement"][0]["Principal"] == {"Service": "sagemaker.amazonaws.com"}
    simulated = aws.json(
        "iam", "simulate-principal-policy", "--policy-source-arn", role["Arn"],
        "--action-names", "s3:GetObject", "s3:DeleteBucket", "--resource-arns", "arn:aws:s3:::birds/x",
    )  # fmt: skip
    assert [one["EvalDecision"] for one in simulated["EvaluationResults"]] == ["allowed", "implicitDeny"]
    quotas = aws.json("service-quotas", "list-service-quotas", "--service-code", "sagemaker")["Quotas"]
    assert "ml.p3.2xlarge for training job usage" in {quota["QuotaName"] for quota in quotas}


def test_what_is_not_there_is_said_clearly(aws: Aws) -> None:
    assert "not part of the local engine" in aws.refused("ec2", "describe-instances")
    assert "not part of the local engine" in aws.refused("kms", "list-keys")
    assert "not part of the local engine" in aws.refused("cloudwatch", "list-metrics")
