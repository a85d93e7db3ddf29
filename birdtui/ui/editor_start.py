"""What the editor begins with: the frame of a new job, a file, or the clone of a job. No screen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from birdtui.spec.findings import Advice
from birdtui.spec.job import JobSpec

if TYPE_CHECKING:
    from birdtui.aws.training_jobs import TrainingJobs


@dataclass(frozen=True)
class Opened:
    """What the editor works on: a spec, what it is compared with, where the keys begin, and notes to show."""

    title: str
    spec: JobSpec
    source: JobSpec | None = None
    source_name: str = ""
    text: str | None = None
    path: Path | None = None
    culprit: str = ""
    notes: tuple[str, ...] = field(default_factory=tuple)


def new_job() -> JobSpec:
    """The frame of a new job: what the lab's form fills in by itself, and empty fields for the rest."""
    return JobSpec(
        {
            "TrainingJobName": "birds",
            "RoleArn": "auto",
            "AlgorithmSpecification": {"TrainingInputMode": "File"},
            "ResourceConfig": {"InstanceType": "ml.p3.2xlarge", "InstanceCount": 1, "VolumeSizeInGB": 50},
            "StoppingCondition": {"MaxRuntimeInSeconds": 86_400},
        },
        algorithm="image-classification",
    )


def from_file(path: Path) -> Opened:
    """A job file of any form that can be read. Raises SpecFileError with every fault."""
    from birdtui.spec.convert import load_file

    source = load_file(path)
    text = source.text if source.form == "toml" else None
    return Opened(path.name, source.spec, source.spec, path.name, text, path, notes=source.notes)


def cloned(jobs: TrainingJobs, name: str) -> Opened:
    """A clone of a job, with what was left out and the field at fault. Raises AwsProblem."""
    from birdtui.spec.clone import clone, questions, told

    description: Mapping[str, Any] = jobs.describe(name)
    spec, dropped = clone(description, jobs.tags(str(description["TrainingJobArn"])))
    notes = [*told(dropped), *(f"{question.field}: {question.text}" for question in questions(spec))]
    return Opened(f"Clone of {name}", spec, spec, name, culprit=culprit(description), notes=tuple(notes))


def culprit(description: Mapping[str, Any]) -> str:
    """The field that a failed job's reason points to; empty where it points to none."""
    from birdtui.spec.explain import explain_failure

    reason = description.get("FailureReason")
    advice: Sequence[Advice] = explain_failure(str(reason), description).advice if reason else ()
    return next((each.field for each in advice if each.field), "")
