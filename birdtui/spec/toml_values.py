"""Single values of the file: durations, hyperparameters as text and as numbers, quoted keys, `--set` expressions."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_DURATION = re.compile(r"(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?", re.ASCII)
_UNIT_SECONDS = (86400, 3600, 60, 1)
_WHOLE = re.compile(r"-?(?:0|[1-9][0-9]{0,17})")
_DECIMAL = re.compile(r"-?(?:0|[1-9][0-9]*)\.[0-9]+")


class Literal(str):
    """A float as the author spelled it (`1e-8`, `0.10`): TOML's own value would lose the spelling."""

    __slots__ = ()


def literal(spelling: str) -> Literal:
    """For tomli's `parse_float`: the spelling without TOML's digit separators and without a plus sign."""
    return Literal(spelling.replace("_", "").removeprefix("+"))


def hyperparameter_text(value: Any) -> str | None:
    """A TOML value as the text that a hyperparameter is; None for what has no one spelling (list, table, date)."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (str, int)):
        return str(value)
    return None


def hyperparameter_value(text: str) -> str | int | float:
    """The plainest TOML value that reads back to exactly this text: a number where it prints identically."""
    if _WHOLE.fullmatch(text) and str(int(text)) == text:
        return int(text)
    if _DECIMAL.fullmatch(text) and repr(float(text)) == text:
        return float(text)
    return text


def seconds(text: str) -> int | None:
    """The seconds of a duration such as `24h`, `90m`, `1h30m`, `2d`, `45s` or `3600`; None where it is none."""
    compact = text.replace(" ", "")
    if compact.isascii() and compact.isdigit():
        return int(compact)
    found = _DURATION.fullmatch(compact)
    if not found or not compact:
        return None
    return sum(int(number) * unit for number, unit in zip(found.groups(), _UNIT_SECONDS, strict=True) if number)


def duration(count: int) -> str | int:
    """Seconds as the file writes them: whole hours or minutes with their unit, anything else as a plain number."""
    if count > 0 and count % 3600 == 0:
        return f"{count // 3600}h"
    if count > 0 and count % 60 == 0:
        return f"{count // 60}m"
    return count


def quoted(key: str) -> str:
    """A key as TOML writes it: bare where it can be, else in quotes."""
    if _BARE_KEY.fullmatch(key):
        return key
    return json.dumps(key, ensure_ascii=False).replace("\x7f", "\\u007f")


def dotted(path: Iterable[str | int]) -> str:
    """A path as TOML's dotted key, quoted where a part needs it."""
    return ".".join(quoted(str(part)) for part in path)


def split_override(override: str) -> tuple[tuple[str, ...], str] | None:
    """The path and the text of a `PATH=VALUE`; the path is a TOML dotted key. None where there is no such path."""
    import tomli

    for sign in re.finditer("=", override):
        path = override[: sign.start()]
        if "\n" in path or "\r" in path:
            return None
        try:
            tree: Any = tomli.loads(f"{path} = 0")
        except tomli.TOMLDecodeError:
            continue
        keys: list[str] = []
        while isinstance(tree, dict) and len(tree) == 1:
            key, tree = next(iter(tree.items()))
            keys.append(key)
        if tree == 0 and keys:
            return tuple(keys), override[sign.end() :]
    return None


def override_value(text: str) -> Any:
    """The value of a `--set`: TOML's where the text is one TOML value, else None. Floats keep their spelling."""
    import tomli

    try:
        # Inside braces a comment, a second key or a second line cannot pass for a part of the value.
        tree = tomli.loads(f"_ = {{ _ = {text} }}", parse_float=literal)
    except (tomli.TOMLDecodeError, RecursionError):
        return None
    inner = tree["_"]
    return inner["_"] if list(inner) == ["_"] and list(tree) == ["_"] else None
