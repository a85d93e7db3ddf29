"""The job being edited: fields by their path in the file, undo and redo, what changed, what the checks say. No screen.

A field that is emptied leaves the request; nothing is put in that the author or the source did not set.
"""

from __future__ import annotations

import copy
import csv
import io
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from birdtui.spec import service_model
from birdtui.spec.diff import Change, diff
from birdtui.spec.findings import Finding
from birdtui.spec.job import JobSpec
from birdtui.spec.rules import check
from birdtui.spec.toml_layout import CHANNEL_KEYS, TABLES, Form, Key
from birdtui.spec.toml_values import duration, seconds

Steps = tuple[str | int, ...]


class InvalidField(ValueError):
    """What was typed does not fit the field; the message says what does."""


class EditorModel:
    """One spec under the pen, beside the source it came from."""

    def __init__(self, spec: JobSpec, source: JobSpec | None = None) -> None:
        self.spec = spec
        self.source = source
        self._begun = spec
        self._past: list[JobSpec] = []
        self._future: list[JobSpec] = []
        self._typing = ""
        self.check: Callable[[JobSpec], Sequence[Finding]] = check

    @property
    def is_changed(self) -> bool:
        """Whether anything was edited since the start or the last save."""
        return self.spec != self._begun

    def saved(self) -> None:
        """What stands now is kept in a file."""
        self._begun = self.spec

    def changes(self) -> list[Change]:
        """What differs from the source; for a new job all that is set."""
        return diff(self.source or JobSpec(), self.spec)

    def findings(self) -> Sequence[Finding]:
        """What the offline rules say now."""
        return self.check(self.spec)

    def undo(self) -> bool:
        """Take the last change back; False when there is none."""
        return self._travel(self._past, self._future)

    def redo(self) -> bool:
        """Do the change again; False when there is none."""
        return self._travel(self._future, self._past)

    def _travel(self, source: list[JobSpec], target: list[JobSpec]) -> bool:
        if not source:
            return False
        self.settle()
        target.append(self.spec)
        self.spec = source.pop()
        return True

    def settle(self) -> None:
        """The field was left: what is typed there next is a step of its own for undo."""
        self._typing = ""

    def _change(self, spec: JobSpec, typing: str = "") -> None:
        """Go on with another spec; what is typed into one field (`typing`) is one step back, not one for each key."""
        if spec == self.spec:
            return
        if not typing or typing != self._typing:
            self._past.append(self.spec)
        elif self._past[-1] == spec:
            self._past.pop()
            typing = ""
        self._typing = typing
        self._future.clear()
        self.spec = spec

    # fields

    def text(self, path: str) -> str:
        """A field as a person edits it; empty where it is not set."""
        match path:
            case "algorithm.name":
                return self.spec.algorithm or ""
            case "algorithm.version":
                return self.spec.algorithm_version or ""
            case "job.unique_name":
                return "true" if self.spec.unique_name else "false"
        steps, form = self._place(path)
        return _shown(_get(self.spec.request, steps), form)

    def set_text(self, path: str, text: str) -> None:
        """Set a field from what a person typed; empty takes it away. Raises InvalidField."""
        text = text.strip()
        match path:
            case "algorithm.name":
                spec = self._with_algorithm(text or None)
            case "algorithm.version":
                spec = replace(self.spec, algorithm_version=text or None)
            case "job.unique_name":
                spec = replace(self.spec, unique_name=not text or _switch(text))
            case _:
                steps, form = self._place(path)
                spec = self._with(steps, _parsed(text, form, _type_of(steps)) if text else None)
        if path == "algorithm.image" and text:
            spec = replace(spec, algorithm=None, algorithm_version=None)
        self._change(spec, path)

    def _with_algorithm(self, name: str | None) -> JobSpec:
        """A built-in algorithm stands in place of an image, never beside one."""
        spec = self._with(("AlgorithmSpecification", "TrainingImage"), None) if name else self.spec
        return replace(spec, algorithm=name, algorithm_version=None)

    def _place(self, path: str) -> tuple[Steps, Form]:
        table, _, key = path.partition(".")
        if table == "hyperparameters":
            return ("HyperParameters", key), Form.PLAIN
        if table == "channels":
            name, _, inner = key.rpartition(".")
            found = _key(CHANNEL_KEYS, inner)
            return ("InputDataConfig", self.channel_names().index(name), *found.path), found.form
        found = _key(TABLES[table].keys, key)
        return found.path, found.form

    def _with(self, steps: Steps, value: object) -> JobSpec:
        request = copy.deepcopy(dict(self.spec.request))
        _put(request, steps, value)
        return replace(self.spec, request=request)

    def _set(self, steps: Steps, value: object) -> None:
        self._change(self._with(steps, value))

    # hyperparameters

    def hyperparameters(self) -> Mapping[str, str]:
        """Those that are set."""
        return self.spec.hyperparameters

    # channels

    def channel_names(self) -> list[str]:
        """The channels, in the file's order."""
        return [str(entry.get("ChannelName", "")) for entry in self.spec.request.get("InputDataConfig") or []]

    def add_channel(self) -> str:
        """A new channel, a copy of the first with its own name and folder; its name."""
        names = self.channel_names()
        name = next(
            name for name in ("train", "validation", *(f"channel-{n}" for n in range(1, 99))) if name not in names
        )
        entries: list[Any] = copy.deepcopy(list(self.spec.request.get("InputDataConfig") or []))
        if entries:
            entry = copy.deepcopy(entries[0])
            entry["ChannelName"] = name
            source = entry.get("DataSource", {}).get("S3DataSource")
            if source and source.get("S3Uri"):
                source["S3Uri"] = _sibling(source["S3Uri"], str(entries[0].get("ChannelName", "")), name)
        else:
            source = {"S3DataType": "S3Prefix", "S3Uri": "s3://", "S3DataDistributionType": "FullyReplicated"}
            entry = {"ChannelName": name, "DataSource": {"S3DataSource": source}}
        self._set(("InputDataConfig",), [*entries, entry])
        return name

    def remove_channel(self, name: str) -> None:
        """Take a channel away."""
        entries = [entry for entry in self.spec.request.get("InputDataConfig", []) if entry.get("ChannelName") != name]
        self._set(("InputDataConfig",), entries or None)

    def rename_channel(self, old: str, new: str) -> None:
        """Give a channel another name. Raises InvalidField for one that is taken."""
        if new in self.channel_names() and new != old:
            raise InvalidField(f"there is a channel {new} already")
        if not new:
            raise InvalidField("a channel needs a name")
        self._set(("InputDataConfig", self.channel_names().index(old), "ChannelName"), new)

    def move_channel(self, name: str, by: int) -> None:
        """Move a channel up or down among the others."""
        entries = list(self.spec.request.get("InputDataConfig") or [])
        at = self.channel_names().index(name)
        entry = entries.pop(at)
        entries.insert(min(max(at + by, 0), len(entries)), entry)
        self._set(("InputDataConfig",), entries)


