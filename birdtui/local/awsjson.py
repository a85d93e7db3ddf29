"""The JSON 1.1 protocol: SageMaker, CloudWatch Logs and Service Quotas as their clients speak it.

Requests are read and checked by botocore's own service models, and refused in the service's code and words; answers
are written by the model's output shapes.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Any

from birdtui.local.service import Caller, Operation, Request, ServiceError

CONTENT_TYPE = "application/x-amz-json-1.1"
# Codes for a request that the model forbids, where it is not ValidationException.
_VALIDATION_CODES = {"logs": "InvalidParameterException"}


class JsonService:
    """One service of the protocol: an answer's bytes for an operation's name and a request's bytes."""

    def __init__(self, model: str, title: str, operations: Mapping[str, Operation]) -> None:
        """`model` is botocore's name of the service (`service-quotas`), `title` people's."""
        self._model, self._title, self._operations = model, title, operations

    def call(self, operation: str, body: bytes, region: str, caller: Caller) -> bytes:
        """Answers one call; raises ServiceError for everything that is refused."""
        handler = self._operations.get(operation)
        if handler is None:
            name = operation or "a request without an operation"
            raise ServiceError("UnknownOperationException", f"{self._title} {name} is not part of the local engine.")
        parameters = parse(self._model, operation, body)
        answer = handler(Request(operation, parameters, region=region, caller=caller))
        return serialise(self._model, operation, answer)


def parse(model: str, operation: str, body: bytes) -> dict[str, Any]:
    """A request's parameters in the model's own types; raises ServiceError in the service's words.

    Members that the model does not know are dropped, as AWS ignores them; nulls count as absent.
    """
    import msgspec

    from birdtui.spec import service_model

    try:
        given = msgspec.json.decode(body or b"{}")
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise ServiceError("SerializationException", "The request body is not valid JSON.") from None
    shape = service_model.input_shape(model, operation)
    if not isinstance(given, dict):
        raise ServiceError("SerializationException", "Start of structure or map found where not expected.")
    if shape is None:
        return {}
    found = service_model.violations(shape, given)
    wrong_type = service_model.serialization_message(found)
    if wrong_type:
        raise ServiceError("SerializationException", wrong_type)
    message = service_model.service_message(found)
    if message:
        raise ServiceError(_VALIDATION_CODES.get(model, "ValidationException"), message)
    parameters: dict[str, Any] = _incoming(shape, given)
    return parameters


def serialise(model: str, operation: str, answer: Mapping[str, Any]) -> bytes:
    """An answer as JSON: timestamps as seconds, blobs as base64, members without a value left out."""
    import msgspec

    from birdtui.spec.service_model import output_shape

    shape = output_shape(model, operation)
    if shape is None:
        return b""
    return msgspec.json.encode(_outgoing(shape, answer))


def error_body(error: ServiceError) -> bytes:
    """A refusal as the protocol carries it."""
    import msgspec

    return msgspec.json.encode({"__type": error.code, "message": error.message})


def _incoming(shape: Any, value: Any) -> Any:
    kind = shape.type_name
    if kind == "structure":
        given = {name: item for name, item in value.items() if item is not None and name in shape.members}
        return {name: _incoming(shape.members[name], item) for name, item in given.items()}
    if kind == "list":
        return [_incoming(shape.member, item) for item in value]
    if kind == "map":
        return {key: _incoming(shape.value, item) for key, item in value.items()}
    convert = _FROM_JSON.get(kind)
    return convert(value) if convert else value


def _moment(value: float) -> datetime:
    try:
        return datetime.fromtimestamp(value, UTC)
    except (ValueError, OverflowError, OSError):
        raise ServiceError("SerializationException", f"{value} is not a time.") from None


def _bytes(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        raise ServiceError("SerializationException", "A blob is not valid base64.") from None


_FROM_JSON: Mapping[str, Callable[[Any], Any]] = {"timestamp": _moment, "blob": _bytes, "float": float, "double": float}


def _outgoing(shape: Any, value: Any) -> Any:
    if _is_plain(shape):
        return value
    kind = shape.type_name
    if kind == "structure":
        members = shape.members
        return {name: _outgoing(members[name], item) for name, item in value.items() if item is not None}
    if kind == "list":
        return [_outgoing(shape.member, item) for item in value]
    if kind == "map":
        return {key: _outgoing(shape.value, item) for key, item in value.items()}
    if kind == "timestamp":
        return value.timestamp()
    return base64.b64encode(value).decode()


@cache
def _is_plain(shape: Any) -> bool:
    """Whether JSON holds a value of this shape as it is: a page of 10,000 log events need not be walked."""
    return not _holds_special(shape, frozenset())


def _holds_special(shape: Any, above: frozenset[str]) -> bool:
    kind = shape.type_name
    if kind in {"timestamp", "blob"}:
        return True
    if shape.name in above:
        return False
    inside = above | {shape.name}
    if kind == "structure":
        return any(_holds_special(member, inside) for member in shape.members.values())
    if kind == "list":
        return _holds_special(shape.member, inside)
    return kind == "map" and _holds_special(shape.value, inside)
