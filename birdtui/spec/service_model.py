"""What AWS accepts, read out of botocore's own service models: shapes, enums, limits, patterns; none typed by hand.

No client and no session is made; a model is read once for each process. `violations` finds everything wrong with a
value at once. botocore's own validation cannot stand in for it: that checks no maximum, no pattern and no enum.
"""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

from birdtui.spec.botocore_data import builtin_loader

Shape = Any
"""A botocore.model.Shape (botocore carries no types)."""

Path = tuple[str | int, ...]

_WHOLE_NUMBER_BITS = {"integer": 32, "long": 64}
_PYTHON_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "character": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "long": (int,),
    "float": (int, float),
    "double": (int, float),
    "timestamp": (int, float, dt.datetime),
    "blob": (str, bytes),
    "list": (list, tuple),
    "map": (Mapping,),
    "structure": (Mapping,),
}
# How the services name a JSON value in a SerializationException ("STRING_VALUE can not be converted to an Integer").
_JSON_TOKENS: tuple[tuple[type, str], ...] = (
    (bool, "TRUE_VALUE"),
    (str, "STRING_VALUE"),
    (float, "DECIMAL_VALUE"),
    (int, "NUMBER_VALUE"),
    (Mapping, "START_OBJECT"),
    (list, "START_ARRAY"),
    (tuple, "START_ARRAY"),
)
_JAVA_TYPES = {
    "string": "a String",
    "boolean": "a Boolean",
    "integer": "an Integer",
    "long": "a Long",
    "float": "a Float",
    "double": "a Double",
    "timestamp": "a Timestamp",
    "list": "a List",
    "map": "a Map",
    "structure": "an Object",
}


@dataclass(frozen=True, slots=True)
class Violation:
    """One thing that the service model forbids.

    `path` leads to the value, list positions counted from 0 and map keys as they are. `kind` is one of `required`,
    `unknown`, `type`, `enum`, `pattern`, `min_length`, `max_length`, `min_value`, `max_value`. `constraint` is what
    the model asks for: the enum's values, the pattern as the model writes it, the limit, the wanted type's name
    (`string`, `integer`, …), the names that would be known (`unknown`), or None (`required`). `message` is the whole
    sentence as AWS says it.
    """

    path: Path
    kind: str
    value: Any
    constraint: Any
    message: str


@cache
def _service(name: str) -> Any:
    from botocore.model import ServiceModel

    return ServiceModel(builtin_loader().load_service_model(name, "service-2"), name)


@cache
def input_shape(service: str, operation: str) -> Shape:
    """The structure an operation takes, such as `input_shape("sagemaker", "CreateTrainingJob")`."""
    return _service(service).operation_model(operation).input_shape


@cache
def output_shape(service: str, operation: str) -> Shape:
    """The structure an operation answers with."""
    return _service(service).operation_model(operation).output_shape


@cache
def xml_namespace(service: str) -> str:
    """The namespace of a query service's answers, such as IAM's."""
    return str(_service(service).metadata["xmlNamespace"])


def create_shape() -> Shape:
    """What CreateTrainingJob takes."""
    return input_shape("sagemaker", "CreateTrainingJob")


def member_at(shape: Shape, path: Sequence[str | int]) -> Shape | None:
    """The shape that a request path leads to, or None where the model knows no such member."""
    for step in path:
        if shape.type_name == "structure":
            if step not in shape.members:
                return None
            shape = shape.members[step]
        elif shape.type_name == "list":
            shape = shape.member
        elif shape.type_name == "map":
            shape = shape.value
        else:
            return None
    return shape


@cache
def enum(shape_name: str) -> tuple[str, ...]:
    """The values of a SageMaker enum, such as `TrainingInputMode`, in the model's order."""
    return tuple(_service("sagemaker").shape_for(shape_name).enum)


def instance_types() -> tuple[str, ...]:
    """Every instance type that CreateTrainingJob knows."""
    return enum("TrainingInstanceType")


def violations(shape: Shape, value: Any) -> list[Violation]:
    """Everything about `value` that the model forbids, in the model's order; an empty list where all is well.

    A None counts as absent, as a JSON null does. Timestamps may be numbers (seconds) or datetimes. A service itself
    ignores members that it does not know; a client that sends one is refused by botocore, so they are listed.
    """
    return list(_check(shape, value, (), ""))


def service_message(found: Iterable[Violation]) -> str:
    """The text of the ValidationException that AWS answers with, or "" where it would let the request pass.

    `2 validation errors detected: Value 'x' at 'trainingJobName' failed to satisfy constraint: Member must …; Value
    null at 'roleArn' …`. Unknown members are left out (a service ignores them), and so are wrong types, which a
    service refuses before it validates: see `serialization_message`.
    """
    texts = list(dict.fromkeys(one.message for one in found if one.kind not in {"unknown", "type"}))
    if not texts:
        return ""
    return f"{len(texts)} validation error{'s' if len(texts) > 1 else ''} detected: " + "; ".join(texts)


