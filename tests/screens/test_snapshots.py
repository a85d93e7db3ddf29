"""The jobs screen and the job screen as text, from fixed data, at the two sizes that count.

`BIRDTUI_UPDATE_SNAPSHOTS=1 pytest tests/screens/test_snapshots.py` writes them anew; look at the difference.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest

from birdtui.aws.session import Connection
from birdtui.ui import status_style
from birdtui.ui.chart_model import Curve
from birdtui.ui.job_reading import JobReading
from birdtui.ui.job_watch import JobWatch
from birdtui.ui.screens import compare as compare_screen
from birdtui.ui.screens import job as job_screen
from birdtui.ui.screens import jobs as jobs_screen
from birdtui.ui.screens.compare import Compared, CompareScreen
from birdtui.ui.screens.job import JobScreen
from birdtui.ui.screens.jobs import JobsScreen
from birdtui.watch.events import Event, JobDescribed, JobEnded, MetricPoint

if TYPE_CHECKING:
    from tests.screens.conftest import Opener, Seen

SNAPSHOTS = Path(__file__).parent / "snapshots"
UPDATE = bool(os.environ.get("BIRDTUI_UPDATE_SNAPSHOTS"))
SIZES = [(80, 24), (140, 42)]
START = datetime(2018, 10, 21, 16, 0, tzinfo=UTC)
NOW = START + timedelta(minutes=20)
REASON = (
    "ClientError: Additional hyperparameters are not allowed ('num_epochs' was unexpected) (caused by ValidationError)"
)


def at(seconds: int) -> datetime:
    return START + timedelta(seconds=seconds)


def transitions(*ends: tuple[str, int, str]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    start = 0
    for status, end, message in ends:
        found.append({"Status": status, "StartTime": at(start), "EndTime": at(end), "StatusMessage": message})
        start = end
    return found


def description(name: str, status: str, **more: Any) -> dict[str, Any]:
    return {
        "TrainingJobName": name,
        "TrainingJobArn": f"arn:aws:sagemaker:us-east-1:123456789012:training-job/{name}",
        "TrainingJobStatus": status,
        "SecondaryStatus": status,
        "HyperParameters": {"epochs": "5", "num_classes": "4", "num_training_samples": "322"},
        "AlgorithmSpecification": {
            "TrainingImage": "811284229777.dkr.ecr.us-east-1.amazonaws.com/image-classification:1",
            "TrainingInputMode": "File",
        },
        "RoleArn": "arn:aws:iam::123456789012:role/service-role/AmazonSageMaker-ExecutionRole-20181021T120000",
        "InputDataConfig": [
            {
                "ChannelName": channel,
                "ContentType": "application/x-recordio",
                "DataSource": {
                    "S3DataSource": {
                        "S3DataType": "S3Prefix",
                        "S3Uri": f"s3://bird-classifier/{channel}/",
                        "S3DataDistributionType": "FullyReplicated",
                    }
                },
            }
            for channel in ("train", "validation")
        ],
        "OutputDataConfig": {"S3OutputPath": "s3://bird-classifier/"},
        "ResourceConfig": {"InstanceType": "ml.p3.2xlarge", "InstanceCount": 1, "VolumeSizeInGB": 50},
        "StoppingCondition": {"MaxRuntimeInSeconds": 86400},
        "CreationTime": START,
        "LastModifiedTime": at(300),
        **more,
    }


FAILED = description(
    "birds-20181021-160000-abc",
    "Failed",
    FailureReason=REASON,
    TrainingEndTime=at(120),
    SecondaryStatusTransitions=transitions(
        ("Starting", 40, "Preparing the instances for training"), ("Failed", 120, "Training job failed")
    ),
)
COMPLETED = description(
    "birds-20181021-155500-xyz",
    "Completed",
    CreationTime=START - timedelta(minutes=5),
    TrainingStartTime=at(40),
    TrainingEndTime=at(240),
    BillableTimeInSeconds=200,
    ModelArtifacts={"S3ModelArtifacts": "s3://bird-classifier/birds-20181021-155500-xyz/output/model.tar.gz"},
    FinalMetricDataList=[{"MetricName": "validation:accuracy", "Value": 0.8125, "Timestamp": at(200)}],
    SecondaryStatusTransitions=transitions(
        ("Starting", 40, "Preparing the instances for training"),
        ("Downloading", 60, "Downloading input data"),
        ("Training", 220, "Training image download completed. Training in progress."),
        ("Uploading", 240, "Uploading generated training model"),
        ("Completed", 240, "Training job completed"),
    ),
)
RUNNING = description(
    "birds-20181021-161900-run",
    "InProgress",
    CreationTime=at(1140),
    LastModifiedTime=at(1150),
    SecondaryStatusTransitions=[
        {"Status": "Starting", "StartTime": at(1140), "StatusMessage": "Preparing the instances for training"}
    ],
)


@pytest.fixture
def quiet(open_app: Opener, monkeypatch: pytest.MonkeyPatch) -> Callable[[tuple[int, int]], Any]:
    """An app whose connection never comes, at a fixed time and in UTC: it shows what a test gives it, no more."""
    never = threading.Event()

    def connect() -> Connection:
        never.wait(20)
        return Connection(region="us-east-1", endpoint_url="http://127.0.0.1:9", access_key="A", secret_key="s")

    for module in (status_style, job_screen, jobs_screen, compare_screen):
        monkeypatch.setattr(module, "now", lambda: NOW)
    monkeypatch.setattr("birdtui.ui.widgets.job_preview.now", lambda: NOW)
    monkeypatch.setattr("birdtui.ui.widgets.job_table.now", lambda: NOW)
    monkeypatch.setattr(status_style, "local_time", lambda moment: f"{moment:%Y-%m-%d %H:%M:%S}" if moment else "–")
    for module_name in ("job_preview", "job_panel"):
        monkeypatch.setattr(f"birdtui.ui.widgets.{module_name}.local_time", status_style.local_time)

    def start(size: tuple[int, int]) -> Any:
        never.clear()
        return open_app(size, connect=connect)

    start.let_go = never.set  # type: ignore[attr-defined]
    return start


async def check(seen: Seen, name: str) -> None:
    """Waits until the screen is as in the file of that name, scrollbars settled; or writes the file."""
    file = SNAPSHOTS / f"{name}-{seen.app.size.width}x{seen.app.size.height}.txt"
    if UPDATE:
        await seen.pilot.pause(1.0)
        SNAPSHOTS.mkdir(exist_ok=True)
        file.write_text(seen.text + "\n", encoding="utf-8")
    expected = file.read_text(encoding="utf-8")
    with suppress(AssertionError):
        await seen.until(lambda: seen.text + "\n" == expected)
    assert seen.text + "\n" == expected


@pytest.mark.parametrize("size", SIZES)
async def test_the_jobs_screen(quiet: Any, size: tuple[int, int]) -> None:
    async with quiet(size) as seen:
        await seen.sees("Loading the jobs…")
        screen = cast(JobsScreen, seen.app.screen)
        jobs = (RUNNING, FAILED, COMPLETED)
        screen.post_message(JobReading.Loaded(jobs, None, older=False))
        screen.post_message(JobReading.Described(jobs))
        await seen.sees(str(RUNNING["TrainingJobName"]))
        await seen.press("j")
        await seen.sees("Failure")
        await check(seen, "jobs")
        quiet.let_go()


def log_lines() -> list[str]:
    return [
        f"[10/21/2018 16:0{epoch}:0{part} INFO 139701434767168] Epoch[{epoch}] {text}"
        for epoch in range(5)
        for part, text in enumerate(
            (
                f"Train-accuracy={0.5 + epoch / 12:.6f}",
                "Time cost=3.142",
                f"Validation-accuracy={0.4 + epoch / 10:.6f}",
            )
        )
    ]


def metric_points() -> list[MetricPoint]:
    return [
        MetricPoint(at(60 * epoch), "algo-1", epoch, name, value)
        for epoch in range(5)
        for name, value in (
            ("train:accuracy", 0.5 + epoch / 12),
            ("validation:accuracy", 0.4 + epoch / 10 - (0.15 if epoch == 4 else 0)),
        )
    ]


@pytest.mark.parametrize("size", SIZES)
async def test_the_job_screen(quiet: Any, size: tuple[int, int]) -> None:
    async with quiet(size) as seen:
        name = str(COMPLETED["TrainingJobName"])
        seen.app.open_job(name)
        await seen.until(lambda: isinstance(seen.app.screen, JobScreen) and seen.app.screen.is_mounted)
        screen = cast(JobScreen, seen.app.screen)
        lines = log_lines()
        screen.state.log.append("algo-1", tuple(range(len(lines))), tuple(lines))
        screen.post_message(JobWatch.LogGrew())
        ended = JobEnded(
            NOW - timedelta(hours=1), "Completed", "Completed", 0,
            COMPLETED["ModelArtifacts"]["S3ModelArtifacts"], 3, 0.7, 4, 200, None, (),
        )  # fmt: skip
        events: list[Event] = [JobDescribed(COMPLETED), *metric_points(), ended]
        for event in events:
            screen.post_message(JobWatch.Told(event))
        await seen.sees("the artifact holds", "not the best", "15 lines", "Validation-accuracy=0.800000")
        if size == (140, 42):
            await seen.sees("◆ best 0.700 @3")
        await check(seen, "job")
        quiet.let_go()


EDITED = """\
[job]
name = "birds"
role = "auto"

