"""Multipart uploads: order, sizes, checksums of parts and of the whole, and what comes in between."""

from __future__ import annotations

import base64
import hashlib
import zlib
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

PART = 5 << 20


@pytest.fixture
def s3(client: Callable[..., Any]) -> Any:
    return client("s3")


@pytest.fixture
def bucket(s3: Any, request: pytest.FixtureRequest) -> str:
    name = "m-" + hashlib.sha256(request.node.nodeid.encode()).hexdigest()[:20]
    s3.create_bucket(Bucket=name)
    return name


def refusal(call: Callable[..., Any], **given: Any) -> str:
    with pytest.raises(ClientError) as caught:
        call(**given)
    return str(caught.value.response["Error"]["Code"])


class Upload:
    """An upload of one key, and what its parts answered."""

    def __init__(self, s3: Any, bucket: str, **given: Any) -> None:
        self.s3 = s3
        self.begun = s3.create_multipart_upload(Bucket=bucket, Key="k", **given)
        self.place = {"Bucket": bucket, "Key": "k", "UploadId": self.begun["UploadId"]}
        self.parts: dict[int, dict[str, Any]] = {}

    def put(self, number: int, body: bytes, **given: Any) -> None:
        answer = self.s3.upload_part(**self.place, PartNumber=number, Body=body, **given)
        sums = {name: value for name, value in answer.items() if name.startswith("Checksum")}
        self.parts[number] = {"PartNumber": number, "ETag": answer["ETag"], **sums}

    def completion(self, *numbers: int, **given: Any) -> dict[str, Any]:
        chosen = [self.parts[number] for number in numbers or sorted(self.parts)]
        return {**self.place, "MultipartUpload": {"Parts": chosen}, **given}

    def complete(self, *numbers: int, **given: Any) -> Any:
        return self.s3.complete_multipart_upload(**self.completion(*numbers, **given))


def crc32(data: bytes) -> bytes:
    return zlib.crc32(data).to_bytes(4, "big")


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def test_the_parts_named_become_the_object_in_their_order(s3: Any, bucket: str) -> None:
    upload = Upload(s3, bucket, ContentType="text/plain", Metadata={"who": "me"})
    for number, letter in ((7, b"c"), (2, b"a"), (5, b"b")):
        upload.put(number, letter * PART)
    upload.complete(2, 7)
    answer = s3.get_object(Bucket=bucket, Key="k")
    digest = hashlib.md5(hashlib.md5(b"a" * PART).digest() + hashlib.md5(b"c" * PART).digest())  # noqa: S324
    assert answer["Body"].read() == b"a" * PART + b"c" * PART
    assert answer["ETag"] == f'"{digest.hexdigest()}-2"'
    assert (answer["ContentType"], answer["Metadata"]) == ("text/plain", {"who": "me"})


def test_a_part_that_comes_again_replaces_the_first(s3: Any, bucket: str) -> None:
    upload = Upload(s3, bucket)
    upload.put(1, b"first")
    upload.put(1, b"second")
    upload.complete()
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"second"


def test_parts_out_of_order_are_refused_and_the_upload_goes_on(s3: Any, bucket: str) -> None:
    upload = Upload(s3, bucket)
    for number in (1, 2):
        upload.put(number, b"x" * PART)
    assert refusal(s3.complete_multipart_upload, **upload.completion(2, 1)) == "InvalidPartOrder"
    assert refusal(s3.complete_multipart_upload, **upload.completion(1, 1)) == "InvalidPartOrder"
    upload.complete()


def test_a_completed_upload_is_over(s3: Any, bucket: str) -> None:
    upload = Upload(s3, bucket)
    upload.put(1, b"x")
    upload.complete()
    assert refusal(s3.complete_multipart_upload, **upload.completion()) == "NoSuchUpload"
    assert refusal(s3.upload_part, **upload.place, PartNumber=2, Body=b"x") == "NoSuchUpload"
    assert refusal(s3.list_parts, **upload.place) == "NoSuchUpload"


@pytest.mark.parametrize("number", [0, 10_001])
def test_parts_have_numbers_from_1_to_10000(s3: Any, bucket: str, number: int) -> None:
    upload = Upload(s3, bucket)
    assert refusal(s3.upload_part, **upload.place, PartNumber=number, Body=b"x") == "InvalidArgument"


def test_a_completion_that_may_not_replace_leaves_the_upload_as_it_was(s3: Any, bucket: str) -> None:
    upload = Upload(s3, bucket)
    upload.put(1, b"new")
    s3.put_object(Bucket=bucket, Key="k", Body=b"old")
    assert refusal(s3.complete_multipart_upload, **upload.completion(IfNoneMatch="*")) == "PreconditionFailed"
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"old"
    upload.complete()
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"new"


def test_a_part_is_proved_by_its_checksum(s3: Any, bucket: str) -> None:
    upload = Upload(s3, bucket, ChecksumAlgorithm="CRC32")
    given = {**upload.place, "PartNumber": 1, "Body": b"other", "ChecksumCRC32": b64(crc32(b"x"))}
    assert refusal(s3.upload_part, **given) == "BadDigest"


