"""What AWS, or the way to it, answered instead of a result: what happened, which field, what to do next."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from birdtui.spec.findings import Advice
from birdtui.spec.throttling import THROTTLED_CODES

REFUSED = 3
CREDENTIALS = 4
UNREACHABLE = 6

_EXPIRED = {
    "ExpiredToken",
    "ExpiredTokenException",
    "RequestExpired",
    "TokenRefreshRequired",
}
_BAD_KEYS = {
    "InvalidClientTokenId",
    "UnrecognizedClientException",
    "InvalidAccessKeyId",
    "SignatureDoesNotMatch",
    "InvalidSignatureException",
    "MissingAuthenticationToken",
    "MissingAuthenticationTokenException",
    "IncompleteSignature",
    "AuthFailure",
}


class AwsProblem(Exception):
    """A refusal or a failure on the way: `code` is the service's or ours, `exit_code` as the command line ends.

    `throttled` means asking again later helps; `expired` that new credentials do.
    """

    def __init__(
        self,
        code: str,
        message: str,
        *,
        exit_code: int,
        advice: tuple[Advice, ...] = (),
        throttled: bool = False,
        expired: bool = False,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.exit_code = exit_code
        self.advice = advice
        self.throttled = throttled
        self.expired = expired

    @property
    def is_unreachable(self) -> bool:
        """Whether AWS did not answer at all."""
        return self.exit_code == UNREACHABLE


@contextmanager
def translated(request: Mapping[str, Any] | None = None) -> Iterator[None]:
    """Turn whatever botocore raises inside into an AwsProblem; `request` lets advice name the field at fault."""
    try:
        yield
    except Exception as error:
        from botocore.exceptions import BotoCoreError, ClientError

        if isinstance(error, ClientError):
            raise refusal(error, request) from error
        if isinstance(error, BotoCoreError):
            raise from_botocore(error) from error
        raise


def refusal(error: Any, request: Mapping[str, Any] | None = None) -> AwsProblem:
    """A ClientError, explained."""
    from birdtui.spec.explain import explain_refusal

    answer = error.response.get("Error", {})
    code = str(answer.get("Code") or "Unknown")
    message = str(answer.get("Message") or error)
    if code in _EXPIRED:
        return AwsProblem(code, message, exit_code=CREDENTIALS, advice=(Advice("", RENEW),), expired=True)
    if code in _BAD_KEYS:
        return AwsProblem(code, message, exit_code=CREDENTIALS, advice=(Advice("", CHECK_KEYS),))
    explanation = explain_refusal(code, message, request)
    return AwsProblem(code, message, exit_code=REFUSED, advice=explanation.advice, throttled=code in THROTTLED_CODES)


RENEW = "The credentials have expired: log in again (`aws sso login`, or however you got them), then go on."
CHECK_KEYS = (
    "AWS does not know these credentials: `aws sts get-caller-identity` shows who you are; `aws configure` or "
    "`aws sso login` sets them."
)
GET_KEYS = (
    "No AWS credentials were found: `aws configure` or `aws sso login` sets them, --profile chooses a profile; "
    "--local needs no account at all."
)
GET_REGION = "No region is set: give --region, or set AWS_REGION, or write one in the settings file under [aws]."
GET_THROUGH = "AWS could not be reached: check the network, a proxy (HTTPS_PROXY) and --endpoint-url, then try again."

_CREDENTIAL_ERRORS = {
    "NoCredentialsError": GET_KEYS,
    "PartialCredentialsError": "Only half of the credentials is set: both the access key and its secret are needed.",
    "CredentialRetrievalError": CHECK_KEYS,
    "ProfileNotFound": "Choose one of the profiles that `aws configure list-profiles` shows.",
    "NoRegionError": GET_REGION,
    "TokenRetrievalError": RENEW,
    "SSOTokenLoadError": RENEW,
    "UnauthorizedSSOTokenError": RENEW,
    "SSOError": RENEW,
    "LoginRefreshRequired": RENEW,
    "LoginTokenLoadError": RENEW,
    "InfiniteLoopConfigError": "A profile's source_profile leads back to itself: mend ~/.aws/config.",
    "ConfigParseError": "Mend ~/.aws/config.",
    "InvalidConfigError": "Mend ~/.aws/config.",
}
_RENEWABLE = {
    "TokenRetrievalError",
    "SSOTokenLoadError",
    "UnauthorizedSSOTokenError",
    "CredentialRetrievalError",
    "LoginRefreshRequired",
    "LoginTokenLoadError",
}
_USAGE = {"ParamValidationError", "InvalidRegionError", "UnknownServiceError", "InvalidEndpointConfigurationError"}


def from_botocore(error: Exception) -> AwsProblem:
    """Any other error of botocore: credentials, configuration, or the network."""
    for kind in type(error).__mro__:
        name = kind.__name__
        if name in _CREDENTIAL_ERRORS:
            advice = (Advice("", _CREDENTIAL_ERRORS[name]),)
            expired = name in _RENEWABLE
            return AwsProblem(name, str(error), exit_code=CREDENTIALS, advice=advice, expired=expired)
        if name in _USAGE:
            return AwsProblem(name, str(error), exit_code=2)
        if name in {"HTTPClientError", "ConnectionError"}:
            return AwsProblem(
                type(error).__name__, str(error), exit_code=UNREACHABLE, advice=(Advice("", GET_THROUGH),)
            )
    return AwsProblem(type(error).__name__, str(error), exit_code=REFUSED)
