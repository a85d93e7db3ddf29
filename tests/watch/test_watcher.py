"""The watcher on jobs whose course a test writes, over HTTP and real boto3."""

from __future__ import annotations

import queue
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import pytest

from birdtui.aws.errors import AwsProblem
from birdtui.local.service import Request, ServiceError
from birdtui.watch import watcher as watching
from birdtui.watch.events import (
    Event,
    JobDescribed,
    JobEnded,
    LogLines,
    MetricPoint,
    ModelStored,
    Recovered,
    StatusChanged,
    Trouble,
    Waiting,
)
from birdtui.watch.watcher import Watcher

Found = TypeVar("Found")
ID = "140123456789012"
PATIENCE = 10.0


def line(text: str, level: str = "INFO") -> str:
    return f"[03/04/2021 10:00:00 {level} {ID}] {text}"


class Watch:
    """A watcher in a thread of its own; `until` waits for an event of a kind."""

    def __init__(self, stand: Any, name: str, **options: Any) -> None:
        self.stop = threading.Event()
        self.watcher = Watcher(stand.training_jobs, stand.reader, name, stop=self.stop, **options)
        self.told: list[Event] = []
        self.problem: AwsProblem | None = None
        self._queue: queue.Queue[Event | None] = queue.Queue()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            for event in self.watcher.events():
                self._queue.put(event)
        except AwsProblem as problem:
            self.problem = problem
        self._queue.put(None)

    def until(self, kind: type[Found], fits: Callable[[Found], bool] = lambda _: True) -> Found:
        deadline = time.monotonic() + PATIENCE
        while True:
            event = self._queue.get(timeout=max(deadline - time.monotonic(), 0.01))
            assert event is not None, f"the watcher ended before a {kind.__name__}: {self.problem}"
            self.told.append(event)
            if isinstance(event, kind) and fits(event):
                return event

    def to_end(self) -> list[Event]:
        deadline = time.monotonic() + PATIENCE
        while (event := self._queue.get(timeout=max(deadline - time.monotonic(), 0.01))) is not None:
            self.told.append(event)
        return self.told

    def close(self) -> None:
        self.stop.set()
        self._thread.join(PATIENCE)
        assert not self._thread.is_alive()

    def of(self, kind: type[Found]) -> list[Found]:
        return [event for event in self.told if isinstance(event, kind)]


@pytest.fixture
def watch(stand: Any) -> Iterator[Callable[..., Watch]]:
    opened: list[Watch] = []

    def start(name: str, **options: Any) -> Watch:
        opened.append(Watch(stand, name, **options))
        return opened[-1]

    yield start
    for each in opened:
        each.close()


def secondaries(found: Watch) -> list[str]:
    return [event.secondary for event in found.of(StatusChanged)]


def messages(found: Watch) -> list[str]:
    return [message for event in found.of(LogLines) for message in event.messages]


def test_a_job_is_told_from_its_start_to_its_end(stand: Any, watch: Callable[..., Watch]) -> None:
    stand.start("birds")
    found = watch("birds")
    found.until(Waiting)
    stand.move("birds", "Downloading", "Downloading input data")
    stand.move("birds", "Training", "Training image download completed. Training in progress.")
    stand.write("birds", line("Epoch[0] Train-accuracy=0.5"), line("Epoch[0] Validation-accuracy=0.25"))
    found.until(MetricPoint, lambda point: point.name == "validation:accuracy")
    stand.write("birds", line("Storing the best model with validation accuracy: 0.25"))
    stand.move("birds", "Uploading", "Uploading generated training model")
    stand.end("birds", ModelArtifacts={"S3ModelArtifacts": "s3://b/birds/output/model.tar.gz"})
    found.to_end()
    assert secondaries(found) == ["Starting", "Downloading", "Training", "Uploading", "Completed"]
    ended = found.of(JobEnded)[0]
    assert found.told[-1] is ended
    assert (ended.status, ended.exit_code, ended.artifact) == ("Completed", 0, "s3://b/birds/output/model.tar.gz")
    assert (ended.best_epoch, ended.best_validation_accuracy, ended.artifact_epoch) == (0, 0.25, 0)


def test_the_end_is_noticed_at_once_on_this_machine(stand: Any, watch: Callable[..., Watch]) -> None:
    stand.start("birds")
    found = watch("birds")
    found.until(Waiting)
    stand.end("birds")
    changed = time.monotonic()
    found.until(JobEnded)
    assert time.monotonic() - changed < 1.0


