"""What the explanations share: an error's text made easy to read, and the request that it is about."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from birdtui.spec.fields import file_field
from birdtui.spec.findings import Advice
from birdtui.spec.image_classification import ALGORITHM
from birdtui.spec.images import recognise
from birdtui.spec.plain_text import plain
from birdtui.spec.service_model import create_shape
from birdtui.spec.toml_values import dotted

READ = 20_000
"""Characters of an error's text that are looked at; AWS's own limit for a reason is 1,024."""

_QUOTES = str.maketrans({"`": "'", "´": "'", "‘": "'", "’": "'", "‚": "'", "“": '"', "”": '"', "„": '"'})  # fmt: skip
_DEEPEST = 8
_S3_URI = re.compile(r"s3://[^\s'\"<>,;()\[\]]+")


@dataclass(frozen=True, slots=True)
class Explanation:
    """What a refusal or a failure means.

    `summary` says what happened, with the numbers of the message; for an unknown text it is that text as a whole,
    `known` is False and there is no advice. The first advice points at the field that is most likely at fault.
    """

    summary: str
    advice: tuple[Advice, ...]
    known: bool


def explained(summary: str, *advice: tuple[str, str]) -> Explanation:
    """A known explanation; each advice is a field (or "") and a sentence."""
    return Explanation(summary, tuple(Advice(where, text) for where, text in advice), known=True)


def tidy(text: str) -> str:
    """A text without control sequences, in one line, with plain quotes and single blanks."""
    return " ".join(plain(text[:READ]).translate(_QUOTES).split())


def first_uri(text: str) -> str | None:
    """The first S3 URI that a text names."""
    found = _S3_URI.search(text)
    return found[0].rstrip(".:") if found else None


@dataclass(frozen=True)
class Context:
    """What an error is about: its code, if it has one, and the request or description that is at hand, if any."""

    request: Mapping[str, Any] = field(default_factory=dict)
    code: str = ""

    def field(self, *path: str | int) -> str:
        """A request path as the path in the file."""
        return file_field(path, self.request)

    def member(self, *path: str) -> Any:
        """A member of the request, None where it is not there."""
        value: Any = self.request
        for step in path:
            value = value.get(step) if isinstance(value, Mapping) else None
        return value

    def hyperparameter(self, name: str) -> str:
        """The field of a hyperparameter."""
        return dotted(("hyperparameters", name))

    @cached_property
    def is_image_classification(self) -> bool:
        """Whether the job is, or may well be, image classification: no other algorithm and no own image is told."""
        image = self.member("AlgorithmSpecification", "TrainingImage")
        if self.member("AlgorithmSpecification", "AlgorithmName"):
            return False
        if not isinstance(image, str):
            return True
        found = recognise(image)
        return found is not None and found.algorithm == ALGORITHM

    @cached_property
    def channels(self) -> tuple[Mapping[str, Any], ...]:
        """The entries of InputDataConfig."""
        entries = self.member("InputDataConfig")
        return tuple(one for one in entries if isinstance(one, Mapping)) if isinstance(entries, (list, tuple)) else ()

    @property
    def channel_names(self) -> tuple[str, ...]:
        """The names of the channels, in their order."""
        return tuple(str(one.get("ChannelName")) for one in self.channels)

    def channel(self, name: str) -> Mapping[str, Any] | None:
        """The channel of that name."""
        return next((one for one in self.channels if one.get("ChannelName") == name), None)

    def channel_uri(self, name: str) -> str | None:
        """Where the channel of that name lies."""
        uri = _inner(self.channel(name), "DataSource", "S3DataSource", "S3Uri")
        return uri if isinstance(uri, str) else None

    def channel_field(self, name: str, key: str = "s3_uri") -> str:
        """A field of a channel, whether or not the request has that channel."""
        return dotted(("channels", name, key)) if key else dotted(("channels", name))

    def channel_where(self, *path: str, value: str) -> str | None:
        """The name of the first channel whose member at that path has this value."""
        return next((str(one.get("ChannelName")) for one in self.channels if _inner(one, *path) == value), None)

    def field_of_uri(self, uri: str) -> str | None:
        """The field that holds this S3 URI, or the longest one that it lies under (an object of a channel's prefix)."""
        wanted = uri.rstrip("/")
        exact = next((path for path, text in self._texts if text.rstrip("/") == wanted), None)
        if exact:
            return self.field(*exact)
        above = [(len(text), path) for path, text in self._texts if text.startswith("s3://") and uri.startswith(text)]
        return self.field(*max(above, key=lambda found: found[0])[1]) if above else None

    def field_of_text(self, text: str) -> str | None:
        """The field that holds exactly this text."""
        path = next((path for path, one in self._texts if one == text), None)
        return self.field(*path) if path else None

    def first_bucket_field(self) -> str:
        """The first field that names a bucket: a channel's where there is one; "" where no field does."""
        path = next((path for path, text in self._texts if text.startswith("s3://")), None)
        return self.field(*path) if path else ""

    def field_of_bucket(self, bucket: str) -> str | None:
        """The first field whose S3 URI lies in this bucket."""
        start = f"s3://{bucket}"
        path = next((path for path, text in self._texts if text == start or text.startswith(f"{start}/")), None)
        return self.field(*path) if path else None

    def field_of_instance(self, instance_type: str | None) -> str:
        """The field that names this instance type; the first that names one, or the usual one, where none does."""
        named = [(path, text) for path, text in self._texts if path[-1] == "InstanceType"]
        path = next((path for path, text in named if text == instance_type), named[0][0] if named else None)
        return self.field(*path) if path else "resources.instance_type"

    @property
    def instance_type(self) -> str | None:
        """The job's instance type, the first where there are several."""
        return next((text for path, text in self._texts if path[-1] == "InstanceType"), None)

    @property
    def spot(self) -> bool:
        """Whether the job runs on spot capacity."""
        return self.member("EnableManagedSpotTraining") is True

    @cached_property
    def _texts(self) -> tuple[tuple[tuple[str | int, ...], str], ...]:
        # Channels come first: of two fields that hold one place, the input is the likelier fault.
        known = ["InputDataConfig", *(name for name in create_shape().members if name != "InputDataConfig")]
        return tuple(found for name in known if name in self.request for found in _texts(self.request[name], (name,)))


Explain = Callable[[re.Match[str], Context], Explanation | None]


@dataclass(frozen=True, slots=True)
class Case:
    """A text that is known: what it looks like, and what it means. A meaning of None leaves it to the next case."""

    pattern: re.Pattern[str]
    explain: Explain


def case(pattern: str, explain: Explain) -> Case:
    """A case whose pattern is searched anywhere, whatever the letters' case."""
    return Case(re.compile(pattern, re.IGNORECASE | re.DOTALL), explain)


def first_known(cases: Sequence[Case], text: str, context: Context) -> Explanation | None:
    """The first case's meaning for a tidy text; None where no case knows it."""
    for one in cases:
        found = one.pattern.search(text)
        if found and (explanation := one.explain(found, context)):
            return explanation
    return None


def _inner(holder: Mapping[str, Any] | None, *path: str) -> Any:
    value: Any = holder
    for step in path:
        value = value.get(step) if isinstance(value, Mapping) else None
    return value


def _texts(value: Any, path: tuple[str | int, ...]) -> Iterator[tuple[tuple[str | int, ...], str]]:
    if isinstance(value, str):
        yield path, value
    elif len(path) >= _DEEPEST:
        return
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _texts(item, (*path, str(key)))
    elif isinstance(value, (list, tuple)):
        for index, item in enumerate(value):
            yield from _texts(item, (*path, index))
