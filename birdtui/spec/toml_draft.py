"""A job while its file is read: the members so far, and the place of the document that each came from."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from birdtui.spec.job import JobSpec, in_model_order
from birdtui.spec.toml_positions import DocPath

CHANNELS = "InputDataConfig"

MemberPath = tuple[str, ...]
"""A request path in which an entry of InputDataConfig is named by its channel and not by its position."""


class InTheWayError(Exception):
    """A member is given that the document gave before; `place` is where."""

    def __init__(self, place: DocPath) -> None:
        super().__init__(place)
        self.place = place


@dataclass
class Draft:
    """Members under the service's names; InputDataConfig is a table of channels by name, or the bare list itself."""

    members: dict[str, Any] = field(default_factory=dict)
    written: dict[MemberPath, DocPath] = field(default_factory=dict)
    algorithm: str | None = None
    version: str | None = None
    unique_name: bool = True
    short_algorithm: bool = False
    """The algorithm is given by `name` or `image`, and so its input mode may be left out."""
    short_channels: set[str] = field(default_factory=set)
    """The channels given by `s3_uri`, whose data type may be left out."""

    def get(self, path: MemberPath) -> Any:
        """What stands at a member path, or None."""
        node: Any = self.members
        for step in path:
            if not isinstance(node, dict):
                return None
            node = node.get(step)
        return node

    def put(self, path: MemberPath, value: Any, place: DocPath, *, replacing: bool) -> None:
        """Set a member. Raises InTheWayError where the document gave it before, unless `replacing`.

        Two empty or filled structures join; a structure and anything else do not.
        """
        if replacing and path[0] == CHANNELS and len(path) > 1 and not self._name_channels():
            raise InTheWayError(self._place(path))
        node = self.members
        for length, step in enumerate(path[:-1], 1):
            inner = node.setdefault(step, {})
            if not isinstance(inner, dict):
                self._make_way(path[:length], replacing=replacing)
                inner = node[step] = {}
            node = inner
        last = path[-1]
        if last in node:
            if value == {} and isinstance(node[last], dict):
                return
            self._make_way(path, replacing=replacing)
        node[last] = value
        self.written[path] = place

    def remove(self, path: MemberPath) -> None:
        """Take a member away, if it is there."""
        holder = self.get(path[:-1])
        if isinstance(holder, dict):
            holder.pop(path[-1], None)
        self._forget(path)

    def spec(self) -> JobSpec:
        """The job. Two members that Create demands are filled in where the file's short form leaves them out.

        `input_mode` is "File" for an algorithm given by `name` or `image`, `s3_data_type` is "S3Prefix" for a channel
        given by `s3_uri`. The service's own names fill in nothing.
        """
        request = dict(self.members)
        if self.short_algorithm and isinstance(request.get("AlgorithmSpecification", {}), dict):
            given = request.get("AlgorithmSpecification", {})
            request["AlgorithmSpecification"] = {"TrainingInputMode": "File", **given}
        if isinstance(request.get(CHANNELS), dict):
            request[CHANNELS] = [self._channel(name, entry) for name, entry in request[CHANNELS].items()]
        return JobSpec(in_model_order(request), self.algorithm, self.version, self.unique_name)

    def _channel(self, name: str, entry: dict[str, Any]) -> dict[str, Any]:
        source = entry.get("DataSource", {}).get("S3DataSource", {})
        if name in self.short_channels and "S3Uri" in source:
            source.setdefault("S3DataType", "S3Prefix")
        return {"ChannelName": name, **entry}

    def _make_way(self, path: MemberPath, *, replacing: bool) -> None:
        if not replacing:
            raise InTheWayError(self._place(path))
        self._forget(path)

    def _place(self, path: MemberPath) -> DocPath:
        return next((place for old, place in self.written.items() if _related(old, path)), ())

    def _forget(self, path: MemberPath) -> None:
        for old in [old for old in self.written if old[: len(path)] == path]:
            del self.written[old]

    def _name_channels(self) -> bool:
        """Turn a bare InputDataConfig into channels by name; false where their names do not tell them apart."""
        entries = self.members.get(CHANNELS)
        if isinstance(entries, list):
            named = {entry.get("ChannelName"): _without_name(entry) for entry in entries}
            if len(named) < len(entries) or None in named:
                return False
            self.members[CHANNELS] = named
        return True


def _without_name(entry: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in entry.items() if key != "ChannelName"}


def _related(one: MemberPath, other: MemberPath) -> bool:
    shorter = min(len(one), len(other))
    return one[:shorter] == other[:shorter]