[algorithm]
name = "image-classification"

[resources]
instance_type = "ml.p3.2xlarge"
instance_count = 1
volume_gb = 50

[limits]
max_runtime = "24h"

[hyperparameters]
num_classes = 4
num_training_samples = 322
epochs = "many"

[channels.train]
s3_uri = "s3://bird-classifier/train/"
content_type = "application/x-recordio"

[channels.validation]
s3_uri = "s3://bird-classifier/validation/"
content_type = "application/x-recordio"

[output]
s3_uri = "s3://bird-classifier/"
"""


@pytest.mark.parametrize("size", SIZES)
async def test_the_editor(quiet: Any, tmp_path: Path, size: tuple[int, int]) -> None:
    path = tmp_path / "garden.toml"
    path.write_text(EDITED, encoding="utf-8")
    async with quiet(size) as seen:
        seen.app.edit_file(path)
        await seen.sees("hyperparameters.epochs", "asking AWS…")
        await check(seen, "editor")
        quiet.let_go()


@pytest.mark.parametrize("size", SIZES)
async def test_comparing(quiet: Any, size: tuple[int, int]) -> None:
    def compared(name: str, rate: str, values: list[float]) -> Compared:
        curves = {"validation:accuracy": Curve(name, "validation:accuracy", range(len(values)), values)}
        settings = {"hyperparameters.learning_rate": rate, "hyperparameters.epochs": "5"}
        return Compared(name, COMPLETED | {"TrainingJobName": name}, settings, curves)

    async with quiet(size) as seen:
        screen = CompareScreen(["birds-slow", "birds-quick"])
        seen.app.push_screen(screen)
        await seen.sees("Reading the jobs")
        slow = compared("birds-slow", "0.001", [0.3, 0.4, 0.5, 0.55, 0.6])
        screen.post_message(CompareScreen.Read([slow, compared("birds-quick", "0.1", [0.4, 0.6, 0.75, 0.7, 0.8])]))
        await seen.sees("best accuracy", "hyperparameters.learning_rate")
        await check(seen, "compare")
        quiet.let_go()