def test_status_changes_between_two_polls_are_all_told_in_order(stand: Any, watch: Callable[..., Watch]) -> None:
    stand.start("birds")
    for secondary in ("Downloading", "Training", "Interrupted", "Starting", "Training", "Uploading"):
        stand.move("birds", secondary)
    stand.end("birds")
    found = watch("birds")
    found.to_end()
    assert secondaries(found) == [
        "Starting", "Downloading", "Training", "Interrupted", "Starting", "Training", "Uploading", "Completed",
    ]  # fmt: skip
    times = [event.time for event in found.of(StatusChanged)]
    assert times == sorted(times)
    assert {event.status for event in found.of(StatusChanged)[:-1]} == {"InProgress"}


def test_a_message_that_changes_within_a_status_is_told_once(stand: Any, watch: Callable[..., Watch]) -> None:
    job = stand.start("birds")
    found = watch("birds")
    found.until(StatusChanged)
    launching = "Launching requested ML instances"
    job["SecondaryStatusTransitions"][0]["StatusMessage"] = launching
    told = found.until(StatusChanged)
    assert (told.secondary, told.message) == ("Starting", launching)
    stand.end("birds")
    found.to_end()
    assert [event.message for event in found.of(StatusChanged)].count(launching) == 1


def test_a_description_is_told_only_when_it_changes(stand: Any, watch: Callable[..., Watch]) -> None:
    stand.start("birds")
    found = watch("birds")
    found.until(Waiting)
    while stand.calls.count("DescribeTrainingJob") < 4:
        time.sleep(0.01)
    stand.end("birds")
    found.to_end()
    assert len(found.of(JobDescribed)) == 2


def test_a_job_that_does_not_exist_is_a_problem_at_once(stand: Any, watch: Callable[..., Watch]) -> None:
    found = watch("birds")
    found.to_end()
    assert found.told == []
    assert found.problem is not None
    assert found.problem.exit_code == 3
    assert "not found" in found.problem.message


def test_a_job_that_ended_long_ago_keeps_nobody_waiting(stand: Any, watch: Callable[..., Watch]) -> None:
    stand.start("birds")
    stand.write("birds", "one", "two")
    stand.end("birds", TrainingEndTime=datetime.now(UTC) - timedelta(hours=1))
    start = time.monotonic()
    found = watch("birds", lag=15.0)
    found.to_end()
    assert time.monotonic() - start < 3.0
    assert messages(found) == ["one", "two"]
    assert isinstance(found.told[-1], JobEnded)


def test_lines_that_come_after_the_end_are_told_before_it(stand: Any, watch: Callable[..., Watch]) -> None:
    stand.start("birds")
    stand.write("birds", "one")
    found = watch("birds", lag=1.0)
    found.until(LogLines)
    stand.end("birds")
    found.until(StatusChanged, lambda event: event.secondary == "Completed")
    stand.write("birds", "late")
    found.to_end()
    assert messages(found) == ["one", "late"]
    assert isinstance(found.told[-1], JobEnded)


def test_no_line_is_lost_or_doubled_between_the_last_poll_and_the_end(stand: Any, watch: Callable[..., Watch]) -> None:
    stand.start("birds")
    found = watch("birds")
    written = []
    for number in range(60):
        written.append(f"line {number}")
        stand.write("birds", written[-1], at=1_700_000_000_000 + number)
    stand.end("birds")
    found.to_end()
    assert messages(found) == written


def test_a_new_stream_after_an_interruption_is_read_too(stand: Any, watch: Callable[..., Watch]) -> None:
    stand.start("birds")
    stand.write("birds", line("Epoch[0] Train-accuracy=0.5"), line("Epoch[1] Train-accuracy=0.75"))
    found = watch("birds")
    found.until(MetricPoint, lambda point: point.epoch == 1)
    stand.move("birds", "Interrupted")
    stand.move("birds", "Training")
    stand.write("birds", line("Epoch[0] Train-accuracy=0.625"), started=1_700_005_000)
    found.until(MetricPoint, lambda point: point.value == 0.625)
    assert len(found.watcher.metrics.attempts("algo-1")) == 2


def test_a_failure_is_told_with_reason_and_the_logs_last_errors(stand: Any, watch: Callable[..., Watch]) -> None:
    stand.start("birds")
    reason = "ClientError: Additional hyperparameters are not allowed ('num_epochs' was unexpected)"
    error = "Customer Error: Additional hyperparameters are not allowed ('num_epochs' was unexpected)"
    stand.write("birds", "Docker entrypoint called", line(error, "ERROR"), "Failed validating", line("Searching"))
    stand.end("birds", "Failed", FailureReason=reason)
    ended = watch("birds").until(JobEnded)
    assert (ended.exit_code, ended.failure_reason) == (1, reason)
    assert ended.error_lines == (line(error, "ERROR"), "Failed validating")


