"""A request or a description as JSON, from boto3 or the AWS command line, to a JobSpec."""

from __future__ import annotations

import ast
import json
import re
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

from birdtui.spec.clone import allowed, clone, questions, told
from birdtui.spec.convert_wrapped import lower_cased, tells_settings, wrapped_jobs
from birdtui.spec.job import JobSpec, in_model_order
from birdtui.spec.service_model import Shape, create_shape
from birdtui.spec.toml_problems import Problem, SpecFileError, described
from birdtui.spec.toml_values import Literal, hyperparameter_text, literal

_COMMENT = re.compile(r'(?P<text>"(?:[^"\\\n]|\\.)*")|//[^\n]*|/\*.*?\*/', re.DOTALL)
_TIMES = {"datetime.datetime", "datetime", "Timestamp", "pd.Timestamp"}
_LISTED = 5
_JSON = "JSON wants double quotes around names and text, and no comma behind the last"
_PYTHON = "this is Python: let it print json.dumps(…, indent=2, default=str), and save that"
_DESCRIPTION_MARKS = ("TrainingJobArn", "TrainingJobStatus", "SecondaryStatus")


def read_json(text: str, file: str) -> tuple[JobSpec, bool, list[str]]:
    """The job in a JSON text, whether that is a description of a job, and notes on what was left out.

    A request keeps its exact name; a description is cloned. Raises SpecFileError with the place of a syntax fault.
    """
    members, notes = _members(text, file)
    if is_description(members):
        spec, dropped = clone(members)
        notes += told(dropped) + [f"{asked.field}: {asked.text}" for asked in questions(spec)]
        tags = [] if "Tags" in members else ["a description holds no tags; --clone JOB asks for them"]
        return spec, True, [*notes, *tags]
    kept, dropped = allowed(members)
    request: dict[str, Any] = _as_text(create_shape(), kept)
    return JobSpec(in_model_order(request), unique_name=False), False, [*notes, *told(dropped)]


def is_description(members: Mapping[str, Any]) -> bool:
    """Whether these are the members of a DescribeTrainingJob answer and not of a CreateTrainingJob request."""
    return any(mark in members for mark in _DESCRIPTION_MARKS)


def _members(text: str, file: str) -> tuple[dict[str, Any], list[str]]:
    """The members of the job in a text, and a note where it is wrapped in something else."""
    found, notes = _parsed(text.removeprefix("\ufeff"), file), []
    if not isinstance(found, dict) or not set(found) & set(create_shape().members):
        path, found = _wrapped(found, file)
        notes.append(f"the job was found at {path}; what stands around it is left out")
    if is_description(found) and not tells_settings(found):
        name = found.get("TrainingJobName")
        asks = f"--clone {name} asks for it" if isinstance(name, str) else "--clone JOB asks for it"
        raise SpecFileError([Problem(file, 1, 1, "", "it does not tell how the job was set up", asks)])
    try:
        json.dumps(found, ensure_ascii=False, default=str).encode()
    except UnicodeEncodeError as fault:
        text = "half of a surrogate pair stands alone, which is no character"
        raise SpecFileError([Problem(file, 0, 0, "", text, "no text can hold it: leave it out")]) from fault
    return found, notes


def _wrapped(found: Any, file: str) -> tuple[str, dict[str, Any]]:
    """The one job within a value that is none itself, and where it lies. Raises SpecFileError for none or several."""
    jobs = wrapped_jobs(found)
    if len(jobs) == 1:
        return jobs[0]
    remedy = "a CreateTrainingJob request or a DescribeTrainingJob answer begins with {"
    if jobs:
        paths = ", ".join(path for path, _ in jobs[:_LISTED])
        fault, remedy = f"it holds {len(jobs)} jobs: {paths}{', …' if len(jobs) > _LISTED else ''}", "keep one of them"
    elif not isinstance(found, dict):
        fault = f"expected an object, found {described(found)}"
    else:
        fault = "no member of CreateTrainingJob is in it"
        remedy = "its names begin with a capital: TrainingJobName" if lower_cased(found) else remedy
    raise SpecFileError([Problem(file, 1, 1, "", fault, remedy)])


def _parsed(text: str, file: str) -> Any:
    try:
        return _json(text)
    except json.JSONDecodeError as fault:
        try:
            return _json(_uncommented(text))
        except ValueError as again:
            if (printed := _printed_by_python(text)) is not None:
                return printed
            # A fault behind a comment is told, not the comment.
            fault = again if isinstance(again, json.JSONDecodeError) else fault
        remedy = _PYTHON if _is_python(text) else _JSON
        problem = Problem(file, fault.lineno, fault.colno, "", f"not JSON: {_lower_first(fault.msg)}", remedy)
        raise SpecFileError([problem]) from fault
    except _TwiceError as fault:
        raise SpecFileError([Problem(file, 0, 0, str(fault), "is given twice", "keep one of the two")]) from fault
    except (ValueError, RecursionError) as fault:
        raise SpecFileError([Problem(file, 0, 0, "", f"not readable as JSON: {fault}")]) from fault


def _json(text: str) -> Any:
    return json.loads(text, parse_float=literal, object_pairs_hook=_once)


def _uncommented(text: str) -> str:
    """The text with blanks in place of // and /* */ comments, as AWS's own samples have them; places stay the same."""
    return _COMMENT.sub(lambda found: found["text"] or re.sub(r"[^\n]", " ", found[0]), text)


def _is_python(text: str) -> bool:
    """Whether a text is Python source: a dict of names and calls, which only its program can fill in."""
    try:
        with warnings.catch_warnings(action="ignore"):
            return bool(ast.parse(text.strip()).body)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False


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
        """None in place of `datetime.datetime(…)`; any other call stays, so that nothing is lost unseen."""
        return ast.copy_location(ast.Constant(None), node) if ast.unparse(node.func) in _TIMES else node


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
