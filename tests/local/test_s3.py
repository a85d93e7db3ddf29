"""S3 as boto3 meets it: the same calls against the engine and against moto, and what moto does not know."""

from __future__ import annotations

import hashlib
import io
import random
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto.server import ThreadedMotoServer

from birdtui.local.engine_files import Engine


@pytest.fixture(scope="module")
def moto() -> Iterator[str]:
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(params=["engine", "moto"])
def s3(request: pytest.FixtureRequest, engine: Engine) -> Any:
    if request.param == "engine":
        keys = {"aws_access_key_id": engine.access_key, "aws_secret_access_key": engine.secret_key}
        return boto3.client("s3", endpoint_url=engine.url, region_name="us-east-1", **keys)
    url = request.getfixturevalue("moto")
    keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
    return boto3.client("s3", endpoint_url=url, region_name="us-east-1", **keys)


@pytest.fixture
def bucket(s3: Any, request: pytest.FixtureRequest) -> str:
    name = "b-" + hashlib.sha256(request.node.nodeid.encode()).hexdigest()[:20]
    s3.create_bucket(Bucket=name)
    return name


def refusal(call: Callable[..., Any], **given: Any) -> str:
    with pytest.raises(ClientError) as caught:
        call(**given)
    return str(caught.value.response["Error"]["Code"])


def test_an_object_is_read_back(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="a/b.txt", Body=b"hello", ContentType="text/plain", Metadata={"who": "me"})
    answer = s3.get_object(Bucket=bucket, Key="a/b.txt")
    assert (answer["Body"].read(), answer["ContentType"], answer["Metadata"]) == (b"hello", "text/plain", {"who": "me"})


def test_an_etag_is_the_md5(s3: Any, bucket: str) -> None:
    assert s3.put_object(Bucket=bucket, Key="k", Body=b"x")["ETag"] == f'"{hashlib.md5(b"x").hexdigest()}"'  # noqa: S324


@pytest.mark.parametrize("key", ["a b", "ü/漢字", "a+b&c=d?e", "../up", "a//b", "trailing/", "x" * 1000])
def test_a_key_may_be_anything(s3: Any, bucket: str, key: str) -> None:
    s3.put_object(Bucket=bucket, Key=key, Body=key.encode())
    assert s3.get_object(Bucket=bucket, Key=key)["Body"].read() == key.encode()
    assert [each["Key"] for each in s3.list_objects_v2(Bucket=bucket)["Contents"]] == [key]


@pytest.mark.parametrize(
    ("wanted", "expected", "content_range"),
    [("bytes=0-3", b"0123", "bytes 0-3/10"), ("bytes=8-", b"89", "bytes 8-9/10"), ("bytes=-2", b"89", "bytes 8-9/10")],
)
def test_a_range_is_a_part(s3: Any, bucket: str, wanted: str, expected: bytes, content_range: str) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"0123456789")
    answer = s3.get_object(Bucket=bucket, Key="k", Range=wanted)
    assert (answer["Body"].read(), answer["ContentRange"]) == (expected, content_range)


def test_a_range_beyond_the_end_is_refused(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"0123")
    assert refusal(s3.get_object, Bucket=bucket, Key="k", Range="bytes=9-") == "InvalidRange"


def test_folders_are_rolled_up(s3: Any, bucket: str) -> None:
    for key in ("a", "train/1", "train/2", "train_lst/1"):
        s3.put_object(Bucket=bucket, Key=key, Body=b"")
    answer = s3.list_objects_v2(Bucket=bucket, Delimiter="/")
    assert [each["Key"] for each in answer["Contents"]] == ["a"]
    assert [each["Prefix"] for each in answer["CommonPrefixes"]] == ["train/", "train_lst/"]


def test_pages_tell_every_key_once(s3: Any, bucket: str) -> None:
    keys = sorted(f"{folder}/{number}" for folder in "abc" for number in range(5))
    for key in keys:
        s3.put_object(Bucket=bucket, Key=key, Body=b"")
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, PaginationConfig={"PageSize": 4})
    assert [each["Key"] for page in pages for each in page["Contents"]] == keys


def test_pages_tell_every_folder_once(s3: Any, bucket: str) -> None:
    for folder in "abcde":
        for number in range(3):
            s3.put_object(Bucket=bucket, Key=f"{folder}/{number}", Body=b"")
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Delimiter="/", PaginationConfig={"PageSize": 2})
    assert [each["Prefix"] for page in pages for each in page.get("CommonPrefixes", [])] == [f"{f}/" for f in "abcde"]


def test_the_old_listing_has_markers(s3: Any, bucket: str) -> None:
    for key in "abc":
        s3.put_object(Bucket=bucket, Key=key, Body=b"")
    first = s3.list_objects(Bucket=bucket, MaxKeys=2)
    second = s3.list_objects(Bucket=bucket, Marker=first["Contents"][-1]["Key"])
    assert (first["IsTruncated"], [each["Key"] for each in second["Contents"]]) == (True, ["c"])


