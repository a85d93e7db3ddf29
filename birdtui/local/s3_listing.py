"""ListObjectsV2 and ListObjects: prefixes, delimiters, pages."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from birdtui.local import s3_xml
from birdtui.local.prefixes import end_of
from birdtui.local.s3_refusals import invalid, number, text_of
from birdtui.local.s3_store import ObjectInfo, ObjectStore
from birdtui.local.service import ACCOUNT, HttpRequest, HttpResponse

MOST_KEYS = 1000
OWNER = {"ID": ACCOUNT.rjust(64, "0"), "DisplayName": "birdtui"}


@dataclass(slots=True)
class _Page:
    """Objects and common prefixes of one page; `last` is the last of either, `following` where the next page begins."""

    objects: list[ObjectInfo] = field(default_factory=list)
    prefixes: list[str] = field(default_factory=list)
    last: str = ""
    following: str | None = None

    @property
    def count(self) -> int:
        """What counts against the size of a page."""
        return len(self.objects) + len(self.prefixes)


def version_2(objects: ObjectStore, bucket: str, request: HttpRequest) -> HttpResponse:
    """ListObjectsV2."""
    token, after = text_of(request, "continuation-token"), text_of(request, "start-after")
    start = _decoded(token) if token else _behind(request, after)
    page = _page(objects, bucket, request, start)
    encoded = s3_xml.encoder(text_of(request, "encoding-type"))
    content: dict[str, object] = {
        **_common(bucket, request, page),
        "KeyCount": page.count,
        "ContinuationToken": token or None,
        "NextContinuationToken": None if page.following is None else page.following.encode().hex(),
        "StartAfter": encoded(after) or None,
        **_entries(page, encoded, with_owner=text_of(request, "fetch-owner").lower() == "true"),
    }
    return s3_xml.document("ListBucketResult", content)


def version_1(objects: ObjectStore, bucket: str, request: HttpRequest) -> HttpResponse:
    """ListObjects."""
    marker = text_of(request, "marker")
    page = _page(objects, bucket, request, _behind(request, marker))
    encoded = s3_xml.encoder(text_of(request, "encoding-type"))
    is_next_told = page.following is not None and text_of(request, "delimiter")
    content: dict[str, object] = {
        **_common(bucket, request, page),
        "Marker": encoded(marker),
        "NextMarker": encoded(page.last) if is_next_told else None,
        **_entries(page, encoded, with_owner=True),
    }
    return s3_xml.document("ListBucketResult", content)


def _common(bucket: str, request: HttpRequest, page: _Page) -> dict[str, object]:
    encoded = s3_xml.encoder(text_of(request, "encoding-type"))
    return {
        "Name": bucket,
        "Prefix": encoded(text_of(request, "prefix")),
        "Delimiter": encoded(text_of(request, "delimiter")) or None,
        "MaxKeys": _most(request),
        "EncodingType": text_of(request, "encoding-type") or None,
        "IsTruncated": page.following is not None,
    }


def _entries(page: _Page, encoded: Callable[[str], str], *, with_owner: bool) -> dict[str, object]:
    contents = [
        {
            "Key": encoded(each.key),
            "LastModified": each.last_modified,
            "ETag": f'"{each.etag}"',
            "Size": each.size,
            "StorageClass": "STANDARD",
            "Owner": OWNER if with_owner else None,
        }
        for each in page.objects
    ]
    return {"Contents": contents, "CommonPrefixes": [{"Prefix": encoded(prefix)} for prefix in page.prefixes]}


def _page(objects: ObjectStore, bucket: str, request: HttpRequest, start: str | None) -> _Page:
    """Objects from a key on, those with the delimiter behind the prefix rolled up to a common prefix."""
    prefix, most = text_of(request, "prefix"), _most(request)
    page = _Page()
    while start is not None and most:
        rolled = None
        for info in objects.walk(bucket, prefix, start):
            if page.count == most:
                page.following = start
                return page
            rolled = _rolled(request, info.key)
            if rolled is not None:
                break
            page.objects.append(info)
            page.last, start = info.key, _next_key(info.key)
        if rolled is None:
            return page
        page.prefixes.append(rolled)
        page.last, start = rolled, _end(rolled)
    return page


def _rolled(request: HttpRequest, key: str) -> str | None:
    """The common prefix that a key is rolled up to; None where it stands for itself."""
    prefix, delimiter = text_of(request, "prefix"), text_of(request, "delimiter")
    if not delimiter or not key.startswith(prefix):
        return None
    head, found, _ = key[len(prefix) :].partition(delimiter)
    return prefix + head + found if found else None


def _behind(request: HttpRequest, after: str) -> str | None:
    """Where a listing begins that goes on after a key, or after all that is rolled up to a common prefix."""
    if not after:
        return ""
    return _end(after) if _rolled(request, after) == after else _next_key(after)


def _next_key(key: str) -> str:
    """The key that would come right after this one."""
    return key + "\x00"


def _end(prefix: str) -> str | None:
    """The first key behind all that have a prefix; None where none can be."""
    end = end_of(prefix)
    return end if isinstance(end, str) else None


def _most(request: HttpRequest) -> int:
    return min(number(request, "max-keys", default=MOST_KEYS, most=2**31 - 1), MOST_KEYS)


def _decoded(token: str) -> str:
    try:
        return bytes.fromhex(token).decode()
    except ValueError:
        raise invalid("The continuation token provided is incorrect") from None
