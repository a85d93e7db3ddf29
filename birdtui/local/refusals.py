"""How AWS refuses a request whose signature it does not accept: one reason, other words in each family of services."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, auto

from birdtui.local.service import ServiceError


class Family(Enum):
    """Services that word errors alike: JSON services, query services (IAM, STS), S3."""

    JSON = auto()
    QUERY = auto()
    S3 = auto()


class Refusal(Enum):
    """Why a request's signature is not accepted."""

    MISSING = auto()
    WRONG_MECHANISM = auto()
    MALFORMED = auto()
    QUERY = auto()
    UNKNOWN_KEY = auto()
    WRONG_TOKEN = auto()
    EXPIRED_TOKEN = auto()
    SKEWED = auto()
    EXPIRED = auto()
    UNSIGNED_HEADERS = auto()
    SIGNATURE = auto()


class Refused(Exception):
    """A signature that is not accepted: why, the service's text where it is not always the same, S3's details."""

    def __init__(self, reason: Refusal, text: str = "", details: Mapping[str, str] | None = None) -> None:
        super().__init__(f"{reason.name}: {text}")
        self.reason = reason
        self.text = text
        self.details = details or {}


_INVALID = "The security token included in the request is invalid."
_ENDED = "The security token included in the request is expired"
_NO_MATCH = (
    "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key"
    " and signing method. Consult the service documentation for details."
)
_UNSIGNED_REQUEST = "Request is missing Authentication Token"
_NO_HOST = "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization."

# Reason -> code and text; where a refusal carries its own text, that one is used.
_JSON = {
    Refusal.MISSING: ("MissingAuthenticationTokenException", _UNSIGNED_REQUEST),
    Refusal.WRONG_MECHANISM: ("IncompleteSignatureException", "Unsupported AWS 'algorithm'."),
    Refusal.MALFORMED: ("IncompleteSignatureException", ""),
    Refusal.QUERY: ("IncompleteSignatureException", ""),
    Refusal.UNKNOWN_KEY: ("UnrecognizedClientException", _INVALID),
    Refusal.WRONG_TOKEN: ("UnrecognizedClientException", _INVALID),
    Refusal.EXPIRED_TOKEN: ("ExpiredTokenException", _ENDED),
    Refusal.SKEWED: ("InvalidSignatureException", ""),
    Refusal.EXPIRED: ("InvalidSignatureException", "Signature expired."),
    Refusal.UNSIGNED_HEADERS: ("InvalidSignatureException", _NO_HOST),
    Refusal.SIGNATURE: ("InvalidSignatureException", _NO_MATCH),
}
_QUERY = {
    Refusal.MISSING: ("MissingAuthenticationToken", _UNSIGNED_REQUEST),
    Refusal.WRONG_MECHANISM: ("IncompleteSignature", "Unsupported AWS 'algorithm'."),
    Refusal.MALFORMED: ("IncompleteSignature", ""),
    Refusal.QUERY: ("IncompleteSignature", ""),
    Refusal.UNKNOWN_KEY: ("InvalidClientTokenId", _INVALID),
    Refusal.WRONG_TOKEN: ("InvalidClientTokenId", _INVALID),
    Refusal.EXPIRED_TOKEN: ("ExpiredToken", _ENDED),
    Refusal.SKEWED: ("SignatureDoesNotMatch", ""),
    Refusal.EXPIRED: ("SignatureDoesNotMatch", "Signature expired."),
    Refusal.UNSIGNED_HEADERS: ("SignatureDoesNotMatch", _NO_HOST),
    Refusal.SIGNATURE: ("SignatureDoesNotMatch", _NO_MATCH),
}
_S3 = {
    Refusal.MISSING: ("AccessDenied", "Access Denied", 403),
    Refusal.WRONG_MECHANISM: (
        "InvalidRequest",
        "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.",
        400,
    ),
    Refusal.MALFORMED: ("AuthorizationHeaderMalformed", "The authorization header is malformed; {text}", 400),
    Refusal.QUERY: ("AuthorizationQueryParametersError", "{text}", 400),
    Refusal.UNKNOWN_KEY: (
        "InvalidAccessKeyId",
        "The AWS Access Key Id you provided does not exist in our records.",
        403,
    ),
    Refusal.WRONG_TOKEN: ("InvalidToken", "The provided token is malformed or otherwise invalid.", 400),
    Refusal.EXPIRED_TOKEN: ("ExpiredToken", "The provided token has expired.", 400),
    Refusal.SKEWED: (
        "RequestTimeTooSkewed",
        "The difference between the request time and the current time is too large.",
        403,
    ),
    Refusal.EXPIRED: ("AccessDenied", "Request has expired", 403),
    Refusal.UNSIGNED_HEADERS: (
        "AccessDenied",
        "There were headers present in the request which were not signed: {text}",
        403,
    ),
    Refusal.SIGNATURE: (
        "SignatureDoesNotMatch",
        "The request signature we calculated does not match the signature you provided. Check your key and signing"
        " method.",
        403,
    ),
}


def worded(refused: Refused, family: Family) -> ServiceError:
    """A refusal as a family of services words it."""
    if family is Family.S3:
        code, text, status = _S3[refused.reason]
        return ServiceError(code, text.format(text=refused.text), status)
    code, text = (_JSON if family is Family.JSON else _QUERY)[refused.reason]
    own = refused.reason is not Refusal.UNSIGNED_HEADERS and refused.text
    return ServiceError(code, own or text, 400 if family is Family.JSON else 403)
