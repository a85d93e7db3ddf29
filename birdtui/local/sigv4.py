"""Signature Version 4: who signed a request, and whether what was signed is what arrived.

Pure: headers and a target in, the signer out. Both places of a signature are read, the Authorization header and the
query of a presigned URL. S3's path is taken as it is; every other service's is normalised and encoded a second time
(both as AWS documents them). What is refused, and in whose words, is in `refusals`.
"""

from __future__ import annotations

import hashlib
import hmac
import posixpath
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from urllib.parse import quote, unquote, unquote_plus

from birdtui.local.refusals import Refusal, Refused

ALGORITHM = "AWS4-HMAC-SHA256"
TIME_FORMAT = "%Y%m%dT%H%M%SZ"
UNSIGNED = "UNSIGNED-PAYLOAD"
ALLOWED_SKEW = timedelta(minutes=15)
LONGEST_PRESIGNED = 7 * 24 * 3600
EMPTY_SHA256 = hashlib.sha256(b"").hexdigest()

_HEADER_PART = re.compile(r"\s*(\w+)=([^,\s]+)\s*")
_BLANKS = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class Keys:
    """A pair of keys to sign with."""

    access_key: str
    secret_key: str


@dataclass(frozen=True, slots=True)
class SignedRequest:
    """What of an HTTP request a signature covers: the target as sent, and headers by lower-case name."""

    method: str
    target: str
    headers: Mapping[str, str]

    @property
    def path(self) -> str:
        """The path as sent, still percent-encoded."""
        return self.target.partition("?")[0]

    @property
    def query(self) -> list[tuple[str, str]]:
        """The query's names and values, decoded, in order."""
        return parse_query(self.target.partition("?")[2])


@dataclass(frozen=True, slots=True)
class Authorization:
    """What a request says of its signature. `expires` (seconds) is there for a presigned URL alone."""

    access_key: str
    date: str
    region: str
    service: str
    timestamp: str
    signed_headers: tuple[str, ...]
    signature: str
    token: str | None = None
    expires: int | None = None

    @property
    def scope(self) -> str:
        """The credential scope without the access key."""
        return f"{self.date}/{self.region}/{self.service}/aws4_request"

    @property
    def time(self) -> datetime:
        """When it was signed, by the client's clock."""
        return datetime.strptime(self.timestamp, TIME_FORMAT).replace(tzinfo=UTC)


def parse_query(text: str) -> list[tuple[str, str]]:
    """Names and values of a query string, decoded, blank values kept, in order."""
    pairs = (piece.partition("=") for piece in text.split("&") if piece)
    return [(unquote_plus(name), unquote_plus(value)) for name, _, value in pairs]


def read_authorization(request: SignedRequest) -> Authorization | None:
    """The signature a request carries, None where it carries none; raises Refused for one that cannot be read."""
    header = request.headers.get("authorization")
    if header is not None:
        return _from_header(header, request.headers)
    query = dict(request.query)
    if "X-Amz-Signature" in query or "X-Amz-Algorithm" in query:
        return _from_query(query)
    return None


def _from_header(header: str, headers: Mapping[str, str]) -> Authorization:
    scheme, _, rest = header.strip().partition(" ")
    if scheme != ALGORITHM:
        raise Refused(Refusal.WRONG_MECHANISM)
    parts = {match[1]: match[2] for match in map(_HEADER_PART.fullmatch, rest.split(",")) if match}
    for name in ("Credential", "SignedHeaders", "Signature"):
        if name not in parts:
            raise Refused(Refusal.MALFORMED, f"Authorization header requires '{name}' parameter.")
    timestamp = headers.get("x-amz-date")
    if timestamp is None:
        raise Refused(Refusal.MALFORMED, "Authorization header requires existence of the 'X-Amz-Date' header.")
    signed = tuple(parts["SignedHeaders"].lower().split(";"))
    return Authorization(
        *_scope(parts["Credential"]),
        timestamp=_timestamp(timestamp),
        signed_headers=signed,
        signature=parts["Signature"],
        token=headers.get("x-amz-security-token"),
    )


def _from_query(query: Mapping[str, str]) -> Authorization:
    needed = ("Algorithm", "Credential", "Date", "Expires", "SignedHeaders", "Signature")
    missing = [name for name in needed if f"X-Amz-{name}" not in query]
    if missing:
        raise Refused(Refusal.QUERY, f"Query-string authentication requires the X-Amz-{missing[0]} parameter.")
    if query["X-Amz-Algorithm"] != ALGORITHM:
        raise Refused(Refusal.QUERY, f'X-Amz-Algorithm only supports "{ALGORITHM}"')
    expires = query["X-Amz-Expires"]
    if not expires.isdecimal() or int(expires) < 1:
        raise Refused(Refusal.QUERY, "X-Amz-Expires should be a positive number of seconds.")
    if int(expires) > LONGEST_PRESIGNED:
        raise Refused(
            Refusal.QUERY,
            "X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be less than"
            f" {LONGEST_PRESIGNED} seconds",
        )
    return Authorization(
        *_scope(query["X-Amz-Credential"]),
        timestamp=_timestamp(query["X-Amz-Date"]),
        signed_headers=tuple(query["X-Amz-SignedHeaders"].lower().split(";")),
        signature=query["X-Amz-Signature"],
        token=query.get("X-Amz-Security-Token"),
        expires=int(expires),
    )