def _key(keys: Sequence[Key], name: str) -> Key:
    return next(key for key in keys if key.name == name)


def _sibling(uri: str, old: str, new: str) -> str:
    """The folder beside: `s3://b/train/` becomes `s3://b/validation/`; else a folder of the new name below."""
    if not uri.removeprefix("s3://").strip("/"):
        return uri
    head, separator, tail = uri.rstrip("/").rpartition("/")
    if tail == old and separator:
        return f"{head}/{new}/"
    return uri.rstrip("/") + f"/{new}/" if uri.count("/") <= 3 else f"{head}/{new}/"


def _get(holder: Any, steps: Steps) -> Any:
    for step in steps:
        try:
            holder = holder[step]
        except (KeyError, IndexError, TypeError):
            return None
    return holder


def _put(holder: Any, steps: Steps, value: object) -> None:
    """Set a member, making what leads to it; None takes it away, and what is empty without it."""
    *way, last = steps
    trail: list[tuple[Any, str | int]] = []
    for step in way:
        if isinstance(holder, dict) and (step not in holder or holder[step] is None):
            if value is None:
                return
            holder[step] = {}
        trail.append((holder, step))
        holder = holder[step]
    if value is not None:
        holder[last] = value
        return
    if not isinstance(holder, dict) or last not in holder:
        return
    del holder[last]
    for parent, step in reversed(trail):
        if parent[step] == {} and isinstance(parent, dict):
            del parent[step]


