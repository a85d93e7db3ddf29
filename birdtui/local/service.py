"""What the services of the embedded engine share: the engine's own facts, and how an operation is refused."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO

ACCOUNT = "000000000000"
REGION = "us-east-1"


class ServiceError(Exception):
    """A refusal as AWS words it: an error code, a message, and the HTTP status that carries them."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status


USER_NAME = "birdtui"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who signed a request: the account's one user, or a role's session (`role_arn` is the role's then)."""

    arn: str = f"arn:aws:iam::{ACCOUNT}:user/{USER_NAME}"
    user_id: str = "AIDABIRDTUILOCALUSER1"
    role_arn: str | None = None


@dataclass(frozen=True, slots=True)
class Request:
    """One validated call of a JSON or query service: its parameters, already of the model's types, and the caller."""

    operation: str
    parameters: Mapping[str, Any]
    region: str = REGION
    account: str = ACCOUNT
    caller: Caller = Caller()


Operation = Callable[[Request], Mapping[str, Any]]
"""Answers one operation in the model's own shape (datetimes for timestamps) or raises ServiceError."""


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """One verified HTTP call of a REST service: `path` is decoded, `query` keeps each name's values in order.

    `body` reads the payload, `aws-chunked` framing already taken off; header names are in lower case; `region` is the
    one that the request was signed for.
    """

    method: str
    path: str
    query: Mapping[str, list[str]]
    headers: Mapping[str, str]
    body: BinaryIO
    region: str = REGION


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """An answer of a REST service: `body` is bytes, or pieces sent as they come (then Content-Length is in headers)."""

    status: int
    headers: Mapping[str, str]
    body: bytes | Iterable[bytes] = b""
