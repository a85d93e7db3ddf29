"""Refusals that name a member of the request outright (`VolumeKmsKeyId is not supported …`): which field that is."""

from __future__ import annotations

import re
from functools import cache

from birdtui.spec.explain_text import Context, Explanation, explained
from birdtui.spec.service_model import create_shape

_NAMED = re.compile(
    r"\b(?P<member>[A-Z][A-Za-z]+)\b (?P<rule>(?:is|are) (?:not supported|not allowed|required|missing)"
    r"|must (?:not )?be\b|cannot be\b|can't be\b|may not be\b)"
)
_TAGS = re.compile(
    r"duplicate tag keys|system tags (?:cannot|can't|may not)|tag keys? .{0,40}(?:duplicate|reserved)", re.IGNORECASE
)
_IDENTIFIER = re.compile(r"\b(?:(?:subnet|sg|fs|vpc)-[0-9a-z]+|arn:[\w-]+:kms:[\w:/-]+)")
_DEMANDS = ("required", "missing", "must be")


def named_member(text: str, context: Context) -> Explanation | None:
    """What a refusal that plainly names a member means: its own words, and the field; None where it names none."""
    if _TAGS.search(text):
        return explained(_sentence(text), ("job.tags", "Take the tag out, or give it another key."))
    for found in _NAMED.finditer(text):
        path = _members().get(found["member"])
        if path is None:
            continue
        if path == ("VpcConfig",):
            path = ("VpcConfig", "Subnets")
        demands = any(word in found["rule"] for word in _DEMANDS)
        return explained(
            _sentence(text),
            (
                context.field(*path),
                "Set it as the message says." if demands else "Take it out, or change what it depends on.",
            ),
        )
    return None


def named_value(text: str, context: Context) -> Explanation | None:
    """What a text that names a subnet, security group, file system or key of the request means: its own words."""
    for found in _IDENTIFIER.finditer(text):
        if field := context.field_of_text(found[0]):
            return explained(_sentence(text), (field, f"Check {found[0]}, which the message names."))
    return None


def _sentence(text: str) -> str:
    return text if text.endswith(".") else f"{text}."


@cache
def _members() -> dict[str, tuple[str, ...]]:
    """Where each member of the request lies, those of its structures included; a name in two places counts for none."""
    found: dict[str, list[tuple[str, ...]]] = {}
    for name, shape in create_shape().members.items():
        found.setdefault(name, []).append((name,))
        for inner in shape.members if shape.type_name == "structure" else ():
            found.setdefault(inner, []).append((name, inner))
    return {name: paths[0] for name, paths in found.items() if len(paths) == 1}
