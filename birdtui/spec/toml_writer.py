"""A JobSpec as the tables of a job file, and those as text that reads back to the same job."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from birdtui.spec.job import JobSpec
from birdtui.spec.toml_layout import (
    CHANNEL_KEYS,
    NAME,
    S3_SOURCE,
    TABLES,
    UNIQUE_NAME,
    VERSION,
    Form,
    Key,
    file_path,
    known_keys,
)
from birdtui.spec.toml_values import duration, hyperparameter_value

_PAIRS = {Form.TAGS: ("Key", "Value"), Form.METRICS: ("Name", "Regex")}
_SHORT = {key.path: key for table in TABLES.values() for key in table.keys}
_BASES = {table.base[0] for table in TABLES.values() if table.base}
_WIDTH = 100


def tables_of(spec: JobSpec) -> dict[str, Any]:
    """The job as the file's tables, in the order in which a new file is written; nothing is added."""
    tables: dict[str, Any] = {name: {} for name in TABLES}
    if not spec.unique_name:
        _place(tables, UNIQUE_NAME, False)
    if spec.algorithm is not None:
        _place(tables, NAME, spec.algorithm)
    if spec.algorithm_version is not None:
        _place(tables, VERSION, spec.algorithm_version)
    for member, value in spec.request.items():
        _member(tables, (member,), value, spec.request)
    for name, table in tables.items():
        if name not in {"hyperparameters", "channels", "request"}:
            order = {key: index for index, key in enumerate(known_keys(name))}
            tables[name] = dict(sorted(table.items(), key=lambda item: order[item[0]]))
    return {name: table for name, table in tables.items() if table}


def write_tables(tables: Mapping[str, Any], comments: Iterable[str] = ()) -> str:
    """The tables as TOML; `comments` are lines that stand at the top."""
    import tomlkit

    document = tomlkit.document()
    for line in comments:
        printable = "".join(char if char.isprintable() else " " for char in line).strip()
        document.add(tomlkit.comment(printable) if printable else tomlkit.nl())
    for name, table in tables.items():
        document.add(name, _table(table))
    return tomlkit.dumps(document)


def item(value: Any) -> Any:
    """A value as tomlkit writes it on one line; text with backslashes goes in single quotes where it can."""
    import tomlkit

    if isinstance(value, Mapping):
        inline = tomlkit.inline_table()
        for key, inner in value.items():
            inline.append(key, item(inner))
        return inline
    if isinstance(value, (list, tuple)):
        array = tomlkit.array()
        array.extend(item(inner) for inner in value)
        return array.multiline(len(str(value)) > _WIDTH and bool(value))
    if isinstance(value, str) and "\\" in value and "'" not in value and value.isprintable():
        return tomlkit.string(value, literal=True)
    return tomlkit.item(value)


def _member(tables: dict[str, Any], path: tuple[str, ...], value: Any, request: Mapping[str, Any]) -> None:
    """Put one member of the request into its table, structures that have a table of their own member by member."""
    is_filled = isinstance(value, Mapping) and bool(value)
    if path == ("HyperParameters",) and is_filled:
        tables["hyperparameters"] = {name: hyperparameter_value(text) for name, text in value.items()}
    elif path == ("InputDataConfig",) and has_own_names(value):
        tables["channels"] = {entry["ChannelName"]: _channel(entry) for entry in value}
    elif len(path) == 1 and path[0] in _BASES | {"Environment"} and not is_filled:
        _place(tables, ("request", *path), value)
    elif path in _SHORT:
        key = _SHORT[path]
        keeps_absence = key.name == "image" and "TrainingInputMode" not in request["AlgorithmSpecification"]
        _place(tables, ("algorithm", path[-1]) if keeps_absence else file_path(path, request), short_value(key, value))
    elif len(path) == 1 and path[0] in _BASES:
        for name, inner in value.items():
            _member(tables, (*path, name), inner, request)
    else:
        _place(tables, file_path(path, request), value)


def has_own_names(entries: Any) -> bool:
    """Whether channels can be tables: each a filled structure with a name that no other has."""
    if not isinstance(entries, (list, tuple)) or not entries:
        return False
    names = [entry.get("ChannelName") for entry in entries if isinstance(entry, Mapping)]
    return len(set(names)) == len(entries) and all(isinstance(name, str) for name in names)


def _channel(entry: Mapping[str, Any]) -> dict[str, Any]:
    channel: dict[str, Any] = {}
    rest = {name: value for name, value in entry.items() if name != "ChannelName"}
    source = rest.get("DataSource")
    s3 = source.get("S3DataSource") if isinstance(source, Mapping) else None
    if isinstance(source, Mapping) and isinstance(s3, Mapping) and s3:
        others = {name: value for name, value in source.items() if name != "S3DataSource"}
        rest = {**s3, **rest, "DataSource": others} if others else {**s3, **_without(rest, "DataSource")}
        # Under the short key a missing data type would be filled in; under the service's own name it stays missing.
        channel = {} if "S3DataType" in s3 else {"S3Uri": rest.pop("S3Uri")} if "S3Uri" in rest else {}
    for key in CHANNEL_KEYS:
        name = key.path[-1]
        if key.path[0] == "ShuffleConfig":
            if list(rest.get("ShuffleConfig") or ()) == [name]:
                channel[key.name] = rest.pop("ShuffleConfig")[name]
        elif name in rest and (key.path[:-1] != S3_SOURCE or s3):
            channel[key.name] = rest.pop(name)
    return {**channel, **rest}


def short_value(key: Key, value: Any) -> Any:
    """A member's value as its short key writes it."""
    if key.form is Form.DURATION and isinstance(value, int):
        return duration(value)
    if key.form in _PAIRS and isinstance(value, (list, tuple)) and value:
        label, text = _PAIRS[key.form]
        table = {entry.get(label): entry.get(text) for entry in value if set(entry) == {label, text}}
        return table if len(table) == len(value) else value
    return value


def _place(tables: dict[str, Any], path: tuple[str, ...], value: Any) -> None:
    node = tables
    for step in path[:-1]:
        node = node.setdefault(step, {})
    node[path[-1]] = value


def _without(mapping: Mapping[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in mapping.items() if key != name}


def _table(content: Mapping[str, Any]) -> Any:
    """A table with its plain values first, then the tables and the arrays of tables within it."""
    import tomlkit

    inner = {key: value for key, value in content.items() if is_table(value) or is_tables(value)}
    table = tomlkit.table(is_super_table=len(inner) == len(content) and bool(inner))
    for key, value in content.items():
        if key not in inner:
            table.add(key, item(value))
    for key, value in inner.items():
        if is_table(value):
            table.add(key, _table(value))
        else:
            tables = tomlkit.aot()
            for entry in value:
                tables.append(_table(entry))
            table.add(key, tables)
    return table


def is_table(value: Any) -> bool:
    """Whether a value is written as a table with a header: a filled structure."""
    return isinstance(value, Mapping) and bool(value)


def is_tables(value: Any) -> bool:
    """Whether a value is written as an array of tables: a list of filled structures."""
    return isinstance(value, (list, tuple)) and bool(value) and all(is_table(entry) for entry in value)
