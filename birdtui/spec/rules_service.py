"""The service model's own limits as findings: required members, types, enums, patterns, lengths and ranges."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Sequence
from typing import Any

from birdtui.spec.findings import Finding
from birdtui.spec.job import NAME_LIMIT, unique_job_name
from birdtui.spec.rules_facts import Facts, error, warning
from birdtui.spec.service_model import Violation, create_shape, matches
from birdtui.spec.toml_problems import nearest

_SHOWN = 60
_LISTED = 12
_NAME, _ROLE = ("TrainingJobName",), ("RoleArn",)
_ROLE_NAME = re.compile(r"[\w+=,.@/-]{1,576}", re.ASCII)
_S3_WORDS = ("is not an S3 URI", "write it as s3://bucket/prefix/")
# What a pattern means, in words, and how to meet it; by the member's name.
_PATTERN_WORDS: dict[str, tuple[str, str]] = {
    "S3Uri": _S3_WORDS,
    "S3OutputPath": _S3_WORDS,
    "ChannelName": ("is no channel name", "use letters, digits, and . - _ only"),
    "KmsKeyId": ("is not a key", "write the key's id, its ARN, or alias/<name>"),
    "VolumeKmsKeyId": ("is not a key", "write the key's id, its ARN, or alias/<name>"),
    "Key": ("is no tag key", "use letters, digits, blanks, and _ . : / = + - @ only"),
    "Value": ("is no tag value", "use letters, digits, blanks, and _ . : / = + - @ only"),
    "Environment": ("is no variable name", "begin with a letter or _, and use letters, digits and _ only"),
    "Subnets": ("is no subnet", "write its id, such as subnet-0123456789abcdef0"),
    "SecurityGroupIds": ("is no security group", "write its id, such as sg-0123456789abcdef0"),
    "FileSystemId": ("is no file system", "write its id, such as fs-0123456789abcdef0"),
    "AlgorithmName": ("is no algorithm's name or ARN", "write the name of an algorithm resource, or its ARN"),
}


def service_rules(facts: Facts) -> Iterator[Finding]:
    """Everything that the model of CreateTrainingJob forbids; names and roles are taken as they are meant."""
    yield from _name(facts)
    yield from _role(facts)
    for violation in facts.violations:
        if violation.path not in {_NAME, _ROLE} or violation.kind == "type":
            yield _finding(facts, violation)


def _finding(facts: Facts, violation: Violation) -> Finding:
    field = facts.field(*violation.path)
    return _WRITERS[violation.kind](field, violation)


def _required(field: str, violation: Violation) -> Finding:
    return error("required", field, f"{_member(violation)} is missing", f"add {field}")


def _unknown(field: str, violation: Violation) -> Finding:
    name = str(violation.path[-1])
    near = nearest(name, violation.constraint)
    remedy = f'did you mean "{near}"?' if near else "take it out: the service would not know what to do with it"
    return error("unknown-member", field, f'CreateTrainingJob has no member "{name}" here', remedy)


def _type(field: str, violation: Violation) -> Finding:
    wanted = _TYPE_WORDS.get(str(violation.constraint), f"a {violation.constraint}")
    return error("type", field, f"{_shown(violation.value)} is not {wanted}", f"write {wanted}")


def _enum(field: str, violation: Violation) -> Finding:
    values = tuple(violation.constraint)
    near = nearest(str(violation.value), values)
    remedy = f'did you mean "{near}"?' if near else ""
    if len(values) <= _LISTED:
        remedy = f"{remedy} The service knows {', '.join(values)}".lstrip()
    return error(
        "enum",
        field,
        f"{_shown(violation.value)} is no {_member(violation)} that the service knows",
        remedy or f"the service's documentation lists all {len(values)}",
    )


def _pattern(field: str, violation: Violation) -> Finding:
    text, remedy = pattern_words(violation.path) or (
        "has a form that the service refuses",
        f"it must match {violation.constraint}",
    )
    return error("pattern", field, f"{_shown(violation.value)} {text}", remedy)


def _length(field: str, violation: Violation) -> Finding:
    things = "characters" if isinstance(violation.value, str) else "entries"
    count, limit = len(violation.value), violation.constraint
    if violation.kind == "max_length":
        return error(
            "length",
            field,
            f"{_member(violation)} has {count:,} {things}; the service takes at most {limit:,}",
            f"shorten it by {count - limit:,}",
        )
    if not isinstance(violation.value, str) and not violation.value:
        return error("length", field, f"{_member(violation)} is empty", f"leave {field} out, or give an entry")
    return error(
        "length",
        field,
        f"{_member(violation)} has {count:,} {things}; the service takes no fewer than {limit:,}",
        f"write at least {limit:,} {things}",
    )


def _range(field: str, violation: Violation) -> Finding:
    bound = "at most" if violation.kind == "max_value" else "at least"
    return error(
        "range",
        field,
        f"{violation.value} is out of range: {_member(violation)} is {bound} {violation.constraint}",
        f"write {bound} {violation.constraint}",
    )


_WRITERS = {
    "required": _required,
    "unknown": _unknown,
    "type": _type,
    "enum": _enum,
    "pattern": _pattern,
    "max_length": _length,
    "min_length": _length,
    "max_value": _range,
    "min_value": _range,
}
_TYPE_WORDS = {
    "string": "a text",
    "boolean": "true or false",
    "integer": "a whole number",
    "long": "a whole number",
    "float": "a number",
    "double": "a number",
    "list": "a list",
    "map": "a table",
    "structure": "a table",
    "timestamp": "a time",
}


def _name(facts: Facts) -> Iterator[Finding]:
    """The job's name, or the stem of the name to come."""
    field, name = facts.field(*_NAME), facts.request.get("TrainingJobName")
    if name is None:
        yield error("required", field, "the job has no name", "write one, such as birds")
        return
    if not isinstance(name, str):
        return
    sent = _sample_name(name) if facts.spec.unique_name and name else name
    pattern = create_shape().members["TrainingJobName"].metadata["pattern"]
    if not matches(pattern, sent):
        if problem := _name_problem(name, facts.spec.unique_name):
            yield error("job-name", field, problem, _mended_remedy(name))
    elif sent != name and not sent.startswith(f"{name.rstrip('-')}-"):
        kept = sent[:-_SUFFIX]
        yield warning(
            "job-name-length",
            field,
            f'"{name}" has {len(name)} characters; with the time added at most {NAME_LIMIT} fit, '
            f'so the name begins "{kept}"',
            f"shorten it to {NAME_LIMIT - _SUFFIX} characters, or set job.unique_name = false",
        )