def serialization_message(found: Iterable[Violation]) -> str:
    """The text of the SerializationException for the first value of a wrong type, or "" where there is none."""
    return next((one.message for one in found if one.kind == "type"), "")


def _check(shape: Shape, value: Any, path: Path, at: str) -> Iterator[Violation]:
    kind = shape.type_name
    if not _is_a(value, kind):
        yield Violation(path, "type", value, kind, _conversion(value, kind))
    elif kind == "structure":
        yield from _check_structure(shape, value, path, at)
    else:
        for violation, constraint, text in _limits(shape, value):
            yield Violation(path, violation, value, constraint, _sentence(value, at, text))
        if kind == "list":
            yield from _check_list(shape, value, path, at)
        elif kind == "map":
            yield from _check_map(shape, value, path, at)


def _check_structure(shape: Shape, value: Mapping[str, Any], path: Path, at: str) -> Iterator[Violation]:
    required = set(shape.required_members)
    for name, member in shape.members.items():
        inner = f"{at}.{_lower_first(name)}" if at else _lower_first(name)
        if value.get(name) is not None:
            yield from _check(member, value[name], (*path, name), inner)
        elif name in required:
            yield Violation((*path, name), "required", None, None, _sentence(None, inner, "Member must not be null"))
    known = tuple(shape.members)
    for name in value:
        if name not in shape.members:
            where = f" in {at}" if at else ""
            text = f"Unknown parameter{where}: {name!r}, must be one of: {', '.join(known)}"
            yield Violation((*path, name), "unknown", value[name], known, text)


def _check_list(shape: Shape, value: Sequence[Any], path: Path, at: str) -> Iterator[Violation]:
    member = shape.member
    for index, item in enumerate(value):
        if _is_nested(member):
            yield from _check(member, item, (*path, index), f"{at}.{index + 1}.member")
        else:
            yield from _check_element(member, item, (*path, index), (value, at, "Member must satisfy constraint"))


def _check_map(shape: Shape, value: Mapping[str, Any], path: Path, at: str) -> Iterator[Violation]:
    for key, item in value.items():
        yield from _check_element(shape.key, key, (*path, key), (value, at, "Map keys must satisfy constraint"))
        if _is_nested(shape.value):
            yield from _check(shape.value, item, (*path, key), f"{at}.{key}.member")
        else:
            yield from _check_element(shape.value, item, (*path, key), (value, at, "Map value must satisfy constraint"))


def _check_element(shape: Shape, value: Any, path: Path, container: tuple[Any, str, str]) -> Iterator[Violation]:
    """A plain item of a list or map: AWS tells of it at the container, with all the constraints of its items."""
    if value is None:
        yield Violation(path, "type", value, shape.type_name, _conversion(value, shape.type_name))
        return
    if not _is_a(value, shape.type_name):
        yield Violation(path, "type", value, shape.type_name, _conversion(value, shape.type_name))
        return
    whole, at, words = container
    text = _sentence(whole, at, f"{words}: [{', '.join(_constraints(shape))}]")
    for kind, constraint, _ in _limits(shape, value):
        yield Violation(path, kind, value, constraint, text)


def _limits(shape: Shape, value: Any) -> Iterator[tuple[str, Any, str]]:
    """Kind, constraint and AWS's words for each limit of the shape that `value` breaks."""
    enumeration = shape.metadata.get("enum")
    if enumeration and value not in enumeration:
        yield "enum", tuple(enumeration), _enum_words(enumeration)
    elif shape.type_name in {"string", "list", "map", "blob"}:
        yield from _length_limits(shape, value)
    elif shape.type_name in {"integer", "long", "float", "double"}:
        yield from _value_limits(shape, value)


def _length_limits(shape: Shape, value: Any) -> Iterator[tuple[str, Any, str]]:
    most, least, pattern = (shape.metadata.get(name) for name in ("max", "min", "pattern"))
    if most is not None and len(value) > most:
        yield "max_length", most, f"Member must have length less than or equal to {most}"
    if least is not None and len(value) < least:
        yield "min_length", least, f"Member must have length greater than or equal to {least}"
    if pattern and isinstance(value, str) and not matches(pattern, value):
        yield "pattern", pattern, f"Member must satisfy regular expression pattern: {pattern}"


def _value_limits(shape: Shape, value: float) -> Iterator[tuple[str, Any, str]]:
    most, least = shape.metadata.get("max"), shape.metadata.get("min")
    bits = _WHOLE_NUMBER_BITS.get(shape.type_name)
    if bits:
        most = 2 ** (bits - 1) - 1 if most is None else most
        least = -(2 ** (bits - 1)) if least is None else least
    if most is not None and value > most:
        yield "max_value", most, f"Member must have value less than or equal to {most}"
    if least is not None and value < least:
        yield "min_value", least, f"Member must have value greater than or equal to {least}"


