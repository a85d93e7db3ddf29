"""Whole processes, from the command line to their end: birdtui against what people have today, on one embedded engine.

Run: python tests/benchmarks/bench_processes.py [ROUNDS] [--json]
The two sides take turns, and the middle of their times counts. Without the AWS command line, version 2, its rows are
left out.
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import boto3
from bench_metrics import mixed_log  # beside this file, as is the next
from figures import Figure, report

from birdtui.local.host import Host

BIRDTUI = str(Path(sys.executable).with_name("birdtui"))
GROUP = "/aws/sagemaker/TrainingJobs"
LINES = 100_000
BATCH = 5_000
"""So many events are under the megabyte that PutLogEvents takes."""
OWN_IMAGE = "012345678901.dkr.ecr.us-east-1.amazonaws.com/own:1"
"""The engine ends a job of this image at once, so that no training runs beside what is measured."""

JOB = """\
[job]
name = "{name}"
role = "{role}"
[algorithm]
image = "{image}"
input_mode = "File"
[resources]
instance_type = "ml.m5.large"
instance_count = 1
volume_gb = 1
[limits]
max_runtime = "1h"
[output]
s3_uri = "s3://birdtui-sample/"
"""
SCRIPT = """\
import sys
import boto3

answer = boto3.client("sagemaker").create_training_job(
    TrainingJobName=sys.argv[1],
    RoleArn="{role}",
    AlgorithmSpecification={{"TrainingImage": "{image}", "TrainingInputMode": "File"}},
    ResourceConfig={{"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1}},
    StoppingCondition={{"MaxRuntimeInSeconds": 3600}},
    OutputDataConfig={{"S3OutputPath": "s3://birdtui-sample/"}},
)
print(answer["TrainingJobArn"])
"""


def aws_cli() -> str | None:
    """The AWS command line where it is version 2; version 1 may stand before it in the path."""
    places = [shutil.which("aws"), "/usr/bin/aws", "/usr/local/bin/aws"]
    for place in places:
        if place and Path(place).exists():
            said = subprocess.run([place, "--version"], capture_output=True, text=True, check=False).stdout
            if said.startswith("aws-cli/2"):
                return place
    return None


def in_turns(rounds: int, *commands: Callable[[], Sequence[str]], env: dict[str, str]) -> list[float]:
    """The middle of each command's times in seconds, the commands taking turns; their output goes nowhere."""
    times: list[list[float]] = [[] for _ in commands]
    for _ in range(rounds + 1):
        for taken, command in zip(times, commands, strict=True):
            words = command()
            start = time.perf_counter()
            subprocess.run(words, env=env, stdout=subprocess.DEVNULL, check=True)
            taken.append(time.perf_counter() - start)
    return [statistics.median(taken[1:]) for taken in times]  # the first round warms the disk


def fresh() -> str:
    """A job name that nobody has."""
    return f"bench-{uuid.uuid4().hex[:12]}"


def write_log(logs: Any, job: str) -> None:
    """Give an ended job a long log."""
    now = int(time.time() * 1000)
    where = {"logGroupName": GROUP, "logStreamName": f"{job}/algo-1-{now // 1000}"}
    logs.create_log_group(logGroupName=GROUP)
    logs.create_log_stream(**where)
    lines = mixed_log(LINES)
    for start in range(0, LINES, BATCH):
        batch = lines[start : start + BATCH]
        events = [{"timestamp": now + start + at, "message": line} for at, line in enumerate(batch)]
        logs.put_log_events(**where, logEvents=events)


def measured(rounds: int) -> Iterator[Figure]:
    """Listing, submitting, and reading an ended job's log."""
    with tempfile.TemporaryDirectory() as folder:
        host = Host(Path(folder) / "engine")
        engine = host.engine
        env = os.environ | {
            "AWS_ACCESS_KEY_ID": engine.access_key,
            "AWS_SECRET_ACCESS_KEY": engine.secret_key,
            "AWS_DEFAULT_REGION": engine.region,
            "AWS_ENDPOINT_URL": engine.url,
            "AWS_PAGER": "",
            "BIRDTUI_STATE_DIR": folder,
            "BIRDTUI_CONFIG_DIR": folder,
        }
        session = boto3.session.Session(engine.access_key, engine.secret_key, region_name=engine.region)
        role = session.client("iam", endpoint_url=engine.url).list_roles()["Roles"][0]["Arn"]
        name = fresh()
        (Path(folder) / "job.toml").write_text(JOB.format(name=name, role=role, image=OWN_IMAGE))
        (Path(folder) / "script.py").write_text(SCRIPT.format(role=role, image=OWN_IMAGE))
        submit = [BIRDTUI, "--submit", str(Path(folder) / "job.toml"), "--no-preflight"]
        subprocess.run([*submit, "--set", "job.unique_name=false"], env=env, stdout=subprocess.DEVNULL, check=True)
        write_log(session.client("logs", endpoint_url=engine.url), name)
        try:
            yield from compared(rounds, name, folder, submit, engine.url, env)
        finally:
            host.close()


def compared(rounds: int, name: str, folder: str, submit: list[str], url: str, env: dict[str, str]) -> Iterator[Figure]:
    """The figures, each pair in turns."""
    script = str(Path(folder) / "script.py")
    ours, theirs = in_turns(
        rounds, lambda: [*submit, "--name", fresh()], lambda: [sys.executable, script, fresh()], env=env
    )
    yield Figure("--submit --no-preflight", ours, "s", "a bare boto3 script", theirs, 1.15)
    aws = aws_cli()
    if aws is None:
        print("no AWS command line of version 2 here: its rows are left out", file=sys.stderr)
        return
    aws_words = [aws, "--endpoint-url", url]
    ours, theirs = in_turns(
        rounds,
        lambda: [BIRDTUI, "--list"],
        lambda: [*aws_words, "sagemaker", "list-training-jobs", "--max-items", "20"],
        env=env,
    )
    yield Figure("--list", ours, "s", "aws-cli 2 list-training-jobs", theirs, 0.6)
    tail = [*aws_words, "logs", "tail", GROUP, "--log-stream-name-prefix", f"{name}/", "--since", "1d"]
    watch = ["sh", "-c", f'"{BIRDTUI}" --watch {name} || true']  # the job failed, and so does the command
    ours, theirs = in_turns(max(rounds // 2, 1), lambda: watch, lambda: tail, env=env)
    yield Figure(f"--watch, {LINES:,} lines", ours, "s", "aws-cli 2 logs tail", theirs, 0.4)


def main() -> None:
    """Print what was measured."""
    counts = [int(word) for word in sys.argv[1:] if word.isdigit()]
    report(measured(counts[0] if counts else 7), as_json="--json" in sys.argv)


if __name__ == "__main__":
    main()