def test_a_reason_that_the_service_cut_is_completed_from_the_log(stand: Any, watch: Callable[..., Watch]) -> None:
    stand.start("birds")
    text = "The value 'x' is not valid: " + "schema " * 300
    stand.write("birds", line(f"Customer Error: {text}", "ERROR"))
    stand.end("birds", "Failed", FailureReason=f"ClientError: {text}"[:1024])
    assert watch("birds").until(JobEnded).failure_reason == f"ClientError: {text}".rstrip()


@pytest.mark.parametrize(
    ("secondary", "field"), [("MaxRuntimeExceeded", "limits.max_runtime"), ("MaxWaitTimeExceeded", "limits.max_wait")]
)
def test_a_job_that_ran_out_of_time_is_stopped_and_says_which_limit(
    stand: Any, watch: Callable[..., Watch], secondary: str, field: str
) -> None:
    stand.start("birds")
    stand.end("birds", "Stopped", secondary)
    ended = watch("birds").until(JobEnded)
    assert (ended.exit_code, [advice.field for advice in ended.advice]) == (5, [field])


def test_a_job_with_an_image_of_its_own_tells_its_own_metrics(stand: Any, watch: Callable[..., Watch]) -> None:
    job = stand.start("birds")
    job["AlgorithmSpecification"] = {
        "TrainingImage": "123456789012.dkr.ecr.us-east-1.amazonaws.com/mine:1",
        "TrainingInputMode": "File",
        "MetricDefinitions": [{"Name": "loss", "Regex": r"loss=([0-9.]+)"}],
    }
    stand.write("birds", "step 1 loss=0.5", "step 2 loss=0.25")
    found = watch("birds")
    found.until(MetricPoint, lambda point: point.value == 0.25)
    assert [(point.epoch, point.name, point.value) for point in found.of(MetricPoint)] == [
        (0, "loss", 0.5),
        (1, "loss", 0.25),
    ]


def test_billable_time_is_that_of_all_instances(stand: Any, watch: Callable[..., Watch]) -> None:
    stand.start("birds", instances=3)
    stand.end("birds")
    assert watch("birds").until(JobEnded).billable_seconds == 180


@pytest.mark.parametrize("operation", ["DescribeTrainingJob", "DescribeLogStreams", "GetLogEvents"])
def test_a_throttle_is_not_worth_a_word(stand: Any, watch: Callable[..., Watch], operation: str) -> None:
    stand.start("birds")

    def throttling(_request: Request) -> None:
        stand.hooks.clear()
        raise ServiceError("ThrottlingException", "Rate exceeded")

    stand.hooks[operation] = throttling
    stand.write("birds", "one")
    found = watch("birds")
    found.until(LogLines)
    stand.end("birds")
    found.to_end()
    assert found.of(Trouble) == []


def test_a_job_out_of_sight_is_asked_for_seldom(
    stand: Any, watch: Callable[..., Watch], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "HIDDEN_SECONDS", 1.0)
    stand.start("birds")
    found = watch("birds")
    found.until(Waiting)
    found.watcher.is_hidden = True
    gaps = [_gap(stand, "DescribeTrainingJob") for _ in range(3)]
    assert gaps[-1] > 0.9


def test_a_job_that_comes_into_sight_again_is_asked_for_soon(stand: Any, watch: Callable[..., Watch]) -> None:
    stand.start("birds")
    found = watch("birds")
    found.until(Waiting)
    found.watcher.is_hidden = True
    _gap(stand, "DescribeTrainingJob")
    stand.write("birds", "one")
    found.watcher.is_hidden = False
    start = time.monotonic()
    found.until(LogLines)
    assert time.monotonic() - start < watching.HIDDEN_SECONDS - 2


def _gap(stand: Any, operation: str) -> float:
    """Seconds until an operation is called next."""
    start, calls = time.monotonic(), stand.calls.count(operation)
    while stand.calls.count(operation) == calls:
        assert time.monotonic() < start + PATIENCE
        time.sleep(0.01)
    return time.monotonic() - start


def expired(_request: Request) -> Mapping[str, Any]:
    raise ServiceError("ExpiredTokenException", "The security token included in the request is expired")


