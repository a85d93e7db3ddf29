from __future__ import annotations

import io

import pytest

from birdtui.local import access
from birdtui.local.service import HttpRequest


def needs(method: str, path: str, query: str = "", **headers: str) -> list[tuple[str, str]]:
    names = {name: [value] for name, _, value in (part.partition("=") for part in query.split("&") if part)}
    request = HttpRequest(method, path, names, headers, io.BytesIO())
    return [(need.action, need.resource) for need in access.s3_needs(request)]


@pytest.mark.parametrize(
    ("method", "path", "query", "action", "resource"),
    [
        ("GET", "/", "", "s3:ListAllMyBuckets", "*"),
        ("GET", "/b", "list-type=2", "s3:ListBucket", "arn:aws:s3:::b"),
        ("GET", "/b/", "location=", "s3:GetBucketLocation", "arn:aws:s3:::b"),
        ("HEAD", "/b", "", "s3:ListBucket", "arn:aws:s3:::b"),
        ("PUT", "/b", "", "s3:CreateBucket", "arn:aws:s3:::b"),
        ("DELETE", "/b", "", "s3:DeleteBucket", "arn:aws:s3:::b"),
        ("POST", "/b", "delete=", "s3:DeleteObject", "arn:aws:s3:::b/*"),
        ("GET", "/b/a/k", "", "s3:GetObject", "arn:aws:s3:::b/a/k"),
        ("HEAD", "/b/k", "", "s3:GetObject", "arn:aws:s3:::b/k"),
        ("PUT", "/b/k", "partNumber=1&uploadId=x", "s3:PutObject", "arn:aws:s3:::b/k"),
        ("POST", "/b/k", "uploads=", "s3:PutObject", "arn:aws:s3:::b/k"),
        ("GET", "/b/k", "uploadId=x", "s3:ListMultipartUploadParts", "arn:aws:s3:::b/k"),
        ("DELETE", "/b/k", "", "s3:DeleteObject", "arn:aws:s3:::b/k"),
        ("DELETE", "/b/k", "uploadId=x", "s3:AbortMultipartUpload", "arn:aws:s3:::b/k"),
        ("OPTIONS", "/b/k", "", "s3:Unknown", "arn:aws:s3:::b/k"),
    ],
)
def test_an_s3_call_needs_its_action(method: str, path: str, query: str, action: str, resource: str) -> None:
    assert needs(method, path, query) == [(action, resource)]


def test_a_copy_reads_its_source() -> None:
    assert needs("PUT", "/b/k", **{"x-amz-copy-source": "/c/a%20b?versionId=1"}) == [
        ("s3:PutObject", "arn:aws:s3:::b/k"),
        ("s3:GetObject", "arn:aws:s3:::c/a b"),
    ]
