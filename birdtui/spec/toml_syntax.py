"""Reading TOML itself: bytes to text, text to tables, and every syntax fault that can be told apart, not the first."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from birdtui.spec.toml_positions import Places, Statement, line_column, locate
from birdtui.spec.toml_problems import Problem
from birdtui.spec.toml_values import dotted, literal

_MOST_FAULTS = 50
_UNQUOTED = re.compile(r"""^\s*([A-Za-z0-9_."'-]+)\s*=\s*([^\s"'#\[{][^#"']*?)\s*(?:\#.*)?$""")
_NO_EQUALS = re.compile(r"^\s*([A-Za-z0-9_-]+)\s*:\s*(.*?)\s*$")


def decode(data: bytes, file: str) -> tuple[str, list[Problem]]:
    """A file's bytes as text; a byte order mark is taken off. What is not UTF-8 is told with its place."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "", [Problem(file, 1, 1, "", "the file is UTF-16, not UTF-8", "save it as UTF-8")]
    try:
        return data.decode("utf-8-sig"), []
    except UnicodeDecodeError as broken:
        before = data[: broken.start].decode("utf-8-sig", errors="replace")
        line, column = line_column(before, len(before))
        text = f"byte 0x{data[broken.start]:02x} is not UTF-8"
        return "", [Problem(file, line, column, "", text, "save the file as UTF-8")]


def parse_toml(text: str, file: str) -> tuple[dict[str, Any], Places, list[Problem]]:
    """The tables of a TOML text, the places of its keys, and what is wrong with its syntax.

    A faulty statement is told and left out, so that the tables hold what the rest of the text says; a fault that may
    reach over several lines ends the reading, and then there are no tables. `text` has lines that end in one newline.
    """
    import tomli

    problems: list[Problem] = []
    patched = text
    while len(problems) < _MOST_FAULTS:
        try:
            return tomli.loads(patched, parse_float=literal), locate(patched), problems
        except tomli.TOMLDecodeError as fault:
            problem, mended = _fault(patched, fault, file)
        except (ValueError, RecursionError) as fault:  # a number of thousands of digits, brackets within brackets
            problem, mended = Problem(file, 0, 0, "", f"not readable as TOML: {fault}"), None
        problems.append(problem)
        if mended is None:
            break
        patched = mended
    return {}, locate(text), problems


def _fault(text: str, fault: Any, file: str) -> tuple[Problem, str | None]:
    """What tomli stumbled over, and the text without the statement at fault (None where that cannot be told)."""
    places = locate(text[: fault.pos])
    twice = fault.msg.startswith("Cannot ")
    if twice and places.statements:
        return _given_twice(text, places, file)
    line, column = line_column(text, min(fault.pos, len(text)))
    start = places.stuck if places.stuck is not None else fault.pos
    first_line, _ = line_column(text, start)
    if text[fault.pos - 1 : fault.pos] == "\n" and first_line == line - 1:
        line, column = first_line, len(text.split("\n")[first_line - 1]) + 1
    statement = text.split("\n")[line - 1] if line <= text.count("\n") + 1 else ""
    field = _field_on(statement, places.statements)
    problem = Problem(file, line, column, field, _words(fault.msg), _syntax_remedy(fault.msg, statement, text))
    return problem, _blanked(text, line) if first_line == line else None


def _given_twice(text: str, places: Places, file: str) -> tuple[Problem, str | None]:
    """A key or a table for the second time; tomli says so only behind it."""
    last = places.statements[-1]
    if places.stuck is not None:
        line, column = line_column(text, places.stuck)
        header = text[places.stuck : (text + "\n").index("\n", places.stuck)]
        name = header.strip("[] \t")
        problem = Problem(file, line, column, name, f"the table [{name}] is given twice", "keep one of the two")
        return problem, _blanked(text, line)
    line, column = line_column(text, last.start)
    first = next(
        (one for one in places.statements if one.path[: len(last.path)] == last.path and one is not last), None
    )
    where = f", first in line {line_column(text, first.start)[0]}" if first else ""
    problem = Problem(file, line, column, dotted(last.path), f"is given twice{where}", "keep one of the two")
    ends = line_column(text, max(last.start, last.end - 1))[0]
    return problem, _blanked(text, line, ends)


def _blanked(text: str, first: int, last: int | None = None) -> str | None:
    """The text with these lines emptied. A table's header becomes one of no meaning, so its keys go with it."""
    lines = text.split("\n")
    for number in range(first - 1, last or first):
        line = lines[number]
        if line.lstrip().startswith("["):
            lines[number] = f"[{broken_table(number)}]"
        elif last is None and _reaches_on(line):
            return None
        else:
            lines[number] = ""
    return "\n".join(lines)


def broken_table(number: int) -> str:
    """The name under which the keys below a faulty table header are read, and then left out."""
    return f"faulty-table-in-line-{number + 1}"


def _reaches_on(line: str) -> bool:
    """Whether a faulty line may be the beginning of a value of several lines."""
    return '"""' in line or "'''" in line or any(line.count(left) > line.count(right) for left, right in ("[]", "{}"))


def _field_on(line: str, statements: Sequence[Statement]) -> str:
    name = line.split("=", maxsplit=1)[0].strip()
    if not name or not re.fullmatch(r"[A-Za-z0-9_-]+", name):
        return ""
    table = next((one.path for one in reversed(statements) if one.header), ())
    return dotted((*table, name))


def _words(message: str) -> str:
    lowered = message[:1].lower() + message[1:]
    return f"not TOML: {lowered}"


def _syntax_remedy(message: str, line: str, text: str) -> str:
    if text.lstrip().startswith("{"):
        return "this looks like JSON: birdtui --convert FILE --to toml makes a job file of it"
    if "nclosed" in message or _reaches_on(line) or line.count('"') % 2:
        return "a closing bracket or quotation mark is missing"
    if colon := _NO_EQUALS.match(line):
        return f"write {colon[1]} = …, with an equals sign"
    if line.lstrip().startswith("["):
        return "a table's header is [name] on a line of its own"
    if unquoted := _UNQUOTED.match(line):
        return f'text needs quotes: {unquoted[1]} = "{unquoted[2]}"'
    return "a line is key = value: text in quotes, numbers and true or false without"
