"""What a call needs permission for: the action and the resource that IAM decides about.

The account's one user may do everything; this is for the sessions of roles that AssumeRole gave out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote

from birdtui.local.iam import IamService
from birdtui.local.service import Caller, HttpRequest, ServiceError

_FREE = {"sts:GetCallerIdentity"}
_BUCKET_ACTIONS = {
    "GET": "s3:ListBucket",
    "HEAD": "s3:ListBucket",
    "PUT": "s3:CreateBucket",
    "DELETE": "s3:DeleteBucket",
    "POST": "s3:DeleteObject",
}
_OBJECT_ACTIONS = {
    "GET": "s3:GetObject",
    "HEAD": "s3:GetObject",
    "PUT": "s3:PutObject",
    "POST": "s3:PutObject",
    "DELETE": "s3:DeleteObject",
}
# Method and subresource, where they mean another action than the method alone.
_SUBRESOURCES = {
    ("GET", "location"): "s3:GetBucketLocation",
    ("GET", "uploads"): "s3:ListBucketMultipartUploads",
    ("GET", "uploadId"): "s3:ListMultipartUploadParts",
    ("DELETE", "uploadId"): "s3:AbortMultipartUpload",
    ("GET", "tagging"): "s3:GetObjectTagging",
    ("PUT", "tagging"): "s3:PutObjectTagging",
    ("DELETE", "tagging"): "s3:DeleteObjectTagging",
}


@dataclass(frozen=True, slots=True)
class Need:
    """One permission a call needs: an action, on a resource, with the condition keys it is known by."""

    action: str
    resource: str = "*"
    context: Mapping[str, str] = field(default_factory=dict)


def check(iam: IamService, caller: Caller, needs: Iterator[Need] | list[Need], *, json: bool = False) -> None:
    """Raises AccessDenied for a role's session whose role lacks a permission."""
    if caller.role_arn is None:
        return
    for need in needs:
        if need.action in _FREE or iam.allows(caller.role_arn, need.action, need.resource, need.context):
            continue
        message = (
            f"User: {caller.arn} is not authorized to perform: {need.action} on resource: {need.resource}"
            f" because no identity-based policy allows the {need.action} action"
        )
        raise ServiceError("AccessDeniedException" if json else "AccessDenied", message, 400 if json else 403)


def s3_needs(request: HttpRequest) -> Iterator[Need]:
    """The permissions of an S3 call: the object's or bucket's own, and reading the source of a copy."""
    bucket, _, key = request.path.lstrip("/").partition("/")
    if not bucket:
        yield Need("s3:ListAllMyBuckets")
        return
    arn = f"arn:aws:s3:::{bucket}"
    named = (_SUBRESOURCES[request.method, name] for name in request.query if (request.method, name) in _SUBRESOURCES)
    if key:
        yield Need(next(named, _OBJECT_ACTIONS.get(request.method, "s3:Unknown")), f"{arn}/{key}")
        source = request.headers.get("x-amz-copy-source")
        if source:
            yield Need("s3:GetObject", "arn:aws:s3:::" + unquote(source.lstrip("/").partition("?")[0]))
        return
    action = next(named, _BUCKET_ACTIONS.get(request.method, "s3:Unknown"))
    prefix = {"s3:prefix": request.query["prefix"][0]} if "prefix" in request.query else {}
    yield Need(action, f"{arn}/*" if action == "s3:DeleteObject" else arn, prefix)
