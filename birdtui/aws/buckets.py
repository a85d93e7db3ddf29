"""What a check asks S3: buckets, their owners and regions, what lies under a prefix, an object's bytes in order."""

from __future__ import annotations

import difflib
import re
from collections import Counter
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from functools import cached_property
from itertools import islice
from typing import Any

from birdtui.aws.errors import AwsProblem, translated
from birdtui.aws.session import Session

LISTED = 5000
"""Objects of a prefix that are looked at."""
MOST_BUCKETS = 10_000
PIECE = 1 << 20
_ALIKE = 0.7
_REGION = re.compile(r"expecting '([a-z]{2}(?:-[a-z]+)+-\d)'")


class BucketState(Enum):
    """What HeadBucket tells."""

    YOURS = auto()
    OTHERS = auto()
    """Another account's, which lets you look into it."""
    FORBIDDEN = auto()
    """It exists; whose it is and what it holds is not for you to see."""
    ELSEWHERE = auto()
    """In another region, and that is all S3 says."""
    MISSING = auto()


@dataclass(frozen=True, slots=True)
class Bucket:
    """A bucket: whether it can be reached, and its region where S3 tells."""

    state: BucketState
    region: str | None = None


@dataclass(frozen=True, slots=True)
class Object:
    """An object: its key, its size in bytes, and the tag that its content has."""

    key: str
    size: int
    etag: str = ""

    @property
    def suffix(self) -> str:
        """The key's suffix in lower case (`.rec`), "" where there is none."""
        name = self.key.rpartition("/")[2]
        return "." + name.rpartition(".")[2].lower() if "." in name[1:] else ""


@dataclass(frozen=True)
class Listing:
    """The objects under a prefix in order, empty folder markers left out; `complete` is false where there are more."""

    objects: tuple[Object, ...]
    complete: bool

    @property
    def size(self) -> int:
        """Bytes in all that is listed."""
        return sum(each.size for each in self.objects)

    @cached_property
    def suffixes(self) -> Mapping[str, int]:
        """How many objects there are of each suffix."""
        return Counter(each.suffix for each in self.objects)

    def of(self, suffix: str) -> list[Object]:
        """The objects of one suffix."""
        return [each for each in self.objects if each.suffix == suffix]


class Buckets:
    """S3, as far as checks need it. Every method raises AwsProblem."""

    def __init__(self, session: Session) -> None:
        self._client = session.client("s3")

    def look(self, name: str, owner: str | None = None) -> Bucket:
        """A bucket: 404 is missing, 403 another account's or no right, 301 and 400 another region.

        With `owner`, an account number, a bucket that can be reached but is not that account's is told apart.
        """
        if owner is None:
            return self._head(name)
        found = self._head(name, ExpectedBucketOwner=owner)
        if found.state is not BucketState.FORBIDDEN:
            return found
        anyway = self._head(name)
        return Bucket(BucketState.OTHERS, anyway.region) if anyway.state is BucketState.YOURS else anyway

    def _head(self, name: str, **members: str) -> Bucket:
        from botocore.exceptions import ClientError, ParamValidationError

        try:
            answer = self._client.head_bucket(Bucket=name, **members)
        except ParamValidationError:
            return Bucket(BucketState.MISSING)  # no bucket can have such a name
        except ClientError as error:
            found = _refused(error.response)
            if found is not None:
                return found
            with translated():
                raise
        except Exception:
            with translated():
                raise
        return Bucket(BucketState.YOURS, answer.get("BucketRegion") or _region_header(answer))

    def names(self) -> list[str]:
        """The account's buckets."""
        names: list[str] = []
        with translated():
            for page in self._client.get_paginator("list_buckets").paginate():
                names += [str(each["Name"]) for each in page.get("Buckets", ())]
                if len(names) >= MOST_BUCKETS:
                    break
        return names

    def nearest(self, name: str) -> str | None:
        """The account's bucket with the most similar name, if any is similar."""
        return nearest(name, self.names())

    def listing(self, bucket: str, prefix: str) -> Listing:
        """What lies under a prefix, up to some thousands of objects; an empty prefix is the whole bucket."""
        with translated():
            pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
            entries = list(islice((each for page in pages for each in page.get("Contents", ())), LISTED + 1))
        found = [Object(str(each["Key"]), int(each["Size"]), str(each.get("ETag", "")).strip('"')) for each in entries]
        files = (each for each in found[:LISTED] if each.size or not each.key.endswith("/"))
        return Listing(tuple(files), complete=len(found) <= LISTED)

    def pieces(self, bucket: str, key: str, budget: int) -> Generator[bytes, None, None]:
        """An object's first `budget` bytes in order, in one request; not for an empty object, which has no range."""
        with translated():
            body = self._client.get_object(Bucket=bucket, Key=key, Range=f"bytes=0-{budget - 1}")["Body"]
            try:
                yield from body.iter_chunks(PIECE)
            finally:
                body.close()

    def has_policy(self, bucket: str) -> bool | None:
        """Whether a bucket has a policy of its own, which may allow more than identities are; None where unknown."""
        try:
            with translated():
                self._client.get_bucket_policy(Bucket=bucket)
        except AwsProblem as problem:
            return False if problem.code in {"NoSuchBucketPolicy", "NotImplemented"} else None
        return True


def nearest(name: str, names: list[str]) -> str | None:
    """The name most like another one, None where none is like it."""
    return next(iter(difflib.get_close_matches(name, names, n=1, cutoff=_ALIKE)), None)


def _refused(response: Mapping[str, Any]) -> Bucket | None:
    """What a refused HeadBucket says of the bucket; None for what says nothing of it."""
    error = response.get("Error", {})
    code, status = str(error.get("Code")), response.get("ResponseMetadata", {}).get("HTTPStatusCode")
    region = _region_header(response)
    if status == 404 or code in {"404", "NoSuchBucket", "NotFound"}:
        return Bucket(BucketState.MISSING)
    if code in {"403", "AccessDenied", "Forbidden"}:
        return Bucket(BucketState.FORBIDDEN, region)
    if status == 301 or code in {"301", "PermanentRedirect"}:
        return Bucket(BucketState.ELSEWHERE, region)
    if code in {"400", "AuthorizationHeaderMalformed"}:
        expected = error.get("Region") or next(iter(_REGION.findall(str(error.get("Message", "")))), None)
        if region or expected:
            return Bucket(BucketState.ELSEWHERE, region or expected)
    return None


def _region_header(response: Mapping[str, Any]) -> str | None:
    region = response.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("x-amz-bucket-region")
    return str(region) if region else None
