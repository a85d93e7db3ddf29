"""What a check asks S3: buckets and their regions, what lies under a prefix, an object's bytes in order."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto

from birdtui.aws.errors import translated
from birdtui.aws.session import Session

LISTED = 5000
PIECE = 1 << 20


class BucketState(Enum):
    """What HeadBucket tells."""

    YOURS = auto()
    MISSING = auto()
    FORBIDDEN = auto()


@dataclass(frozen=True, slots=True)
class Bucket:
    """A bucket: whether it can be reached, and its region where S3 tells."""

    state: BucketState
    region: str | None = None


@dataclass(frozen=True)
class Listing:
    """The objects under a prefix, as (key, bytes), in order; `complete` is false where there are more."""

    objects: tuple[tuple[str, int], ...]
    complete: bool

    @property
    def size(self) -> int:
        """Bytes in all that is listed."""
        return sum(size for _, size in self.objects)


class Buckets:
    """S3, as far as checks need it."""

    def __init__(self, session: Session) -> None:
        self._client = session.client("s3")

    def look(self, name: str) -> Bucket:
        """A bucket: 404 is missing, 403 somebody else's or no right, 301 and 400 another region. Raises AwsProblem."""
        from botocore.exceptions import ClientError

        try:
            with translated_unless_client_error():
                answer = self._client.head_bucket(Bucket=name)
        except ClientError as error:
            headers = error.response.get("ResponseMetadata", {}).get("HTTPHeaders", {})
            region = headers.get("x-amz-bucket-region")
            match str(error.response.get("Error", {}).get("Code")):
                case "404" | "NoSuchBucket" | "NotFound":
                    return Bucket(BucketState.MISSING)
                case "403" | "AccessDenied" | "Forbidden":
                    return Bucket(BucketState.FORBIDDEN, region)
                case "301" | "PermanentRedirect" | "400":
                    return Bucket(BucketState.YOURS, region)
            with translated():
                raise
        headers = answer["ResponseMetadata"]["HTTPHeaders"]
        return Bucket(BucketState.YOURS, answer.get("BucketRegion") or headers.get("x-amz-bucket-region"))

    def nearest(self, name: str) -> str | None:
        """The account's bucket with the most similar name, if any is similar. Raises AwsProblem."""
        with translated():
            names = [each["Name"] for each in self._client.list_buckets()["Buckets"]]
        return next(iter(difflib.get_close_matches(name, names, n=1, cutoff=0.7)), None)

    def listing(self, bucket: str, prefix: str) -> Listing:
        """What lies under a prefix, up to some thousands of objects. Raises AwsProblem."""
        found: list[tuple[str, int]] = []
        with translated():
            pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
            for page in pages:
                found += [(each["Key"], int(each["Size"])) for each in page.get("Contents", [])]
                if len(found) >= LISTED:
                    return Listing(tuple(found), not page.get("IsTruncated", False))
        return Listing(tuple(found), True)

    def pieces(self, bucket: str, key: str) -> Iterator[bytes]:
        """An object's bytes in order, one request, read as far as they are asked for. Raises AwsProblem."""
        with translated():
            body = self._client.get_object(Bucket=bucket, Key=key)["Body"]
            try:
                yield from body.iter_chunks(PIECE)
            finally:
                body.close()


class translated_unless_client_error:  # noqa: N801 - a context manager reads as a word
    """As `translated`, but a refusal comes through as it is: the caller tells its kinds apart."""

    def __enter__(self) -> None:
        """Nothing to do."""

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        """Translate what is no refusal."""
        from botocore.exceptions import ClientError

        if error is not None and not isinstance(error, ClientError):
            with translated():
                raise error
