"""S3 URIs as a training job writes them: `s3://bucket/key`, or the same place as an https URL."""

from __future__ import annotations

import re
from urllib.parse import unquote

from birdtui.local.service import ServiceError

_S3 = re.compile(r"s3://(?P<bucket>[^/]+)/?(?P<key>.*)", re.DOTALL)
_DOMAIN = r"s3(?:[.-][a-z0-9-]+)?\.amazonaws\.com(?:\.cn)?"
_PATH_STYLE = re.compile(rf"https://{_DOMAIN}/(?P<bucket>[^/]+)/?(?P<key>.*)", re.DOTALL)
_HOST_STYLE = re.compile(rf"https://(?P<bucket>[a-z0-9][a-z0-9.-]+?)\.{_DOMAIN}/?(?P<key>.*)", re.DOTALL)


def split_uri(uri: str) -> tuple[str, str]:
    """Bucket and key (or prefix) of a place in S3; raises ValidationException for any other place."""
    plain = _S3.fullmatch(uri)
    if plain is not None:
        return plain["bucket"], plain["key"]
    url = _PATH_STYLE.fullmatch(uri) or _HOST_STYLE.fullmatch(uri)
    if url is None:
        raise ServiceError("ValidationException", f"Invalid S3 URI: {uri}.")
    return unquote(url["bucket"]), unquote(url["key"])
