"""Changing an author's text to say another job, by replacing, adding and deleting single statements.

All else stays as it is, byte for byte: comments, order, spacing, spelling. tomlkit can edit a document too, but puts a
new key behind the comment of the table that follows, so that the comment then describes the wrong thing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from birdtui.spec.toml_layout import TABLES
from birdtui.spec.toml_positions import DocPath, Places, Statement, locate
from birdtui.spec.toml_values import dotted
from birdtui.spec.toml_writer import is_table, is_tables, item, write_tables

_ORDERED = {("job", "tags"), ("algorithm", "metrics")}
"""The tables that stand for lists: the order of their keys says something."""


def change_document(text: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> str:
    """The text, which says the tables `old`, changed to say `new`; lines end in one newline."""
    if not text.endswith("\n"):
        text += "\n"
    editor = _Editor(text, locate(text), new)
    editor.merge((), old, new)
    return editor.edited()


def order_channels(text: str, names: list[str]) -> str:
    """The text with its `[channels.NAME]` tables in this order, each with its comments."""
    places = locate(text)
    starts = [one for one in places.statements if one.header]
    blocks: dict[DocPath, list[tuple[int, int]]] = {}
    for header, following in zip(starts, [*starts[1:], None], strict=True):
        if len(header.path) > 1 and header.path[0] == "channels":
            end = _block_start(text, following) if following else len(text)
            blocks.setdefault(header.path[:2], []).append((_block_start(text, header), end))
    wanted = [block for name in names for block in blocks.get(("channels", name), [])]
    parts: list[str] = []
    at = 0
    for (start, end), (from_start, from_end) in zip(sorted(wanted), wanted, strict=True):
        block = text[from_start:from_end]
        parts += [text[at:start], block if block.endswith("\n") else block + "\n"]
        at = end
    return "".join([*parts, text[at:]])


def _block_start(text: str, header: Statement) -> int:
    """Where the block of a table begins: at its header's line, or at the comment lines right above it."""
    start = _line_start(text, header.start)
    while start > 0:
        above = _line_start(text, start - 1)
        if not text[above:start].lstrip().startswith("#"):
            break
        start = above
    return start


@dataclass
class _Editor:
    text: str
    places: Places
    target: Mapping[str, Any]
    edits: list[tuple[int, int, bool, str]] = field(default_factory=list)
    """Start, end, whether this is a new table (which goes behind a new key at the same place), and the new text."""
    rendered: set[int] = field(default_factory=set)
    fresh: dict[DocPath, dict[str, Any]] = field(default_factory=dict)
    """Tables that the document has no header for yet, with their new keys."""

    def edited(self) -> str:
        for path, content in self.fresh.items():
            self._add_table(path, content)
        parts: list[str] = []
        at = 0
        for start, end, _, replacement in sorted(self.edits, key=lambda edit: edit[:3]):
            parts += [self.text[at:start], replacement]
            at = max(at, end)
        return "".join([*parts, self.text[at:]])

    def merge(self, path: DocPath, old: Mapping[str, Any], new: Mapping[str, Any]) -> None:
        for key in old:
            if key not in new:
                self._delete((*path, key))
        for key, value in new.items():
            here = (*path, key)
            if key not in old:
                self._add(path, key, value)
            elif is_table(value) and is_table(old[key]) and not (here in _ORDERED and _reordered(old[key], value)):
                self.merge(here, old[key], value)
            elif type(value) is not type(old[key]) or value != old[key]:
                self._replace(path, key, value)

    def _replace(self, path: DocPath, key: str, value: Any) -> None:
        here = (*path, key)
        exact = next((one for one in self.places.statements if one.path == here and not one.header), None)
        if exact:
            self.edits.append((exact.value, exact.end, False, item(value).as_string()))
        elif not self._inside(here):
            self._delete(here)
            self._add(path, key, value)

    def _delete(self, path: DocPath) -> None:
        if self._inside(path):
            return
        for statement in self.places.statements:
            if statement.path[: len(path)] == path:
                start, end = _line_start(self.text, statement.start), _line_end(self.text, statement.end)
                self.edits.append((start, end, False, ""))

    def _add(self, path: DocPath, key: str, value: Any) -> None:
        here = (*path, key)
        if self._inside(here):
            return
        if is_table(value) or is_tables(value):
            self._add_table(here, value)
            return
        last = self._last_of(path)
        if last is None:
            self.fresh.setdefault(path, {})[key] = value
            return
        indent = self.text[_line_start(self.text, last.start) : last.start]
        line = f"{indent}{dotted(here[len(last.base) :])} = {item(value).as_string()}\n"
        place = _line_end(self.text, last.end)
        self.edits.append((place, place, False, line))

    def _add_table(self, path: DocPath, content: Any) -> None:
        tree: Any = content
        for step in reversed(path):
            tree = {step: tree}
        block = write_tables(tree).strip("\n") + "\n"
        place = self._place_for(path)
        self.edits.append((place, place, True, f"\n{block}" if place else block))

    def _last_of(self, path: DocPath) -> Statement | None:
        """The statement behind which a new key of a table goes: the last of its section, or of its dotted keys."""
        found: Statement | None = None
        for statement in self.places.statements:
            is_under = statement.base == path or (not statement.header and statement.path[:-1] == path)
            if is_under and path:
                found = statement
        return found

    def _place_for(self, path: DocPath) -> int:
        """Where a new table goes: behind its nearest kin, else behind the tables that stand before it in a new file."""
        statements = self.places.statements
        names = list(TABLES)
        before = names[: names.index(str(path[0]))] if path[0] in TABLES else names
        for length in range(len(path), 0, -1):
            places = [at for at, one in enumerate(statements) if one.path[:length] == path[:length]]
            if places:
                break
        else:
            places = [at for at, one in enumerate(statements) if one.path[0] in before]
        last = places[-1] if places else len(statements) - 1
        while last + 1 < len(statements) and not statements[last + 1].header:
            last += 1
        return _line_end(self.text, statements[last].end) if statements else len(self.text)

    def _inside(self, path: DocPath) -> bool:
        """Whether a path lies within the value of one statement, which is then written anew from the target."""
        for statement in self.places.statements:
            if (
                not statement.header
                and len(statement.path) < len(path)
                and path[: len(statement.path)] == statement.path
            ):
                if statement.start not in self.rendered:
                    self.rendered.add(statement.start)
                    self._render(statement)
                return True
        return False

    def _render(self, statement: Statement) -> None:
        value: Any = self.target
        for step in statement.path:
            value = value.get(step) if isinstance(value, Mapping) else value[step]
        self.edits.append((statement.value, statement.end, False, item(value).as_string()))


def _reordered(old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    """Whether keys change places, so that changing single keys would not do."""
    kept = [key for key in old if key in new]
    return list(new)[: len(kept)] != kept


def _line_start(text: str, offset: int) -> int:
    return text.rfind("\n", 0, offset) + 1


def _line_end(text: str, offset: int) -> int:
    """The offset behind the line that `offset` stands in."""
    found = text.find("\n", offset)
    return len(text) if found < 0 else found + 1
