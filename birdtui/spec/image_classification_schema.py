"""The JSON schema of SageMaker's image classification container, and the words it refuses a value with.

The container reads hyperparameters as a JSON object of texts and validates it with the `jsonschema` library; a number
is described as a text of a certain form. The messages are those of the algorithms' common toolkit, which rewords the
library's own and appends it with the schema.
"""

from __future__ import annotations

import pprint
import re
import textwrap
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, ClassVar, Protocol

_WHOLE = r"^[1-9][0-9]*$"
# A number as JSON writes it: no plus sign, no leading zeros, no nan, no infinity.
_NUMBER = r"^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?$"
_LONGEST_NUMBER = 100
"""Characters of a number that are still worth reading; no real value comes near."""


class Schema(Protocol):
    """What one hyperparameter may hold."""

    kind: ClassVar[str]

    @property
    def allowed(self) -> str:
        """What is taken, in words for a person."""

    @property
    def expected(self) -> str:
        """What is taken, in the container's words, after "hyperparameter which"."""

    def takes(self, text: str) -> bool:
        """Whether the container takes this text."""

    def json(self) -> dict[str, Any]:
        """The schema as JSON schema writes it."""

    def library_message(self, text: str) -> str:
        """What the jsonschema library itself says of a text that is not taken."""


class _OneOf:
    """A number: the toolkit describes it twice, as text and as a number."""

    def library_message(self, text: str) -> str:
        """What the jsonschema library itself says of a text that is not taken."""
        return f"{text!r} is not valid under any of the given schemas"


@dataclass(frozen=True, slots=True)
class WholeNumber(_OneOf):
    """A whole number of 1 or more, in plain digits."""

    kind: ClassVar[str] = "whole number"

    @property
    def allowed(self) -> str:
        """What is taken, in words for a person."""
        return "a whole number of 1 or more"

    @property
    def expected(self) -> str:
        """What is taken, in the container's words."""
        return (
            f"expects one of the following: a string which matches the pattern '{_WHOLE}'; or an integer greater than 1"
        )

    def takes(self, text: str) -> bool:
        """Whether the container takes this text: `25`, but neither `25.0` nor `+25` nor ` 25`."""
        return _matches(_WHOLE, text)

    def json(self) -> dict[str, Any]:
        """The schema as JSON schema writes it."""
        return {"oneOf": [{"pattern": _WHOLE, "type": "string"}, {"minimum": 1, "type": "integer"}]}


@dataclass(frozen=True, slots=True)
class Fraction(_OneOf):
    """A number between 0 and 1; either end is in or out. `1e-8` is a number, `nan` and `inf` are not."""

    low_included: bool = False
    high_included: bool = False
    kind: ClassVar[str] = "fraction"

    @property
    def allowed(self) -> str:
        """What is taken, in words for a person."""
        low = "0 or more" if self.low_included else "more than 0"
        high = "at most 1" if self.high_included else "less than 1"
        return f"a number of {low} and {high}"

    @property
    def expected(self) -> str:
        """What is taken, in the container's words."""
        return (
            f"expects one of the following: a string which matches the pattern '{_NUMBER}'; "
            f"or a number between 0{'' if self.low_included else ' (exclusive)'} "
            f"and 1{'' if self.high_included else ' (exclusive)'}"
        )

    def takes(self, text: str) -> bool:
        """Whether the container takes this text."""
        if len(text) > _LONGEST_NUMBER or not _matches(_NUMBER, text):
            return False
        # As the container computes, in doubles: 0.99999999999999999999 is 1 there, and 1e-999 is 0.
        value = Decimal(float(text))
        above = value >= 0 if self.low_included else value > 0
        below = value <= 1 if self.high_included else value < 1
        return above and below

    def json(self) -> dict[str, Any]:
        """The schema as JSON schema writes it."""
        number: dict[str, Any] = {"maximum": 1, "minimum": 0, "type": "number"}
        if not self.low_included:
            number["exclusiveMinimum"] = True
        if not self.high_included:
            number["exclusiveMaximum"] = True
        return {"oneOf": [{"pattern": _NUMBER, "type": "string"}, number]}