_SUFFIX = len(unique_job_name("x", dt.datetime(2018, 10, 21, tzinfo=dt.UTC))) - 1


def _sample_name(stem: str) -> str:
    return unique_job_name(stem, dt.datetime(2018, 10, 21, tzinfo=dt.UTC))


def _name_problem(name: str, unique: bool) -> str:
    if not name:
        return "the job's name is empty"
    if wrong := sorted({char for char in name if not re.match(r"[A-Za-z0-9-]", char)}):
        named = ", ".join(_CHARACTERS.get(char, f'"{char}"') for char in wrong[:5])
        return f'"{_cut(name)}" holds {named}; a job\'s name has letters, digits and hyphens only'
    if len(name) > NAME_LIMIT and not unique:
        return f'"{_cut(name)}" has {len(name)} characters; a job\'s name has at most {NAME_LIMIT}'
    return f'"{_cut(name)}" begins or ends with a hyphen; a job\'s name begins and ends with a letter or digit'


_CHARACTERS = {"_": "an underscore", ".": "a dot", " ": "a blank", "/": "a slash", ":": "a colon"}


def mended_name(name: str) -> str:
    """A legal job name as near as possible to this one; "" where nothing of it can stay."""
    return re.sub(r"[^A-Za-z0-9]+", "-", name).strip("-")[:NAME_LIMIT].strip("-")


def pattern_words(path: Sequence[str | int]) -> tuple[str, str] | None:
    """What a value at that path that breaks its pattern is not, and how to write it; None where the model must do."""
    return next((_PATTERN_WORDS[str(step)] for step in reversed(path) if step in _PATTERN_WORDS), None)


def _mended_remedy(name: str) -> str:
    mended = mended_name(name)
    return f'write "{mended}"' if mended else "write a name such as birds"


def _role(facts: Facts) -> Iterator[Finding]:
    """The role: an ARN by the model's rules; a role's name and `auto` are looked up in the account later."""
    field, role = facts.field(*_ROLE), facts.request.get("RoleArn")
    if role is None or role == "":
        yield error("required", field, "the job has no role", 'write a role\'s ARN, its name, or "auto"')
        return
    if not isinstance(role, str):
        return
    looks_like_arn = role.lower().startswith("arn:")
    fits = not any(one.path == _ROLE for one in facts.violations) if looks_like_arn else _ROLE_NAME.fullmatch(role)
    if not fits:
        kind = "the ARN of a role" if looks_like_arn else "a role's name"
        yield error(
            "role",
            field,
            f'"{_cut(role)}" is not {kind}',
            'write arn:aws:iam::<12 digits>:role/<path and name>, a role\'s name, or "auto"',
        )


def _member(violation: Violation) -> str:
    """The member's own name, or the map or list that an element lies in."""
    names = [str(step) for step in violation.path if isinstance(step, str)]
    return names[-1] if names else "the request"


def _shown(value: Any) -> str:
    return f'"{_cut(value)}"' if isinstance(value, str) else _cut(str(value))


def _cut(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"
