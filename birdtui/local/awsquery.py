"""The query protocol: IAM and STS as their clients speak it, form fields in and XML out, by botocore's models."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any
from xml.sax.saxutils import escape

from birdtui.local.service import Caller, Operation, Request, ServiceError
from birdtui.local.sigv4 import parse_query

CONTENT_TYPE = "text/xml"
Fields = Mapping[str, str]

# XML 1.0 has no way to write these.
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


class QueryService:
    """One service of the protocol: an answer's XML for a request's form fields."""

    def __init__(self, model: str, title: str, operations: Mapping[str, Operation]) -> None:
        """`model` is botocore's name of the service (`iam`), `title` people's."""
        self._model, self._title, self._operations = model, title, operations

    def call(self, fields: Fields, region: str, caller: Caller, request_id: str) -> bytes:
        """Answers one call; raises ServiceError for everything that is refused."""
        operation = fields.get("Action", "")
        handler = self._operations.get(operation)
        if handler is None:
            name = operation or "a request without an Action"
            raise ServiceError("InvalidAction", f"{self._title} {name} is not part of the local engine.")
        parameters = parse(self._model, operation, fields)
        answer = handler(Request(operation, parameters, region=region, caller=caller))
        return serialise(self._model, operation, answer, request_id)


def form_fields(body: bytes, query: str) -> Fields:
    """The fields of a request: its form-encoded body and its URL's query."""
    return dict([*parse_query(query), *parse_query(body.decode("utf-8", "replace"))])


def parse(model: str, operation: str, fields: Fields) -> dict[str, Any]:
    """A request's parameters in the model's own types; raises ServiceError (ValidationError, MalformedInput)."""
    from birdtui.spec import service_model

    shape = service_model.input_shape(model, operation)
    if shape is None:
        return {}
    given: dict[str, Any] = _structure(shape, fields, "")
    found = service_model.violations(shape, given)
    message = service_model.service_message(found) or service_model.serialization_message(found)
    if message:
        raise ServiceError("ValidationError", message)
    return given


def serialise(model: str, operation: str, answer: Mapping[str, Any], request_id: str) -> bytes:
    """An answer as XML: `<OperationResponse><OperationResult>…`."""
    from birdtui.spec import service_model

    shape = service_model.output_shape(model, operation)
    pieces = [f'<{operation}Response xmlns="{service_model.xml_namespace(model)}">']
    if shape is not None:
        wrapper = shape.serialization.get("resultWrapper", f"{operation}Result")
        pieces += [f"<{wrapper}>", *_members(shape, answer), f"</{wrapper}>"]
    pieces.append(f"<ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata></{operation}Response>")
    return "".join(pieces).encode()


def error_body(error: ServiceError, request_id: str) -> bytes:
    """A refusal as the protocol carries it."""
    return (
        f"<ErrorResponse><Error><Type>Sender</Type>{_code_and_message(error)}</Error>"
        f"<RequestId>{request_id}</RequestId></ErrorResponse>"
    ).encode()


def ec2_error_body(error: ServiceError, request_id: str) -> bytes:
    """A refusal as EC2's own variant of the protocol carries it."""
    return (
        f"<Response><Errors><Error>{_code_and_message(error)}</Error></Errors>"
        f"<RequestID>{request_id}</RequestID></Response>"
    ).encode()


def _code_and_message(error: ServiceError) -> str:
    return f"<Code>{xml_text(error.code)}</Code><Message>{xml_text(error.message)}</Message>"


def xml_text(value: str) -> str:
    """A text inside an element; what XML cannot carry becomes a question mark."""
    return escape(_NOT_XML.sub("?", value))


def _structure(shape: Any, fields: Fields, prefix: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, member in shape.members.items():
        at = prefix + member.serialization.get("name", name)
        value = _value(member, fields, at)
        if value is not None:
            found[name] = value
    return found


def _value(shape: Any, fields: Fields, at: str) -> Any:
    """The value under a field's name, or None where no field speaks of it."""
    kind = shape.type_name
    if kind == "structure":
        inside = any(name.startswith(f"{at}.") for name in fields)
        return _structure(shape, fields, f"{at}.") if inside else None
    if kind == "list":
        return _list(shape, fields, at)
    if kind == "map":
        return _map(shape, fields, at)
    return _scalar(kind, fields[at], at) if at in fields else None


def _list(shape: Any, fields: Fields, at: str) -> list[Any] | None:
    if fields.get(at) == "":
        return []  # how a client sends an empty list
    base = at if shape.serialization.get("flattened") else f"{at}.{shape.member.serialization.get('name', 'member')}"
    return [_value(shape.member, fields, f"{base}.{number}") for number in _numbers(fields, base)] or None


def _map(shape: Any, fields: Fields, at: str) -> dict[str, Any] | None:
    base = at if shape.serialization.get("flattened") else f"{at}.entry"
    key, value = (part.serialization.get("name", name) for part, name in ((shape.key, "key"), (shape.value, "value")))
    numbers = _numbers(fields, base)
    return {
        fields.get(f"{base}.{number}.{key}", ""): _value(shape.value, fields, f"{base}.{number}.{value}")
        for number in numbers
    } or None


def _numbers(fields: Fields, base: str) -> list[int]:
    start = f"{base}."
    heads = {name[len(start) :].partition(".")[0] for name in fields if name.startswith(start)}
    return sorted(int(head) for head in heads if head.isdecimal())


def _scalar(kind: str, text: str, at: str) -> Any:
    try:
        if kind in {"integer", "long"}:
            return int(text)
        if kind in {"float", "double"}:
            return float(text)
        if kind == "timestamp":
            return datetime.fromisoformat(text).astimezone(UTC)
        if kind == "blob":
            return base64.b64decode(text, validate=True)
    except (ValueError, binascii.Error):
        raise ServiceError("MalformedInput", f"Invalid {kind} '{text}' at '{at}'") from None
    if kind == "boolean":
        return text == "true"
    return text


def _members(shape: Any, answer: Mapping[str, Any]) -> Iterator[str]:
    for name, member in shape.members.items():
        value = answer.get(name)
        if value is not None:
            yield from _element(member, value, member.serialization.get("name", name))


def _element(shape: Any, value: Any, name: str) -> Iterator[str]:
    kind = shape.type_name
    if kind == "list" and shape.serialization.get("flattened"):
        for item in value:
            yield from _element(shape.member, item, name)
        return
    yield f"<{name}>"
    if kind == "structure":
        yield from _members(shape, value)
    elif kind == "list":
        for item in value:
            yield from _element(shape.member, item, shape.member.serialization.get("name", "member"))
    elif kind == "map":
        for key, item in value.items():
            yield "<entry>"
            yield from _element(shape.key, key, "key")
            yield from _element(shape.value, item, "value")
            yield "</entry>"
    else:
        yield xml_text(_text(kind, value))
    yield f"</{name}>"


def _text(kind: str, value: Any) -> str:
    if kind == "boolean":
        return "true" if value else "false"
    if kind == "timestamp":
        return f"{value.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
    if kind == "blob":
        return base64.b64encode(value).decode()
    return str(value)
