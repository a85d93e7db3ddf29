"""A request or a description as JSON, from boto3 or the AWS command line, to a JobSpec."""

from __future__ import annotations

import ast
import json
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

from birdtui.spec.clone import allowed, clone, questions, told
from birdtui.spec.job import JobSpec, in_model_order
from birdtui.spec.service_model import Shape, create_shape
from birdtui.spec.toml_problems import Problem, SpecFileError, described
from birdtui.spec.toml_values import Literal, hyperparameter_text, literal

_DESCRIPTION_MARKS = ("TrainingJobArn", "TrainingJobStatus", "SecondaryStatus")


def read_json(text: str, file: str) -> tuple[JobSpec, bool, list[str]]:
    """The job in a JSON text, whether that is a description of a job, and notes on what was left out.

    A request keeps its exact name; a description is cloned. Raises SpecFileError with the place of a syntax fault.
    """
    members = _members(text, file)
    if is_description(members):
        spec, dropped = clone(members)
        notes = told(dropped) + [f"{asked.field}: {asked.text}" for asked in questions(spec)]
        return spec, True, [*notes, "a description holds no tags; --clone JOB asks for them"]
    kept, dropped = allowed(members)
    request: dict[str, Any] = _as_text(create_shape(), kept)
    return JobSpec(in_model_order(request), unique_name=False), False, told(dropped)


def is_description(members: Mapping[str, Any]) -> bool:
    """Whether these are the members of a DescribeTrainingJob answer and not of a CreateTrainingJob request."""
    return any(mark in members for mark in _DESCRIPTION_MARKS)


def _members(text: str, file: str) -> dict[str, Any]:
    found = _parsed(text.removeprefix("\ufeff"), file)
    remedy = "a CreateTrainingJob request or a DescribeTrainingJob answer begins with {"
    if not isinstance(found, dict):
        raise SpecFileError([Problem(file, 1, 1, "", f"expected an object, found {described(found)}", remedy)])
    if not set(found) & set(create_shape().members):
        raise SpecFileError([Problem(file, 1, 1, "", "no member of CreateTrainingJob is in it", remedy)])
    try:
        json.dumps(found, ensure_ascii=False, default=str).encode()
    except UnicodeEncodeError as fault:
        text = "half of a surrogate pair stands alone, which is no character"
        raise SpecFileError([Problem(file, 0, 0, "", text, "no text can hold it: leave it out")]) from fault
    return found


def _parsed(text: str, file: str) -> Any:
    try:
        return json.loads(text, parse_float=literal, object_pairs_hook=_once)
    except json.JSONDecodeError as fault:
        if (printed := _printed_by_python(text)) is not None:
            return printed
        remedy = "JSON wants double quotes around names and text, and no comma behind the last"
        problem = Problem(file, fault.lineno, fault.colno, "", f"not JSON: {_lower_first(fault.msg)}", remedy)
        raise SpecFileError([problem]) from fault
    except _TwiceError as fault:
        raise SpecFileError([Problem(file, 0, 0, str(fault), "is given twice", "keep one of the two")]) from fault
    except (ValueError, RecursionError) as fault:
        raise SpecFileError([Problem(file, 0, 0, "", f"not readable as JSON: {fault}")]) from fault


def _printed_by_python(text: str) -> dict[str, Any] | None:
    """An answer as `print` shows it in a notebook: single quotes, True, None; times, which are calls, are left out."""
    try:
        with warnings.catch_warnings(action="ignore"):  # "invalid escape sequence" is no concern of the reader
            tree = _WithoutCalls().visit(ast.parse(text.strip(), mode="eval"))
        found = ast.literal_eval(tree)
    except (SyntaxError, ValueError, TypeError, RecursionError, MemoryError):
        return None
    return found if isinstance(found, dict) and all(isinstance(name, str) for name in found) else None


class _WithoutCalls(ast.NodeTransformer):
    def visit_Call(self, node: ast.Call) -> ast.expr:
        """None in place of `datetime.datetime(…)`."""
        return ast.copy_location(ast.Constant(None), node)


class _TwiceError(Exception):
    """A name that stands twice in one JSON object."""


def _once(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise _TwiceError(name)
        found[name] = value
    return found


def _as_text(shape: Shape, value: Any) -> Any:
    """The value with numbers and booleans as text where the service takes text by name, as in hyperparameters."""
    if shape.type_name == "structure" and isinstance(value, dict):
        return {name: _as_text(shape.members[name], inner) for name, inner in value.items()}
    if shape.type_name == "list" and isinstance(value, list):
        return [_as_text(shape.member, inner) for inner in value]
    if shape.type_name == "map" and isinstance(value, dict):
        texts = {name: hyperparameter_text(inner) for name, inner in value.items()}
        return {name: value[name] if text is None else str(text) for name, text in texts.items()}
    return float(value) if isinstance(value, Literal) else value


def _lower_first(text: str) -> str:
    return text[:1].lower() + text[1:]
