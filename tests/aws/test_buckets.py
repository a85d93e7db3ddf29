"""Buckets: whose and where, what lies in them, bytes in order."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from birdtui.aws import buckets as module
from birdtui.aws.buckets import Bucket, Buckets, BucketState, Object, nearest
from birdtui.aws.errors import AwsProblem
from birdtui.local.engine_files import Engine
from tests.aws.conftest import session_at, session_on


@pytest.fixture
def bucket(client: Callable[..., Any], request: pytest.FixtureRequest) -> str:
    name = "a-" + hashlib.sha256(request.node.nodeid.encode()).hexdigest()[:16]
    client("s3").create_bucket(Bucket=name)
    return name


@pytest.fixture
def buckets(engine: Engine) -> Buckets:
    return Buckets(session_on(engine))


def test_a_bucket_of_ones_own_is_there_with_its_region(buckets: Buckets, bucket: str) -> None:
    assert buckets.look(bucket, "000000000000") == Bucket(BucketState.YOURS, "us-east-1")


def test_a_bucket_of_another_owner_that_can_be_reached_is_told_apart(buckets: Buckets, bucket: str) -> None:
    assert buckets.look(bucket, "123456789012").state is BucketState.OTHERS


def test_a_bucket_that_nobody_has_is_missing(buckets: Buckets) -> None:
    assert buckets.look("nobody-has-this-one").state is BucketState.MISSING


@pytest.mark.parametrize("name", ["with blank", "Über", "x" * 80])
def test_what_is_no_buckets_name_is_missing(buckets: Buckets, name: str) -> None:
    assert buckets.look(name).state is BucketState.MISSING


class Answer(BaseHTTPRequestHandler):
    """S3 that says one thing to every call."""

    status = 200
    region = ""

    def do_HEAD(self) -> None:
        self.send_response(type(self).status)
        if type(self).region:
            self.send_header("x-amz-bucket-region", type(self).region)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def saying() -> Iterator[Callable[[int, str], Buckets]]:
    """An S3 of the test's own."""
    servers: list[ThreadingHTTPServer] = []

    def start(status: int, region: str) -> Buckets:
        handler = type("Said", (Answer,), {"status": status, "region": region})
        servers.append(ThreadingHTTPServer(("127.0.0.1", 0), handler))
        threading.Thread(target=servers[-1].serve_forever, args=(0.05,), daemon=True).start()
        return Buckets(session_at(f"http://127.0.0.1:{servers[-1].server_port}"))

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


ANSWERS = [
    (404, "", Bucket(BucketState.MISSING)),
    (403, "eu-west-1", Bucket(BucketState.FORBIDDEN, "eu-west-1")),
    (403, "", Bucket(BucketState.FORBIDDEN)),
    (301, "eu-west-1", Bucket(BucketState.ELSEWHERE, "eu-west-1")),
    (400, "eu-west-1", Bucket(BucketState.ELSEWHERE, "eu-west-1")),
    (200, "eu-west-1", Bucket(BucketState.YOURS, "eu-west-1")),
]


@pytest.mark.parametrize(("status", "region", "expected"), ANSWERS)
def test_each_answer_means_what_it_says(
    saying: Callable[[int, str], Buckets], status: int, region: str, expected: Bucket
) -> None:
    assert saying(status, region).look("birds-data") == expected


def test_an_answer_that_says_nothing_of_the_bucket_is_a_problem(saying: Callable[[int, str], Buckets]) -> None:
    with pytest.raises(AwsProblem):
        saying(400, "").look("birds-data")


@pytest.mark.parametrize(
    ("name", "expected"),
    [("brids-data", "birds-data"), ("birds_data", "birds-data"), ("bird-data", "birds-data"), ("zebra", None)],
)
def test_the_nearest_name_is_found(name: str, expected: str | None) -> None:
    assert nearest(name, ["other", "birds-data", "birdtui-sample"]) == expected


def test_what_lies_under_a_prefix_is_listed_with_size_and_suffix(
    buckets: Buckets, bucket: str, client: Callable[..., Any]
) -> None:
    for key, body in {"x/": b"", "x/a.rec": b"1234", "x/.hidden": b"1", "x/b": b"12", "y/c.lst": b"1"}.items():
        client("s3").put_object(Bucket=bucket, Key=key, Body=body)
    listing = buckets.listing(bucket, "x/")
    assert [(each.key, each.size) for each in listing.objects] == [("x/.hidden", 1), ("x/a.rec", 4), ("x/b", 2)]
    assert (listing.size, listing.complete) == (7, True)
    assert listing.suffixes == {"": 2, ".rec": 1}
    assert [each.key for each in listing.of(".rec")] == ["x/a.rec"]


def test_a_long_list_is_cut_and_says_so(
    buckets: Buckets, bucket: str, client: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LISTED", 2)
    for number in range(3):
        client("s3").put_object(Bucket=bucket, Key=str(number), Body=b"x")
    listing = buckets.listing(bucket, "")
    assert (len(listing.objects), listing.complete) == (2, False)


@pytest.mark.parametrize(("budget", "expected"), [(4, 4), (10_000_000, 2_500_000), (1 << 20, 1 << 20)])
def test_bytes_come_in_order_up_to_the_budget(
    buckets: Buckets, bucket: str, client: Callable[..., Any], budget: int, expected: int
) -> None:
    body = bytes(range(250)) * 10_000
    client("s3").put_object(Bucket=bucket, Key="long", Body=body)
    assert b"".join(buckets.pieces(bucket, "long", budget)) == body[:expected]


def test_reading_may_end_early(buckets: Buckets, bucket: str, client: Callable[..., Any]) -> None:
    client("s3").put_object(Bucket=bucket, Key="long", Body=bytes(5 << 20))
    with closing(buckets.pieces(bucket, "long", 5 << 20)) as pieces:
        assert len(next(pieces)) <= 1 << 20
    assert buckets.look(bucket).state is BucketState.YOURS


def test_an_object_that_is_not_there_is_a_problem(buckets: Buckets, bucket: str) -> None:
    with pytest.raises(AwsProblem) as refused:
        list(buckets.pieces(bucket, "none", 10))
    assert refused.value.code == "NoSuchKey"


@pytest.mark.parametrize(
    ("key", "suffix"), [("a/b.REC", ".rec"), ("a.b/c", ""), (".rec", ""), ("a.tar.gz", ".gz"), ("", "")]
)
def test_suffixes(key: str, suffix: str) -> None:
    assert Object(key, 0).suffix == suffix
