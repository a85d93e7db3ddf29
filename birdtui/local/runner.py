"""Runs one training job: download, a process for each instance, upload. Times are true, nothing is faked.

Every log line is committed before the status that follows it is shown. A process ends with the engine: it reads from a
pipe that closes when the engine goes, however it goes.
"""

from __future__ import annotations

import json
import logging
import os
import re
import shutil
import subprocess
import sys
import tarfile
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from birdtui.local.container_input import DataDownloadError, download
from birdtui.local.iam import IamService
from birdtui.local.job_records import Job, JobRecords
from birdtui.local.logs import LogsService
from birdtui.local.s3 import S3Service
from birdtui.local.sagemaker_checks import is_built_in, split_uri
from birdtui.local.service import ServiceError

LOG_GROUP = "/aws/sagemaker/TrainingJobs"
INTERNAL_ERROR = "InternalServerError: We encountered an internal error.  Please try again."
STOP_SECONDS = 120
PROGRAM = "birdtui.local.container.train"

_METRIC = re.compile(r"Epoch\S* (Train|Validation)-accuracy=(\S*)")

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Surroundings:
    """What a run uses of the engine."""

    scratch: Path
    s3: S3Service
    logs: LogsService
    iam: IamService


class JobStopped(Exception):
    """The job ends before its time: `secondary` is what its last status will be."""

    def __init__(self, secondary: str) -> None:
        super().__init__(secondary)
        self.secondary = secondary


class JobFailed(Exception):
    """The job ends with this FailureReason."""


