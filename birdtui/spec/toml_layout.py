"""The file's shape: which table and key stands for which member of CreateTrainingJob. One table, read both ways.

The reader goes from keys to members, the writer and the messages go from members to keys.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Any

from birdtui.spec.service_model import create_shape, member_at

RequestPath = tuple[str | int, ...]
FilePath = tuple[str, ...]

S3_SOURCE = ("DataSource", "S3DataSource")
NAME, UNIQUE_NAME, VERSION = ("algorithm", "name"), ("job", "unique_name"), ("algorithm", "version")
"""The three keys that stand for no member of the request."""


class Form(StrEnum):
    """How a short key writes its member, where it is not simply the member's own value."""

    PLAIN = "plain"
    DURATION = "duration"
    TAGS = "tags"
    METRICS = "metrics"


@dataclass(frozen=True, slots=True)
class Key:
    """A short key of a table, and the member it stands for, from the top of the request (or of the channel)."""

    name: str
    path: tuple[str, ...]
    form: Form = Form.PLAIN


@dataclass(frozen=True, slots=True)
class Table:
    """A table of the file: the structure it stands for, its short keys, and further top-level members it takes."""

    name: str
    base: tuple[str, ...]
    keys: tuple[Key, ...]
    switches: tuple[str, ...] = ()

    def own_name(self, name: str) -> tuple[str, ...] | None:
        """The request path of a key that is the service's own member name at this table's level."""
        if name in self.switches:
            return (name,)
        shape = member_at(create_shape(), self.base)
        if shape is not None and shape.type_name == "structure" and name in shape.members:
            return (*self.base, name)
        return None

    def own_names(self) -> tuple[str, ...]:
        """All the service's own names that this table takes."""
        shape = member_at(create_shape(), self.base)
        members = tuple(shape.members) if shape is not None and shape.type_name == "structure" else ()
        return (*members, *self.switches)


def _keys(base: tuple[str, ...], **names: str) -> tuple[Key, ...]:
    return tuple(Key(short, (*base, member)) for short, member in names.items())


_ALGORITHM, _RESOURCES, _LIMITS = ("AlgorithmSpecification",), ("ResourceConfig",), ("StoppingCondition",)
_OUTPUT, _NETWORK, _CHECKPOINTS = ("OutputDataConfig",), ("VpcConfig",), ("CheckpointConfig",)

TABLES: Mapping[str, Table] = {
    table.name: table
    for table in (
        Table(
            "job",
            (),
            (
                Key("name", ("TrainingJobName",)),
                Key("role", ("RoleArn",)),
                Key("tags", ("Tags",), Form.TAGS),
                Key("environment", ("Environment",)),
            ),
        ),
        Table(
            "algorithm",
            _ALGORITHM,
            (
                *_keys(_ALGORITHM, image="TrainingImage", input_mode="TrainingInputMode"),
                Key("metrics", (*_ALGORITHM, "MetricDefinitions"), Form.METRICS),
            ),
        ),
        Table(
            "resources",
            _RESOURCES,
            (
                *_keys(
                    _RESOURCES,
                    instance_type="InstanceType",
                    instance_count="InstanceCount",
                    volume_gb="VolumeSizeInGB",
                    volume_kms_key="VolumeKmsKeyId",
                ),
                Key("keep_alive", (*_RESOURCES, "KeepAlivePeriodInSeconds"), Form.DURATION),
            ),
        ),
        Table(
            "limits",
            _LIMITS,
            (
                Key("max_runtime", (*_LIMITS, "MaxRuntimeInSeconds"), Form.DURATION),
                Key("max_wait", (*_LIMITS, "MaxWaitTimeInSeconds"), Form.DURATION),
                Key("spot", ("EnableManagedSpotTraining",)),
            ),
            switches=("EnableManagedSpotTraining",),
        ),
        Table("hyperparameters", ("HyperParameters",), ()),
        Table("channels", ("InputDataConfig",), ()),
        Table(
            "output", _OUTPUT, _keys(_OUTPUT, s3_uri="S3OutputPath", kms_key="KmsKeyId", compression="CompressionType")
        ),
        Table(
            "network",
            _NETWORK,
            (
                *_keys(_NETWORK, subnets="Subnets", security_groups="SecurityGroupIds"),
                Key("isolation", ("EnableNetworkIsolation",)),
                Key("encrypt_traffic", ("EnableInterContainerTrafficEncryption",)),
            ),
            switches=("EnableNetworkIsolation", "EnableInterContainerTrafficEncryption"),
        ),
        Table("checkpoints", _CHECKPOINTS, _keys(_CHECKPOINTS, s3_uri="S3Uri", local_path="LocalPath")),
        Table("request", (), ()),
    )
}
"""Every table of the file, in the order in which a new file is written."""

