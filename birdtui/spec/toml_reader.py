"""The tables of a job file, parsed as TOML, into a draft of the job; every fault is told, none stops the rest."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from birdtui.spec.service_model import Shape, create_shape, member_at
from birdtui.spec.toml_draft import CHANNELS, Draft, InTheWayError, MemberPath
from birdtui.spec.toml_layout import (
    CHANNEL_KEYS,
    NAME,
    PSEUDO_KEYS,
    S3_SOURCE,
    TABLES,
    UNIQUE_NAME,
    Form,
    Key,
    Table,
    channel_shape,
    known_keys,
)
from birdtui.spec.toml_positions import DocPath
from birdtui.spec.toml_problems import described, nearest
from birdtui.spec.toml_values import Literal, dotted, hyperparameter_text, quoted, seconds

Report = Callable[[DocPath, str, str], None]
"""Tells of a fault: where in the document, what, and how to mend it."""

_BAD = object()
_IMAGE = ("AlgorithmSpecification", "TrainingImage")
_PAIRS = {Form.TAGS: ("Key", "Value"), Form.METRICS: ("Name", "Regex")}
_EXPECTED = {
    "string": ((str,), "text in quotes"),
    "integer": ((int,), "a whole number"),
    "long": ((int,), "a whole number"),
    "boolean": ((bool,), "true or false"),
    "list": ((list,), "a list"),
    "structure": ((dict,), "a table"),
    "map": ((dict,), "a table"),
}


@dataclass(frozen=True, slots=True)
class Loose:
    """A value from `--set`, where no quotes say what is text: as TOML reads it, and as it was typed."""

    value: Any
    raw: str


def read_tables(tree: Mapping[str, Any], draft: Draft, report: Report, *, replacing: bool = False) -> None:
    """Read the tables of a document, or of one `--set`, into a draft.

    With `replacing` a value takes the place of what the draft holds; without, the same member twice is a fault.
    """
    _TreeReader(draft, report, replacing).tables(tree)


class _TreeReader:
    def __init__(self, draft: Draft, report: Report, replacing: bool) -> None:
        self.draft = draft
        self.report = report
        self.replacing = replacing

    def tables(self, tree: Mapping[str, Any]) -> None:
        for name, value in tree.items():
            plain = _plain(value)
            if name not in TABLES:
                self.report((name,), *_unknown_table(name, plain))
            elif not isinstance(plain, dict):
                text = f"expected the table [{name}], found {described(plain)}"
                self.report((name,), text, f"write [{name}] on a line of its own and its keys below")
            elif name == "channels":
                self._channels(plain)
            elif name == "hyperparameters":
                self._put(("HyperParameters",), member_at(create_shape(), ("HyperParameters",)), plain, (name,))
            else:
                self._table(TABLES[name], plain)

    def _table(self, table: Table, values: Mapping[str, Any]) -> None:
        short = {key.name: key for key in table.keys}
        for name, value in values.items():
            doc = (table.name, name)
            if name in PSEUDO_KEYS.get(table.name, ()):
                self._pseudo(value, doc)
            elif name in short:
                self._short(short[name], short[name].path, member_at(create_shape(), short[name].path), value, doc)
            elif path := table.own_name(name):
                self._put(path, member_at(create_shape(), path), value, doc)
            else:
                self.report(doc, *_unknown_key(table.name, name))
        if table.name == "algorithm":
            self._choice(values)

    def _channels(self, channels: Mapping[str, Any]) -> None:
        for name, value in channels.items():
            doc: DocPath = ("channels", name)
            plain = _plain(value)
            if not isinstance(plain, dict):
                remedy = f'write [channels.{quoted(name)}] and below it s3_uri = "s3://bucket/folder/"'
                self.report(doc, f"expected a channel's table, found {described(plain)}", remedy)
                continue
            self._leaf((CHANNELS, name), {}, doc)
            for key, inner in plain.items():
                self._channel_key(name, key, inner, (*doc, key))

    def _channel_key(self, channel: str, name: str, value: Any, doc: DocPath) -> None:
        short = next((key for key in CHANNEL_KEYS if key.name == name), None)
        members = channel_shape().members
        if short:
            self._short(short, (CHANNELS, channel, *short.path), member_at(channel_shape(), short.path), value, doc)
            if name == "s3_uri":
                self.draft.short_channels.add(channel)
        elif name == "ChannelName":
            self.report(doc, "the channel's name is given twice", f"[channels.{quoted(channel)}] names it already")
        elif name in members:
            self._put((CHANNELS, channel, name), members[name], value, doc)
        elif (source := member_at(channel_shape(), S3_SOURCE)) is not None and name in source.members:
            self._put((CHANNELS, channel, *S3_SOURCE, name), source.members[name], value, doc)
        else:
            self.report(doc, *_unknown_key("channels", name))

    def _short(self, key: Key, path: MemberPath, shape: Shape, value: Any, doc: DocPath) -> None:
        plain = _plain(value)
        if key.form is Form.DURATION:
            self._duration(path, plain, doc)
        elif key.form in _PAIRS and isinstance(plain, dict):
            self._pairs(path, plain, doc, _PAIRS[key.form])
        elif key.form in _PAIRS and isinstance(plain, list):
            self._put(path, shape, [_capitalised(item) for item in plain], doc)
        else:
            self._put(path, shape, value, doc)
        if key.path == _IMAGE:
            self.draft.short_algorithm = True

    def _pseudo(self, value: Any, doc: DocPath) -> None:
        """The keys that stand for no member: the name of an algorithm, its version, and whether a name is a stem."""
        kind = "EnableNetworkIsolation" if doc == UNIQUE_NAME else "TrainingJobName"
        given = self._converted(create_shape().members[kind], value, doc)
        if given is _BAD:
            return
        if doc == UNIQUE_NAME:
            self.draft.unique_name = given
        elif doc == NAME:
            self.draft.algorithm = given
            self.draft.short_algorithm = True
            if self.replacing:
                self.draft.remove(_IMAGE)
                self.draft.remove(("AlgorithmSpecification", "AlgorithmName"))
        else:
            self.draft.version = given

    def _choice(self, values: Mapping[str, Any]) -> None:
        """A built-in algorithm's name stands for an image: there is room for one of the two."""
        other = next((name for name in ("image", "TrainingImage", "AlgorithmName") if name in values), None)
        if other and self.replacing:
            self.draft.algorithm = self.draft.version = None
        elif other and NAME[1] in values:
            text = f"name and {other} both say what to train with"
            self.report(("algorithm", other), text, "keep one: name for a built-in algorithm, image for any other")
        elif "version" in values and self.draft.algorithm is None:
            remedy = "name the algorithm, or put the version into the image's tag"
            self.report(("algorithm", "version"), "version says nothing without name", remedy)

    def _duration(self, path: MemberPath, value: Any, doc: DocPath) -> None:
        count = seconds(value) if isinstance(value, str) and not isinstance(value, Literal) else value
        if isinstance(count, bool) or not isinstance(count, int):
            text = f"expected a duration, found {described(value)}"
            self.report(doc, text, 'write it like "24h", "90m", "1h30m" or "2d", or in seconds like 3600')
            return
        self._leaf(path, count, doc)

    def _pairs(self, path: MemberPath, table: Mapping[str, Any], doc: DocPath, labels: tuple[str, str]) -> None:
        """A list of pairs written as a table: tags, metric definitions. A `--set` changes one of them."""
        label, text = labels
        stored = self.draft.get(path) if self.replacing else None
        entries: list[dict[str, str]] = list(stored) if isinstance(stored, list) else []
        for name, value in table.items():
            given = self._text_of(value, (*doc, name))
            if given is not _BAD:
                place = next((at for at, entry in enumerate(entries) if entry.get(label) == name), len(entries))
                entries[place : place + 1] = [{label: name, text: given}]
        if entries:
            self._leaf(path, entries, doc)

    def _put(self, path: MemberPath, shape: Shape, value: Any, doc: DocPath) -> None:
        """A value of any shape: structures and maps go in member by member, so that several tables can fill them."""
        plain = _plain(value)
        if shape.type_name not in {"structure", "map"} or not isinstance(plain, dict):
            given = self._converted(shape, value, doc)
            if given is not _BAD:
                self._leaf(path, given, doc)
            return
        if not plain and doc[-1:] != ("hyperparameters",) and doc != ("job", "environment"):
            self._leaf(path, {}, doc)
        for name, inner in plain.items():
            if shape.type_name == "map":
                given = self._converted(shape.value, inner, (*doc, name), in_map=True)
                if given is not _BAD:
                    self._leaf((*path, name), given, (*doc, name))
            elif name in shape.members:
                self._put((*path, name), shape.members[name], inner, (*doc, name))
            else:
                self.report((*doc, name), *_unknown_member(name, shape))

    def _leaf(self, path: MemberPath, value: Any, doc: DocPath) -> None:
        try:
            self.draft.put(path, value, doc, replacing=self.replacing)
        except InTheWayError as found:
            text = f"says again what {dotted(found.place)} says" if found.place else "is given twice"
            self.report(doc, text, "keep one of the two")

    def _converted(self, shape: Shape, value: Any, doc: DocPath, *, in_map: bool = False) -> Any:
        """The value as the model has it, or _BAD after telling what is wrong with it."""
        kind = shape.type_name
        if kind == "string" and in_map:
            return self._text_of(value, doc)
        if kind == "string" and isinstance(value, Loose) and not isinstance(value.value, (str, list, dict)):
            return value.raw
        plain = _plain(value)
        types, words = _EXPECTED[kind]
        fits = isinstance(plain, types) and isinstance(plain, bool) is (kind == "boolean")
        if not fits or isinstance(plain, Literal):
            self.report(doc, f"expected {words}, found {described(plain)}", _type_remedy(kind, plain, doc))
            return _BAD
        if kind == "list":
            items = [self._converted(shape.member, item, (*doc, index)) for index, item in enumerate(plain)]
            return _BAD if _BAD in items else items
        if kind in {"structure", "map"}:
            return self._converted_table(shape, plain, doc)
        return plain

    def _converted_table(self, shape: Shape, table: Mapping[str, Any], doc: DocPath) -> Any:
        found: dict[str, Any] = {}
        for name, value in table.items():
            if shape.type_name == "map":
                found[name] = self._converted(shape.value, value, (*doc, name), in_map=True)
            elif name in shape.members:
                found[name] = self._converted(shape.members[name], value, (*doc, name))
            else:
                self.report((*doc, name), *_unknown_member(name, shape))
        return _BAD if _BAD in found.values() else found

    def _text_of(self, value: Any, doc: DocPath) -> Any:
        """The text that a hyperparameter, a tag or an environment variable is, whatever scalar stands in the file."""
        text = hyperparameter_text(_plain(value))
        if text is None and isinstance(value, Loose) and not isinstance(value.value, (list, dict)):
            return value.raw
        if text is None:
            self.report(doc, f"expected text or a number, found {described(_plain(value))}", _text_remedy(value, doc))
            return _BAD
        return text


