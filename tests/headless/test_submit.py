"""Submitting, following, watching: what is printed, in which order, with which exit code."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.headless.conftest import SAMPLE, Run


def test_a_submit_prints_the_jobs_name(aws: Run, tiny: Path) -> None:
    said = aws("--submit", str(tiny), "--no-preflight")
    assert said.code == 0
    assert re.fullmatch(r"birds-\d{8}-\d{6}-[a-z0-9]{3}\n", said.out)


def test_a_given_name_is_the_jobs_name(aws: Run, tiny: Path) -> None:
    assert aws("--submit", str(tiny), "--no-preflight", "--name", "exactly-this").out == "exactly-this\n"


def test_following_ends_with_the_artifact(aws: Run, tiny: Path) -> None:
    said = aws("--submit", str(tiny), "--no-preflight", "--follow")
    assert said.code == 0
    assert re.search(r"Validation-accuracy=", said.out)
    assert re.search(r"Training: Training image download completed", said.out)
    assert re.fullmatch(r"artifact: s3://tiny-\w+/birds-[\w-]+/output/model\.tar\.gz", said.out.splitlines()[-1])


def test_following_tells_which_epoch_is_best_and_which_the_artifact_holds(aws: Run, tiny: Path) -> None:
    said = aws("--submit", str(tiny), "--no-preflight", "--follow")
    assert re.search(r"^best epoch: \d \(validation accuracy", said.out, re.MULTILINE)
    assert re.search(r"^artifact holds epoch: 1", said.out, re.MULTILINE)


EVENT_KEYS = {
    "submitted": {"event", "time", "job", "arn"},
    "status": {"event", "time", "status", "secondary", "message"},
    "log": {"event", "time", "stream", "host", "timestamp", "message"},
    "metric": {"event", "time", "host", "epoch", "name", "value"},
    "end": {
        "event", "time", "status", "secondary", "exit_code", "artifact", "best_epoch", "best_validation_accuracy",
        "artifact_epoch", "billable_seconds", "failure_reason", "advice",
    },
}  # fmt: skip


def test_every_event_has_the_keys_of_the_contract(aws: Run, tiny: Path) -> None:
    events = aws("--submit", str(tiny), "--no-preflight", "--follow", "--json").events
    assert events[0]["event"] == "submitted"
    assert events[-1]["event"] == "end"
    assert {event["event"] for event in events} == set(EVENT_KEYS)
    for event in events:
        assert set(event) == EVENT_KEYS[event["event"]]


def test_status_events_come_in_order_each_once(aws: Run, tiny: Path) -> None:
    events = aws("--submit", str(tiny), "--no-preflight", "--follow", "--json").events
    told = [event["secondary"] for event in events if event["event"] == "status"]
    order = list(dict.fromkeys(told))
    assert order == ["Starting", "Downloading", "Training", "Uploading", "Completed"]


def test_a_failed_job_ends_with_1_and_what_to_change(aws: Run, tiny: Path) -> None:
    said = aws("--submit", str(tiny), "--no-preflight", "--follow", "--json", "--set", "hyperparameters.num_classes=1")
    end = said.events[-1]
    assert (said.code, end["status"], end["exit_code"], end["artifact"]) == (1, "Failed", 1, None)
    assert end["failure_reason"].startswith("ClientError: ")
    assert end["advice"][0]["field"] == "hyperparameters.num_classes"


def test_a_failed_job_tells_people_reason_log_and_remedy(aws: Run, tiny: Path) -> None:
    said = aws("--submit", str(tiny), "--no-preflight", "--follow", "--set", "hyperparameters.num_classes=1")
    assert "reason: ClientError: " in said.out
    assert "Customer Error" in said.out
    assert "→ hyperparameters.num_classes: " in said.out


def test_an_error_sends_nothing(aws: Run, tiny: Path, client: Callable[..., Any]) -> None:
    before = len(client("sagemaker").list_training_jobs(MaxResults=100)["TrainingJobSummaries"])
    said = aws("--submit", str(tiny), "--no-preflight", "--set", "hyperparameters.num_epochs=3")
    assert (said.code, said.out) == (2, "")
    assert "hyperparameters.num_epochs" in said.err
    assert "nothing was sent" in said.err
    assert len(client("sagemaker").list_training_jobs(MaxResults=100)["TrainingJobSummaries"]) == before


def test_an_error_in_json_names_the_field(aws: Run, tiny: Path) -> None:
    said = aws("--submit", str(tiny), "--no-preflight", "--json", "--set", "hyperparameters.num_epochs=3")
    event = json.loads(said.out)
    assert (said.code, event["event"], event["code"]) == (2, "error", "InvalidSpec")
    assert event["advice"][0]["field"] == "hyperparameters.num_epochs"


def test_a_refused_create_ends_with_3_field_and_advice(aws: Run, tiny: Path) -> None:
    bucket = "channels.train.s3_uri=s3://never-made-by-anyone/train/"
    said = aws("--submit", str(tiny), "--no-preflight", "--json", "--set", bucket)
    event = json.loads(said.out)
    assert (said.code, event["code"], event["exit_code"]) == (3, "ValidationException", 3)
    assert event["advice"][0]["field"] == "channels.train.s3_uri"


def test_a_taken_name_ends_with_3(aws: Run, tiny: Path) -> None:
    aws("--submit", str(tiny), "--no-preflight", "--name", "taken-once")
    said = aws("--submit", str(tiny), "--no-preflight", "--name", "taken-once", "--json")
    event = json.loads(said.out)
    assert (said.code, event["code"], event["advice"][0]["field"]) == (3, "ResourceInUse", "job.name")


def test_watching_an_ended_job_tells_all_of_it(aws: Run, tiny: Path) -> None:
    name = aws("--submit", str(tiny), "--no-preflight", "--follow", "--json").events[0]["job"]
    said = aws("--watch", name, "--json")
    kinds = [event["event"] for event in said.events]
    assert said.code == 0
    assert {"status", "log", "metric", "end"} == set(kinds)
    assert kinds[-1] == "end"


def test_watching_a_job_that_is_not_there_ends_with_3(aws: Run) -> None:
    said = aws("--watch", "never-was", "--json")
    event = json.loads(said.out)
    assert (said.code, event["event"], event["exit_code"]) == (3, "error", 3)


def test_a_dry_run_sends_nothing_and_shows_all(aws: Run, tiny: Path) -> None:
    said = aws("--submit", str(tiny), "--dry-run", "--no-preflight", "--json")
    assert set(said.json) == {"request", "command", "findings"}
    assert said.json["request"]["RoleArn"].startswith("arn:aws:iam::")
    assert said.json["command"].startswith("aws sagemaker create-training-job")


def test_stopping_tells_the_status(aws: Run, tiny: Path) -> None:
    long = ["--set", "hyperparameters.epochs=100000", "--set", "hyperparameters.checkpoint_frequency=100000"]
    name = aws("--submit", str(tiny), "--no-preflight", *long).out.strip()
    said = aws("--stop", name, "--json")
    assert said.code == 0
    assert set(said.json) == {"job", "status"}
    assert said.json["status"] in {"Stopping", "Stopped"}
    assert aws("--watch", name, "--json").code == 5


def test_stopping_an_ended_job_ends_with_3(aws: Run, tiny: Path) -> None:
    name = aws("--submit", str(tiny), "--no-preflight", "--follow", "--json").events[0]["job"]
    assert aws("--stop", name).code == 3


def test_the_list_holds_the_job(aws: Run, tiny: Path) -> None:
    name = aws("--submit", str(tiny), "--no-preflight").out.strip()
    document = aws("--list", "--json").json
    job = next(job for job in document["jobs"] if job["name"] == name)
    assert set(document) == {"jobs", "next_token"}
    assert set(job) == {"name", "arn", "status", "secondary", "created", "ended", "duration_seconds"}
    assert name in aws("--list").out


def test_an_offline_check_of_the_sample_finds_a_note_only(aws: Run) -> None:
    document = aws("--check", str(SAMPLE), "--no-preflight", "--json").json
    assert document["ok"] is True
    assert [finding["level"] for finding in document["findings"]] == ["note"]
    assert set(document["findings"][0]) == {"check", "level", "field", "text", "remedy"}


def test_a_broken_file_is_told_with_its_place(aws: Run, tmp_path: Path) -> None:
    path = tmp_path / "broken.toml"
    path.write_text('[job]\nnmae = "x"\n[resources]\ninstance_count = "two"\n')
    said = aws("--check", str(path), "--no-preflight")
    assert said.code == 2
    assert f"{path}:2:1" in said.err
    assert "name" in said.err
    assert f"{path}:4:" in said.err


def test_a_file_that_is_not_there_ends_with_2(aws: Run, tmp_path: Path) -> None:
    assert aws("--submit", str(tmp_path / "none.toml"), "--no-preflight").code == 2


def test_a_clone_is_a_file_that_makes_the_job_again(aws: Run, tiny: Path, tmp_path: Path) -> None:
    name = aws("--submit", str(tiny), "--no-preflight", "--follow", "--json").events[0]["job"]
    clone = tmp_path / "clone.toml"
    assert aws("--clone", name, "--output", str(clone)).code == 0
    assert aws("--submit", str(clone), "--no-preflight", "--follow", "--json").code == 0


def test_a_file_is_converted_to_a_request_and_back(aws: Run, tmp_path: Path) -> None:
    request = json.loads(aws("--convert", str(SAMPLE), "--to", "request").out)
    path = tmp_path / "request.json"
    path.write_text(json.dumps(request))
    toml = tmp_path / "again.toml"
    aws("--convert", str(path), "--to", "toml", "--output", str(toml))
    assert json.loads(aws("--convert", str(toml), "--to", "request").out) == request


@pytest.mark.parametrize("action", [["--list"], ["--watch", "job"], ["--submit", str(SAMPLE), "--no-preflight"]])
def test_no_credentials_end_with_4(run: Run, action: list[str]) -> None:
    said = run(*action, "--region", "us-east-1", "--json")
    event = json.loads(said.out)
    assert (said.code, event["code"], event["exit_code"]) == (4, "NoCredentialsError", 4)
    assert "--local" in event["advice"][0]["text"]


def test_no_answer_ends_with_6(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "x")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    said = run("--list", "--region", "us-east-1", "--endpoint-url", "http://127.0.0.1:9", "--json")
    assert (said.code, json.loads(said.out)["exit_code"]) == (6, 6)


def test_wrong_keys_end_with_4(aws: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong")
    assert aws("--list", "--json").code == 4
