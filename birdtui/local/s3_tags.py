"""Tags of objects: kept as the header that brings them, `x-amz-tagging`, and counted where an object is read."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from urllib.parse import parse_qsl, urlencode

from birdtui.local import s3_integrity, s3_xml
from birdtui.local.s3_refusals import invalid, malformed_xml
from birdtui.local.s3_store import ObjectStore
from birdtui.local.service import HttpRequest, HttpResponse, ServiceError

HEADER = "x-amz-tagging"
MOST_TAGS = 10
_KEY, _VALUE = (re.compile(rf"[\w\s+\-=.:/@]{{{least},{most}}}") for least, most in ((1, 128), (0, 256)))

Tags = Sequence[tuple[str, str]]


class Tagging:
    """GetObjectTagging, PutObjectTagging and DeleteObjectTagging."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store

    def answer(self, request: HttpRequest, bucket: str, key: str) -> HttpResponse:
        """Answers a call about an object's tags; raises NoSuchKey, InvalidTag and what the store raises."""
        info = self._store.find(bucket, key)
        if request.method == "GET":
            pairs = parse_qsl(info.headers.get(HEADER, ""), keep_blank_values=True)
            found = [{"Key": name, "Value": value} for name, value in pairs]
            return s3_xml.document("Tagging", {"TagSet": {"Tag": found}})
        tags = _given(request) if request.method == "PUT" else ()
        self._store.set_header(bucket, key, HEADER, urlencode(tags))
        return HttpResponse(200 if request.method == "PUT" else 204, {})


def _given(request: HttpRequest) -> Tags:
    root = s3_integrity.document(request)
    tag_set = None if root is None else root.find("TagSet")
    if tag_set is None:
        raise malformed_xml()
    tags = [(tag.findtext("Key", ""), tag.findtext("Value", "")) for tag in tag_set.findall("Tag")]
    _check(tags)
    return tags


def kept(headers: Mapping[str, str]) -> dict[str, str]:
    """A new object's tags as they are stored with it; raises InvalidTag and InvalidArgument."""
    text = headers.get(HEADER, "")
    if not text:
        return {}
    try:
        tags = parse_qsl(text, keep_blank_values=True, strict_parsing=True)
    except ValueError:
        raise invalid(
            "The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded URL query parameters."
        ) from None
    _check(tags)
    return {HEADER: urlencode(tags)}


def kept_in_copy(headers: Mapping[str, str], source: Mapping[str, str]) -> dict[str, str]:
    """A copy's tags: its source's, unless the call brings its own. Raises as `kept` does."""
    directive = headers.get("x-amz-tagging-directive", "COPY")
    if directive not in ("COPY", "REPLACE"):
        raise invalid("Unknown tagging directive.")
    return kept(headers if directive == "REPLACE" else source)


def counted(headers: Mapping[str, str]) -> dict[str, str]:
    """How many tags an object has, as a reader is told; nothing for none."""
    tags = parse_qsl(headers.get(HEADER, ""), keep_blank_values=True)
    return {"x-amz-tagging-count": str(len(tags))} if tags else {}


def _check(tags: Tags) -> None:
    if len(tags) > MOST_TAGS:
        raise ServiceError("BadRequest", f"Object tags cannot be greater than {MOST_TAGS}")
    for name, value in tags:
        if not _KEY.fullmatch(name):
            raise ServiceError("InvalidTag", "The TagKey you have provided is invalid")
        if not _VALUE.fullmatch(value):
            raise ServiceError("InvalidTag", "The TagValue you have provided is invalid")
    if len({name for name, _ in tags}) < len(tags):
        raise ServiceError("InvalidTag", "Cannot provide multiple Tags with the same key")