def _plain(value: Any) -> Any:
    return value.value if isinstance(value, Loose) else value


def _capitalised(item: Any) -> Any:
    """`{name, regex}` and `{key, value}` as the service spells them."""
    if not isinstance(item, dict):
        return item
    return {name.capitalize() if name in {"name", "regex", "key", "value"} else name: item[name] for name in item}


def _unknown_table(name: str, value: Any) -> tuple[str, str]:
    homes = [f"[{table}]" for table in TABLES if name in known_keys(table) and table not in {"channels", "request"}]
    if name in TABLES["request"].own_names() and not homes:
        homes = ["[request]"]
    if homes and not (isinstance(value, dict) and nearest(name, TABLES)):
        return f'"{name}" stands outside its table', f"it belongs in {' or '.join(homes)}"
    close = nearest(name, TABLES)
    remedy = f"did you mean [{close}]?" if close else f"the tables are {', '.join(TABLES)}"
    return (f"unknown table [{name}]" if isinstance(value, dict) else f'"{name}" stands in no table'), remedy


def _unknown_key(table: str, name: str) -> tuple[str, str]:
    text = f'unknown key "{name}"'
    home = next((other for other in TABLES if other not in {table, "request"} and name in known_keys(other)), None)
    close = nearest(name, known_keys(table))
    if home and home != "channels":
        return text, f"it belongs in [{home}]"
    if close:
        return text, f'did you mean "{close}"?'
    if name in TABLES["request"].own_names():
        return text, "it belongs in [request]"
    return text, f"known here: {', '.join(known_keys(table)[:12])}"


