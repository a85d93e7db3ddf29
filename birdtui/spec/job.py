"""A training job as its author writes it: the CreateTrainingJob request itself, with typed ways in."""

from __future__ import annotations

import copy
import datetime as dt
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

NAME_LIMIT = 63
"""The longest training job name; TrainingJobName in the service model."""

_SUFFIX_ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789"
_SUFFIX_LENGTH = 3
_TIME_SUFFIX = re.compile(r"-\d{8}-\d{6}-[a-z0-9]{3}$")


@dataclass(frozen=True)
class Channel:
    """One entry of InputDataConfig, read; what the author did not write is None (or an empty tuple)."""

    name: str
    s3_uri: str | None
    s3_data_type: str | None
    distribution: str | None
    content_type: str | None
    compression: str | None
    record_wrapper: str | None
    input_mode: str | None
    attribute_names: tuple[str, ...]
    entry: Mapping[str, Any]
    """The entry itself, in the service's names: whatever else it holds (FileSystemDataSource, ShuffleConfig, …)."""


@dataclass(frozen=True)
class JobSpec:
    """A job before it is sent.

    `request` holds CreateTrainingJob members under the service's names, as written and nothing more: hyperparameters
    are text, TrainingJobName is a stem while `unique_name` is set, RoleArn is an ARN, a role's name or `auto`. Where
    the author names a built-in `algorithm`, the request has no TrainingImage: the image depends on the region and is
    put in by `resolve`. Treat the request as read-only; `with_members` makes a changed spec.
    """

    request: Mapping[str, Any] = field(default_factory=dict)
    algorithm: str | None = None
    algorithm_version: str | None = None
    unique_name: bool = True

    @property
    def name(self) -> str:
        """The name as written: with `unique_name` the stem of the name to come; "" where there is none."""
        return _text(self.request.get("TrainingJobName"))

    @property
    def role(self) -> str:
        """The role as written: an ARN, a role's name, or `auto`; "" where there is none."""
        return _text(self.request.get("RoleArn"))

    @property
    def image(self) -> str | None:
        """The training image as written; None where an algorithm is named instead."""
        return self._inner("AlgorithmSpecification").get("TrainingImage")

    @property
    def input_mode(self) -> str | None:
        """The job's own input mode; a channel may have another."""
        return self._inner("AlgorithmSpecification").get("TrainingInputMode")

    @property
    def instance_type(self) -> str | None:
        """The one instance type; None with instance groups or preferences."""
        return self._inner("ResourceConfig").get("InstanceType")

    @property
    def instance_count(self) -> int:
        """How many instances the job takes, instance groups added up; 1 where nothing says so."""
        resources = self._inner("ResourceConfig")
        groups = resources.get("InstanceGroups") or ()
        if groups:
            return sum(_count(group) for group in groups if isinstance(group, Mapping))
        return _count(resources)

    @property
    def hyperparameters(self) -> Mapping[str, str]:
        """The hyperparameters, all of them text, as the service takes them."""
        return self._inner("HyperParameters")

    @cached_property
    def channels(self) -> tuple[Channel, ...]:
        """The input channels in the author's order."""
        entries = self.request.get("InputDataConfig")
        if not isinstance(entries, (list, tuple)):
            return ()
        return tuple(_channel(entry) for entry in entries if isinstance(entry, Mapping))

    @property
    def output_uri(self) -> str | None:
        """The S3 URI under which the service puts `<job name>/output/model.tar.gz`."""
        return self._inner("OutputDataConfig").get("S3OutputPath")

    @property
    def max_runtime(self) -> int | None:
        """Seconds after which the service stops the job; None where the service's own default (one day) holds."""
        return self._inner("StoppingCondition").get("MaxRuntimeInSeconds")

    @property
    def max_wait(self) -> int | None:
        """Seconds a spot job may take in all, waiting included."""
        return self._inner("StoppingCondition").get("MaxWaitTimeInSeconds")

    @property
    def spot(self) -> bool:
        """Whether the job runs on spot capacity."""
        return self.request.get("EnableManagedSpotTraining") is True

    def with_members(self, **members: Any) -> JobSpec:
        """The same job with these top-level members of the request; None takes a member away."""
        request = {**self.request, **members}
        return JobSpec(
            {name: value for name, value in request.items() if value is not None},
            self.algorithm,
            self.algorithm_version,
            self.unique_name,
        )

    def _inner(self, member: str) -> Mapping[str, Any]:
        value = self.request.get(member)
        return value if isinstance(value, Mapping) else {}


def unique_job_name(stem: str, now: dt.datetime) -> str:
    """A job name that nobody has: the stem, the time and three random characters (`birds-20181021-161253-k3f`).

    The stem is cut where the whole would not fit the service's 63 characters. `now` is told in UTC where it is aware.
    """
    if now.tzinfo is not None:
        now = now.astimezone(dt.UTC)
    tail = "".join(secrets.choice(_SUFFIX_ALPHABET) for _ in range(_SUFFIX_LENGTH))
    suffix = f"{now:%Y%m%d-%H%M%S}-{tail}"
    kept = stem[: NAME_LIMIT - len(suffix) - 1].rstrip("-")
    return f"{kept}-{suffix}" if kept else suffix


def name_stem(name: str) -> str:
    """A job name without the time suffix that `unique_job_name` gave it; any other name stays as it is."""
    return _TIME_SUFFIX.sub("", name) or name


def resolve(spec: JobSpec, *, region: str, role_arn: str, name: str) -> dict[str, Any]:
    """The request as it is sent: the final name, the role's ARN, and the image of a named algorithm in `region`.

    Raises images.UnknownImage where the named algorithm has no image there.
    """
    request: dict[str, Any] = copy.deepcopy({**spec.request, "TrainingJobName": name, "RoleArn": role_arn})
    if spec.algorithm is not None:
        from birdtui.spec.images import image_uri

        image = image_uri(spec.algorithm, region, spec.algorithm_version)
        request["AlgorithmSpecification"] = {"TrainingImage": image, **request.get("AlgorithmSpecification", {})}
    return in_model_order(request)


def in_model_order(request: Mapping[str, Any]) -> dict[str, Any]:
    """The request's top-level members in the order of the service's own documentation; unknown ones at the end."""
    from birdtui.spec.service_model import create_shape

    known = [name for name in create_shape().members if name in request]
    return {name: request[name] for name in (*known, *(name for name in request if name not in known))}


def _channel(entry: Mapping[str, Any]) -> Channel:
    source = _mapping(_mapping(entry.get("DataSource")).get("S3DataSource"))
    names: Sequence[str] = source.get("AttributeNames") or ()
    return Channel(
        name=_text(entry.get("ChannelName")),
        s3_uri=source.get("S3Uri"),
        s3_data_type=source.get("S3DataType"),
        distribution=source.get("S3DataDistributionType"),
        content_type=entry.get("ContentType"),
        compression=entry.get("CompressionType"),
        record_wrapper=entry.get("RecordWrapperType"),
        input_mode=entry.get("InputMode"),
        attribute_names=tuple(names),
        entry=entry,
    )


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _count(holder: Mapping[str, Any]) -> int:
    count = holder.get("InstanceCount")
    return count if isinstance(count, int) else 1
