"""What the offline rules ask about a job, worked out once; and short ways to write a finding."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from birdtui.spec import image_classification
from birdtui.spec.fields import file_field
from birdtui.spec.findings import Finding, Level
from birdtui.spec.images import ImageReference, recognise
from birdtui.spec.job import Channel, JobSpec
from birdtui.spec.service_model import Violation, create_shape, violations

_S3 = re.compile(r"s3://([^/]+)/?(.*)", re.DOTALL)
_FILE_NAME = re.compile(r"[^/]\.[A-Za-z0-9]{1,8}$")


@dataclass(frozen=True, slots=True)
class Location:
    """A place in S3: the bucket, and the key or prefix, which may be empty."""

    bucket: str
    key: str

    @property
    def uri(self) -> str:
        """The place as a URI."""
        return f"s3://{self.bucket}/{self.key}"

    @property
    def is_file(self) -> bool:
        """Whether the key looks like one object (`train.lst`, `model.tar.gz`) rather than a prefix."""
        return _FILE_NAME.search(self.key) is not None

    @property
    def folder(self) -> str:
        """The last folder's name: `train` of `s3://b/birds/train/`."""
        return self.key.rstrip("/").rpartition("/")[2]


def location(uri: str | None) -> Location | None:
    """An `s3://` URI taken apart; None for anything else."""
    found = _S3.fullmatch(uri) if uri else None
    return Location(found[1], found[2]) if found else None


@dataclass(frozen=True)
class Input:
    """An input channel with its place in the request."""

    index: int
    channel: Channel
    mode: str
    """How it is read: the channel's own input mode, else the job's, else File."""
    location: Location | None

    @property
    def name(self) -> str:
        """The channel's name."""
        return self.channel.name

    @property
    def is_prefix(self) -> bool:
        """Whether everything is read whose key begins as the URI does; manifests name their objects themselves."""
        return self.channel.s3_data_type == "S3Prefix"

    @property
    def content_type(self) -> str:
        """The content type in lower case, without parameters such as `; label-format=class-id`; "" where none is."""
        return (self.channel.content_type or "").partition(";")[0].strip().lower()

    @property
    def is_recordio(self) -> bool:
        """Whether the channel says that it holds RecordIO."""
        return self.content_type == "application/x-recordio"


@dataclass(frozen=True)
class Facts:
    """A job spec, and what the rules want to know of it."""

    spec: JobSpec

    @property
    def request(self) -> Mapping[str, Any]:
        """The request as written."""
        return self.spec.request

    def field(self, *path: str | int) -> str:
        """A request path as the path in the file."""
        return file_field(path, self.request)

    def member(self, name: str) -> Mapping[str, Any]:
        """A top-level structure of the request, empty where it is not given."""
        value = self.request.get(name)
        return value if isinstance(value, Mapping) else {}

    @cached_property
    def violations(self) -> list[Violation]:
        """Everything that the service model forbids about the request."""
        return violations(create_shape(), self.request)

    @cached_property
    def image(self) -> ImageReference | None:
        """The training image taken apart, where it is one of an ECR registry."""
        return recognise(self.spec.image) if self.spec.image else None

    @property
    def algorithm(self) -> str | None:
        """The built-in algorithm: the one that is named, or the one whose image is given."""
        if self.spec.algorithm is not None:
            return self.spec.algorithm
        return self.image.algorithm if self.image else None

    @property
    def is_image_classification(self) -> bool:
        """Whether the job is the built-in image classification, to which alone its rules apply."""
        return self.algorithm == image_classification.ALGORITHM

    @cached_property
    def inputs(self) -> tuple[Input, ...]:
        """The input channels."""
        return tuple(
            Input(index, channel, channel.input_mode or self.spec.input_mode or "File", location(channel.s3_uri))
            for index, channel in enumerate(self.spec.channels)
        )

    def input(self, name: str) -> Input | None:
        """The channel of that name."""
        return next((one for one in self.inputs if one.name == name), None)

    def uri_field(self, one: Input) -> str:
        """The field of a channel's S3 URI."""
        return self.channel_field(one, "DataSource", "S3DataSource", "S3Uri")

    def channel_field(self, one: Input, *path: str | int) -> str:
        """A field of a channel, by the path below its entry in InputDataConfig."""
        return self.field("InputDataConfig", one.index, *path)

    @cached_property
    def instance_types(self) -> tuple[tuple[str, str], ...]:
        """Field and name of every instance type that the job may run on."""
        return tuple(self._instance_types())

    def _instance_types(self) -> Iterator[tuple[str, str]]:
        resources = self.member("ResourceConfig")
        if one := resources.get("InstanceType"):
            yield self.field("ResourceConfig", "InstanceType"), one
        for member in ("InstanceGroups", "InstancePreferences"):
            for index, entry in enumerate(resources.get(member) or ()):
                if one := entry.get("InstanceType"):
                    yield self.field("ResourceConfig", member, index, "InstanceType"), one


def error(check: str, field: str, text: str, remedy: str = "") -> Finding:
    """A finding that stops a submit."""
    return Finding(check, Level.ERROR, field, text, remedy)


def warning(check: str, field: str, text: str, remedy: str = "") -> Finding:
    """A finding that is probably a mistake."""
    return Finding(check, Level.WARNING, field, text, remedy)


def note(check: str, field: str, text: str, remedy: str = "") -> Finding:
    """A finding that is worth knowing."""
    return Finding(check, Level.NOTE, field, text, remedy)
