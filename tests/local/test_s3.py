"""S3 where moto is no judge: integrity, regions, what is not here, and what happens at the same time."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from birdtui.local.engine_files import Engine

BIG = 6 << 20


@pytest.fixture
def s3(client: Callable[..., Any]) -> Any:
    return client("s3")


@pytest.fixture
def bucket(s3: Any, request: pytest.FixtureRequest) -> str:
    name = "t-" + hashlib.sha256(request.node.nodeid.encode()).hexdigest()[:20]
    s3.create_bucket(Bucket=name)
    return name


def refusal(call: Callable[..., Any], **given: Any) -> str:
    with pytest.raises(ClientError) as caught:
        call(**given)
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] < 500  # botocore would send it again
    return str(caught.value.response["Error"]["Code"])


def read(s3: Any, bucket: str, key: str = "k", **given: Any) -> bytes:
    body: bytes = s3.get_object(Bucket=bucket, Key=key, **given)["Body"].read()
    return body


def size_on_disk(host: Any) -> int:
    return sum(path.stat().st_size for path in (host.engine.directory / "objects").glob("??/*"))


def test_bytes_that_are_not_those_of_the_md5_are_refused(s3: Any, bucket: str) -> None:
    other = "XrY7u+Ae7tCTyyK7j1rNww=="
    assert refusal(s3.put_object, Bucket=bucket, Key="k", Body=b"x", ContentMD5=other) == "BadDigest"
    assert refusal(s3.put_object, Bucket=bucket, Key="k", Body=b"x", ContentMD5="no md5") == "InvalidDigest"
    assert refusal(s3.get_object, Bucket=bucket, Key="k") == "NoSuchKey"


@pytest.mark.parametrize(
    ("algorithm", "sum_of_hello"),
    [
        ("CRC32", "NhCmhg=="),
        ("CRC32C", "mnG7TA=="),
        ("SHA1", "qvTGHdzF6KLavt4PO0gs2a6pQ00="),
        ("SHA256", "LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ="),
    ],
)
def test_bytes_that_are_not_those_of_the_checksum_are_refused(
    s3: Any, bucket: str, algorithm: str, sum_of_hello: str
) -> None:
    given = {"Bucket": bucket, "Key": "k", f"Checksum{algorithm}": sum_of_hello}
    s3.put_object(**given, Body=b"hello")
    assert refusal(s3.put_object, **given, Body=b"hallo") == "BadDigest"
    assert read(s3, bucket) == b"hello"


def test_a_checksum_that_is_none_is_refused(s3: Any, bucket: str) -> None:
    assert refusal(s3.put_object, Bucket=bucket, Key="k", Body=b"x", ChecksumCRC32="AAAA") == "InvalidRequest"


def test_a_part_of_an_object_comes_without_the_checksum_of_the_whole(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"hello", ChecksumAlgorithm="SHA256")
    answer = s3.get_object(Bucket=bucket, Key="k", Range="bytes=0-1", ChecksumMode="ENABLED")
    assert "ChecksumSHA256" not in answer


@pytest.mark.parametrize("wanted", ["bytes=5-2", "bytes=-", "bytes=0-1,3-4", "lines=0-1", "bytes=a-b"])
def test_a_range_that_is_none_asks_for_all(s3: Any, bucket: str, wanted: str) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"0123456789")
    answer = s3.get_object(Bucket=bucket, Key="k", Range=wanted)
    assert (answer["Body"].read(), answer["ResponseMetadata"]["HTTPStatusCode"]) == (b"0123456789", 200)


@pytest.mark.parametrize(
    ("body", "wanted", "expected"),
    [
        (b"0123", "bytes=1-99", b"123"),
        (b"0123", "bytes=-99", b"0123"),
        (b"0123", "bytes=0-3", b"0123"),
        (b"0123", "bytes=4-", None),
        (b"0123", "bytes=-0", None),
        (b"", "bytes=0-0", None),
        (b"", "bytes=-1", None),
    ],
)
def test_a_range_may_go_beyond_the_end_but_not_begin_there(
    s3: Any, bucket: str, body: bytes, wanted: str, expected: bytes | None
) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=body)
    if expected is None:
        assert refusal(s3.get_object, Bucket=bucket, Key="k", Range=wanted) == "InvalidRange"
    else:
        answer = s3.get_object(Bucket=bucket, Key="k", Range=wanted)
        assert (answer["Body"].read(), answer["ResponseMetadata"]["HTTPStatusCode"]) == (expected, 206)


def test_an_object_tells_when_it_was_stored_in_whole_seconds_everywhere(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"x")
    (listed,) = s3.list_objects_v2(Bucket=bucket)["Contents"]
    assert listed["LastModified"] == s3.head_object(Bucket=bucket, Key="k")["LastModified"]


def test_an_answer_may_be_given_headers_of_ones_own(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"x", ContentType="text/plain")
    answer = s3.get_object(Bucket=bucket, Key="k", ResponseContentType="image/png")
    assert answer["ContentType"] == "image/png"


def test_an_object_that_is_replaced_while_it_is_read_is_read_whole(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"a" * BIG)
    body = s3.get_object(Bucket=bucket, Key="k")["Body"]
    first = body.read(1000)
    s3.put_object(Bucket=bucket, Key="k", Body=b"b")
    s3.delete_object(Bucket=bucket, Key="k")
    assert first + body.read() == b"a" * BIG


def test_bytes_leave_the_disk_with_their_object(fresh_engine: Callable[..., Any], client: Callable[..., Any]) -> None:
    host = fresh_engine()
    s3 = client("s3", host.engine)
    s3.list_buckets()  # the engine is furnished now
    before = size_on_disk(host)
    s3.create_bucket(Bucket="disk")
    for body in (b"first", b"replaced"):
        s3.put_object(Bucket="disk", Key="k", Body=body)
    assert size_on_disk(host) == before + len(b"replaced")
    s3.put_object(Bucket="disk", Key="l", Body=b"x")
    s3.delete_objects(Bucket="disk", Delete={"Objects": [{"Key": "k"}, {"Key": "l"}]})
    assert refusal(s3.put_object, Bucket="disk", Key="k", Body=b"x", ChecksumCRC32="AAAAAA==") == "BadDigest"
    upload = s3.create_multipart_upload(Bucket="disk", Key="k")["UploadId"]
    s3.upload_part(Bucket="disk", Key="k", UploadId=upload, PartNumber=1, Body=b"part")
    s3.delete_bucket(Bucket="disk")
    assert size_on_disk(host) == before


def test_an_engine_that_was_killed_leaves_no_bytes_behind(
    fresh_engine: Callable[..., Any], client: Callable[..., Any]
) -> None:
    host = fresh_engine()
    s3 = client("s3", host.engine)
    s3.create_bucket(Bucket="kept")
    s3.put_object(Bucket="kept", Key="k", Body=b"kept")
    before = size_on_disk(host)
    half = host.engine.directory / "objects" / "ab" / ("0" * 30 + "ab")
    host.close()
    half.parent.mkdir(exist_ok=True)
    half.write_bytes(b"half-written")
    again = fresh_engine()
    assert read(client("s3", again.engine), "kept") == b"kept"
    assert size_on_disk(again) == before


def test_buckets_of_other_regions_redirect_and_clients_follow(client: Callable[..., Any], s3: Any) -> None:
    where = {"LocationConstraint": "eu-central-1"}
    s3.create_bucket(Bucket="far-away", CreateBucketConfiguration=where)
    s3.put_object(Bucket="far-away", Key="k", Body=b"x")  # botocore asks again, in the right region
    assert s3.head_bucket(Bucket="far-away")["BucketRegion"] == "eu-central-1"

    moved = []
    s3.meta.events.register("before-send.s3", lambda request, **_: moved.append(request.headers["Authorization"]))
    s3.list_objects_v2(Bucket="far-away")
    assert "eu-central-1/s3" in str(moved[-1])


@pytest.mark.parametrize("constraint", ["us-east-1", "nowhere", "EU-WEST-1"])
def test_a_region_that_is_none_is_refused(s3: Any, constraint: str) -> None:
    where = {"LocationConstraint": constraint}
    assert refusal(s3.create_bucket, Bucket="nowhere", CreateBucketConfiguration=where) == "InvalidLocationConstraint"


def test_a_region_makes_buckets_of_its_own_only(s3: Any, engine: Engine) -> None:
    import boto3

    keys = {"aws_access_key_id": engine.access_key, "aws_secret_access_key": engine.secret_key}
    there = boto3.client("s3", endpoint_url=engine.url, region_name="eu-west-1", **keys)
    here = {"CreateBucketConfiguration": {"LocationConstraint": "eu-west-1"}}
    elsewhere = {"CreateBucketConfiguration": {"LocationConstraint": "eu-west-2"}}
    for given in ({}, elsewhere):
        assert refusal(there.create_bucket, Bucket="of-eu-west-1", **given) == "IllegalLocationConstraintException"
    there.create_bucket(Bucket="of-eu-west-1", **here)
    assert s3.head_bucket(Bucket="of-eu-west-1")["BucketRegion"] == "eu-west-1"


@pytest.mark.parametrize(
    "name", ["Not_Valid", "ab", "a" * 64, "a..b", "192.168.5.4", "-ab", "ab-", "xn--abc", "abc-s3alias"]
)
def test_a_bad_bucket_name_is_refused(client: Callable[..., Any], name: str) -> None:
    s3 = client("s3")
    s3.meta.events.unregister("before-parameter-build.s3", _of_botocore("validate_bucket_name"))
    assert refusal(s3.create_bucket, Bucket=name) == "InvalidBucketName"


def _of_botocore(name: str) -> Any:
    from botocore import handlers

    return getattr(handlers, name)


def test_the_oldest_region_makes_a_bucket_again_without_a_word(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"x")
    s3.create_bucket(Bucket=bucket)
    assert read(s3, bucket) == b"x"


@pytest.mark.parametrize(
    ("call", "given"),
    [
        ("get_bucket_policy", {}),
        ("get_public_access_block", {}),
        ("get_bucket_versioning", {}),
        ("put_bucket_versioning", {"VersioningConfiguration": {"Status": "Enabled"}}),
        ("list_object_versions", {}),
        ("get_object_acl", {"Key": "k"}),
        ("get_object_attributes", {"Key": "k", "ObjectAttributes": ["ETag"]}),
        ("get_object", {"Key": "k", "VersionId": "1"}),
        ("delete_object", {"Key": "k", "VersionId": "1"}),
        ("delete_objects", {"Delete": {"Objects": [{"Key": "k", "VersionId": "1"}]}}),
        ("put_object", {"Key": "k", "StorageClass": "GLACIER"}),
        ("put_object", {"Key": "k", "ServerSideEncryption": "aws:kms"}),
        ("put_object", {"Key": "k", "WebsiteRedirectLocation": "/other"}),
        ("create_multipart_upload", {"Key": "k", "ServerSideEncryption": "aws:kms"}),
        ("list_multipart_uploads", {"Delimiter": "/"}),
    ],
)
def test_what_is_not_here_is_refused_not_passed_over(s3: Any, bucket: str, call: str, given: dict[str, Any]) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"kept")
    with pytest.raises(ClientError, match="is not part of the local engine") as caught:
        getattr(s3, call)(Bucket=bucket, **given)
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    assert read(s3, bucket) == b"kept"


@pytest.mark.parametrize(
    ("tagging", "code"),
    [
        ("&".join(f"k{number}=v" for number in range(11)), "BadRequest"),
        ("a=b&a=c", "InvalidTag"),
        ("a=" + "x" * 257, "InvalidTag"),
        ("=b", "InvalidTag"),
        ("nothing", "InvalidArgument"),
    ],
)
def test_tags_that_s3_does_not_take_are_refused(s3: Any, bucket: str, tagging: str, code: str) -> None:
    assert refusal(s3.put_object, Bucket=bucket, Key="k", Body=b"", Tagging=tagging) == code
    assert refusal(s3.get_object, Bucket=bucket, Key="k") == "NoSuchKey"


def test_tags_go_along_with_uploads_in_parts_and_copies(s3: Any, bucket: str) -> None:
    place = {"Bucket": bucket, "Key": "k"}
    upload = s3.create_multipart_upload(**place, Tagging="a=b")["UploadId"]
    etag = s3.upload_part(**place, UploadId=upload, PartNumber=1, Body=b"x")["ETag"]
    parts = {"Parts": [{"PartNumber": 1, "ETag": etag}]}
    s3.complete_multipart_upload(**place, UploadId=upload, MultipartUpload=parts)
    s3.copy_object(Bucket=bucket, Key="same", CopySource=place)
    s3.copy_object(Bucket=bucket, Key="other", CopySource=place, TaggingDirective="REPLACE", Tagging="c=%3D")
    tags = [s3.get_object_tagging(Bucket=bucket, Key=key)["TagSet"] for key in ("k", "same", "other")]
    assert tags == [[{"Key": "a", "Value": "b"}], [{"Key": "a", "Value": "b"}], [{"Key": "c", "Value": "="}]]


def test_buckets_take_no_access_lists(s3: Any, bucket: str) -> None:
    given = {"Bucket": bucket, "Key": "k", "Body": b"x"}
    assert refusal(s3.put_object, **given, ACL="public-read") == "AccessControlListNotSupported"
    s3.put_object(**given, ACL="bucket-owner-full-control")


def test_another_owner_is_expected_in_vain(s3: Any, bucket: str) -> None:
    assert refusal(s3.put_object, Bucket=bucket, Key="k", Body=b"", ExpectedBucketOwner="1" * 12) == "AccessDenied"
    s3.put_object(Bucket=bucket, Key="k", Body=b"", ExpectedBucketOwner="0" * 12)


def test_a_key_has_at_most_1024_bytes(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="ä" * 512, Body=b"x")
    assert refusal(s3.put_object, Bucket=bucket, Key="ä" * 512 + "x", Body=b"x") == "KeyTooLongError"


def test_metadata_has_at_most_2_kb(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"", Metadata={"name": "x" * 2044})
    given = {"Bucket": bucket, "Key": "k", "Body": b"", "Metadata": {"name": "x" * 2045}}
    assert refusal(s3.put_object, **given) == "MetadataTooLarge"


def test_a_copy_of_what_does_not_exist_is_refused(s3: Any, bucket: str) -> None:
    given = {"Bucket": bucket, "Key": "k"}
    assert refusal(s3.copy_object, **given, CopySource={"Bucket": bucket, "Key": "never"}) == "NoSuchKey"
    assert refusal(s3.copy_object, **given, CopySource={"Bucket": "never-made", "Key": "k"}) == "NoSuchBucket"


def test_buckets_come_in_pages(s3: Any) -> None:
    for name in ("paged-a", "paged-b", "paged-c"):
        s3.create_bucket(Bucket=name)
    pages = s3.get_paginator("list_buckets").paginate(Prefix="paged-", PaginationConfig={"PageSize": 2})
    assert [[each["Name"] for each in page["Buckets"]] for page in pages] == [["paged-a", "paged-b"], ["paged-c"]]