def test_credentials_that_expire_while_watching_are_told_once_and_tried_again(
    stand: Any, watch: Callable[..., Watch]
) -> None:
    stand.start("birds")
    found = watch("birds")
    found.until(Waiting)
    stand.hooks["DescribeTrainingJob"] = expired
    trouble = found.until(Trouble)
    assert trouble.until is not None
    assert timedelta(minutes=14) < trouble.until - trouble.time <= timedelta(minutes=15)
    calls = stand.calls.count("DescribeTrainingJob")
    while stand.calls.count("DescribeTrainingJob") < calls + 2:
        time.sleep(0.01)
    stand.hooks.clear()
    found.until(Recovered)
    stand.end("birds")
    found.until(JobEnded)
    assert len(found.of(Trouble)) == 1


def test_credentials_that_stay_expired_end_the_watch(
    stand: Any, watch: Callable[..., Watch], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "PATIENCE", timedelta(seconds=1))
    stand.start("birds")
    found = watch("birds")
    found.until(Waiting)
    stand.hooks["DescribeTrainingJob"] = expired
    found.to_end()
    assert found.problem is not None
    assert found.problem.exit_code == 4


def test_credentials_that_are_expired_from_the_start_are_a_problem_at_once(
    stand: Any, watch: Callable[..., Watch]
) -> None:
    stand.start("birds")
    stand.hooks["DescribeTrainingJob"] = expired
    found = watch("birds")
    found.to_end()
    assert found.problem is not None
    assert (found.problem.exit_code, found.told) == (4, [])


def test_a_log_that_may_not_be_read_does_not_keep_from_the_end(stand: Any, watch: Callable[..., Watch]) -> None:
    def denied(_request: Request) -> Mapping[str, Any]:
        raise ServiceError("AccessDeniedException", "not authorized to perform: logs:DescribeLogStreams")

    stand.start("birds")
    stand.hooks["DescribeLogStreams"] = denied
    found = watch("birds")
    trouble = found.until(Trouble)
    assert (trouble.code, trouble.until) == ("AccessDeniedException", None)
    stand.end("birds")
    found.until(JobEnded)
    assert len(found.of(Trouble)) == 1


def test_an_engine_that_goes_away_is_trouble_until_patience_ends(
    fresh_stand: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "PATIENCE", timedelta(seconds=2))
    fresh_stand.start("birds")
    found = Watch(fresh_stand, "birds")
    found.until(Waiting)
    fresh_stand.shut()
    found.until(Trouble)
    found.to_end()
    assert found.problem is not None
    assert found.problem.exit_code == 6


def test_stopping_to_watch_ends_at_once_without_an_end(stand: Any, watch: Callable[..., Watch]) -> None:
    stand.start("birds")
    found = watch("birds", lag=15.0)
    found.until(Waiting)
    before = time.monotonic()
    found.close()
    assert time.monotonic() - before < 5.0  # not the 15 s for which late lines are waited for
    assert found.of(JobEnded) == []
    assert found.problem is None


def epochs(first: int, last: int, lines_between: int = 20) -> list[str]:
    """A log of some epochs, whose accuracy is the epoch's number in thousandths."""
    return [
        text
        for epoch in range(first, last)
        for text in (
            *(line(f"Epoch[{epoch}] Batch [{20 * number}] Speed: 1.0 samples/sec") for number in range(lines_between)),
            line(f"Epoch[{epoch}] Validation-accuracy={epoch / 1000:.6f}"),
        )
    ]


def small_pages(request: Request) -> None:
    request.parameters["limit"] = min(request.parameters["limit"], 600)  # type: ignore[index]


def test_with_the_newest_first_the_end_of_a_long_log_is_told_before_its_past(
    stand: Any, watch: Callable[..., Watch]
) -> None:
    stand.start("birds")
    lines = epochs(0, 200)
    stand.write("birds", *lines, at=1_700_000_000_000)
    stand.end("birds")
    stand.hooks["GetLogEvents"] = small_pages
    found = watch("birds", newest_first=True)
    found.to_end()
    newest, *past = found.of(LogLines)
    assert list(newest.messages) == lines[-len(newest.messages) :]
    assert [message for each in past for message in each.messages] == lines[: -len(newest.messages)]
    assert all(each.history for each in past)


