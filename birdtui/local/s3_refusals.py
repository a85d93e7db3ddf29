"""How S3 refuses: its codes, words and statuses, and what the local engine says of what it has not."""

from __future__ import annotations

from collections.abc import Mapping

from birdtui.local.service import ACCOUNT, HttpRequest, ServiceError

_TAKEN = {
    # Buckets own their objects since 2023 and take no other lists than these two.
    "x-amz-acl": {"private", "bucket-owner-full-control"},
    "x-amz-object-ownership": {"BucketOwnerEnforced"},
    "x-amz-server-side-encryption": {"AES256"},
    "x-amz-storage-class": {"STANDARD"},
    "x-amz-bucket-object-lock-enabled": {"false", "False"},
    "x-amz-server-side-encryption-bucket-key-enabled": {"false", "False"},
    "x-amz-website-redirect-location": set[str](),
    "x-amz-write-offset-bytes": set[str](),
}
_REFUSED_GROUPS = ("x-amz-server-side-encryption-", "x-amz-object-lock-", "x-amz-copy-source-server-side-encryption-")


def check_headers(headers: Mapping[str, str]) -> None:
    """Raises for a header that asks for something the local engine would have to pass over, and for another owner."""
    if headers.get("x-amz-expected-bucket-owner", ACCOUNT) != ACCOUNT:
        raise ServiceError("AccessDenied", "Access Denied", 403)
    for name, value in headers.items():
        if name.startswith("x-amz-grant-") or (name == "x-amz-acl" and value not in _TAKEN[name]):
            raise ServiceError("AccessControlListNotSupported", "The bucket does not allow ACLs")
        taken = _TAKEN.get(name)
        if (taken is not None and value not in taken) or (taken is None and name.startswith(_REFUSED_GROUPS)):
            raise not_here(f"{name}: {value}")


def not_here(what: str) -> ServiceError:
    """Something of S3 that the local engine has not."""
    # S3's own status is 501, but botocore sends a 5xx again and again, which looks like slowness.
    return ServiceError("NotImplemented", f"{what} is not part of the local engine.", 400)


def name_of(request: HttpRequest) -> str:
    """A call as a refusal names it: its method, what it is about, its subresource."""
    subject = "object" if request.path.strip("/").count("/") else "bucket"
    return " ".join([request.method, subject, *(f"?{name}" for name in request.query)])


def no_such_bucket() -> ServiceError:
    """The bucket does not exist."""
    return ServiceError("NoSuchBucket", "The specified bucket does not exist", 404)


def no_such_key() -> ServiceError:
    """The object does not exist."""
    return ServiceError("NoSuchKey", "The specified key does not exist.", 404)


def no_such_upload() -> ServiceError:
    """The upload does not exist, or not any more."""
    text = (
        "The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or"
        " completed."
    )
    return ServiceError("NoSuchUpload", text, 404)


def invalid(message: str) -> ServiceError:
    """An argument that S3 does not take."""
    return ServiceError("InvalidArgument", message)


def malformed_xml() -> ServiceError:
    """A document that is none, or not the one that belongs there."""
    text = "The XML you provided was not well-formed or did not validate against our published schema"
    return ServiceError("MalformedXML", text)


def precondition() -> ServiceError:
    """A condition that does not hold."""
    return ServiceError("PreconditionFailed", "At least one of the pre-conditions you specified did not hold", 412)


def number(request: HttpRequest, name: str, *, default: int, least: int = 0, most: int) -> int:
    """A number out of a query; raises InvalidArgument, as for what is no number or not between the limits."""
    text = request.query.get(name, [""])[0]
    if not text:
        return default
    if not (text.isascii() and text.isdecimal() and len(text) < 20 and least <= int(text) <= most):
        raise invalid(f"Argument {name} must be an integer between {least} and {most}")
    return int(text)


def text_of(request: HttpRequest, name: str) -> str:
    """A text out of a query, empty where there is none."""
    return request.query.get(name, [""])[0]
