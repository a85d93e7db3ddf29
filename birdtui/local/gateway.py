"""The engine's front door: who calls, is it them, which service is meant, and errors in that service's own form."""

from __future__ import annotations

import hashlib
import logging
import re
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import BinaryIO, Protocol, cast
from urllib.parse import unquote

from birdtui.local import access, awsjson, awsquery, bodies, sigv2, sigv4
from birdtui.local.iam import IamService
from birdtui.local.refusals import Family, Refusal, Refused, worded
from birdtui.local.service import REGION, Caller, HttpRequest, HttpResponse, ServiceError
from birdtui.local.sigv4 import Authorization, Keys, SignedRequest

LARGEST_CALL = 8 << 20
_SHA256 = re.compile("[0-9a-f]{64}")
_SIGNED_CHUNKS = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
_CHUNKED = {_SIGNED_CHUNKS, _SIGNED_CHUNKS + "-TRAILER", "STREAMING-UNSIGNED-PAYLOAD-TRAILER"}
# What a presigned URL says of its signature, and the SDKs' note of the operation: nothing for S3 itself.
_NOT_S3 = sigv2.QUERY_NAMES | {
    "X-Amz-Algorithm",
    "X-Amz-Credential",
    "X-Amz-Date",
    "X-Amz-Expires",
    "X-Amz-SignedHeaders",
    "X-Amz-Signature",
    "X-Amz-Security-Token",
    "X-Amz-Content-Sha256",
    "x-id",
}

log = logging.getLogger(__name__)


class ObjectService(Protocol):
    """S3: an answer for a whole HTTP request."""

    def handle(self, request: HttpRequest, /) -> HttpResponse:
        """Answers one request or raises ServiceError."""


@dataclass(frozen=True, slots=True)
class Incoming:
    """An HTTP request as it arrived; `length` is Content-Length, None where the body is chunked."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bodies.Body
    length: int | None

    @property
    def signed(self) -> SignedRequest:
        """The part that a signature covers."""
        return SignedRequest(self.method, self.target, self.headers)


class CallService(Protocol):
    """A JSON service: an answer's bytes for an operation's name and a request's bytes."""

    def call(self, operation: str, body: bytes, region: str, caller: Caller) -> bytes:
        """Answers one call or raises ServiceError."""


@dataclass(frozen=True, slots=True)
class Routes:
    """The services behind the door, by the name they have in a credential scope; S3 stands alone."""

    iam: IamService
    json: Mapping[str, CallService]
    query: Mapping[str, awsquery.QueryService]
    s3: ObjectService


@dataclass(frozen=True, slots=True)
class _Signer:
    authorization: Authorization
    caller: Caller
    key: bytes


def _now() -> datetime:
    return datetime.now(UTC)


