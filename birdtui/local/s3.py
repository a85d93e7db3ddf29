"""S3: buckets, objects, listings, multipart uploads, ranges. What is not here is refused, never answered emptily."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

from birdtui.local import s3_integrity, s3_listing, s3_xml
from birdtui.local.s3_files import pieces_of
from birdtui.local.s3_listing import OWNER
from birdtui.local.s3_multipart import Uploads
from birdtui.local.s3_objects import Objects
from birdtui.local.s3_refusals import check_headers, name_of, not_here, number, text_of
from birdtui.local.s3_store import SCHEMA, ObjectInfo, ObjectStore
from birdtui.local.s3_tags import Tagging
from birdtui.local.service import REGION, HttpRequest, HttpResponse, ServiceError
from birdtui.local.store import Store

_MOST_BUCKETS = 10_000
_OF_BUCKETS = {"prefix", "max-buckets", "continuation-token", "bucket-region"}
_OF_LISTINGS = {"prefix", "delimiter", "max-keys", "encoding-type"}
_OF_VERSION_1 = _OF_LISTINGS | {"marker"}
_OF_VERSION_2 = _OF_LISTINGS | {"list-type", "continuation-token", "start-after", "fetch-owner"}
_OF_UPLOADS = {"uploads", "prefix", "delimiter", "encoding-type", "key-marker", "upload-id-marker", "max-uploads"}
_OF_PARTS = {"uploadId", "max-parts", "part-number-marker"}
_REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-[0-9]")


class S3Service:
    """Answers S3's REST calls, path style, and keeps objects for the rest of the engine."""

    def __init__(self, store: Store) -> None:
        self._objects = ObjectStore(store)
        self._calls = Objects(self._objects)
        self._uploads = Uploads(self._objects, self._calls)
        self._tagging = Tagging(self._objects)

    # for the rest of the engine

    def create_bucket(self, name: str, region: str = REGION) -> None:
        """Makes a bucket, unless there is one of that name. Raises InvalidBucketName."""
        self._objects.create_bucket(name, region)

    def exists(self, bucket: str) -> bool:
        """Whether there is a bucket of that name."""
        return self._objects.exists(bucket)

    def region(self, bucket: str) -> str:
        """A bucket's region; raises NoSuchBucket."""
        return str(self._objects.bucket(bucket)["region"])

    def objects(self, bucket: str, prefix: str = "") -> list[ObjectInfo]:
        """The objects under a prefix, by key; none where the bucket does not exist."""
        return list(self._objects.walk(bucket, prefix))

    def find(self, bucket: str, key: str) -> ObjectInfo | None:
        """One object, None where it or its bucket does not exist."""
        with suppress(ServiceError):
            return self._objects.find(bucket, key)
        return None

    def put_bytes(self, bucket: str, key: str, data: bytes) -> ObjectInfo:
        """Stores bytes as an object. Raises NoSuchBucket."""
        return self._objects.adopt(bucket, key, self._objects.files.write([data]), {"content-type": _BYTES})

    def put_file(self, bucket: str, key: str, path: Path) -> ObjectInfo:
        """Stores a copy of a file as an object. Raises NoSuchBucket, and OSError where the file cannot be read."""
        with path.open("rb") as stream:
            written = self._objects.files.write(pieces_of(stream))
        return self._objects.adopt(bucket, key, written, {"content-type": _BYTES})

    # for its clients

    def handle(self, request: HttpRequest) -> HttpResponse:
        """Answers one call; raises ServiceError."""
        bucket, _, key = request.path.removeprefix("/").partition("/")
        if not bucket:
            return self._buckets(request)
        elsewhere = self._elsewhere(request, bucket)
        if elsewhere:
            return elsewhere
        return self._object(request, bucket, key) if key else self._bucket(request, bucket)

    def _elsewhere(self, request: HttpRequest, bucket: str) -> HttpResponse | None:
        """The redirection to a bucket's own region, as S3's regions answer for each other's buckets."""
        is_free = (request.method == "GET" and "location" in request.query) or _is_creation(request)
        if is_free or not self._objects.exists(bucket):
            return None
        region = self.region(bucket)
        if region == request.region:
            return None
        content = {
            "Code": "PermanentRedirect",
            "Message": "The bucket you are attempting to access must be addressed using the specified endpoint. Please"
            " send all future requests to this endpoint.",
            "Endpoint": f"s3.{region}.amazonaws.com",
            "Bucket": bucket,
        }
        return s3_xml.error(301, content, {"x-amz-bucket-region": region})

    def _buckets(self, request: HttpRequest) -> HttpResponse:
        if request.method != "GET" or set(request.query) - _OF_BUCKETS:
            raise not_here(name_of(request))
        most = number(request, "max-buckets", default=_MOST_BUCKETS, least=1, most=_MOST_BUCKETS)
        prefix, token, region = (text_of(request, name) for name in ("prefix", "continuation-token", "bucket-region"))
        rows = [
            row
            for row in self._objects.buckets()
            if row["name"].startswith(prefix) and row["name"] > token and region in ("", row["region"])
        ]
        found = [
            {
                "Name": row["name"],
                "CreationDate": datetime.fromtimestamp(row["created"], UTC),
                "BucketRegion": row["region"],
            }
            for row in islice(rows, most)
        ]
        content = {
            "Owner": OWNER,
            "Buckets": {"Bucket": found},
            "Prefix": prefix or None,
            "ContinuationToken": found[-1]["Name"] if len(rows) > most else None,
        }
        return s3_xml.document("ListAllMyBucketsResult", content)

    def _bucket(self, request: HttpRequest, bucket: str) -> HttpResponse:
        check_headers(request.headers)
        names = set(request.query)
        match request.method:
            case "PUT" if not names:
                return self._create(request, bucket)
            case "HEAD" if not names:
                return HttpResponse(200, {"x-amz-bucket-region": self.region(bucket)})
            case "DELETE" if not names:
                self._objects.delete_bucket(bucket)
                return HttpResponse(204, {})
            case "POST" if names == {"delete"}:
                return self._calls.delete_many(request, bucket)
            case "GET":
                return self._listing(request, bucket)
        raise not_here(name_of(request))

    def _listing(self, request: HttpRequest, bucket: str) -> HttpResponse:
        region, names = self.region(bucket), set(request.query)
        if names == {"location"}:
            return s3_xml.document("LocationConstraint", "" if region == REGION else region)
        if "uploads" in names and not names - _OF_UPLOADS:
            return self._uploads.list_uploads(request, bucket)
        if text_of(request, "list-type") == "2" and not names - _OF_VERSION_2:
            return s3_listing.version_2(self._objects, bucket, request)
        if not names - _OF_VERSION_1:
            return s3_listing.version_1(self._objects, bucket, request)
        raise not_here(name_of(request))

    def _create(self, request: HttpRequest, bucket: str) -> HttpResponse:
        region = _wanted_region(request)
        made = self._objects.create_bucket(bucket, region)
        # The oldest region takes the same request again, all others refuse it.
        if not made and not self.region(bucket) == region == REGION:
            text = "Your previous request to create the named bucket succeeded and you already own it."
            raise ServiceError("BucketAlreadyOwnedByYou", text, 409)
        return HttpResponse(200, {"Location": f"/{bucket}"})

    def _object(self, request: HttpRequest, bucket: str, key: str) -> HttpResponse:
        names = set(request.query)
        if "uploadId" in names:
            return self._upload(request, bucket, key)
        match request.method:
            case "GET" | "PUT" | "DELETE" if names == {"tagging"}:
                return self._tagging.answer(request, bucket, key)
            case "GET" | "HEAD":
                return self._calls.read(request, bucket, key)
            case "PUT" if not names:
                copies = "x-amz-copy-source" in request.headers
                return (self._calls.copy if copies else self._calls.put)(request, bucket, key)
            case "DELETE" if not names:
                return self._calls.delete(request, bucket, key)
            case "POST" if names == {"uploads"}:
                return self._uploads.begin(request, bucket, key)
        raise not_here(name_of(request))

    def _upload(self, request: HttpRequest, bucket: str, key: str) -> HttpResponse:
        names = set(request.query)
        match request.method:
            case "PUT" if names == {"uploadId", "partNumber"}:
                return self._uploads.put_part(request, bucket, key)
            case "GET" if not names - _OF_PARTS:
                return self._uploads.list_parts(request, bucket, key)
            case "POST" if names == {"uploadId"}:
                return self._uploads.complete(request, bucket, key)
            case "DELETE" if names == {"uploadId"}:
                return self._uploads.abort(request, bucket, key)
        raise not_here(name_of(request))


_BYTES = "binary/octet-stream"


def _is_creation(request: HttpRequest) -> bool:
    """Whether a request makes a bucket, which it names whole with its path."""
    return request.method == "PUT" and not request.query and not request.path.strip("/").count("/")


def _wanted_region(request: HttpRequest) -> str:
    """Where a bucket is to be made; raises where that is no region, or one that the request was not sent to."""
    root = s3_integrity.document(request)
    further: dict[str, Any] = {} if root is None else {child.tag: child for child in root}
    wanted = "" if root is None else root.findtext("LocationConstraint", "").strip()
    if set(further) - {"LocationConstraint"}:
        raise not_here(f"CreateBucket with {', '.join(sorted(further))}")
    region = "eu-west-1" if wanted == "EU" else wanted
    if region and (region == REGION or not _REGION.fullmatch(region)):
        raise ServiceError("InvalidLocationConstraint", "The specified location-constraint is not valid")
    if request.region != REGION and region != request.region:
        text = (
            f"The {wanted or 'unspecified'} location constraint is incompatible for the region specific endpoint this"
            " request was sent to."
        )
        raise ServiceError("IllegalLocationConstraintException", text)
    return region or REGION


__all__ = ["SCHEMA", "ObjectInfo", "S3Service"]
