"""One job in any of its forms: a job file, a request or description in JSON, an aws command, a Python script.

Text in, text and notes out; nothing is sent, and nothing is refused for what a check might find.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from birdtui.spec import toml_file
from birdtui.spec.convert_json import read_json
from birdtui.spec.convert_python import boto3_script, sagemaker_script
from birdtui.spec.convert_shell import aws_command
from birdtui.spec.images import UnknownImage
from birdtui.spec.job import JobSpec, in_model_order, resolve, unique_job_name
from birdtui.spec.toml_problems import SpecFileError

TARGETS = ("toml", "request", "aws", "boto3", "sagemaker")
"""What a job can be converted to."""

__all__ = [
    "TARGETS",
    "Converted",
    "Source",
    "aws_command",
    "convert",
    "load",
    "load_file",
    "read",
    "request_of",
    "to_aws_command",
]

DEFAULT_REGION = "us-east-1"


@dataclass(frozen=True, slots=True)
class Source:
    """A job as it was read: the spec, the text it came from, which form that has, and notes on what was left out.

    `form` is `toml`, `request` or `description`.
    """

    spec: JobSpec
    text: str
    form: str
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Converted:
    """The text asked for, and what a reader of it should know."""

    text: str
    notes: tuple[str, ...] = ()


def load(text: str, file: str, overrides: Sequence[str] = ()) -> Source:
    """A job in whatever form the text has; `overrides` are `--set PATH=VALUE`, as for a job file.

    Raises SpecFileError with every fault that can be told.
    """
    # No TOML text begins with a brace; the name of a file that begins with anything else has to tell.
    if not text.removeprefix("\ufeff").lstrip().startswith("{") and not file.endswith(".json"):
        return Source(toml_file.parse(text, file, overrides), text, "toml")
    spec, is_description, notes = read_json(text, file)
    if overrides:
        spec = _changed(spec, file, overrides)
    return Source(spec, text, "description" if is_description else "request", tuple(notes))


def load_file(path: Path, overrides: Sequence[str] = ()) -> Source:
    """As `load`, for a file; one that is not there or cannot be read is a SpecFileError too."""
    return load(toml_file.read_text(path), str(path), overrides)


def read(path: Path, overrides: Sequence[str] = ()) -> tuple[JobSpec, list[str]]:
    """The job in a file of any form, and notes on what was left out. Raises SpecFileError."""
    source = load_file(path, overrides)
    return source.spec, list(source.notes)


def convert(
    source: Source,
    target: str,
    *,
    region: str | None = None,
    role_arn: str | None = None,
    name: str | None = None,
) -> Converted:
    """The job as one of TARGETS.

    `region` chooses the image of a named algorithm (and is then written into commands and scripts); `role_arn` and
    `name` take the place of what the author wrote, where they are known. A job file keeps its comments. A file's own
    name stays as it is written; a described job's is taken, so its clone gets one of its own at once.
    """
    if target == "toml":
        return Converted(_toml(source), source.notes)
    if name is None and source.form == "description" and source.spec.unique_name:
        name = unique_job_name(source.spec.name, dt.datetime.now(dt.UTC))
    request, notes = request_of(source.spec, region=region, role_arn=role_arn, name=name)
    told = (*source.notes, *notes)
    chosen = (region or DEFAULT_REGION) if source.spec.algorithm else region
    if target == "request":
        return Converted(json.dumps(request, indent=2, ensure_ascii=False) + "\n", told)
    if target == "aws":
        return Converted(aws_command(request, chosen), told)
    if target == "boto3":
        return Converted(boto3_script(request, chosen), told)
    if target == "sagemaker":
        return Converted(sagemaker_script(request, chosen), told)
    raise ValueError(f"{target!r} is none of {', '.join(TARGETS)}")


def request_of(
    spec: JobSpec, *, region: str | None = None, role_arn: str | None = None, name: str | None = None
) -> tuple[dict[str, Any], list[str]]:
    """The CreateTrainingJob request of a job as far as it is known without asking AWS, and what is left to do."""
    notes: list[str] = []
    changed = dict(spec.request)
    changed |= {"TrainingJobName": name} if name is not None else {}
    changed |= {"RoleArn": role_arn} if role_arn is not None else {}
    if name is None and spec.unique_name and spec.name:
        notes.append(f"the name {spec.name} is written as it stands; --submit would add a time suffix")
    role = changed.get("RoleArn")
    if isinstance(role, str) and not role.startswith("arn:"):
        notes.append(f'RoleArn is "{role}": put the ARN of your execution role there')
    if spec.algorithm is None:
        return in_model_order(changed), notes
    if region is None:
        notes.append(f"the training image is that of {DEFAULT_REGION}; --region chooses another")
    try:
        known = replace(spec, request=changed)
        resolved = resolve(known, region=region or DEFAULT_REGION, role_arn="", name="")
    except UnknownImage as unknown:
        notes.append(f"the training image is missing: {unknown}")
        return in_model_order(changed), notes
    return in_model_order({**changed, "AlgorithmSpecification": resolved["AlgorithmSpecification"]}), notes


def to_aws_command(spec: JobSpec, *, region: str | None = None) -> str:
    """The `aws` command that makes this job, as far as it is known without asking AWS."""
    return aws_command(request_of(spec, region=region)[0], region)


def _changed(spec: JobSpec, file: str, overrides: Sequence[str]) -> JobSpec:
    """The job changed by overrides. What is wrong with the rest has no place: the file itself is not TOML."""
    try:
        return toml_file.parse(toml_file.write(spec), file, overrides)
    except SpecFileError as failed:
        raise SpecFileError(replace(problem, line=0, column=0) for problem in failed.problems) from failed


def _toml(source: Source) -> str:
    if source.form == "toml":
        return toml_file.rewrite(source.text, source.spec)
    return toml_file.write(source.spec)