def _type_of(steps: Steps) -> str:
    """The member's type in the service model."""
    shape = service_model.create_shape()
    for step in steps:
        if shape.type_name == "structure":
            shape = shape.members[step]
        elif shape.type_name == "list":
            shape = shape.member
        elif shape.type_name == "map":
            shape = shape.value
    return str(shape.type_name)


def _shown(value: Any, form: Form) -> str:
    """A value as a person edits it."""
    if value is None:
        return ""
    if form is Form.DURATION:
        return str(duration(value))
    if form in _PAIRS:
        key, inner = _PAIRS[form]
        value = {entry.get(key, ""): entry.get(inner, "") for entry in value}
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Mapping):
        value = [f"{key}={inner}" for key, inner in value.items()]
    return _joined(map(str, value)) if isinstance(value, (list, tuple)) else str(value)


def _joined(parts: Iterable[str]) -> str:
    """Parts with commas between them; one that holds a comma itself stands in quotes."""
    return ", ".join(_quoted(part) if set(part) & set(',"\r\n') or part != part.strip() else part for part in parts)


def _quoted(part: str) -> str:
    return '"' + part.replace('"', '""') + '"'


def _split(text: str) -> list[str]:
    """What `_joined` put together. Raises InvalidField for a quote that has no end."""
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), skipinitialspace=True, strict=True))
    except csv.Error:
        raise InvalidField('a part in quotes ends with a quote: "a, b", c') from None
    return [part for row in rows for part in row if part.strip()]


_PAIRS = {Form.TAGS: ("Key", "Value"), Form.METRICS: ("Name", "Regex")}


def _parsed(text: str, form: Form, kind: str) -> object:
    """What a person typed as the member's value. Raises InvalidField."""
    if form is Form.DURATION:
        return _duration(text)
    if form in _PAIRS:
        key, inner = _PAIRS[form]
        return [{key: name, inner: value} for name, value in _pairs(text)]
    parsers: Mapping[str, Callable[[str], object]] = {
        "integer": _whole,
        "long": _whole,
        "boolean": _switch,
        "map": lambda typed: dict(_pairs(typed)),
        "list": lambda typed: [part.strip() for part in _split(typed)],
    }
    return parsers[kind](text) if kind in parsers else text


LONGEST_NUMBER = 18
"""Digits: no member of the service takes more."""


def _duration(text: str) -> int:
    count = seconds(text) if len(text) <= LONGEST_NUMBER else None
    if count is None:
        raise InvalidField("expected a duration such as 24h, 90m or 3600")
    return count


def _whole(text: str) -> int:
    digits = text.removeprefix("-")
    if not (digits.isascii() and digits.isdigit() and len(digits) <= LONGEST_NUMBER):
        raise InvalidField("expected a whole number")
    return int(text)


def _switch(text: str) -> bool:
    if text.lower() not in {"true", "false", "yes", "no"}:
        raise InvalidField("expected true or false")
    return text.lower() in {"true", "yes"}


def _pairs(text: str) -> Iterator[tuple[str, str]]:
    for part in _split(text):
        key, separator, value = part.partition("=")
        if not separator or not key.strip():
            raise InvalidField("expected KEY=VALUE, KEY=VALUE")
        yield key.strip(), value.strip()