class Run(threading.Thread):
    """One job on its way."""

    def __init__(self, records: JobRecords, around: Surroundings, job: Job) -> None:
        super().__init__(name=f"job-{job.name}", daemon=True)
        self._records = records
        self._around = around
        self._name = job.name
        self._request = job.request
        self._role = job.request["RoleArn"]
        self._folder = around.scratch / job.name
        self._hosts = [f"algo-{number + 1}" for number in range(max(sum(job.instances.values()), 1))]
        self._processes: list[subprocess.Popen[str]] = []
        self._metrics: dict[str, tuple[float, float]] = {}
        self._wake = threading.Event()
        self._stopping = False
        self._abandoned = False

    # from outside

    def stop(self) -> None:
        """Ask the job to end."""
        with self._records.changing(self._name) as job:
            if job.is_over:
                return
            job.enter("Stopping", "Stopping the training job", status="Stopping")
        self._stopping = True
        self._wake.set()

    def abandon(self) -> None:
        """End at once without a word: the engine goes."""
        self._abandoned = True
        self._wake.set()
        for process in self._processes:
            process.kill()

    # the job's way

    def run(self) -> None:
        """From Starting to the end, whatever that is."""
        try:
            self._go()
        except Exception:
            log.exception("job %s", self._name)
            if not self._abandoned:
                self._fail(INTERNAL_ERROR)
        finally:
            shutil.rmtree(self._folder, ignore_errors=True)

    def _go(self) -> None:
        try:
            self._prepare()
            self._enter("Downloading", "Downloading input data")
            self._note(TrainingStartTime=time.time())
            self._check_stop()
            download(self._request, self._folders(), self._around.s3, self._around.iam)
            self._enter("Downloading", "Downloading the training image")
            self._check_stop()
            self._enter("Training", "Training image download completed. Training in progress.")
            self._train()
            self._enter("Uploading", "Uploading generated training model")
            self._upload()
            self._end("Completed", "Completed", "Training job completed")
        except DataDownloadError as error:
            self._fail(f"ClientError: Data download failed:{error}")
        except JobFailed as failed:
            self._fail(str(failed))
        except JobStopped as stopped:
            self._end_stopped(stopped.secondary)

    def _prepare(self) -> None:
        """What SageMaker does before anything of the author's is touched."""
        self._enter("Starting", "Launching requested ML instances")
        if not is_built_in(self._request):
            image = self._request.get("AlgorithmSpecification", {}).get("TrainingImage") or "this algorithm"
            raise JobFailed(
                "ClientError: The local engine runs the built-in image-classification algorithm only; "
                f"{image} was not run. Train it on AWS."
            )
        self._enter("Starting", "Preparing the instances for training")
        config = self._request["ResourceConfig"]
        for host, folder in zip(self._hosts, self._folders(), strict=True):
            settings = folder / "input" / "config"
            settings.mkdir(parents=True, exist_ok=True)
            for part in ("model", "output/data"):
                (folder / part).mkdir(parents=True, exist_ok=True)
            resources = {
                "current_host": host,
                "current_instance_type": config.get("InstanceType", ""),
                "hosts": self._hosts,
                "network_interface_name": "lo",
            }
            _write_json(settings / "resourceconfig.json", resources)
            _write_json(settings / "hyperparameters.json", self._request.get("HyperParameters") or {})
            _write_json(settings / "inputdataconfig.json", _channels(self._request))

    def _folders(self) -> list[Path]:
        return [self._folder / host / self._name for host in self._hosts]

    def _train(self) -> None:
        """All hosts' processes, to their end or until the job is stopped or its time is over."""
        limit = float(self._request.get("StoppingCondition", {}).get("MaxRuntimeInSeconds", 86_400))
        deadline = self._records.find(self._name).facts["TrainingStartTime"] + limit
        readers = [self._start(host, folder) for host, folder in zip(self._hosts, self._folders(), strict=True)]
        while any(reader.is_alive() for reader in readers):
            self._wake.wait(max(deadline - time.time(), 0))
            self._wake.clear()
            if self._abandoned:
                raise SystemExit
            if self._stopping:
                self._terminate(readers)
                raise JobStopped("Stopped")
            if time.time() >= deadline and any(reader.is_alive() for reader in readers):
                self._enter("Stopping", "Stopping the training job", status="Stopping")
                self._terminate(readers)
                raise JobStopped("MaxRuntimeExceeded")
        codes = [process.wait() for process in self._processes]
        failed = next((number for number, code in enumerate(codes) if code), None)
        if failed is not None:
            self._enter("Uploading", "Uploading generated training model")
            raise JobFailed(_reason(self._folders()[failed], codes[failed]))

    def _start(self, host: str, folder: Path) -> threading.Thread:
        """One host's process, and the thread that turns its lines into log events."""
        threads = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")
        root = str(Path(__file__).resolve().parents[2])
        process = subprocess.Popen(
            [sys.executable, "-P", "-c", _LAUNCH, root, str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            errors="replace",
            env={**os.environ, **threads, "TRAINING_JOB_NAME": self._name},
            cwd=folder,
        )
        self._processes.append(process)
        reader = threading.Thread(target=self._read, args=(host, process), name=f"log-{self._name}-{host}", daemon=True)
        reader.start()
        return reader

    def _read(self, host: str, process: subprocess.Popen[str]) -> None:
        stream = ""
        assert process.stdout is not None
        for line in process.stdout:
            now = time.time()
            stream = stream or f"{self._name}/{host}-{int(now)}"
            self._around.logs.append(LOG_GROUP, stream, [(int(now * 1000), line.rstrip("\n"))])
            if host == self._hosts[0]:
                self._measure(line, now)
        process.wait()
        self._wake.set()

    def _measure(self, line: str, now: float) -> None:
        match = _METRIC.search(line)
        if match is not None:
            name = "train:accuracy" if match[1] == "Train" else "validation:accuracy"
            self._metrics[name] = float(match[2]), now

    def _terminate(self, readers: list[threading.Thread]) -> None:
        """SIGTERM, two minutes, then the end."""
        for process in self._processes:
            process.terminate()
        deadline = time.monotonic() + STOP_SECONDS
        for reader in readers:
            reader.join(max(deadline - time.monotonic(), 0))
        for process in self._processes:
            if process.poll() is None:
                process.kill()
        for reader in readers:
            reader.join()

    # the end

    def _upload(self) -> None:
        """The model of the first host, as model.tar.gz or as files, and what it left under output/data."""
        output = self._request["OutputDataConfig"]
        bucket, key = split_uri(output["S3OutputPath"])
        prefix = "/".join(part for part in (key.rstrip("/"), self._name, "output") if part)
        folder = self._folders()[0]
        if not self._around.iam.allows(self._role, "s3:PutObject", f"arn:aws:s3:::{bucket}/{prefix}/model.tar.gz"):
            raise JobFailed(
                f"ClientError: Artifact upload failed:Access denied (403) when calling PutObject on bucket {bucket}; "
                f"role {self._role} needs s3:PutObject there."
            )
        try:
            if output.get("CompressionType") == "NONE":
                artifact = f"s3://{bucket}/{prefix}/model/"
                for path in sorted((folder / "model").rglob("*")):
                    if path.is_file():
                        self._around.s3.put_file(bucket, f"{prefix}/model/{path.relative_to(folder / 'model')}", path)
            else:
                artifact = f"s3://{bucket}/{prefix}/model.tar.gz"
                self._around.s3.put_file(bucket, f"{prefix}/model.tar.gz", _archive(folder / "model"))
            if any((folder / "output" / "data").iterdir()):
                self._around.s3.put_file(bucket, f"{prefix}/output.tar.gz", _archive(folder / "output" / "data"))
        except ServiceError as error:
            raise JobFailed(f"ClientError: Artifact upload failed:{error.message} ({bucket})") from None
        self._note(ModelArtifacts={"S3ModelArtifacts": artifact})

    def _end_stopped(self, secondary: str) -> None:
        folder = self._folders()[0] / "model"
        if folder.is_dir() and any(folder.iterdir()):
            try:
                self._upload()
            except JobFailed as failed:
                log.warning("job %s stopped without an artifact: %s", self._name, failed)
        self._end("Stopped", secondary, "Training job stopped")

    def _fail(self, reason: str) -> None:
        self._settle()
        with self._records.changing(self._name) as job:
            job.fail(reason)

    def _end(self, status: str, secondary: str, message: str) -> None:
        self._settle()
        with self._records.changing(self._name) as job:
            job.enter(secondary, message, status=status)
            if job.transitions[-1].end is None:
                job.transitions[-1].end = job.transitions[-1].start

    def _settle(self) -> None:
        """The figures of the end: times, money, last metrics in single precision as the service keeps them."""
        import struct

        now = time.time()
        with self._records.changing(self._name) as job:
            began = job.facts.get("TrainingStartTime")
            if began is not None:
                seconds = max(round(now - began), 1)
                job.facts |= {
                    "TrainingEndTime": now,
                    "TrainingTimeInSeconds": seconds,
                    "BillableTimeInSeconds": seconds,
                }
            if self._metrics:
                job.facts["FinalMetricDataList"] = [
                    {"MetricName": name, "Value": struct.unpack("f", struct.pack("f", value))[0], "Timestamp": at}
                    for name, (value, at) in self._metrics.items()
                ]

    # small steps

    def _enter(self, secondary: str, message: str, *, status: str | None = None) -> None:
        with self._records.changing(self._name) as job:
            if job.status != "Stopping":
                job.enter(secondary, message, status=status)

    def _note(self, **facts: Any) -> None:
        with self._records.changing(self._name) as job:
            job.facts |= facts

    def _check_stop(self) -> None:
        if self._abandoned:
            raise SystemExit
        if self._stopping:
            raise JobStopped("Stopped")


_LAUNCH = f"""
import os, sys, threading
sys.path.insert(0, sys.argv[1])
threading.Thread(target=lambda: (sys.stdin.read(), os._exit(1)), daemon=True).start()
from {PROGRAM} import main
code = main(sys.argv[2:])
sys.stdout.flush()
os._exit(code)
"""
"""Starts the container's program, and ends it when its standard input closes: when the engine is gone."""


def _reason(folder: Path, code: int) -> str:
    """What the container said of its failure, else how it ended."""
    failure = folder / "output" / "failure"
    if failure.is_file():
        return failure.read_text(encoding="utf-8", errors="replace")
    shown = 128 - code if code < 0 else code
    return f"AlgorithmError: , exit code: {shown}"


def _archive(folder: Path) -> Path:
    path = folder.parent / f"{folder.name}.tar.gz"
    with tarfile.open(path, "w:gz", compresslevel=1) as archive:
        for member in sorted(folder.iterdir()):
            archive.add(member, member.name)
    return path


def _channels(request: Mapping[str, Any]) -> dict[str, Any]:
    mode = request.get("AlgorithmSpecification", {}).get("TrainingInputMode", "File")
    return {
        channel["ChannelName"]: {
            "TrainingInputMode": channel.get("InputMode") or mode,
            "S3DistributionType": (channel["DataSource"].get("S3DataSource") or {}).get(
                "S3DataDistributionType", "FullyReplicated"
            ),
            "RecordWrapperType": channel.get("RecordWrapperType", "None"),
            **({"ContentType": channel["ContentType"]} if channel.get("ContentType") else {}),
        }
        for channel in request.get("InputDataConfig") or []
    }


def _write_json(path: Path, content: Any) -> None:
    path.write_text(json.dumps(content), encoding="utf-8")