def _constraints(shape: Shape) -> list[str]:
    """All the constraints of a shape in AWS's words and order, for messages about items of lists and maps."""
    if shape.metadata.get("enum"):
        return [_enum_words(shape.metadata["enum"])]
    words = {
        "max": "Member must have length less than or equal to {}",
        "min": "Member must have length greater than or equal to {}",
        "pattern": "Member must satisfy regular expression pattern: {}",
    }
    return [text.format(shape.metadata[name]) for name, text in words.items() if name in shape.metadata]


def _enum_words(values: Iterable[str]) -> str:
    return f"Member must satisfy enum value set: [{', '.join(values)}]"


def _is_a(value: Any, kind: str) -> bool:
    if isinstance(value, bool):
        return kind == "boolean"
    return isinstance(value, _PYTHON_TYPES[kind])


def _is_nested(shape: Shape) -> bool:
    return shape.type_name in {"structure", "list", "map"}


def _lower_first(name: str) -> str:
    return name[:1].lower() + name[1:]


def _conversion(value: Any, kind: str) -> str:
    given = next((text for known, text in _JSON_TOKENS if isinstance(value, known)), "NULL_VALUE")
    if value is False:
        given = "FALSE_VALUE"
    return f"{given} can not be converted to {_JAVA_TYPES.get(kind, f'a {kind}')}"


def _sentence(value: Any, at: str, constraint: str) -> str:
    shown = "null" if value is None else f"'{_java_text(value)}'"
    return f"Value {shown} at '{at}' failed to satisfy constraint: {constraint}"


def _java_text(value: Any) -> str:
    """A value as Java's toString prints it, which is what AWS puts into its messages."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}={_java_text(item)}" for key, item in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(_java_text(item) for item in value) + "]"
    return str(value)


# The models' patterns are Java's. What Python reads otherwise is rewritten; the rest means the same in both.
_LINE_ENDS = r"\n\r\u0085\u2028\u2029"
_POSIX_CLASSES = {
    "Alnum": "A-Za-z0-9",
    "Alpha": "A-Za-z",
    "Digit": "0-9",
    "Lower": "a-z",
    "Upper": "A-Z",
    "Punct": r"!-/:-@\[-`{-~",
    "Space": r" \t\n\x0b\f\r",
    "ASCII": r"\x00-\x7f",
}
_PIECE = re.compile(
    r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"  # a surrogate pair: one character to Java
    r"|\\[pP]\{[A-Za-z]+\}|\\u[0-9a-fA-F]{4}|\\x[0-9a-fA-F]{2}|\\.|\$\{\d+,\d*\}|.",
    re.DOTALL,
)


def matches(pattern: str, value: str) -> bool:
    """Whether the whole of `value` matches a pattern of the service model (Java's syntax, anchored at both ends)."""
    return _compiled(pattern, frozenset(char for char in value if char > "\x7f")).fullmatch(value) is not None


@lru_cache(maxsize=512)
def _compiled(pattern: str, beyond_ascii: frozenset[str]) -> re.Pattern[str]:
    r"""The pattern for Python. `\p{L}` becomes the ASCII letters and those of `beyond_ascii` that are letters.

    Python has no `\p{…}`; listing all of Unicode would take a tenth of a second, and only the value's own matter.
    """
    parts: list[str] = []
    in_class = False
    for piece in _PIECE.findall(pattern):
        if in_class:
            in_class = piece != "]"
            after_class = piece == "-" and parts[-1].startswith(("\\w", "\\d", "\\s"))
            parts.append("\\-" if after_class else _in_class(piece, beyond_ascii))
        elif piece == "[":
            in_class = True
            parts.append(piece)
        elif piece.startswith(("\\p", "\\P")):
            parts.append(f"[{'^' if piece[1] == 'P' else ''}{_category(piece[3:-1], beyond_ascii)}]")
        else:
            parts.append(_outside_class(piece))
    return re.compile("".join(parts), re.ASCII)


def _in_class(piece: str, beyond_ascii: frozenset[str]) -> str:
    if piece.startswith("\\p"):
        return _category(piece[3:-1], beyond_ascii)
    return "\\[" if piece == "[" else _character(piece)


def _outside_class(piece: str) -> str:
    if piece == ".":
        return f"[^{_LINE_ENDS}]"
    return "$" if piece.startswith("${") else _character(piece)


def _character(piece: str) -> str:
    if len(piece) == len(r"\uD800\uDC00"):
        high, low = int(piece[2:6], 16), int(piece[8:], 16)
        return f"\\U{0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00):08x}"
    return piece


def _category(name: str, beyond_ascii: frozenset[str]) -> str:
    if name in _POSIX_CLASSES:
        return _POSIX_CLASSES[name]
    chosen = [char for char in (*map(chr, range(128)), *sorted(beyond_ascii)) if unicodedata.category(char)[0] == name]
    return "".join(re.escape(char) for char in chosen)
