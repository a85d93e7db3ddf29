"""Requests that the service finds malformed: each value at fault, as a field of the file."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from birdtui.spec.explain_text import Context, Explanation, explained
from birdtui.spec.rules_service import mended_name, pattern_words
from birdtui.spec.service_model import Violation, create_shape, member_at, violations
from birdtui.spec.toml_problems import nearest

_CONSTRAINT = re.compile(r"failed to satisfy constraint:?", re.IGNORECASE)
_AT = re.compile(r"at ['\"]/?(?P<path>[^'\"]*)['\"]\s*$", re.IGNORECASE)
_LISTED = 12
_SHOWN = 60

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class _Fault:
    """One value that was refused: its path in the request, its text (None where it is missing), and why."""

    path: Path
    value: str | None
    constraint: str


def validation(text: str, context: Context) -> Explanation | None:
    """What a ValidationException's list of constraints means; None where a text has none."""
    sentences: list[str] = []
    advice: list[tuple[str, str]] = []
    for fault in _faults(text):
        path = _element(fault, context)
        field = context.field(*path)
        sentence, help_ = _told(fault, field)
        sentences.append(sentence)
        advice.append((field, help_))
    if not sentences:
        return None
    return explained("; ".join(dict.fromkeys(sentences)) + ".", *dict.fromkeys(advice))


def _faults(text: str) -> Iterator[_Fault]:
    """Each `Value 'x' at 'member' failed to satisfy constraint: …` of a message; a value may hold quotes itself."""
    parts = _CONSTRAINT.split(text)
    for index, (head, tail) in enumerate(pairwise(parts)):
        at = _AT.search(head[-600:])
        if at is None:
            continue
        before = head[: len(head) - len(head[-600:]) + at.start()]
        # A head begins with the constraint of the value before it, which ends at "; Value".
        start = before.find("Value") if index == 0 else before.find("; Value") + 2
        value = before[start + len("Value") :].strip() if start >= 0 else ""
        constraint = tail.partition("; Value")[0] if index + 2 < len(parts) else tail
        yield _Fault(_path(at["path"]), _plain_value(value), constraint.strip(" ."))


def _plain_value(text: str) -> str | None:
    if text.lower() == "null":
        return None
    return text[1:-1] if len(text) >= 2 and text[0] in "'\"" and text[-1] == text[0] else text


def _path(written: str) -> Path:
    """A path as the service writes it (`inputDataConfig.1.member.channelName`) as one of the request."""
    steps = [step for step in re.split(r"[./]", written) if step]
    path: list[str | int] = []
    shape = create_shape()
    while steps:
        step = steps.pop(0)
        kind = shape.type_name if shape is not None else ""
        if kind == "list":
            path.append(max(int(step) - 1, 0) if step.isdecimal() else step)
        elif kind == "structure":
            path.append(next((name for name in shape.members if name.lower() == step.lower()), step))
        else:
            path.append(step)
        if kind in {"list", "map"} and steps[:1] == ["member"]:
            steps.pop(0)
        shape = member_at(create_shape(), path)
    return tuple(path)


def _element(fault: _Fault, context: Context) -> Path:
    """The entry of a list or map that a fault told of the whole is about, where the request is there to be asked."""
    if "must satisfy constraint" not in fault.constraint.lower():
        return fault.path
    length = len(fault.path)
    below = (one.path for one in _broken(context) if one.path[:length] == fault.path and len(one.path) > length)
    return next(below, fault.path)


def _broken(context: Context) -> list[Violation]:
    return violations(create_shape(), context.request) if context.request else []


def _told(fault: _Fault, field: str) -> tuple[str, str]:
    """What is wrong with a value, and how to mend it."""
    rule, value = fault.constraint, fault.value
    shown = f'"{_cut(value)}"' if value else "the value"
    if value is None or "must not be null" in rule.lower():
        return f"{field} is missing", f"Set {field}."
    if found := re.search(r"enum value set: \[?(?P<values>[^\]]*)", rule, re.IGNORECASE):
        return _enum(field, value, [one.strip() for one in found["values"].split(",") if one.strip()])
    if "must satisfy constraint" in rule.lower():
        limits = rule.partition("[")[2].strip(" ]").replace("Member must ", "must ")
        return f"{field}: an entry breaks the service's limits", f"Each entry {_cut(limits, 300)}."
    if "regular expression pattern" in rule.lower():
        return _pattern(field, fault, shown)
    size = re.search(
        r"(?P<what>length|value) (?:(?P<word>less|greater) than or equal to (?P<limit>-?\d+)"
        r"|between (?P<low>-?\d+) and (?P<high>-?\d+))",
        rule,
        re.IGNORECASE,
    )
    if size is None:
        return f"{field}: {shown} is refused ({_cut(rule, 200)})", f"Change {field}."
    return _size(field, value, size)


def _enum(field: str, value: str, values: list[str]) -> tuple[str, str]:
    near = nearest(value, values)
    help_ = f'Did you mean "{near}"?' if near else ""
    if len(values) <= _LISTED:
        help_ = f"{help_} Write one of {', '.join(values)}.".lstrip()
    return f'{field}: "{_cut(value)}" is not known', help_ or "Write a value that the service knows."


def _pattern(field: str, fault: _Fault, shown: str) -> tuple[str, str]:
    if fault.path == ("TrainingJobName",):
        mended = mended_name(fault.value or "")
        rule = "A name has letters, digits and hyphens only"
        return f"{field}: {shown} is no job name", f'{rule}: write "{mended}".' if mended else f"{rule}."
    if fault.path == ("RoleArn",):
        return f"{field}: {shown} is no role's ARN", "Write arn:aws:iam::<12 digits>:role/<path and name>."
    words = pattern_words(fault.path)
    if words is None:
        pattern = fault.constraint.partition("pattern:")[2].strip(" ]")
        return f"{field}: {shown} has a form that is refused", f"It must match {_cut(pattern, 200)}."
    return f"{field}: {shown} {words[0]}", f"{words[1][0].upper()}{words[1][1:]}."


def _size(field: str, value: str, size: re.Match[str]) -> tuple[str, str]:
    if size["word"]:
        bound = f"{'at most' if size['word'].lower() == 'less' else 'at least'} {size['limit']}"
    else:
        bound = f"from {size['low']} to {size['high']}"
    if size["what"].lower() == "value":
        return f"{field}: {_cut(value)} is out of range", f"Write a number of {bound}."
    told = re.fullmatch(r"with length (\d+)", value)
    is_list = value.startswith(("[", "{"))
    count = f"{told[1]}" if told else f"{len(value)}"
    if is_list:
        return f"{field} has too many or too few entries", f"The service takes {bound} entries."
    if count == "0":
        return f"{field} is empty", f"The service takes {bound} characters."
    return f"{field} has {count} characters", f"The service takes {bound}."


def serialization(text: str, context: Context) -> Explanation | None:
    """What a SerializationException means: a value of a wrong type, which the service does not name."""
    if context.code != "SerializationException":
        return None
    wrong = [context.field(*one.path) for one in _broken(context) if one.kind == "type"]
    return explained(
        f"A value of the request has a wrong type: {text.rstrip('.')}.",
        *((field, "Write a value of the right type here.") for field in wrong[:_LISTED]),
        ("", "Look for a number or true/false where a text belongs, or the other way round."),
    )


def _cut(text: str, most: int = _SHOWN) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"