def test_with_the_newest_first_metrics_are_what_they_are_in_order(stand: Any, watch: Callable[..., Watch]) -> None:
    algorithm = {
        "TrainingImage": "1.dkr.ecr.us-east-1.amazonaws.com/mine:1",
        "MetricDefinitions": [{"Name": "tempo", "Regex": "tempo=([0-9.]+)"}],
    }
    stand.start("birds", AlgorithmSpecification=algorithm)
    restarted = [*epochs(0, 90), *epochs(0, 120, lines_between=9), line("Epoch[119] Train-accuracy=0.5")]
    lines = [f"{text} tempo={number}" if number % 200 == 0 else text for number, text in enumerate(restarted)]
    stand.write("birds", *lines, at=1_700_000_000_000)
    stand.end("birds")
    in_order = watch("birds")
    in_order.to_end()
    stand.hooks["GetLogEvents"] = small_pages
    found = watch("birds", newest_first=True)
    found.to_end()
    assert found.of(LogLines)[1].history
    assert Counter(found.of(MetricPoint)) == Counter(in_order.of(MetricPoint))
    assert found.watcher.metrics.summary() == in_order.watcher.metrics.summary()
    assert len(found.watcher.metrics.attempts("algo-1")) == len(in_order.watcher.metrics.attempts("algo-1"))


def test_with_the_newest_first_new_lines_are_told_while_the_past_is_read(
    stand: Any, watch: Callable[..., Watch]
) -> None:
    stand.start("birds")
    stand.write("birds", *epochs(0, 200), at=1_700_000_000_000)
    go_on = threading.Event()

    def past_is_slow(request: Request) -> None:
        small_pages(request)
        if request.parameters["startFromHead"] and "nextToken" not in request.parameters:
            go_on.wait(PATIENCE)

    stand.hooks["GetLogEvents"] = past_is_slow
    found = watch("birds", newest_first=True)
    found.until(LogLines)
    stand.write("birds", "new")
    found.until(LogLines, lambda lines: lines.messages == ("new",))
    go_on.set()
    found.until(LogLines, lambda lines: lines.history)
    found.until(MetricPoint, lambda point: point.epoch == 199)
    assert [point.epoch for point in found.of(MetricPoint)] == list(range(200))


def attempts(found: Watch) -> list[tuple[int, int]]:
    return [(point.attempt, point.epoch) for point in found.of(MetricPoint)]


def test_a_restart_after_an_interruption_is_another_attempt(stand: Any, watch: Callable[..., Watch]) -> None:
    stand.start("birds")
    stand.write("birds", *epochs(0, 4), at=1_700_000_000_000)
    stand.write("birds", *epochs(3, 6), started=1_700_000_100, at=1_700_000_100_000)
    stand.end("birds")
    found = watch("birds")
    found.to_end()
    assert attempts(found) == [(1, 0), (1, 1), (1, 2), (1, 3), (2, 3), (2, 4), (2, 5)]


def test_a_restart_that_goes_on_at_the_next_epoch_is_another_attempt(stand: Any, watch: Callable[..., Watch]) -> None:
    stand.start("birds")
    stand.write("birds", *epochs(0, 2), at=1_700_000_000_000)
    found = watch("birds")
    found.until(MetricPoint, lambda point: point.epoch == 1)
    stand.write("birds", *epochs(2, 3), started=1_700_000_100)
    stand.move("birds", "Interrupted", "Spot capacity was taken back")
    assert found.until(MetricPoint).attempt == 2


def test_with_the_newest_first_attempts_are_told_in_their_order(stand: Any, watch: Callable[..., Watch]) -> None:
    stand.start("birds", instances=2)
    for host in (1, 2):
        for number, (first, last) in enumerate(((0, 150), (100, 250), (200, 300))):
            began = 1_700_000_000 + 1_000 * number
            stand.write("birds", *epochs(first, last), host=host, started=began, at=began * 1000 + host)
    stand.end("birds")
    stand.hooks["GetLogEvents"] = small_pages
    found = watch("birds", newest_first=True)
    found.to_end()
    expected = [
        *((1, epoch) for epoch in range(150)),
        *((2, epoch) for epoch in range(100, 250)),
        *((3, epoch) for epoch in range(200, 300)),
    ]
    for name in ("algo-1", "algo-2"):
        own = [(point.attempt, point.epoch) for point in found.of(MetricPoint) if point.host == name]
        assert own == expected
    newest = found.of(LogLines)[0]
    assert newest.stream.endswith("-1700002000")


def test_the_instance_that_stores_the_model_is_told_once(stand: Any, watch: Callable[..., Watch]) -> None:
    stand.start("birds", instances=2)
    stored = [line(f"Storing the best model with validation accuracy: {epoch / 1000:.6f}") for epoch in (0, 1)]
    stand.write("birds", *epochs(0, 2), host=1)
    first, second = epochs(0, 1), epochs(1, 2)
    stand.write("birds", *first, stored[0], *second, stored[1], host=2)
    stand.end("birds")
    found = watch("birds")
    found.to_end()
    assert found.of(ModelStored) == [ModelStored("algo-2")]
