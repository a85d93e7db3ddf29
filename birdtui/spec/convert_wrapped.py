"""Where a job lies in a JSON text that holds more: a search result, an event, a state of a workflow.

Read off captured texts: Search answers `{"Results": [{"TrainingJob": …}]}`, EventBridge sends `{"detail": …}`, Step
Functions writes `{"Parameters": …}`, pipelines and schedulers have names of their own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from birdtui.spec.service_model import create_shape

_NAMES = ("TrainingJobName", "TrainingJobName.$")
_DEEPEST = 8


def wrapped_jobs(found: Any) -> list[tuple[str, dict[str, Any]]]:
    """The jobs within a value that is none itself, each with its path (`Results.0.TrainingJob`)."""
    return list(_jobs(found, ()))


def tells_settings(members: Mapping[str, Any]) -> bool:
    """Whether these members tell how a job was set up; an entry of a list of jobs does not."""
    return any(name in create_shape().members for name in members if name not in {*_NAMES, "Tags"})


def lower_cased(members: Mapping[str, Any]) -> bool:
    """Whether members bear the service's names but for the capital at the beginning, as other tools write them."""
    return any(f"{name[:1].upper()}{name[1:]}" in create_shape().members for name in members)


def _jobs(value: Any, path: tuple[str, ...]) -> Iterator[tuple[str, dict[str, Any]]]:
    if isinstance(value, dict) and any(name in value for name in _NAMES) and tells_settings(value):
        yield ".".join(path), value
    elif len(path) < _DEEPEST and isinstance(value, dict):
        for name, inner in value.items():
            yield from _jobs(inner, (*path, name))
    elif len(path) < _DEEPEST and isinstance(value, list):
        for at, inner in enumerate(value):
            yield from _jobs(inner, (*path, str(at)))
