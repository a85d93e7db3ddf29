"""Runs one training job: download, a process for each instance, upload. Times are true, nothing is faked.

Every log line is committed before the status that follows it is shown.
"""

from __future__ import annotations

import logging
import queue
import re
import shutil
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from birdtui.local.container_input import DataDownloadError, download, write_configuration
from birdtui.local.container_output import UploadError, failure_reason, upload
from birdtui.local.container_process import Container
from birdtui.local.iam import IamService
from birdtui.local.job_notes import unused
from birdtui.local.job_records import INTERNAL_ERROR, Instance, Job, JobRecords
from birdtui.local.logs import LogsService
from birdtui.local.s3 import S3Service
from birdtui.local.sagemaker_checks import DEFAULT_RUN, runs_here
from birdtui.local.sagemaker_describe import BUILT_IN_METRICS

LOG_GROUP = "/aws/sagemaker/TrainingJobs"
STOP_SECONDS = 120.0
"""How long a container may go on after SIGTERM."""
FAILURE_SECONDS = 1.0
"""How long the other instances may go on after one has failed: what fails on one mostly fails on all."""
STOPPED = ("Stopped", "Training job stopped")
TIME_OVER = ("MaxRuntimeExceeded", "Training job runtime exceeded MaxRuntimeInSeconds provided")

_METRICS = [(name, re.compile(regex)) for name, regex in BUILT_IN_METRICS]

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Surroundings:
    """What a run uses of the engine, and how long it waits for containers to end (seconds)."""

    scratch: Path
    s3: S3Service
    logs: LogsService
    iam: IamService
    stop_seconds: float = STOP_SECONDS


class JobStopped(Exception):
    """The job ends before its time, with this last secondary status and message."""

    def __init__(self, secondary: str, message: str) -> None:
        super().__init__(secondary)
        self.secondary = secondary
        self.message = message


class JobFailed(Exception):
    """The job ends with this FailureReason."""


class EngineGone(Exception):
    """The engine is being closed: nothing more is done for the job, and it is failed when an engine starts again."""


@dataclass
class _Signals:
    """What reaches a run from outside: containers that have ended, and None for "look at what is wanted"."""

    arrived: queue.SimpleQueue[Container | None] = field(default_factory=queue.SimpleQueue)
    stop: threading.Event = field(default_factory=threading.Event)
    abandon: threading.Event = field(default_factory=threading.Event)


