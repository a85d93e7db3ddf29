"""Refused for rights or credentials: who may not do what, who forbids it, and what would allow it."""

from __future__ import annotations

import re

from birdtui.spec.explain_text import Case, Context, Explanation, case, explained

ACCESS_CODES = {
    "AccessDenied",
    "AccessDeniedException",
    "UnauthorizedOperation",
    "UnauthorizedException",
    "NotAuthorized",
    "NotAuthorizedException",
    "AuthorizationErrorException",
    "Forbidden",
    "403",
}
_LOG_IN = "Log in again (`aws sso login`, or however the credentials came about), then repeat the command."
_WHO_AM_I = "`aws sts get-caller-identity` shows which credentials are used; --profile chooses others."

_NO_MATCH = next(re.finditer("", ""))

# Who forbids it: words of the message, what to call it, what helps.
_LAYERS = (
    ("service control policy", "Only an administrator of the organization can change its service control policy."),
    ("resource control policy", "Only an administrator of the organization can change its resource control policy."),
    ("permissions boundary", "Have the permissions boundary of the caller extended; a policy alone does not help."),
    ("session policy", "Ask whoever hands out the session for a session policy that allows it."),
    ("vpc endpoint policy", "Have the policy of the VPC endpoint extended."),
    ("resource-based policy", "Have the policy of the resource changed by its owner."),
)


def _denied(found: re.Match[str], context: Context) -> Explanation:
    who, action, why = found["who"].rstrip(",."), found["action"].rstrip("."), found["why"].lower()
    resource = (found["resource"] or "").strip("'\",.")
    target = f" on {resource}" if resource else ""
    explicit = "explicit deny" in why
    layer, help_ = next(((words, text) for words, text in _LAYERS if words in why), ("", ""))
    reason = (
        f": {_article(layer or _policy(why))} explicitly denies it"
        if explicit
        else f": no {layer or 'identity-based policy'} allows it"
        if " no " in f" {why}" or not why.strip(" .")
        else ""
    )
    allow = f'Allow "{action}"{target} for {who}'
    if explicit and not help_:
        help_ = f"Take the deny of {action} out of the policy: no allow elsewhere outweighs it."
    return explained(
        f"{who} may not perform {action}{target}{reason}.",
        (_field(action, resource, context), help_ or f"{allow}{_passing(action)}."),
        *_alternatives(action),
    )


def _article(layer: str) -> str:
    return f"{'an' if layer[0] in 'aeiou' else 'a'} {layer}"


def _policy(why: str) -> str:
    return "identity-based policy" if "identity" in why else "policy"


def _passing(action: str) -> str:
    if action.lower() != "iam:passrole":
        return ""
    return ', where "iam:PassedToService" is "sagemaker.amazonaws.com", or choose a role that may be passed'


def _field(action: str, resource: str, context: Context) -> str:
    """The field at fault, where one is: a role that may not be passed, a bucket that may not be read."""
    service = action.partition(":")[0].lower()
    if action.lower() == "iam:passrole":
        return "job.role"
    if service == "s3":
        bucket = resource.rpartition(":")[2].partition("/")[0]
        return context.field_of_bucket(bucket) or ""
    if service == "ecr":
        return "algorithm.image"
    return "job.tags" if action.lower() == "sagemaker:addtags" else ""


def _alternatives(action: str) -> tuple[tuple[str, str], ...]:
    if action.lower() == "sagemaker:addtags":
        return (("job.tags", "Or leave the tags out."),)
    return ()


def _expired(_found: re.Match[str], _context: Context) -> Explanation:
    return explained("The credentials have expired.", ("", _LOG_IN))


def _skewed(_found: re.Match[str], _context: Context) -> Explanation:
    return explained(
        "AWS refuses the signature because this computer's clock is wrong.",
        ("", "Set the clock (switch on time synchronisation), then repeat the command."),
    )


def _unknown_key(_found: re.Match[str], _context: Context) -> Explanation:
    return explained(
        "AWS does not know these credentials.",
        ("", f"Check the access key and, for temporary credentials, the session token. {_WHO_AM_I}"),
    )


def _bad_signature(_found: re.Match[str], _context: Context) -> Explanation:
    return explained(
        "AWS refuses the signature: the secret key does not belong to the access key.",
        ("", f"Set the secret access key again, without blanks at its ends. {_WHO_AM_I}"),
    )


def _unsigned(_found: re.Match[str], _context: Context) -> Explanation:
    return explained("The request carried no valid credentials.", ("", _WHO_AM_I))


def _not_subscribed(_found: re.Match[str], _context: Context) -> Explanation:
    return explained(
        "The account is not signed up for this service, or the region is not switched on for it.",
        ("", "Switch the region on in the account's settings, or use another region with --region."),
    )


_CREDENTIAL_CODES = (
    (("ExpiredToken", "ExpiredTokenException", "RequestExpired", "TokenRefreshRequired"), _expired),
    (("RequestTimeTooSkewed",), _skewed),
    (
        ("UnrecognizedClientException", "InvalidClientTokenId", "InvalidAccessKeyId", "AuthFailure", "InvalidToken"),
        _unknown_key,
    ),
    (("SignatureDoesNotMatch", "InvalidSignatureException", "InvalidSignature"), _bad_signature),
    (
        (
            "MissingAuthenticationToken",
            "MissingAuthenticationTokenException",
            "IncompleteSignature",
            "IncompleteSignatureException",
        ),
        _unsigned,
    ),
    (("OptInRequired", "SubscriptionRequiredException", "NotSignedUp"), _not_subscribed),
)

ACCESS_CASES: tuple[Case, ...] = (
    case(
        r"(?:user: ?)?['\"]?(?<![^\s'\":])(?P<who>[^\s'\"]{1,512})['\"]? is not authorized to perform: ?"
        r"['\"]?(?P<action>[\w-]+:[\w*]+)['\"]?"
        r"(?: (?:on|with) (?:the )?resource:? ?(?P<resource>[^\s,]+))?(?P<why>[^:]{0,400})",
        _denied,
    ),
    case(r"signature expired|signature not yet current|difference between the request time", _skewed),
    case(r"(?:security )?token included in the request is expired|provided token has expired", _expired),
    case(r"security token included in the request is invalid", _unknown_key),
    case(r"access key id you provided does not exist", _unknown_key),
    case(r"request signature we calculated does not match", _bad_signature),
    case(r"needs a subscription for the service|not subscribed to this service|not opted in", _not_subscribed),
)


def by_access_code(text: str, context: Context) -> Explanation | None:
    """What a code about rights or credentials means where its text says no more."""
    for codes, meaning in _CREDENTIAL_CODES:
        if context.code in codes:
            return meaning(_NO_MATCH, context)
    if context.code not in ACCESS_CODES:
        return None
    said = "" if text.lower().rstrip(".") in {"", "access denied", "forbidden"} else f": {text}"
    said = said.rstrip(".") or "; AWS does not say which permission is missing"
    return explained(
        f"Access was denied{said}.",
        ("", f"Check the permissions of the caller, and policies of the resource. {_WHO_AM_I}"),
    )