def test_an_object_in_parts_has_the_checksum_of_their_checksums(s3: Any, bucket: str) -> None:
    upload = Upload(s3, bucket, ChecksumAlgorithm="CRC32")
    bodies = [b"a" * PART, b"rest"]
    for number, body in enumerate(bodies, 1):
        upload.put(number, body)
    expected = b64(crc32(b"".join(crc32(body) for body in bodies))) + "-2"
    completed = upload.complete()
    assert (completed["ChecksumCRC32"], completed["ChecksumType"]) == (expected, "COMPOSITE")
    answer = s3.get_object(Bucket=bucket, Key="k", ChecksumMode="ENABLED")
    assert (answer["ChecksumCRC32"], answer["Body"].read()) == (expected, b"".join(bodies))


def test_or_the_checksum_of_the_whole_where_that_is_asked_for(s3: Any, bucket: str) -> None:
    upload = Upload(s3, bucket, ChecksumAlgorithm="CRC32", ChecksumType="FULL_OBJECT")
    upload.put(1, b"a" * PART)
    upload.put(2, b"rest")
    whole = b64(crc32(b"a" * PART + b"rest"))
    assert refusal(s3.complete_multipart_upload, **upload.completion(ChecksumCRC32=b64(crc32(b"x")))) == "BadDigest"
    assert upload.complete(ChecksumCRC32=whole)["ChecksumCRC32"] == whole
    assert s3.get_object(Bucket=bucket, Key="k", ChecksumMode="ENABLED")["ChecksumType"] == "FULL_OBJECT"


def test_a_checksum_of_a_kind_that_cannot_be_is_refused(s3: Any, bucket: str) -> None:
    given = {"Bucket": bucket, "Key": "k", "ChecksumAlgorithm": "SHA256", "ChecksumType": "FULL_OBJECT"}
    assert refusal(s3.create_multipart_upload, **given) == "InvalidRequest"


def test_a_copy_in_one_piece_has_a_checksum_of_its_own_or_none(s3: Any, bucket: str) -> None:
    upload = Upload(s3, bucket, ChecksumAlgorithm="CRC32")
    upload.put(1, b"x")
    upload.complete()
    s3.copy_object(Bucket=bucket, Key="copy", CopySource={"Bucket": bucket, "Key": "k"})
    answer = s3.get_object(Bucket=bucket, Key="copy", ChecksumMode="ENABLED")
    assert (answer["ETag"], "ChecksumCRC32" in answer) == (f'"{hashlib.md5(b"x").hexdigest()}"', False)  # noqa: S324


def test_an_object_is_read_by_the_parts_it_came_in(s3: Any, bucket: str) -> None:
    upload = Upload(s3, bucket)
    upload.put(1, b"a" * PART)
    upload.put(4, b"rest")
    upload.complete()
    answer = s3.get_object(Bucket=bucket, Key="k", PartNumber=2)
    assert (answer["Body"].read(), answer["PartsCount"]) == (b"rest", 2)
    assert answer["ContentRange"] == f"bytes {PART}-{PART + 3}/{PART + 4}"
    assert s3.head_object(Bucket=bucket, Key="k", PartNumber=1)["ContentLength"] == PART
    assert refusal(s3.get_object, Bucket=bucket, Key="k", PartNumber=3) == "InvalidPartNumber"


def test_an_object_that_came_whole_is_one_part(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"whole")
    answer = s3.get_object(Bucket=bucket, Key="k", PartNumber=1)
    assert (answer["Body"].read(), "PartsCount" in answer) == (b"whole", False)
    assert refusal(s3.get_object, Bucket=bucket, Key="k", PartNumber=2) == "InvalidPartNumber"


def test_pages_tell_every_part_once(s3: Any, bucket: str) -> None:
    upload = Upload(s3, bucket)
    for number in range(1, 6):
        upload.put(number, b"x")
    pages = s3.get_paginator("list_parts").paginate(**upload.place, PaginationConfig={"PageSize": 2})
    assert [part["PartNumber"] for page in pages for part in page["Parts"]] == [1, 2, 3, 4, 5]


def test_pages_tell_every_upload_once(s3: Any, bucket: str) -> None:
    begun = {s3.create_multipart_upload(Bucket=bucket, Key=key)["UploadId"] for key in ("a", "a", "b/c", "d", "d")}
    pages = s3.get_paginator("list_multipart_uploads").paginate(Bucket=bucket, PaginationConfig={"PageSize": 2})
    found = [upload["UploadId"] for page in pages for upload in page["Uploads"]]
    assert (len(found), set(found)) == (5, begun)


@pytest.mark.parametrize("wanted", ["bytes=0-10", "bytes=5-2", "bytes=3-", "3-4"])
def test_a_range_to_copy_must_be_there_whole(s3: Any, bucket: str, wanted: str) -> None:
    s3.put_object(Bucket=bucket, Key="source", Body=b"0123456789")
    upload = Upload(s3, bucket)
    given = {**upload.place, "PartNumber": 1, "CopySource": f"{bucket}/source", "CopySourceRange": wanted}
    assert refusal(s3.upload_part_copy, **given) == "InvalidArgument"