CHANNEL_KEYS: tuple[Key, ...] = (
    *_keys(S3_SOURCE, s3_uri="S3Uri", s3_data_type="S3DataType", distribution="S3DataDistributionType"),
    *_keys((), content_type="ContentType", compression="CompressionType", record_wrapper="RecordWrapperType"),
    *_keys((), input_mode="InputMode"),
    *_keys(S3_SOURCE, attribute_names="AttributeNames"),
    Key("shuffle_seed", ("ShuffleConfig", "Seed")),
)
"""The short keys of one `[channels.NAME]`; paths count from the entry of InputDataConfig."""

PSEUDO_KEYS: Mapping[str, tuple[str, ...]] = {"job": (UNIQUE_NAME[1],), "algorithm": (NAME[1], VERSION[1])}


def channel_shape() -> Any:
    """One entry of InputDataConfig in the service model."""
    return create_shape().members["InputDataConfig"].member


def known_keys(table: str) -> tuple[str, ...]:
    """Every key that a table takes, short names first; for `channels` the keys of one channel."""
    if table == "channels":
        source = member_at(channel_shape(), S3_SOURCE)
        return (*(key.name for key in CHANNEL_KEYS), *channel_shape().members, *(source.members if source else ()))
    entry = TABLES[table]
    pseudo = PSEUDO_KEYS.get(table, ())
    names = (*pseudo, *(key.name for key in entry.keys), *entry.own_names())
    return ("name", *(name for name in names if name != "name")) if pseudo else names


@cache
def _short_paths() -> Mapping[tuple[str, ...], FilePath]:
    return {key.path: (table.name, key.name) for table in TABLES.values() for key in table.keys}


@cache
def _channel_paths() -> Mapping[tuple[str, ...], str]:
    return {key.path: key.name for key in CHANNEL_KEYS}


@cache
def _bases() -> tuple[tuple[str, str], ...]:
    return tuple((table.base[0], table.name) for table in TABLES.values() if table.base and table.name != "channels")


def file_path(path: Sequence[str | int], request: Mapping[str, Any]) -> FilePath:
    """The path in the file that stands for a request path; list positions become text.

    An entry of InputDataConfig is named by its channel, which is why the request itself is asked for.
    """
    rest = tuple(path)
    if not rest:
        return ()
    if rest[0] == "InputDataConfig":
        return _channel_file_path(rest, request)
    for length in range(len(rest), 0, -1):
        if short := _short_paths().get(rest[:length]):  # type: ignore[arg-type]
            return (*short, *_keyed(rest[:length], rest[length:], request))
    for member, table in _bases():
        if rest[0] == member:
            return (table, *_texts(rest[1:]))
    return ("request", *_texts(rest))


def _keyed(member: RequestPath, rest: RequestPath, request: Mapping[str, Any]) -> FilePath:
    """What stands below a short key: tags and metric definitions are named by their key, not by their position."""
    lists = {("Tags",): "Key", ("AlgorithmSpecification", "MetricDefinitions"): "Name"}
    label = lists.get(member)  # type: ignore[arg-type]
    if label is None or not rest:
        return _texts(rest)
    try:
        entries = request
        for step in member:
            entries = entries[step]  # type: ignore[index]
        name = entries[rest[0]][label]  # type: ignore[index]
    except (KeyError, IndexError, TypeError):
        return _texts(rest)
    return (str(name),)


def _channel_file_path(path: RequestPath, request: Mapping[str, Any]) -> FilePath:
    if len(path) == 1:
        return ("channels",)
    entries = request.get("InputDataConfig")
    index = path[1]
    name: Any = None
    if isinstance(entries, (list, tuple)) and isinstance(index, int) and index < len(entries):
        name = entries[index].get("ChannelName") if isinstance(entries[index], Mapping) else None
    if not isinstance(name, str):
        return ("request", *_texts(path))
    inner = path[2:]
    if inner == ("ChannelName",):
        return ("channels", name)
    for length in range(len(inner), 0, -1):
        if short := _channel_paths().get(inner[:length]):  # type: ignore[arg-type]
            return ("channels", name, short, *_texts(inner[length:]))
    if inner[:2] == S3_SOURCE and len(inner) > len(S3_SOURCE):
        inner = inner[2:]
    return ("channels", name, *_texts(inner))


def _texts(path: Sequence[str | int]) -> FilePath:
    return tuple(str(step) for step in path)
