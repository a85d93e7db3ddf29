"""Saying another job in an author's text: which keys of the document change, in the author's own spelling of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from birdtui.spec.job import JobSpec
from birdtui.spec.toml_draft import CHANNELS, Draft, MemberPath
from birdtui.spec.toml_layout import CHANNEL_KEYS, NAME, TABLES, UNIQUE_NAME, VERSION, FilePath, Key
from birdtui.spec.toml_positions import DocPath
from birdtui.spec.toml_writer import has_own_names, short_value, tables_of

_SHORT: dict[MemberPath, tuple[str, Key]] = {
    key.path: (table.name, key) for table in TABLES.values() for key in table.keys
}
_CHANNEL_SHORT = {key.path: key for key in CHANNEL_KEYS}


def changed_tables(tree: Mapping[str, Any], draft: Draft, spec: JobSpec) -> dict[str, Any]:
    """The tables of a document changed to say `spec`; `draft` is what they say now and where each member stands.

    A member that the document holds is changed under the key it stands under, in that key's form; a new one goes
    where a new file would have it.
    """
    target: dict[str, Any] = _copied(tree)
    bare = isinstance(draft.members.get(CHANNELS), list)
    old, new = members_of(draft.spec(), bare=bare), members_of(spec, bare=bare)
    for path in [path for path in old if path not in new and path in draft.written]:
        _remove(target, draft.written[path])
    for path, value in new.items():
        if path not in old or not _same(old[path], value):
            place = draft.written.get(path)
            if place is None or path not in old:
                place = _canonical(path, value)
            _set(target, place, _in_form(path, place, value, _at(target, place)))
    _pseudo_keys(target, draft, spec)
    return target


def members_of(spec: JobSpec, *, bare: bool = False) -> dict[MemberPath, Any]:
    """Each single value of a request by its path; channels by their name, or with `bare` as one list."""
    request = dict(spec.request)
    if not bare and has_own_names(request.get(CHANNELS)):
        request[CHANNELS] = {
            entry["ChannelName"]: {name: value for name, value in entry.items() if name != "ChannelName"}
            for entry in request[CHANNELS]
        }
    found: dict[MemberPath, Any] = {}
    _collect(request, (), found)
    return found


def channel_names(spec: JobSpec) -> list[str]:
    """The channels' names in their order, where each has its own."""
    entries = spec.request.get(CHANNELS)
    return [entry["ChannelName"] for entry in entries] if entries and has_own_names(entries) else []


def _collect(value: Mapping[str, Any], path: MemberPath, found: dict[MemberPath, Any]) -> None:
    for name, inner in value.items():
        if isinstance(inner, Mapping) and inner:
            _collect(inner, (*path, name), found)
        else:
            found[*path, name] = inner


def _canonical(path: MemberPath, value: Any) -> FilePath:
    """Where a new file has this one member: found by writing a job that has nothing else."""
    if path[0] == CHANNELS and len(path) > 1:
        inner = path[2:]
        for length in range(len(inner), 0, -1):
            if key := _CHANNEL_SHORT.get(inner[:length]):
                return ("channels", path[1], key.name, *inner[length:])
        if inner[:2] == ("DataSource", "S3DataSource") and len(inner) > 2:
            inner = inner[2:]
        return ("channels", path[1], *inner)
    if short := _SHORT.get(path):
        return (short[0], short[1].name) if value != {} else ("request", *path)
    if path[0] == "Environment":
        return ("job", "environment", *path[1:])
    for table in TABLES.values():
        if table.base and path[0] == table.base[0]:
            return (table.name, *path[1:]) if len(path) > 1 else ("request", *path)
    return ("request", *path)


def _in_form(path: MemberPath, place: DocPath, value: Any, present: Any) -> Any:
    """The value as the key at `place` writes it; a list stays a list where the author wrote one."""
    if place[0] == "hyperparameters":
        tables = tables_of(JobSpec({"HyperParameters": {path[-1]: value}}))
        return tables["hyperparameters"][path[-1]]
    short = _SHORT.get(path)
    if short and place == (short[0], short[1].name) and not (isinstance(present, list) and isinstance(value, list)):
        return short_value(short[1], value)
    return value


def _pseudo_keys(target: dict[str, Any], draft: Draft, spec: JobSpec) -> None:
    for place, old, new in (
        (NAME, draft.algorithm, spec.algorithm),
        (VERSION, draft.version, spec.algorithm_version),
        (UNIQUE_NAME, draft.unique_name, spec.unique_name),
    ):
        if old == new:
            continue
        if new is None or new is True:
            _remove(target, place)
        else:
            _set(target, place, new)


def _same(one: Any, other: Any) -> bool:
    return one == other and isinstance(one, bool) is isinstance(other, bool)


def _at(tree: Mapping[str, Any], place: DocPath) -> Any:
    node: Any = tree
    for step in place:
        if not isinstance(node, Mapping):
            return None
        node = node.get(step)
    return node


def _set(tree: dict[str, Any], place: DocPath, value: Any) -> None:
    node: Any = tree
    for step in place[:-1]:
        inner = node.get(step)
        node[step] = node = inner if isinstance(inner, dict) else {}
    node[place[-1]] = value


def _remove(tree: dict[str, Any], place: DocPath) -> None:
    """Take a key away, and the tables around it that are left empty."""
    nodes: list[Any] = [tree]
    for step in place[:-1]:
        if not isinstance(nodes[-1], dict) or step not in nodes[-1]:
            return
        nodes.append(nodes[-1][step])
    for node, step in zip(reversed(nodes), reversed(place), strict=True):
        if not isinstance(node, dict):
            return
        node.pop(step, None)
        if node:
            return


def _copied(value: Any) -> Any:
    """A deep copy of tables and lists; a float keeps its spelling."""
    if isinstance(value, Mapping):
        return {key: _copied(inner) for key, inner in value.items()}
    return [_copied(inner) for inner in value] if isinstance(value, list) else value