def _unknown_member(name: str, shape: Shape) -> tuple[str, str]:
    close = nearest(name, shape.members)
    remedy = f'did you mean "{close}"?' if close else f"known here: {', '.join(shape.members)}"
    return f'unknown member "{name}"', remedy


def _type_remedy(kind: str, value: Any, doc: DocPath) -> str:
    key = quoted(str(doc[-1])) if doc else ""
    if kind == "string" and not isinstance(value, (list, dict)):
        return f'write {key} = "{hyperparameter_text(value) or value}"'
    if kind in {"integer", "long"} and isinstance(value, str) and value.strip().lstrip("-").isdigit():
        return f"write {key} = {value.strip()}, without quotes"
    if kind == "boolean" and isinstance(value, str) and value.lower() in {"true", "false"}:
        return f"write {key} = {value.lower()}, without quotes"
    if kind == "list" and not isinstance(value, dict):
        shown = f'"{value}"' if isinstance(value, str) and not isinstance(value, Literal) else described(value)
        return f"write {key} = [{shown}]" if isinstance(value, str) else "put it in brackets"
    return ""


def _text_remedy(value: Any, doc: DocPath) -> str:
    key, plain = quoted(str(doc[-1])), _plain(value)
    if isinstance(plain, list):
        texts = [hyperparameter_text(item) for item in plain]
        return (
            f'write {key} = "{",".join(text for text in texts if text)}"' if None not in texts else "write it as text"
        )
    if isinstance(plain, dict):
        inner = next(iter(plain), "")
        return f'a name with a dot needs quotes: "{doc[-1]}.{inner}" = …'
    return f'put it in quotes: {key} = "{plain.isoformat() if hasattr(plain, "isoformat") else plain}"'