def test_a_large_file_goes_up_in_parts_and_comes_down_whole(s3: Any, bucket: str) -> None:
    data = random.Random(1).randbytes(13 << 20)
    s3.upload_fileobj(io.BytesIO(data), bucket, "large")
    target = io.BytesIO()
    s3.download_fileobj(bucket, "large", target)
    assert target.getvalue() == data
    assert s3.head_object(Bucket=bucket, Key="large")["ETag"].strip('"').endswith("-2")


def test_parts_that_are_too_small_are_refused(s3: Any, bucket: str) -> None:
    upload = s3.create_multipart_upload(Bucket=bucket, Key="k")["UploadId"]
    parts = [
        {
            "PartNumber": n,
            "ETag": s3.upload_part(Bucket=bucket, Key="k", UploadId=upload, PartNumber=n, Body=b"x")["ETag"],
        }
        for n in (1, 2)
    ]
    given = {"Bucket": bucket, "Key": "k", "UploadId": upload, "MultipartUpload": {"Parts": parts}}
    assert refusal(s3.complete_multipart_upload, **given) == "EntityTooSmall"


def test_an_aborted_upload_is_gone(s3: Any, bucket: str) -> None:
    upload = s3.create_multipart_upload(Bucket=bucket, Key="k")["UploadId"]
    s3.abort_multipart_upload(Bucket=bucket, Key="k", UploadId=upload)
    assert refusal(s3.list_parts, Bucket=bucket, Key="k", UploadId=upload) == "NoSuchUpload"


def test_a_copy_keeps_its_metadata(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="a", Body=b"x", Metadata={"who": "me"})
    s3.copy_object(Bucket=bucket, Key="b", CopySource={"Bucket": bucket, "Key": "a"})
    assert s3.head_object(Bucket=bucket, Key="b")["Metadata"] == {"who": "me"}


def test_deleting_many_tells_each(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="a", Body=b"")
    answer = s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "a"}, {"Key": "never"}]})
    assert [each["Key"] for each in answer["Deleted"]] == ["a", "never"]
    assert "Contents" not in s3.list_objects_v2(Bucket=bucket)


def test_a_bucket_with_objects_is_not_deleted(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="a", Body=b"")
    assert refusal(s3.delete_bucket, Bucket=bucket) == "BucketNotEmpty"


def test_a_missing_bucket_and_a_missing_key_are_told_apart(s3: Any, bucket: str) -> None:
    assert refusal(s3.get_object, Bucket="never-made", Key="k") == "NoSuchBucket"
    assert refusal(s3.get_object, Bucket=bucket, Key="k") == "NoSuchKey"
    assert refusal(s3.head_bucket, Bucket="never-made") == "404"


def test_what_did_not_change_is_not_sent_again(s3: Any, bucket: str) -> None:
    etag = s3.put_object(Bucket=bucket, Key="k", Body=b"x")["ETag"]
    assert refusal(s3.get_object, Bucket=bucket, Key="k", IfNoneMatch=etag) == "304"
    assert refusal(s3.get_object, Bucket=bucket, Key="k", IfMatch='"other"') == "PreconditionFailed"


def test_only_a_new_object_where_that_is_asked_for(client: Callable[..., Any]) -> None:
    s3 = client("s3")
    s3.create_bucket(Bucket="only-new")
    s3.put_object(Bucket="only-new", Key="k", Body=b"x", IfNoneMatch="*")
    assert refusal(s3.put_object, Bucket="only-new", Key="k", Body=b"y", IfNoneMatch="*") == "PreconditionFailed"


def test_an_unknown_part_of_s3_is_refused_not_answered_emptily(client: Callable[..., Any]) -> None:
    s3 = client("s3")
    s3.create_bucket(Bucket="unknown-parts")
    assert refusal(s3.get_bucket_policy, Bucket="unknown-parts") == "NotImplemented"
    assert refusal(s3.get_public_access_block, Bucket="unknown-parts") == "NotImplemented"


def test_a_bad_bucket_name_is_refused(client: Callable[..., Any]) -> None:
    assert refusal(client("s3").create_bucket, Bucket="Not_Valid") == "InvalidBucketName"


def test_an_object_that_is_replaced_while_it_is_read_is_read_whole(client: Callable[..., Any]) -> None:
    s3 = client("s3")
    s3.create_bucket(Bucket="replaced")
    s3.put_object(Bucket="replaced", Key="k", Body=b"a" * (6 << 20))
    body = s3.get_object(Bucket="replaced", Key="k")["Body"]
    first = body.read(1000)
    s3.put_object(Bucket="replaced", Key="k", Body=b"b")
    assert set(first + body.read()) == {ord("a")}


def test_the_sample_bucket_holds_the_birds(client: Callable[..., Any]) -> None:
    keys = [each["Key"] for each in client("s3").list_objects_v2(Bucket="birdtui-sample")["Contents"]]
    assert [key for key in keys if key.startswith("train/")]
    assert [key for key in keys if key.startswith("validation/")]
