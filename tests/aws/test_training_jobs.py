"""Creating, listing and stopping on the engine, with answers that get lost on the way."""

from __future__ import annotations

import contextlib
import re
import socket
import threading
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from birdtui.aws.errors import AwsProblem
from birdtui.aws.session import Connection, Session
from birdtui.aws.training_jobs import TrainingJobs

IMAGE = "811284229777.dkr.ecr.us-east-1.amazonaws.com/image-classification:1"


class Line:
    """A way to the engine on which the answer, or the question, of one operation gets lost."""

    def __init__(self, port: int, operation: str, fault: str) -> None:
        self._engine, self._operation, self._fault = port, operation.encode(), fault
        self.sent = 0
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listening.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._listening.accept()
            except OSError:
                return
            threading.Thread(target=self._carry, args=(client,), daemon=True).start()

    def _carry(self, client: socket.socket) -> None:
        with client, contextlib.suppress(OSError):
            while (asked := _message(client)) is not None:
                is_it = self._operation in asked
                self.sent += is_it
                if is_it and self._fault == "question lost":
                    return
                with socket.create_connection(("127.0.0.1", self._engine)) as engine:
                    engine.sendall(asked)
                    answer = _message(engine)
                if is_it and self._fault == "answer lost":
                    return
                if is_it and self._fault == "error 500":
                    body = b'{"__type":"InternalFailure"}'
                    answer = b"HTTP/1.1 500 Error\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
                client.sendall(answer or b"")

    def close(self) -> None:
        self._listening.close()


def _message(peer: socket.socket) -> bytes | None:
    """One HTTP message with its body; None when the peer has no more."""
    found = b""
    while b"\r\n\r\n" not in found:
        more = peer.recv(65536)
        if not more:
            return None
        found += more
    head, _, body = found.partition(b"\r\n\r\n")
    length = re.search(rb"(?i)content-length: *(\d+)", head)
    while length and len(body) < int(length[1]):
        body += peer.recv(65536)
    return head + b"\r\n\r\n" + body


def session_for(engine: Any, url: str | None = None) -> Session:
    return Session(
        Connection(
            region="us-east-1",
            endpoint_url=url or engine.url,
            access_key=engine.access_key,
            secret_key=engine.secret_key,
        )
    )


@pytest.fixture
def jobs(engine: Any) -> TrainingJobs:
    return TrainingJobs(session_for(engine))


@pytest.fixture
def faulty(engine: Any) -> Iterator[Callable[[str], tuple[TrainingJobs, Line]]]:
    opened: list[Line] = []

    def start(fault: str) -> tuple[TrainingJobs, Line]:
        opened.append(Line(int(engine.url.rpartition(":")[2]), "CreateTrainingJob", fault))
        return TrainingJobs(session_for(engine, opened[-1].url)), opened[-1]

    yield start
    for line in opened:
        line.close()


@pytest.fixture
def request_for(client: Callable[..., Any]) -> Callable[..., dict[str, Any]]:
    """A small job's request; a name of its own unless one is given."""
    role = client("iam").list_roles()["Roles"][0]["Arn"]

    def make(name: str | None = None, **members: Any) -> dict[str, Any]:
        channels = [
            {
                "ChannelName": channel,
                "ContentType": "application/x-recordio",
                "DataSource": {
                    "S3DataSource": {
                        "S3DataType": "S3Prefix",
                        "S3Uri": f"s3://birdtui-sample/{channel}/",
                        "S3DataDistributionType": "FullyReplicated",
                    }
                },
            }
            for channel in ("train", "validation")
        ]
        parameters = {"epochs": "1", "num_classes": "4", "num_training_samples": "322", "mini_batch_size": "32"}
        return {
            "TrainingJobName": name or f"birds-{uuid.uuid4().hex[:12]}",
            "RoleArn": role,
            "AlgorithmSpecification": {"TrainingImage": IMAGE, "TrainingInputMode": "File"},
            "InputDataConfig": channels,
            "OutputDataConfig": {"S3OutputPath": "s3://birdtui-sample/"},
            "ResourceConfig": {"InstanceType": "ml.p3.2xlarge", "InstanceCount": 1, "VolumeSizeInGB": 50},
            "StoppingCondition": {"MaxRuntimeInSeconds": 3600},
            "HyperParameters": parameters,
        } | members

    return make


def test_a_created_job_can_be_described(jobs: TrainingJobs, request_for: Callable[..., dict[str, Any]]) -> None:
    request = request_for()
    arn = jobs.create(request)
    found = jobs.describe(request["TrainingJobName"])
    assert found["TrainingJobArn"] == arn
    assert found["HyperParameters"] == request["HyperParameters"]
    assert "ResponseMetadata" not in found


