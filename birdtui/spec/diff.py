"""Two jobs side by side: the settings in which they differ, as the file names them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from birdtui.spec.job import JobSpec
from birdtui.spec.toml_values import dotted
from birdtui.spec.toml_writer import tables_of


@dataclass(frozen=True, slots=True)
class Change:
    """One setting that differs: its field in the file, and its values there (`24h`, 25); None where it is not set."""

    field: str
    old: Any
    new: Any


def diff(old: JobSpec, new: JobSpec) -> list[Change]:
    """What changed from one job to another, in the file's order; an empty list for the same job."""
    before, after = settings(old), settings(new)
    fields = list(dict.fromkeys((*before, *after)))
    changes = [
        Change(field, before.get(field), after.get(field))
        for field in fields
        if not _same(before.get(field), after.get(field))
    ]
    first, second = ([channel.name for channel in spec.channels] for spec in (old, new))
    if first != second and sorted(first) == sorted(second):
        changes.append(Change("channels", first, second))
    return changes


def settings(spec: JobSpec) -> dict[str, Any]:
    """Every setting of a job by its field in the file, in the file's order."""
    return dict(_flat(tables_of(spec), ()))


def _flat(tables: Mapping[str, Any], path: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
    for name, value in tables.items():
        here = (*path, name)
        if isinstance(value, Mapping) and value:
            yield from _flat(value, here)
        else:
            yield dotted(here), value


def _same(one: Any, other: Any) -> bool:
    return bool(one == other) and isinstance(one, bool) is isinstance(other, bool)
