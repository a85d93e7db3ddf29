"""S3: buckets, objects, listings, multipart uploads, ranges. What is not here is refused, never answered emptily."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from birdtui.local import s3_listing, s3_xml
from birdtui.local.s3_multipart import Uploads
from birdtui.local.s3_objects import Objects
from birdtui.local.s3_store import SCHEMA, ObjectInfo, ObjectStore
from birdtui.local.service import REGION, HttpRequest, HttpResponse, ServiceError
from birdtui.local.store import Store

_QUERY_OF_LISTINGS = frozenset(
    {
        "list-type", "prefix", "delimiter", "max-keys", "continuation-token", "start-after", "encoding-type",
        "fetch-owner", "marker", "max-buckets", "bucket-region",
    }
)  # fmt: skip
_QUERY_OF_OBJECTS = frozenset(
    {
        "partNumber", "uploadId", "max-parts", "part-number-marker", "x-id", "key-marker", "upload-id-marker",
        "max-uploads", "prefix", "delimiter", "encoding-type",
    }
)  # fmt: skip

OWNER = {"ID": "0" * 64, "DisplayName": "birdtui"}

Handler = Callable[[HttpRequest, str], HttpResponse]


class S3Service:
    """Answers S3's REST calls, path style."""

    def __init__(self, store: Store) -> None:
        self._objects = ObjectStore(store)
        self._calls = Objects(self._objects)
        self._uploads = Uploads(self._objects)

    # for the rest of the engine

    def create_bucket(self, name: str, region: str = REGION) -> None:
        """Make a bucket, unless there is one of that name."""
        self._objects.create_bucket(name, region)

    def exists(self, bucket: str) -> bool:
        """Whether there is a bucket of that name."""
        return self._objects.exists(bucket)

    def region(self, bucket: str) -> str:
        """A bucket's region; raises NoSuchBucket."""
        return str(self._objects.bucket(bucket)["region"])

    def objects(self, bucket: str, prefix: str = "") -> list[ObjectInfo]:
        """The objects under a prefix, by key; none where the bucket does not exist."""
        return self._objects.objects(bucket, prefix)

    def put_bytes(self, bucket: str, key: str, data: bytes) -> ObjectInfo:
        """Store bytes as an object."""
        return self._objects.put_bytes(bucket, key, data)

    def put_file(self, bucket: str, key: str, path: Path) -> ObjectInfo:
        """Store a copy of a file as an object."""
        return self._objects.put_file(bucket, key, path)

    # for its clients

    def handle(self, request: HttpRequest) -> HttpResponse:
        """Answer one call; raises ServiceError."""
        bucket, _, key = request.path.removeprefix("/").partition("/")
        if not bucket:
            return self._service(request)
        return self._object(request, bucket, key) if key else self._bucket(request, bucket)

    def _service(self, request: HttpRequest) -> HttpResponse:
        if request.method not in {"GET", "HEAD"}:
            raise _not_here("This call")
        prefix = request.query.get("prefix", [""])[0]
        found = [
            {
                "Name": row["name"],
                "CreationDate": datetime.fromtimestamp(row["created"], UTC),
                "BucketRegion": row["region"],
            }
            for row in self._objects.buckets()
            if row["name"].startswith(prefix)
        ]
        return s3_xml.document("ListAllMyBucketsResult", {"Owner": OWNER, "Buckets": {"Bucket": found}})

    def _bucket(self, request: HttpRequest, bucket: str) -> HttpResponse:
        query = request.query
        match request.method:
            case "PUT" if not set(query) - {"x-id"}:
                return self._create(request, bucket)
            case "HEAD":
                return HttpResponse(200, {"x-amz-bucket-region": self.region(bucket)})
            case "DELETE" if not set(query) - {"x-id"}:
                self._objects.delete_bucket(bucket)
                return HttpResponse(204, {})
            case "POST" if "delete" in query:
                return self._calls.delete_many(request, bucket)
            case "GET":
                return self._listing(request, bucket)
        raise _not_here(_name_of(request))

    def _listing(self, request: HttpRequest, bucket: str) -> HttpResponse:
        query = request.query
        region = self.region(bucket)
        if "location" in query:
            return _location("" if region == "us-east-1" else region)
        if "uploads" in query:
            return self._uploads.list_uploads(request, bucket)
        if set(query) - _QUERY_OF_LISTINGS:
            raise _not_here(_name_of(request))
        listing = s3_listing.version_2 if query.get("list-type") == ["2"] else s3_listing.version_1
        return listing(self._objects, bucket, query)

    def _create(self, request: HttpRequest, bucket: str) -> HttpResponse:
        region = REGION
        length = request.headers.get("content-length", "0")
        if length != "0":
            region = s3_xml.read(request.body).findtext("LocationConstraint") or REGION
        if not self._objects.create_bucket(bucket, region) and region != "us-east-1":
            raise ServiceError(
                "BucketAlreadyOwnedByYou",
                "Your previous request to create the named bucket succeeded and you already own it.",
                409,
            )
        return HttpResponse(200, {"Location": f"/{bucket}"})

    def _object(self, request: HttpRequest, bucket: str, key: str) -> HttpResponse:
        query = request.query
        if "uploads" in query and request.method == "POST":
            return self._uploads.begin(request, bucket, key)
        if "uploadId" in query:
            return self._upload(request, bucket, key)
        if set(query) - _QUERY_OF_OBJECTS - {name for name in query if name.startswith("response-")}:
            raise _not_here(_name_of(request))
        handlers: Mapping[str, Callable[[HttpRequest, str, str], HttpResponse]] = {
            "GET": self._calls.get,
            "HEAD": self._calls.head,
            "PUT": self._calls.copy if "x-amz-copy-source" in request.headers else self._calls.put,
            "DELETE": self._calls.delete,
        }
        if request.method not in handlers:
            raise _not_here(_name_of(request))
        return handlers[request.method](request, bucket, key)

    def _upload(self, request: HttpRequest, bucket: str, key: str) -> HttpResponse:
        match request.method:
            case "PUT":
                return self._uploads.put_part(request, bucket, key)
            case "GET":
                return self._uploads.list_parts(request, bucket, key)
            case "POST":
                return self._uploads.complete(request, bucket, key)
            case "DELETE":
                return self._uploads.abort(request, bucket, key)
        raise _not_here(_name_of(request))


def _location(region: str) -> HttpResponse:
    root = f'<LocationConstraint xmlns="{s3_xml.NAMESPACE}">{region}</LocationConstraint>'
    body = f'<?xml version="1.0" encoding="UTF-8"?>\n{root}'
    return HttpResponse(200, {"Content-Type": "application/xml"}, body.encode())


def _name_of(request: HttpRequest) -> str:
    named = ", ".join(f"?{name}" for name in request.query)
    return f"{request.method} {named}".strip()


def _not_here(what: str) -> ServiceError:
    # not 501: botocore would try again and again, which looks like slowness
    return ServiceError("NotImplemented", f"{what} is not part of the local engine.", 400)


__all__ = ["SCHEMA", "ObjectInfo", "S3Service"]