def _scope(credential: str) -> tuple[str, str, str, str]:
    pieces = credential.rsplit("/", 4)
    if len(pieces) != 5 or pieces[4] != "aws4_request":
        text = f"Credential should be key/date/region/service/aws4_request, got '{credential}'."
        raise Refused(Refusal.MALFORMED, text)
    return pieces[0], pieces[1], pieces[2], pieces[3]


def _timestamp(text: str) -> str:
    try:
        datetime.strptime(text, TIME_FORMAT)  # noqa: DTZ007 - the format's Z is UTC
    except ValueError:
        raise Refused(Refusal.MALFORMED, f"Date must be in ISO-8601 'basic format'. Got '{text}'.") from None
    return text


def check_time(authorization: Authorization, now: datetime) -> None:
    """Raises Refused for a signature of another day than its scope, from a wrong clock, or past its time."""
    if authorization.timestamp[:8] != authorization.date:
        raise Refused(
            Refusal.SIGNATURE,
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP:"
            f" '{authorization.date}' != '{authorization.timestamp[:8]}', from '{authorization.timestamp}'.",
        )
    signed = authorization.time
    if signed > now + ALLOWED_SKEW:
        words = ("not yet current", "still later than", now + ALLOWED_SKEW, "+")
    elif authorization.expires is None and signed < now - ALLOWED_SKEW:
        words = ("expired", "now earlier than", now - ALLOWED_SKEW, "-")
    elif authorization.expires is not None and now > signed + timedelta(seconds=authorization.expires):
        raise Refused(Refusal.EXPIRED)
    else:
        return
    what, than, limit, sign = words
    text = (
        f"Signature {what}: {authorization.timestamp} is {than} {limit:{TIME_FORMAT}}"
        f" ({now:{TIME_FORMAT}} {sign} {ALLOWED_SKEW // timedelta(minutes=1)} min.)"
    )
    raise Refused(Refusal.SKEWED, text)


def check_signed_headers(authorization: Authorization, request: SignedRequest) -> None:
    """Raises Refused where `host`, or on S3 an `x-amz-` header, came along unsigned."""
    signed = set(authorization.signed_headers)
    must = {"host"}
    if authorization.service == "s3":
        must |= {name for name in request.headers if name.startswith("x-amz-")}
        if authorization.expires is not None:
            must.discard("x-amz-content-sha256")
    if must - signed:
        raise Refused(Refusal.UNSIGNED_HEADERS, ", ".join(sorted(must - signed)))


def string_to_sign(authorization: Authorization, request: SignedRequest, payload_hash: str) -> str:
    """The text whose HMAC is the signature; `payload_hash` is the body's SHA-256 or S3's word for an unsigned one."""
    canonical = canonical_request(authorization, request, payload_hash)
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    return f"{ALGORITHM}\n{authorization.timestamp}\n{authorization.scope}\n{digest}"


def canonical_request(authorization: Authorization, request: SignedRequest, payload_hash: str) -> str:
    """The request in the form that both sides hash."""
    names = authorization.signed_headers
    lines = [f"{name}:{_BLANKS.sub(' ', request.headers.get(name, '').strip())}\n" for name in names]
    return "\n".join(
        [
            request.method,
            canonical_path(request.path, authorization.service),
            canonical_query(request.query),
            "".join(lines),
            ";".join(names),
            payload_hash,
        ]
    )


def canonical_path(path: str, service: str) -> str:
    """S3: each segment encoded once. Others: dots and double slashes resolved, then encoded twice."""
    if service == "s3":
        return quote(unquote(path), safe="/-_.~")
    normal = posixpath.normpath(path) if path else "/"
    normal = "/" + normal.lstrip("/")  # normpath keeps a double slash at the front
    if path.endswith("/") and normal != "/":
        normal += "/"
    return quote(normal, safe="/-_.~")


def canonical_query(query: Sequence[tuple[str, str]]) -> str:
    """The query sorted by encoded name and value, without the signature itself."""
    pairs = sorted(
        (quote(name, safe="-_.~"), quote(value, safe="-_.~")) for name, value in query if name != "X-Amz-Signature"
    )
    return "&".join(f"{name}={value}" for name, value in pairs)


@lru_cache(maxsize=64)
def signing_key(secret: str, date: str, region: str, service: str) -> bytes:
    """The key derived from a secret for one day, region and service."""
    key = b"AWS4" + secret.encode()
    for piece in (date, region, service, "aws4_request"):
        key = hmac.digest(key, piece.encode(), "sha256")
    return key


def sign(key: bytes, text: str) -> str:
    """The signature of a text, in hex."""
    return hmac.digest(key, text.encode(), "sha256").hex()


def check_signature(authorization: Authorization, request: SignedRequest, payload_hash: str, key: bytes) -> None:
    """Raises Refused unless the signature is the one the secret gives."""
    text = string_to_sign(authorization, request, payload_hash)
    if not hmac.compare_digest(sign(key, text).encode(), authorization.signature.encode()):
        raise Refused(
            Refusal.SIGNATURE,
            details={
                "AWSAccessKeyId": authorization.access_key,
                "StringToSign": text,
                "SignatureProvided": authorization.signature,
                "CanonicalRequest": canonical_request(authorization, request, payload_hash),
            },
        )
