"""ListObjectsV2 and ListObjects: prefixes, delimiters, pages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import quote

from birdtui.local import s3_xml
from birdtui.local.s3_store import ObjectInfo, ObjectStore
from birdtui.local.service import HttpResponse, ServiceError

MOST_KEYS = 1000
_LAST = "\U0010ffff"
Query = Mapping[str, list[str]]


@dataclass
class _Page:
    """Objects and common prefixes of one page; `last` is where the next one begins."""

    objects: list[ObjectInfo] = field(default_factory=list)
    prefixes: list[str] = field(default_factory=list)
    last: str = ""
    truncated: bool = False


def version_2(objects: ObjectStore, bucket: str, query: Query) -> HttpResponse:
    """ListObjectsV2."""
    token = _one(query, "continuation-token")
    after = _decoded(token) if token else _one(query, "start-after")
    page = _page(objects, bucket, query, after)
    encoded = _encoder(query)
    content: dict[str, object] = {
        **_common(bucket, query, page),
        "KeyCount": len(page.objects) + len(page.prefixes),
        "ContinuationToken": token or None,
        "NextContinuationToken": page.last.encode().hex() if page.truncated else None,
        "StartAfter": encoded(_one(query, "start-after")) or None,
    }
    return s3_xml.document("ListBucketResult", {**content, **_entries(page, query)})


def version_1(objects: ObjectStore, bucket: str, query: Query) -> HttpResponse:
    """ListObjects."""
    page = _page(objects, bucket, query, _one(query, "marker"))
    encoded = _encoder(query)
    content: dict[str, object] = {
        **_common(bucket, query, page),
        "Marker": encoded(_one(query, "marker")),
        "NextMarker": encoded(page.last.removesuffix(_LAST)) if page.truncated and _one(query, "delimiter") else None,
    }
    return s3_xml.document("ListBucketResult", {**content, **_entries(page, query)})


def _common(bucket: str, query: Query, page: _Page) -> dict[str, object]:
    encoded = _encoder(query)
    return {
        "Name": bucket,
        "Prefix": encoded(_one(query, "prefix")),
        "Delimiter": encoded(_one(query, "delimiter")) or None,
        "MaxKeys": _most(query),
        "EncodingType": _one(query, "encoding-type") or None,
        "IsTruncated": page.truncated,
    }


def _entries(page: _Page, query: Query) -> dict[str, object]:
    encoded = _encoder(query)
    contents = [
        {
            "Key": encoded(each.key),
            "LastModified": each.last_modified,
            "ETag": f'"{each.etag}"',
            "Size": each.size,
            "StorageClass": "STANDARD",
        }
        for each in page.objects
    ]
    return {"Contents": contents, "CommonPrefixes": [{"Prefix": encoded(prefix)} for prefix in page.prefixes]}


def _page(objects: ObjectStore, bucket: str, query: Query, after: str) -> _Page:
    """Objects after a key, those with the delimiter beyond the prefix rolled up."""
    prefix, delimiter, most = _one(query, "prefix"), _one(query, "delimiter"), _most(query)
    page = _Page()
    if delimiter and after.startswith(prefix) and delimiter in after[len(prefix) :]:
        rolled = prefix + after[len(prefix) :].partition(delimiter)[0] + delimiter
        if after == rolled:
            after = rolled + _LAST
    while True:
        found = list(objects.walk(bucket, prefix, after, most + 1))
        for each in found:
            if each.key <= after:
                continue  # under a prefix that is rolled up already
            if len(page.objects) + len(page.prefixes) == most:
                page.truncated = most > 0
                return page
            rest = each.key[len(prefix) :]
            if delimiter and delimiter in rest:
                rolled = prefix + rest.partition(delimiter)[0] + delimiter
                page.prefixes.append(rolled)
                after = page.last = rolled + _LAST
            else:
                page.objects.append(each)
                after = page.last = each.key
        if len(found) <= most:
            return page


def _one(query: Query, name: str) -> str:
    return query.get(name, [""])[0]


def _most(query: Query) -> int:
    text = _one(query, "max-keys")
    if text and not text.isdigit():
        raise ServiceError("InvalidArgument", "Provided max-keys not an integer or within integer range")
    return min(int(text), MOST_KEYS) if text else MOST_KEYS


def _encoder(query: Query) -> _Encoder:
    return _Encoder(_one(query, "encoding-type") == "url")


@dataclass(frozen=True)
class _Encoder:
    """Keys as the client wants them: as they are, or URL-encoded."""

    url: bool

    def __call__(self, key: str) -> str:
        return quote(key, safe="/") if self.url else key


def _decoded(token: str) -> str:
    try:
        return bytes.fromhex(token).decode()
    except ValueError:
        raise ServiceError("InvalidArgument", "The continuation token provided is incorrect") from None