class Gateway:
    """Answers HTTP requests: verified, routed, and refused in the words and form of the service that was meant."""

    def __init__(self, routes: Routes, keys: Keys, now: Callable[[], datetime] = _now) -> None:
        self._routes, self._keys, self._now = routes, keys, now

    def answer(self, incoming: Incoming) -> HttpResponse:
        """The answer to one request, whatever happens."""
        request_id = str(uuid.uuid4())
        service = ""
        try:
            authorization = sigv4.read_authorization(incoming.signed)
            if authorization is None:
                return self._serve_presigned_v2(incoming, request_id)
            service = authorization.service
            return self._serve(incoming, self._signer(authorization, incoming), request_id)
        except Refused as refused:
            return _refusal(refused, service, incoming, request_id)
        except ServiceError as error:
            return render(error, service, incoming, request_id)
        except Exception as error:
            log.exception("%s %s (%s) failed", incoming.method, incoming.target.partition("?")[0], service or "-")
            # 400 and not 500: SDKs send a 500 again and again, which looks like slowness.
            text = f"The local engine failed at this request ({type(error).__name__}); its log file tells more."
            return render(ServiceError("InternalFailure", text), service, incoming, request_id)

    def _signer(self, authorization: Authorization, incoming: Incoming) -> _Signer:
        """Whose signature this is, as far as the body need not be read for it; raises Refused."""
        secret, caller = self._secret(authorization.access_key, authorization.token)
        sigv4.check_time(authorization, self._now())
        sigv4.check_signed_headers(authorization, incoming.signed)
        return _Signer(
            authorization,
            caller,
            sigv4.signing_key(secret, authorization.date, authorization.region, authorization.service),
        )

    def _secret(self, access_key: str, token: str | None) -> tuple[str, Caller]:
        if access_key == self._keys.access_key:
            if token:
                raise Refused(Refusal.WRONG_TOKEN)
            return self._keys.secret_key, Caller()
        session = self._routes.iam.sessions.keys(access_key)
        if session is None:
            raise Refused(Refusal.UNKNOWN_KEY, details={"AWSAccessKeyId": access_key})
        if token != session.token:
            raise Refused(Refusal.WRONG_TOKEN)
        if session.expires <= self._now():
            raise Refused(Refusal.EXPIRED_TOKEN)
        return session.secret_key, session.caller

    def _serve_presigned_v2(self, incoming: Incoming, request_id: str) -> HttpResponse:
        presigned = sigv2.read(incoming.signed)
        if presigned is None:
            raise Refused(Refusal.MISSING)
        secret, caller = self._secret(presigned.access_key, presigned.token)
        sigv2.check(presigned, incoming.signed, secret, self._now())
        return self._objects(incoming, incoming.headers, incoming.body, caller, request_id)

    def _serve(self, incoming: Incoming, signer: _Signer, request_id: str) -> HttpResponse:
        service = signer.authorization.service
        if service == "s3":
            return self._serve_s3(incoming, signer, request_id)
        body = _whole(incoming)
        sigv4.check_signature(signer.authorization, incoming.signed, hashlib.sha256(body).hexdigest(), signer.key)
        if service in self._routes.json:
            operation = incoming.headers.get("x-amz-target", "").rpartition(".")[2]
            need = access.Need(f"{service}:{operation}")
            access.check(self._routes.iam, signer.caller, [need], json=True)
            answer = self._routes.json[service].call(operation, body, signer.authorization.region, signer.caller)
            return HttpResponse(200, _json_headers(request_id), answer)
        if service in self._routes.query:
            fields = awsquery.form_fields(body, incoming.target.partition("?")[2])
            access.check(self._routes.iam, signer.caller, [access.Need(f"{service}:{fields.get('Action', '')}")])
            region, caller = signer.authorization.region, signer.caller
            answer = self._routes.query[service].call(fields, region, caller, request_id)
            return HttpResponse(200, _xml_headers(request_id), answer)
        raise ServiceError("UnknownOperationException", f"The service {service!r} is not part of the local engine.")

    def _serve_s3(self, incoming: Incoming, signer: _Signer, request_id: str) -> HttpResponse:
        declared = _declared_payload(incoming, signer.authorization)
        sigv4.check_signature(signer.authorization, incoming.signed, declared, signer.key)
        body: bodies.Body = incoming.body
        headers = dict(incoming.headers)
        if declared in _CHUNKED:
            body = _unframed(incoming, signer, declared)
            headers["content-encoding"] = _without_aws_chunked(headers.get("content-encoding", ""))
            headers["content-length"] = headers.get("x-amz-decoded-content-length", "")
            headers = {name: value for name, value in headers.items() if value}
        elif declared != sigv4.UNSIGNED:
            body = bodies.HashedBody(incoming.body, incoming.length, declared)
        return self._objects(incoming, headers, body, signer.caller, request_id, signer.authorization.region)

    def _objects(
        self,
        incoming: Incoming,
        headers: Mapping[str, str],
        body: bodies.Body,
        caller: Caller,
        request_id: str,
        region: str = REGION,
    ) -> HttpResponse:
        query: dict[str, list[str]] = {}
        for name, value in incoming.signed.query:
            if name not in _NOT_S3:
                query.setdefault(name, []).append(value)
        stream = cast("BinaryIO", body)
        request = HttpRequest(incoming.method, unquote(incoming.signed.path), query, headers, stream, region)
        access.check(self._routes.iam, caller, access.s3_needs(request))
        response = self._routes.s3.handle(request)
        return HttpResponse(response.status, {**_s3_headers(request_id), **response.headers}, response.body)


def _whole(incoming: Incoming) -> bytes:
    if incoming.length is not None and incoming.length > LARGEST_CALL:
        raise ServiceError("RequestEntityTooLarge", "The request is larger than the local engine takes.", 413)
    pieces, size = [], 0
    while piece := incoming.body.read(1 << 16):
        pieces.append(piece)
        size += len(piece)
        if size > LARGEST_CALL:
            raise ServiceError("RequestEntityTooLarge", "The request is larger than the local engine takes.", 413)
    return b"".join(pieces)


