"""Jobs whose engine goes: no process outlives it, and the next engine ends them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import birdtui
from birdtui.local import daemon
from birdtui.local.container_input import write_configuration
from birdtui.local.container_process import LAUNCH
from birdtui.local.job_records import Instance

INTERNAL_ERROR = "InternalServerError: We encountered an internal error.  Please try again."
ENDLESS = "1000000"


@pytest.fixture
def directory(tmp_path: Path) -> Iterator[Path]:
    """A state directory whose engine, if any, ends with the test."""
    path = tmp_path / "state" / "engine"
    yield path
    engine = daemon.find(path)
    if engine:
        daemon.shutdown(engine)


def until(look: Callable[[], bool], seconds: float = 10.0) -> bool:
    """Whether something comes true in time."""
    deadline = time.monotonic() + seconds
    while not look():
        if time.monotonic() > deadline:
            return False
        threading.Event().wait(0.02)
    return True


def gone(process: int) -> bool:
    """Whether a process ends in time."""
    return until(lambda: not _exists(process))


def _exists(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    # one that has ended stays listed until its parent looks; it may vanish while its state is read
    try:
        state = Path(f"/proc/{process}/stat").read_text()
    except ProcessLookupError:
        return False
    except FileNotFoundError:
        return not Path("/proc/self/stat").exists()
    return state.rpartition(")")[2].split()[0] != "Z"


def training(jobs: Any, **hyperparameters: str) -> str:
    """A job that is in the middle of its training."""
    name: str = jobs.create(epochs=ENDLESS, **hyperparameters)
    jobs.said(name, "Epoch[1] Validation-accuracy")
    return name


def test_closing_an_engine_ends_its_processes(fresh_engine: Any, jobs_of: Any, containers: Any) -> None:
    host = fresh_engine()
    jobs = jobs_of(host.engine)
    request = jobs.request(epochs=ENDLESS)
    request["ResourceConfig"]["InstanceCount"] = 2
    name = jobs.create(request)
    for algo in ("algo-1", "algo-2"):
        jobs.said(name, "Epoch[0] Validation-accuracy", algo)
    processes = containers(name)
    assert len(processes) == 2
    host.close()
    assert all(gone(process) for process in processes)


def test_a_killed_engine_takes_its_processes_with_it(directory: Path, jobs_of: Any, containers: Any) -> None:
    engine = daemon.ensure(directory)
    name = training(jobs_of(engine))
    (process,) = containers(name)
    os.kill(engine.pid, signal.SIGKILL)
    assert gone(process)


def test_a_container_ends_when_its_input_closes_even_if_nobody_reads_its_output(tmp_path: Path, jobs: Any) -> None:
    folder = tmp_path / "algo-1" / "job"
    request = jobs.request(epochs=ENDLESS)
    write_configuration(folder, request, Instance("algo-1", "ml.p3.2xlarge"), ["algo-1"])
    for channel, key in (("train", "train/t.rec"), ("validation", "validation/v.rec")):
        path = folder / "input" / "data" / channel / "data.rec"
        path.parent.mkdir(parents=True)
        path.write_bytes(jobs.s3.get_object(Bucket="tiny-pictures", Key=key)["Body"].read())
    root = Path(birdtui.__file__).parents[1]
    command = [sys.executable, "-P", "-c", LAUNCH, str(root), str(folder)]
    container = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
    try:
        assert until(lambda: any((folder / "model").iterdir()))
        assert container.poll() is None
        assert container.stdin is not None
        container.stdin.close()
        assert container.wait(10) == 1
    finally:
        container.kill()
        container.wait()


def test_a_job_that_ran_has_failed_when_the_engine_comes_back(directory: Path, jobs_of: Any) -> None:
    engine = daemon.ensure(directory)
    name = training(jobs_of(engine))
    os.kill(engine.pid, signal.SIGKILL)
    assert gone(engine.pid)
    job = jobs_of(daemon.ensure(directory)).describe(name)
    assert (job["TrainingJobStatus"], job["SecondaryStatus"]) == ("Failed", "Failed")
    assert job["FailureReason"] == INTERNAL_ERROR
    assert [entry["Status"] for entry in job["SecondaryStatusTransitions"]] == [
        "Starting",
        "Downloading",
        "Training",
        "Failed",
    ]
    assert job["SecondaryStatusTransitions"][-1]["EndTime"] == job["TrainingEndTime"]
    assert not {"TrainingTimeInSeconds", "BillableTimeInSeconds", "ModelArtifacts"} & set(job)


def test_its_log_is_kept(fresh_engine: Any, jobs_of: Any) -> None:
    host = fresh_engine()
    name = training(jobs_of(host.engine))
    host.close()
    assert any("Epoch[1] Validation-accuracy" in line for line in jobs_of(fresh_engine().engine).lines(name))


def test_a_job_that_was_over_stays_as_it_was(fresh_engine: Any, jobs_of: Any) -> None:
    host = fresh_engine()
    before = jobs_of(host.engine).ran(epochs="1")
    host.close()
    after = jobs_of(fresh_engine().engine).describe(before["TrainingJobName"])
    del before["ResponseMetadata"], after["ResponseMetadata"]
    assert after == before


def test_a_new_engine_runs_jobs_and_keeps_no_leftovers(fresh_engine: Any, jobs_of: Any) -> None:
    host = fresh_engine()
    scratch = host.engine.directory / "scratch"
    training(jobs_of(host.engine))
    assert list(scratch.iterdir())
    host.close()
    (scratch / "job-of-a-killed-engine").mkdir()
    again = fresh_engine()
    assert jobs_of(again.engine).ran(epochs="1")["TrainingJobStatus"] == "Completed"
    again.close()
    assert not list(scratch.iterdir())


def test_a_stop_that_the_engine_did_not_live_to_finish_is_a_failure(
    fresh_engine: Any, jobs_of: Any, containers: Any
) -> None:
    host = fresh_engine()
    jobs = jobs_of(host.engine)
    name = training(jobs)
    (process,) = containers(name)
    os.kill(process, signal.SIGSTOP)  # deaf to SIGTERM, so that the stop takes its time
    jobs.stop(name)
    assert jobs.describe(name)["TrainingJobStatus"] == "Stopping"
    host.close()
    job = jobs_of(fresh_engine().engine).describe(name)
    assert (job["TrainingJobStatus"], job["FailureReason"]) == ("Failed", INTERNAL_ERROR)


def test_a_running_job_keeps_the_engine_from_idling(fresh_engine: Any, jobs_of: Any) -> None:
    host = fresh_engine()
    jobs = jobs_of(host.engine)
    name = training(jobs)
    assert daemon.running_jobs(host.engine) == 1
    assert host.idle_seconds() == 0
    jobs.stop(name)
    jobs.ended(name)
    assert daemon.running_jobs(host.engine) == 0
    assert until(lambda: host.idle_seconds() > 0)
