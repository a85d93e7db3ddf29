"""Requests that botocore finds malformed before it sends anything: each parameter at fault, as a field of the file."""

from __future__ import annotations

import re

from birdtui.spec.explain_text import Context, Explanation, explained, tidy
from birdtui.spec.toml_problems import nearest

_SHOWN = 60
_LINES = 200
_MISSING = re.compile(r"missing required parameter in (?P<holder>\S+): ['\"](?P<name>\w+)['\"]", re.IGNORECASE)
_UNKNOWN = re.compile(
    r"unknown parameter in (?P<holder>\S+): ['\"](?P<name>[^'\"]+)['\"](?:, must be one of: (?P<known>.*))?",
    re.IGNORECASE,
)
_TYPE = re.compile(
    r"invalid type for parameter (?P<path>\S+?), value: (?P<value>.*), type: .*, valid types: (?P<wanted>.*)",
    re.IGNORECASE,
)
_LIMIT = re.compile(
    r"invalid (?:length|range) for parameter (?P<path>\S+?), value: (?P<value>.*), "
    r"valid (?:min length|min value|range): (?P<limit>\S+)",
    re.IGNORECASE,
)
_TYPES = {"str": "text", "int": "a whole number", "bool": "true or false", "list": "a list", "dict": "a table"}


def parameter_validation(message: str, context: Context) -> Explanation | None:
    """What botocore's own check of a request says, a line for each fault; None where a text is none of its."""
    found = [told for line in message.splitlines()[:_LINES] if (told := _line(tidy(line), context))]
    if not found:
        return None
    return explained(
        "; ".join(dict.fromkeys(sentence for sentence, _, _ in found)) + ".",
        *dict.fromkeys((field, help_) for _, field, help_ in found),
    )


def _line(text: str, context: Context) -> tuple[str, str, str] | None:
    """Sentence, field and advice for one line."""
    if "parameter" not in text.lower():
        return None
    if found := _MISSING.search(text):
        field = context.field(*_path(found["holder"]), found["name"])
        return f"{field} is missing", field, f"Set {field}."
    if found := _UNKNOWN.search(text):
        field = context.field(*_path(found["holder"]), found["name"])
        near = nearest(found["name"], [one.strip() for one in (found["known"] or "").split(",")])
        help_ = f'Did you mean "{near}"?' if near else "Take it out, or bring boto3 up to date."
        return f'{field}: the service model has no member "{found["name"]}" there', field, help_
    if found := _TYPE.search(text):
        field = context.field(*_path(found["path"]))
        wanted = " or ".join(_TYPES.get(name, name) for name in re.findall(r"'(\w+)'", found["wanted"]))
        return f"{field}: {found['value'][:_SHOWN]} is not {wanted}", field, f"Write {wanted}."
    if found := _LIMIT.search(text):
        field = context.field(*_path(found["path"]))
        return f"{field}: {found['value'][:_SHOWN]} is out of range", field, f"The least is {found['limit']}."
    return None


def _path(written: str) -> tuple[str | int, ...]:
    """A path as botocore writes it: `input`, `ResourceConfig.InstanceGroups[0]`."""
    steps = re.findall(r"\[(\d+)\]|([^.\[\]]+)", written.removeprefix("input").lstrip("."))
    return tuple(int(index) if index else name for index, name in steps)