def _declared_payload(incoming: Incoming, authorization: Authorization) -> str:
    """What an S3 request says its body's hash is."""
    declared = incoming.headers.get("x-amz-content-sha256")
    if authorization.expires is not None:
        return declared or dict(incoming.signed.query).get("X-Amz-Content-Sha256", sigv4.UNSIGNED)
    if declared is None:
        raise ServiceError("InvalidRequest", "Missing required header for this request: x-amz-content-sha256")
    if declared not in _CHUNKED and declared != sigv4.UNSIGNED and not _SHA256.fullmatch(declared):
        message = f"x-amz-content-sha256 must be {sigv4.UNSIGNED}, {_SIGNED_CHUNKS} or a valid sha256 value."
        raise ServiceError("InvalidArgument", message)
    return declared


def _unframed(incoming: Incoming, signer: _Signer, declared: str) -> bodies.Body:
    length = incoming.headers.get("x-amz-decoded-content-length", "")
    if not length.isdecimal():
        raise ServiceError("MissingContentLength", "You must provide the Content-Length HTTP header.", 411)
    authorization = signer.authorization
    chunks = bodies.ChunkSigner(signer.key, authorization.timestamp, authorization.scope, authorization.signature)
    signed = chunks if declared.startswith(_SIGNED_CHUNKS) else None
    return bodies.AwsChunkedBody(incoming.body, int(length), signed, incoming.headers.get("x-amz-trailer", ""))


def _without_aws_chunked(encoding: str) -> str:
    return ",".join(part.strip() for part in encoding.split(",") if part.strip() not in ("", "aws-chunked"))


def family_of(service: str, headers: Mapping[str, str]) -> Family:
    """How the service that was meant words its errors; the name of it may not be known."""
    if "x-amz-target" in headers:
        return Family.JSON
    if service in ("iam", "sts", "ec2") or headers.get("content-type", "").startswith("application/x-www-form"):
        return Family.QUERY
    return Family.S3 if service.startswith("s3") or not service else Family.JSON


def _refusal(refused: Refused, service: str, incoming: Incoming, request_id: str) -> HttpResponse:
    family = family_of(service, incoming.headers)
    return render(worded(refused, family), service, incoming, request_id, refused.details)


def render(
    error: ServiceError,
    service: str,
    incoming: Incoming,
    request_id: str,
    details: Mapping[str, str] | None = None,
) -> HttpResponse:
    """A refusal in the form of the service that was meant; `details` are S3's further elements."""
    family = family_of(service, incoming.headers)
    if family is Family.JSON:
        if incoming.headers.get("smithy-protocol") == "rpc-v2-cbor":
            headers = _json_headers(request_id) | {"Content-Type": "application/cbor", "smithy-protocol": "rpc-v2-cbor"}
            return HttpResponse(error.status, headers, _cbor_error(error))
        headers = _json_headers(request_id) | {"x-amzn-ErrorType": error.code}
        return HttpResponse(error.status, headers, awsjson.error_body(error))
    if family is Family.QUERY:
        make = awsquery.ec2_error_body if service == "ec2" else awsquery.error_body
        return HttpResponse(error.status, _xml_headers(request_id), make(error, request_id))
    if incoming.method == "HEAD":
        return HttpResponse(error.status, _s3_headers(request_id))
    fields = {
        "Code": error.code,
        "Message": error.message,
        "Resource": unquote(incoming.signed.path),
        **(details or {}),
        "RequestId": request_id,
    }
    inside = "".join(f"<{name}>{awsquery.xml_text(value)}</{name}>" for name, value in fields.items())
    body = f'<?xml version="1.0" encoding="UTF-8"?>\n<Error>{inside}</Error>'.encode()
    return HttpResponse(error.status, _s3_headers(request_id) | {"Content-Type": "application/xml"}, body)


def _json_headers(request_id: str) -> dict[str, str]:
    return {"Content-Type": awsjson.CONTENT_TYPE, "x-amzn-RequestId": request_id}


def _xml_headers(request_id: str) -> dict[str, str]:
    return {"Content-Type": awsquery.CONTENT_TYPE, "x-amzn-RequestId": request_id}


def _s3_headers(request_id: str) -> dict[str, str]:
    return {"x-amz-request-id": request_id.replace("-", "")[:16].upper(), "x-amz-id-2": request_id}


def _cbor_error(error: ServiceError) -> bytes:
    """The refusal as a CBOR map of two texts (CloudWatch's newest clients speak nothing else)."""

    def text(value: str) -> bytes:
        data = value.encode()
        return b"\x79" + len(data).to_bytes(2, "big") + data

    return b"\xa2" + text("__type") + text(error.code) + text("message") + text(error.message)
