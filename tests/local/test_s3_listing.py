"""Listings, judged by what S3 says a listing is: all keys in the order of their bytes, some of them rolled up."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote
from xml.etree import ElementTree as Tree

import pytest
from botocore.exceptions import ClientError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from birdtui.local.s3 import SCHEMA, S3Service
from birdtui.local.service import HttpRequest
from birdtui.local.store import Store


@pytest.fixture
def s3(client: Callable[..., Any]) -> Any:
    return client("s3")


@pytest.fixture
def bucket(s3: Any, request: pytest.FixtureRequest) -> str:
    name = "l-" + hashlib.sha256(request.node.nodeid.encode()).hexdigest()[:20]
    s3.create_bucket(Bucket=name)
    return name


def fill(s3: Any, bucket: str, *keys: str) -> None:
    for key in keys:
        s3.put_object(Bucket=bucket, Key=key, Body=b"")


def keys(page: Any) -> list[str]:
    return [each["Key"] for each in page.get("Contents", [])]


def test_keys_come_in_the_order_of_their_bytes(s3: Any, bucket: str) -> None:
    names = ["a", "B", "a/b", "a-b", "\U0001f426", "\uffee", "ä", "a\u00e9"]
    fill(s3, bucket, *names)
    assert keys(s3.list_objects_v2(Bucket=bucket)) == sorted(names, key=str.encode)


def test_a_listing_starts_after_a_key(s3: Any, bucket: str) -> None:
    fill(s3, bucket, "a", "b", "c")
    assert keys(s3.list_objects_v2(Bucket=bucket, StartAfter="a")) == ["b", "c"]
    assert keys(s3.list_objects_v2(Bucket=bucket, StartAfter="aa", MaxKeys=1)) == ["b"]


def test_the_owner_is_told_where_that_is_asked_for(s3: Any, bucket: str) -> None:
    fill(s3, bucket, "a")
    told = ["Owner" in s3.list_objects_v2(Bucket=bucket, FetchOwner=wanted)["Contents"][0] for wanted in (True, False)]
    assert told == [True, False]


def test_keys_that_xml_cannot_hold_come_url_encoded(s3: Any, bucket: str) -> None:
    names = ["\x01", "a\rb", "a%20b", "a+b", "&<>"]
    fill(s3, bucket, *names)
    assert keys(s3.list_objects_v2(Bucket=bucket)) == sorted(names)


def test_no_key_is_asked_for_and_none_comes(s3: Any, bucket: str) -> None:
    fill(s3, bucket, "a")
    page = s3.list_objects_v2(Bucket=bucket, MaxKeys=0)
    assert (keys(page), page["KeyCount"], page["IsTruncated"]) == ([], 0, False)


def test_the_old_listing_pages_by_its_next_marker(s3: Any, bucket: str) -> None:
    fill(s3, bucket, "a/1", "a/2", "b", "c/1")
    first = s3.list_objects(Bucket=bucket, Delimiter="/", MaxKeys=1)
    second = s3.list_objects(Bucket=bucket, Delimiter="/", Marker=first["NextMarker"])
    assert [each["Prefix"] for each in first["CommonPrefixes"]] == ["a/"]
    assert (keys(second), [each["Prefix"] for each in second["CommonPrefixes"]]) == (["b"], ["c/"])


def test_a_made_up_token_is_refused(s3: Any, bucket: str) -> None:
    with pytest.raises(ClientError, match="continuation token provided is incorrect"):
        s3.list_objects_v2(Bucket=bucket, ContinuationToken="made up")


@pytest.mark.parametrize("most", [-1, 2**31])
def test_a_page_of_an_impossible_size_is_refused(s3: Any, bucket: str, most: int) -> None:
    with pytest.raises(ClientError, match="max-keys must be an integer"):
        s3.list_objects_v2(Bucket=bucket, MaxKeys=most)


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Service]:
    store = Store(tmp_path_factory.mktemp("s3"), [SCHEMA])
    yield S3Service(store)
    store.close()


class _NoBody:
    def read(self, size: int = -1) -> bytes:
        return b""


def listing(service: S3Service, bucket: str, **query: str) -> Tree.Element:
    wanted = {
        "list-type": "2",
        "encoding-type": "url",
        **{name.replace("_", "-"): text for name, text in query.items()},
    }
    request = HttpRequest("GET", f"/{bucket}", {name: [text] for name, text in wanted.items()}, {}, _NoBody())  # type: ignore[arg-type]
    body = service.handle(request).body
    assert isinstance(body, bytes)
    root = Tree.fromstring(body)  # noqa: S314 - the engine wrote it
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
    return root


def pages(service: S3Service, bucket: str, **query: str) -> Iterator[list[str]]:
    """Of each page what it tells: keys, and common prefixes with a star behind them."""
    while True:
        root = listing(service, bucket, **query)
        found = [unquote(each.text or "") for each in root.findall("Contents/Key")]
        found += [unquote(each.text or "") + "*" for each in root.findall("CommonPrefixes/Prefix")]
        yield found
        assert root.findtext("KeyCount") == str(len(found))
        token = root.findtext("NextContinuationToken")
        if token is None:
            return
        query["continuation_token"] = token


def expected(names: set[str], prefix: str, delimiter: str) -> set[str]:
    found = set()
    for name in names:
        if name.startswith(prefix):
            head, cut, _ = name[len(prefix) :].partition(delimiter) if delimiter else (name, "", "")
            found.add(f"{prefix}{head}{cut}*" if cut else name)
    return found


# Few letters, so that prefixes and delimiters hit; the edges of Unicode among them.
letters = "ab/\ud7ff\U0010ffff"
texts = st.text(alphabet=letters, max_size=2)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    names=st.sets(st.text(alphabet=letters, min_size=1, max_size=4), max_size=14),
    prefix=texts,
    delimiter=st.sampled_from(["", "/", "a", "\U0010ffff", "ab"]),
    most=st.integers(1, 4),
)
def test_pages_tell_what_is_there_once(
    service: S3Service, names: set[str], prefix: str, delimiter: str, most: int
) -> None:
    bucket = "b-" + hashlib.sha256(repr((sorted(names), prefix, delimiter, most)).encode()).hexdigest()[:40]
    service.create_bucket(bucket)
    for name in names:
        service.put_bytes(bucket, name, b"")
    told = list(pages(service, bucket, prefix=prefix, delimiter=delimiter, max_keys=str(most)))
    flat = [each for page in told for each in page]
    assert sorted(flat) == sorted(expected(names, prefix, delimiter))
    assert all(len(page) == most for page in told[:-1])
    for found in (each for each in flat if not each.endswith("*")):
        later = [each for each in flat[flat.index(found) + 1 :] if not each.endswith("*")]
        assert all(found < each for each in later)


def test_objects_of_the_engine_itself_are_those_under_the_prefix(tmp_path: Path) -> None:
    store = Store(tmp_path, [SCHEMA])
    service = S3Service(store)
    service.create_bucket("own")
    for key in ("train/1", "train/2", "train_lst/1", "validation/1"):
        service.put_bytes("own", key, key.encode())
    found = service.objects("own", "train/")
    assert [(info.key, info.path.read_bytes()) for info in found] == [("train/1", b"train/1"), ("train/2", b"train/2")]
    assert (service.objects("never-made"), service.find("own", "train/")) == ([], None)
    store.close()