@dataclass(frozen=True, slots=True)
class Choice:
    """One of a few texts, spelled exactly so."""

    values: tuple[str, ...]
    kind: ClassVar[str] = "choice"

    @property
    def allowed(self) -> str:
        """What is taken, in words for a person."""
        return f"one of {', '.join(self.values)}"

    @property
    def expected(self) -> str:
        """What is taken, in the container's words."""
        return f"accepts one of the following: {', '.join(map(repr, self.values))}"

    def takes(self, text: str) -> bool:
        """Whether the container takes this text."""
        return text in self.values

    def json(self) -> dict[str, Any]:
        """The schema as JSON schema writes it."""
        return {"enum": list(self.values), "type": "string"}

    def library_message(self, text: str) -> str:
        """What the jsonschema library itself says of a text that is not taken."""
        return f"{text!r} is not one of {list(self.values)!r}"


@dataclass(frozen=True, slots=True)
class Text:
    """A text of a certain form, or any text."""

    pattern: str = ""
    allowed: str = "any text"
    kind: ClassVar[str] = "text"

    @property
    def expected(self) -> str:
        """What is taken, in the container's words."""
        return f"expects one of the following: a string which matches the pattern '{self.pattern}'"

    def takes(self, text: str) -> bool:
        """Whether the container takes this text."""
        return not self.pattern or _matches(self.pattern, text)

    def json(self) -> dict[str, Any]:
        """The schema as JSON schema writes it."""
        return {"pattern": self.pattern, "type": "string"} if self.pattern else {"type": "string"}

    def library_message(self, text: str) -> str:
        """What the jsonschema library itself says of a text that is not taken."""
        return f"{text!r} does not match {self.pattern!r}"


def _matches(pattern: str, text: str) -> bool:
    # A `$` also matches before a final newline, and `\d` would take other scripts' digits: neither is meant.
    return not text.endswith("\n") and re.search(pattern, text, re.ASCII) is not None


def whole_error(schemas: Mapping[str, Schema], required: Iterable[str], values: Mapping[str, str]) -> str | None:
    """The text that the container ends with for the first fault of `values`; None where there is none."""
    required = tuple(required)
    if unknown := [name for name in values if name not in schemas]:
        return _unknown_error(unknown, _document(schemas, required), values)
    if missing := [name for name in required if name not in values]:
        return _missing_error(missing, _document(schemas, required), values)
    for name, schema in schemas.items():
        if name in values and not schema.takes(values[name]):
            return _value_error(name, values[name], schema)
    return None


def _unknown_error(names: list[str], document: dict[str, Any], values: Mapping[str, str]) -> str:
    listed = f"{', '.join(map(repr, names))} {'was' if len(names) == 1 else 'were'} unexpected"
    return _error(
        f"Additional hyperparameters are not allowed ({listed})",
        f"Additional properties are not allowed ({listed})",
        ("'additionalProperties' in schema", document),
        ("instance", dict(values)),
    )


def _missing_error(names: list[str], document: dict[str, Any], values: Mapping[str, str]) -> str:
    return _error(
        f"No value(s) were specified for {', '.join(map(repr, names))} which are required hyperparameter(s)",
        f"{names[0]!r} is a required property",
        ("'required' in schema", document),
        ("instance", dict(values)),
    )


def _value_error(name: str, text: str, schema: Schema) -> str:
    document = schema.json()
    validator = next(key for key in ("oneOf", "enum", "pattern") if key in document)
    return _error(
        f"The value '{text}' is not valid for the '{name}' hyperparameter which {schema.expected}",
        schema.library_message(text),
        (f"{validator!r} in schema['properties'][{name!r}]", document),
        (f"instance[{name!r}]", text),
    )


def _error(message: str, library: str, schema: tuple[str, Any], instance: tuple[str, Any]) -> str:
    where, document = schema
    which, value = instance
    return (
        f"{message} (caused by ValidationError)\n\nCaused by: {library}\n\n"
        f"Failed validating {where}:\n{_printed(document)}\n\nOn {which}:\n{_printed(value)}"
    )


def _printed(value: Any) -> str:
    return textwrap.indent(pprint.pformat(value, width=72), "    ")


def _document(schemas: Mapping[str, Schema], required: tuple[str, ...]) -> dict[str, Any]:
    return {
        "$schema": "http://json-schema.org/schema#",
        "additionalProperties": False,
        "properties": {name: schema.json() for name, schema in schemas.items()},
        "required": list(required),
        "title": "Image classification hyperparameters",
        "type": "object",
    }