class Run:
    """One job on its way, on a thread of its own."""

    def __init__(self, records: JobRecords, around: Surroundings, job: Job) -> None:
        self._thread = threading.Thread(target=self._run, name=f"job-{job.name}", daemon=True)
        self._records = records
        self._around = around
        self._name = job.name
        self._request = job.request
        self._instances = job.instances
        # never a name that an earlier job of this name may still be clearing away
        self._folder = Path(tempfile.mkdtemp(prefix="job-", dir=around.scratch))
        self._containers: list[Container] = []
        self._living: set[Container] = set()
        self._metrics: dict[str, tuple[float, float]] = {}
        self._signals = _Signals()
        self._deadline = float("inf")

    # from outside

    def start(self) -> None:
        """Send the job on its way."""
        self._thread.start()

    @property
    def is_over(self) -> bool:
        """Whether nothing is done for the job any more."""
        return not self._thread.is_alive()

    def join(self) -> None:
        """Wait until nothing is done for the job any more."""
        self._thread.join()

    def stop(self) -> None:
        """End the job, whose status is Stopping by now, early."""
        self._signals.stop.set()
        self._signals.arrived.put(None)

    def abandon(self) -> None:
        """End at once without a word: the engine goes."""
        self._signals.abandon.set()
        self._signals.arrived.put(None)

    # the job's way

    def _run(self) -> None:
        """From Starting to the end, whatever that is."""
        try:
            self._go()
        except EngineGone:
            pass
        except Exception:
            log.exception("job %s", self._name)
            self._kill()
            self._fail(INTERNAL_ERROR)
        finally:
            self._kill()
            shutil.rmtree(self._folder, ignore_errors=True)

    def _go(self) -> None:
        try:
            self._start()
            self._download()
            self._enter("Training", "Training image download completed. Training in progress.")
            self._train()
            self._enter("Uploading", "Uploading generated training model")
            self._upload()
            self._complete()
        except JobFailed as failed:
            self._fail(str(failed))
        except JobStopped as stopped:
            self._end_early(stopped)

    def _start(self) -> None:
        """What SageMaker does before anything of the author's is touched."""
        self._enter("Starting", "Launching requested ML instances")
        if not runs_here(self._request):
            algorithm = self._request.get("AlgorithmSpecification", {})
            wanted = algorithm.get("TrainingImage") or algorithm.get("AlgorithmName") or "a serverless job"
            raise JobFailed(
                "ClientError: The local engine runs the built-in image-classification algorithm only; "
                f"{wanted} was not run."
            )
        self._enter("Starting", "Preparing the instances for training")
        hosts = [instance.host for instance in self._instances]
        for instance, folder in self._placed():
            write_configuration(folder, self._request, instance, hosts)

    def _placed(self) -> Iterator[tuple[Instance, Path]]:
        """Each instance and the folder that stands for its /opt/ml."""
        return ((instance, self._folder / instance.host / self._name) for instance in self._instances)

    def _download(self) -> None:
        with self._records.changing(self._name) as job:
            self._refuse_stopping(job)
            job.begin_training("Downloading input data")
        self._deadline = time.monotonic() + self._limit()
        try:
            download(self._request, list(self._placed()), self._around.s3, self._around.iam, self._check)
        except DataDownloadError as error:
            raise JobFailed(f"ClientError: Data download failed:{error}") from None
        self._enter("Downloading", "Downloading the training image")

    def _limit(self) -> float:
        return float((self._request.get("StoppingCondition") or {}).get("MaxRuntimeInSeconds", DEFAULT_RUN))

    def _train(self) -> None:
        """All instances' containers, to their end or until the job is stopped or its time is over."""
        for instance, folder in self._placed():
            reader = _LogReader(self._around.logs, self._name, instance, [*unused(self._request)], self._metrics)
            container = Container(len(self._containers), folder, reader.read, self._signals.arrived.put)
            self._containers.append(container)
            self._living.add(container)
        while self._living and not any(container.code for container in self._containers):
            if self._wait(self._deadline):
                self._check()
                continue
            with self._records.changing(self._name) as job:
                self._refuse_stopping(job)
                job.enter("Stopping", "Stopping the training job", status="Stopping")
            raise JobStopped(*TIME_OVER)
        self._check()
        if self._living:
            self._await_end(FAILURE_SECONDS)
        failed = next((container for container in self._containers if container.code), None)
        if failed is not None:
            self._enter("Uploading", "Uploading generated training model")
            raise JobFailed(failure_reason(failed.folder, failed.code or 0))

    def _wait(self, deadline: float) -> bool:
        """Wait for a signal and take it in; False where the time (of the monotonic clock) came first."""
        try:
            ended = self._signals.arrived.get(timeout=min(max(deadline - time.monotonic(), 0), threading.TIMEOUT_MAX))
        except queue.Empty:
            return False
        if ended is not None:
            self._living.discard(ended)
        return True

    def _await_end(self, seconds: float) -> None:
        """Wait for all containers, and end those that are not done in time."""
        deadline = time.monotonic() + seconds
        while self._living and self._wait(deadline):
            if self._signals.abandon.is_set():
                raise EngineGone
        self._kill()

    def _kill(self) -> None:
        for container in self._living:
            container.kill()
        self._living.clear()

    # the end

    def _upload(self) -> None:
        folder = next(folder for _, folder in self._placed())
        try:
            artifact = upload(self._request, self._name, folder, self._around.s3, self._around.iam)
        except UploadError as error:
            raise JobFailed(f"ClientError: Artifact upload failed:{error}") from None
        with self._records.changing(self._name) as job:
            job.facts["ModelArtifacts"] = {"S3ModelArtifacts": artifact}

    def _complete(self) -> None:
        with self._records.changing(self._name) as job:
            job.measure(self._metrics)
            if job.status == "Stopping":
                job.finish("Stopped", *STOPPED)
            else:
                job.finish("Completed", "Completed", "Training job completed")

    def _end_early(self, stopped: JobStopped) -> None:
        """SIGTERM, two minutes, then the end; what the model folder holds by then is kept."""
        for container in self._living:
            container.terminate()
        self._await_end(self._around.stop_seconds)
        models = [folder / "model" for _, folder in self._placed()]
        if models and models[0].is_dir() and any(models[0].iterdir()):
            try:
                self._upload()
            except JobFailed as failed:
                log.warning("job %s stopped without an artifact: %s", self._name, failed)
        with self._records.changing(self._name) as job:
            job.measure(self._metrics)
            job.finish("Stopped", stopped.secondary, stopped.message)

    def _fail(self, reason: str) -> None:
        with self._records.changing(self._name) as job:
            job.measure(self._metrics)
            if job.status == "Stopping" and reason != INTERNAL_ERROR:
                job.finish("Stopped", *STOPPED)
            else:
                job.fail(reason)

    # small steps

    def _enter(self, secondary: str, message: str) -> None:
        self._check()
        with self._records.changing(self._name) as job:
            self._refuse_stopping(job)
            job.enter(secondary, message)

    @staticmethod
    def _refuse_stopping(job: Job) -> None:
        if job.status == "Stopping":
            raise JobStopped(*STOPPED)

    def _check(self) -> None:
        """Raises where the job is not to go on."""
        if self._signals.abandon.is_set():
            raise EngineGone
        if self._signals.stop.is_set():
            raise JobStopped(*STOPPED)


class _LogReader:
    """Turns one instance's lines into log events; its stream begins with its first line."""

    def __init__(
        self,
        logs: LogsService,
        job: str,
        instance: Instance,
        notes: list[str],
        metrics: dict[str, tuple[float, float]],
    ) -> None:
        self._logs = logs
        self._prefix = f"{job}/{instance.host}"
        self._is_first = instance.host == "algo-1"
        self._notes = notes if self._is_first else []
        self._metrics = metrics
        self._stream = ""

    def read(self, line: str, at: float) -> None:
        """Keep a line; the first is followed by what of the request is not used here. An empty line is no event."""
        self._stream = self._stream or f"{self._prefix}-{int(at)}"
        lines = [line, *self._notes] if line else self._notes
        if lines:
            self._logs.append(LOG_GROUP, self._stream, [(int(at * 1000), text) for text in lines])
            self._notes = []
        if self._is_first:
            for name, regex in _METRICS:
                found = regex.search(line)
                if found:
                    self._metrics[name] = _number(found[1]), at


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return float("nan")
