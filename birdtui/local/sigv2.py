"""Presigned S3 URLs of Signature Version 2: what boto3 still makes for us-east-1 unless it is told otherwise.

Pure. Only the query form is read; a version 2 Authorization header is refused, as regions opened since 2014 do.
"""

from __future__ import annotations

import base64
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from birdtui.local.refusals import Refusal, Refused
from birdtui.local.sigv4 import SignedRequest

QUERY_NAMES = frozenset({"AWSAccessKeyId", "Expires", "Signature", "x-amz-security-token"})
# Query names that are part of what is signed (the S3 guide's list of subresources and response overrides).
_SUBRESOURCES = {
    "acl",
    "accelerate",
    "analytics",
    "cors",
    "delete",
    "inventory",
    "lifecycle",
    "location",
    "logging",
    "metrics",
    "notification",
    "object-lock",
    "partNumber",
    "policy",
    "replication",
    "requestPayment",
    "response-cache-control",
    "response-content-disposition",
    "response-content-encoding",
    "response-content-language",
    "response-content-type",
    "response-expires",
    "restore",
    "select",
    "select-type",
    "tagging",
    "torrent",
    "uploadId",
    "uploads",
    "versionId",
    "versioning",
    "versions",
    "website",
}


@dataclass(frozen=True, slots=True)
class Presigned:
    """What a presigned URL says of its signature; `expires` is in seconds since 1970."""

    access_key: str
    expires: int
    signature: str
    token: str | None


def read(request: SignedRequest) -> Presigned | None:
    """The signature of a presigned URL, None where it is none of this version."""
    query = dict(request.query)
    if "AWSAccessKeyId" not in query or "Signature" not in query:
        return None
    expires = query.get("Expires", "")
    if not expires.isdecimal():
        raise Refused(Refusal.MISSING)
    return Presigned(query["AWSAccessKeyId"], int(expires), query["Signature"], query.get("x-amz-security-token"))


def check(presigned: Presigned, request: SignedRequest, secret: str, now: datetime) -> None:
    """Raises Refused unless the URL still holds and its signature is the one the secret gives."""
    if now > datetime.fromtimestamp(presigned.expires, UTC):
        raise Refused(Refusal.EXPIRED)
    text = string_to_sign(presigned, request)
    digest = hmac.digest(secret.encode(), text.encode(), "sha1")
    if not hmac.compare_digest(base64.b64encode(digest), presigned.signature.encode()):
        raise Refused(
            Refusal.SIGNATURE,
            details={
                "AWSAccessKeyId": presigned.access_key,
                "StringToSign": text,
                "SignatureProvided": presigned.signature,
            },
        )


def string_to_sign(presigned: Presigned, request: SignedRequest) -> str:
    """The text whose HMAC-SHA1 is the signature."""
    amz: Mapping[str, str] = {
        name.lower(): value.strip()
        for name, value in [*request.query, *request.headers.items()]
        if name.lower().startswith("x-amz-")
    }
    signed = sorted((name, value) for name, value in request.query if name in _SUBRESOURCES)
    resource = request.path + ("?" if signed else "")
    resource += "&".join(f"{name}={value}" if value else name for name, value in signed)
    lines = [
        request.method,
        request.headers.get("content-md5", ""),
        request.headers.get("content-type", ""),
        str(presigned.expires),
        *(f"{name}:{amz[name]}" for name in sorted(amz)),
        resource,
    ]
    return "\n".join(lines)
