"""A request as a Python script, for boto3 or for the SageMaker SDK, in the form that ruff's formatter gives it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from birdtui.spec.service_model import Shape, create_shape

_INDENT = "    "
_AMBIGUOUS = {"Tag"}
"""Shapes whose name the SDK also gives to a resource, and its `create` asks for that one: a dictionary fits both."""

_EXACTLY = '''
# TrainingJob.create leaves out what is false, zero or empty inside a structure,
# so these members are put into the request behind its back, as they are written here.
exact = EXACT


def send_exactly(params, **_):
    """Put the exact members into the request."""
    return {**params, **exact}


event = "provide-client-params.sagemaker.CreateTrainingJob"
session = boto3.Session()
session.events.register(event, send_exactly)
'''


def boto3_script(request: Mapping[str, Any], region: str | None = None) -> str:
    """A script that creates the job with boto3 and prints its ARN."""
    chosen = f", region_name={_string(region)}" if region else ""
    return (
        '"""Create a SageMaker training job."""\n\n'
        "import boto3\n\n"
        f"request = {_literal(request, 0)}\n\n"
        'if __name__ == "__main__":\n'
        f'    client = boto3.client("sagemaker"{chosen})\n'
        "    response = client.create_training_job(**request)\n"
        '    print(response["TrainingJobArn"])\n'
    )


def sagemaker_script(request: Mapping[str, Any], region: str | None = None) -> str:
    """A script that creates the job with the SageMaker SDK's `TrainingJob.create` and prints its ARN.

    The shapes are imported by name: a star import would put a shape called TrainingJob in the resource's place.
    """
    shape = create_shape()
    exact = {name: request[name] for name in dict.fromkeys(path.split(".")[0] for path in left_out_by_sdk(request))}
    shaped = {name: value for name, value in request.items() if name not in exact or name in shape.required_members}
    classes = sorted(set(_classes(shape, shaped)) - {shape.name})
    arguments = [f"{snake(name)}={_shaped(shape.members.get(name), value, 2)}" for name, value in shaped.items()]
    arguments += ["session=session"] if exact else []
    arguments += [f"region={_string(region)}"] if region else []
    imports = "".join(f"{_INDENT}{name},\n" for name in classes)
    return (
        '"""Create a SageMaker training job."""\n\n'
        + ("import boto3\n" if exact else "")
        + "from sagemaker.core.resources import TrainingJob\n"
        + (f"from sagemaker.core.shapes import (\n{imports})\n" if classes else "")
        + (_EXACTLY.replace("EXACT", _literal(exact, 0)) if exact else "")
        + '\nif __name__ == "__main__":\n'
        + f"{_INDENT}job = {_exploded('TrainingJob.create(', arguments, ')', 1)}\n"
        + f"{_INDENT}print(job.training_job_arn)\n"
    )


def left_out_by_sdk(request: Mapping[str, Any]) -> list[str]:
    """The members that the SDK by itself would not send: within a structure, what is false, zero or empty."""
    found: list[str] = []
    for name, value in request.items():
        if name in create_shape().members:
            _falsy(create_shape().members[name], value, name, found)
    return found


def snake(name: str) -> str:
    """A member's name as the SDK spells it: `S3OutputPath` is `s3_output_path`."""
    split = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub("([a-z0-9])([A-Z])", r"\1_\2", split).lower()


def _falsy(shape: Shape, value: Any, path: str, found: list[str]) -> None:
    if shape.type_name == "structure" and isinstance(value, Mapping):
        for name, inner in value.items():
            if name not in shape.members:
                continue
            if not inner:
                found.append(f"{path}.{name}")
            else:
                _falsy(shape.members[name], inner, f"{path}.{name}", found)
    elif shape.type_name == "list" and isinstance(value, (list, tuple)):
        for index, inner in enumerate(value):
            _falsy(shape.member, inner, f"{path}.{index}", found)


def _classes(shape: Shape | None, value: Any) -> Iterator[str]:
    """The names of the shapes that a value is made of."""
    if shape is None:
        return
    if shape.type_name == "structure" and isinstance(value, Mapping):
        if shape.name not in _AMBIGUOUS:
            yield shape.name
        for name, inner in value.items():
            yield from _classes(shape.members.get(name), inner)
    elif shape.type_name == "list" and isinstance(value, (list, tuple)):
        for inner in value:
            yield from _classes(shape.member, inner)


def _shaped(shape: Shape | None, value: Any, depth: int) -> str:
    """A value as a call of its shape."""
    if shape is not None and shape.name in _AMBIGUOUS and isinstance(value, Mapping):
        return _literal({snake(name): inner for name, inner in value.items()}, depth)
    if shape is not None and shape.type_name == "structure" and isinstance(value, Mapping):
        items = [f"{snake(name)}={_shaped(shape.members.get(name), inner, depth + 1)}" for name, inner in value.items()]
        return _exploded(f"{shape.name}(", items, ")", depth)
    if shape is not None and shape.type_name == "list" and isinstance(value, (list, tuple)):
        return _exploded("[", [_shaped(shape.member, inner, depth + 1) for inner in value], "]", depth)
    return _literal(value, depth)


def _literal(value: Any, depth: int) -> str:
    if isinstance(value, Mapping):
        items = [f"{_string(str(name))}: {_literal(inner, depth + 1)}" for name, inner in value.items()]
        return _exploded("{", items, "}", depth)
    if isinstance(value, (list, tuple)):
        return _exploded("[", [_literal(inner, depth + 1) for inner in value], "]", depth)
    return _string(value) if isinstance(value, str) else repr(value)


def _exploded(opening: str, items: list[str], closing: str, depth: int) -> str:
    """One item a line; the comma behind the last keeps it so under a formatter."""
    if not items:
        return opening + closing
    lines = "".join(f"{_INDENT * (depth + 1)}{item},\n" for item in items)
    return f"{opening}\n{lines}{_INDENT * depth}{closing}"


def _string(text: str) -> str:
    """A string literal in double quotes, unless that takes more backslashes."""
    if '"' in text:
        return repr(text)
    return '"' + repr("'" + text)[2:]
