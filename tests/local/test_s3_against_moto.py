"""S3 as boto3 meets it: the same calls against the engine and against moto; where both claim to be S3, they agree."""

from __future__ import annotations

import hashlib
import io
import random
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError


@pytest.fixture(scope="module")
def moto_url() -> Iterator[str]:
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    yield "http://{}:{}".format(*server.get_host_and_port())
    server.stop()


@pytest.fixture(params=["engine", "moto"])
def s3(request: pytest.FixtureRequest, client: Callable[..., Any]) -> Any:
    if request.param == "engine":
        return client("s3")

    class Moto:
        url, access_key, secret_key = request.getfixturevalue("moto_url"), "testing", "testing"

    return client("s3", Moto())


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


def test_conditional_writes_are_kept(s3: Any, bucket: str) -> None:
    etag = s3.put_object(Bucket=bucket, Key="k", Body=b"x", IfNoneMatch="*")["ETag"]
    assert refusal(s3.put_object, Bucket=bucket, Key="k", Body=b"y", IfNoneMatch="*") == "PreconditionFailed"
    assert refusal(s3.put_object, Bucket=bucket, Key="k", Body=b"y", IfMatch='"other"') == "PreconditionFailed"
    s3.put_object(Bucket=bucket, Key="k", Body=b"z", IfMatch=etag)
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"z"


def test_a_checksum_comes_back_as_it_was_sent(s3: Any, bucket: str) -> None:
    for algorithm in ("CRC32", "SHA1", "SHA256"):
        sent = s3.put_object(Bucket=bucket, Key="k", Body=b"hello", ChecksumAlgorithm=algorithm)[f"Checksum{algorithm}"]
        got = s3.get_object(Bucket=bucket, Key="k", ChecksumMode="ENABLED")
        assert (got[f"Checksum{algorithm}"], got["Body"].read()) == (sent, b"hello")


def test_a_copy_may_bring_metadata_of_its_own(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="a", Body=b"x", Metadata={"who": "me"}, ContentType="text/plain")
    source = {"Bucket": bucket, "Key": "a"}
    s3.copy_object(Bucket=bucket, Key="b", CopySource=source, MetadataDirective="REPLACE", Metadata={"who": "you"})
    assert s3.head_object(Bucket=bucket, Key="b")["Metadata"] == {"who": "you"}


def test_a_copy_onto_itself_must_change_something(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="a", Body=b"x")
    source = {"Bucket": bucket, "Key": "a"}
    assert refusal(s3.copy_object, Bucket=bucket, Key="a", CopySource=source) == "InvalidRequest"
    s3.copy_object(Bucket=bucket, Key="a", CopySource=source, MetadataDirective="REPLACE", Metadata={"who": "you"})
    assert s3.head_object(Bucket=bucket, Key="a")["Metadata"] == {"who": "you"}


def test_a_part_may_be_copied_from_an_object(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="source", Body=b"0123456789")
    upload = s3.create_multipart_upload(Bucket=bucket, Key="k")["UploadId"]
    place = {"Bucket": bucket, "Key": "k", "UploadId": upload}
    source = {"Bucket": bucket, "Key": "source"}
    copied = s3.upload_part_copy(**place, PartNumber=1, CopySource=source, CopySourceRange="bytes=2-5")
    parts = [{"PartNumber": 1, "ETag": copied["CopyPartResult"]["ETag"]}]
    s3.complete_multipart_upload(**place, MultipartUpload={"Parts": parts})
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"2345"


def test_uploads_under_way_are_listed_until_they_end(s3: Any, bucket: str) -> None:
    upload = s3.create_multipart_upload(Bucket=bucket, Key="k")["UploadId"]
    (found,) = s3.list_multipart_uploads(Bucket=bucket)["Uploads"]
    assert (found["Key"], found["UploadId"]) == ("k", upload)
    s3.abort_multipart_upload(Bucket=bucket, Key="k", UploadId=upload)
    assert "Uploads" not in s3.list_multipart_uploads(Bucket=bucket)


def test_parts_are_listed(s3: Any, bucket: str) -> None:
    upload = s3.create_multipart_upload(Bucket=bucket, Key="k")["UploadId"]
    place = {"Bucket": bucket, "Key": "k", "UploadId": upload}
    for number in (2, 1):
        s3.upload_part(**place, PartNumber=number, Body=b"x" * number)
    assert [(part["PartNumber"], part["Size"]) for part in s3.list_parts(**place)["Parts"]] == [(1, 1), (2, 2)]


@pytest.mark.parametrize(
    ("parts", "code"),
    [([(1, '"other"')], "InvalidPart"), ([(3, None)], "InvalidPart")],
)
def test_parts_must_be_there(s3: Any, bucket: str, parts: list[tuple[int, str | None]], code: str) -> None:
    upload = s3.create_multipart_upload(Bucket=bucket, Key="k")["UploadId"]
    place = {"Bucket": bucket, "Key": "k", "UploadId": upload}
    etag = s3.upload_part(**place, PartNumber=1, Body=b"x")["ETag"]
    given = {"Parts": [{"PartNumber": number, "ETag": wanted or etag} for number, wanted in parts]}
    assert refusal(s3.complete_multipart_upload, **place, MultipartUpload=given) == code


def test_a_bucket_tells_its_region(s3: Any) -> None:
    where = {"LocationConstraint": "eu-west-1"}
    s3.create_bucket(Bucket="located-elsewhere", CreateBucketConfiguration=where)
    assert s3.get_bucket_location(Bucket="located-elsewhere")["LocationConstraint"] == "eu-west-1"
    given = {"Bucket": "located-elsewhere", "CreateBucketConfiguration": where}
    assert refusal(s3.create_bucket, **given) == "BucketAlreadyOwnedByYou"


def test_a_time_that_is_past_or_to_come_is_compared(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"x")
    moment = s3.head_object(Bucket=bucket, Key="k")["LastModified"]
    before = moment - timedelta(seconds=1)
    assert s3.get_object(Bucket=bucket, Key="k", IfModifiedSince=before)["Body"].read() == b"x"
    assert refusal(s3.get_object, Bucket=bucket, Key="k", IfModifiedSince=moment) == "304"
    assert refusal(s3.get_object, Bucket=bucket, Key="k", IfUnmodifiedSince=before) == "PreconditionFailed"


def test_an_object_has_tags(s3: Any, bucket: str) -> None:
    place = {"Bucket": bucket, "Key": "k"}
    s3.put_object(**place, Body=b"x", Tagging="kind=bird&note=")
    found = s3.get_object_tagging(**place)["TagSet"]
    assert sorted((tag["Key"], tag["Value"]) for tag in found) == [("kind", "bird"), ("note", "")]
    assert s3.get_object(**place)["TagCount"] == 2
    s3.put_object_tagging(**place, Tagging={"TagSet": [{"Key": "a/b", "Value": "1 + 1 = 2"}]})
    assert s3.get_object_tagging(**place)["TagSet"] == [{"Key": "a/b", "Value": "1 + 1 = 2"}]
    assert refusal(s3.put_object_tagging, **place, Tagging={"TagSet": [{"Key": "a", "Value": "&"}]}) == "InvalidTag"
    s3.delete_object_tagging(**place)
    assert s3.get_object_tagging(**place)["TagSet"] == []
    assert refusal(s3.get_object_tagging, Bucket=bucket, Key="never") == "NoSuchKey"