def test_a_refusal_is_told_as_the_service_words_it(
    jobs: TrainingJobs, request_for: Callable[..., dict[str, Any]]
) -> None:
    request = request_for()
    jobs.create(request)
    with pytest.raises(AwsProblem) as caught:
        jobs.create(request)
    assert (caught.value.code, caught.value.exit_code) == ("ResourceInUse", 3)


@pytest.mark.parametrize("fault", ["answer lost", "error 500"])
def test_a_job_whose_answer_was_lost_is_found_by_its_name(
    faulty: Callable[[str], tuple[TrainingJobs, Line]], request_for: Callable[..., dict[str, Any]], fault: str
) -> None:
    jobs, line = faulty(fault)
    request = request_for()
    assert jobs.create(request).endswith(f"training-job/{request['TrainingJobName']}")
    assert line.sent == 1


def test_a_question_that_was_lost_is_not_sent_again(
    faulty: Callable[[str], tuple[TrainingJobs, Line]], request_for: Callable[..., dict[str, Any]]
) -> None:
    jobs, line = faulty("question lost")
    request = request_for()
    with pytest.raises(AwsProblem) as caught:
        jobs.create(request)
    assert line.sent == 1
    assert caught.value.exit_code == 6
    assert "nothing was created" in caught.value.advice[0].text


def test_an_unknown_job_is_refused(jobs: TrainingJobs) -> None:
    with pytest.raises(AwsProblem) as caught:
        jobs.describe("no-such-job")
    assert (caught.value.code, caught.value.exit_code) == ("ValidationException", 3)


def test_jobs_are_listed_newest_first_page_by_page(
    jobs: TrainingJobs, request_for: Callable[..., dict[str, Any]]
) -> None:
    stem = f"paged-{uuid.uuid4().hex[:8]}"
    names = [f"{stem}-{number}" for number in range(5)]
    for name in names:
        jobs.create(request_for(name))
    found: list[str] = []
    token: str | None = None
    while True:
        page = jobs.page(limit=2, next_token=token, name_contains=stem)
        assert len(page.jobs) <= 2
        found += [str(job["TrainingJobName"]) for job in page.jobs]
        token = page.next_token
        if token is None:
            break
    assert found == names[::-1]


def test_empty_pages_before_a_match_are_passed_over(
    jobs: TrainingJobs, request_for: Callable[..., dict[str, Any]]
) -> None:
    stem = f"filtered-{uuid.uuid4().hex[:8]}"
    parameters = request_for()["HyperParameters"] | {"num_epochs": "1"}
    jobs.create(request_for(f"{stem}-bad", HyperParameters=parameters))
    _wait_for_end(jobs, f"{stem}-bad")
    for number in range(4):
        jobs.create(request_for(f"{stem}-{number}"))
        _wait_for_end(jobs, f"{stem}-{number}")
    page = jobs.page(limit=1, status="Failed", name_contains=stem)
    assert [job["TrainingJobName"] for job in page.jobs] == [f"{stem}-bad"]
    assert [job["TrainingJobName"] for job in jobs.iterate(status="Failed", name_contains=stem)] == [f"{stem}-bad"]


def test_no_job_at_all_is_an_empty_page(jobs: TrainingJobs) -> None:
    page = jobs.page(name_contains="there-is-no-such-job")
    assert (page.jobs, page.next_token) == ((), None)


def test_a_job_is_stopped(jobs: TrainingJobs, request_for: Callable[..., dict[str, Any]]) -> None:
    parameters = request_for()["HyperParameters"] | {"epochs": "2000"}
    request = request_for(HyperParameters=parameters)
    jobs.create(request)
    jobs.stop(request["TrainingJobName"])
    assert _wait_for_end(jobs, request["TrainingJobName"]) == "Stopped"


def test_tags_are_read_from_the_jobs_arn(jobs: TrainingJobs, request_for: Callable[..., dict[str, Any]]) -> None:
    tags = [{"Key": "team", "Value": "birds"}, {"Key": "stage", "Value": ""}]
    arn = jobs.create(request_for(Tags=tags))
    assert sorted(jobs.tags(arn), key=lambda tag: tag["Key"]) == sorted(tags, key=lambda tag: tag["Key"])


def _wait_for_end(jobs: TrainingJobs, name: str) -> str:
    pause = threading.Event()
    for _ in range(600):
        status = str(jobs.describe(name)["TrainingJobStatus"])
        if status in {"Completed", "Failed", "Stopped"}:
            return status
        pause.wait(0.05)
    raise AssertionError(f"{name} did not end")
