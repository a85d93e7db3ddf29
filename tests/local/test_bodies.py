from __future__ import annotations

import base64
import hashlib
import io
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from birdtui.local import checksums
from birdtui.local.bodies import AwsChunkedBody, Body, ChunkedBody, ChunkSigner, HashedBody, LengthBody
from birdtui.local.service import ServiceError
from birdtui.local.sigv4 import signing_key

SIGNER = ChunkSigner(
    signing_key("secret", "20260101", "us-east-1", "s3"),
    "20260101T000000Z",
    "20260101/us-east-1/s3/aws4_request",
    "seed",
)
PIECES = st.lists(st.binary(min_size=1, max_size=40), max_size=5)


def source(data: bytes) -> LengthBody:
    return LengthBody(io.BytesIO(data), len(data))


def framed(pieces: list[bytes], trailers: bytes = b"", signer: ChunkSigner | None = None) -> bytes:
    """`aws-chunked` as a client writes it."""
    previous, out = signer.seed if signer else "", b""
    for piece in [*pieces, b""]:
        head = f"{len(piece):x}"
        if signer:
            previous = signer.chunk(previous, hashlib.sha256(piece).hexdigest())
            head += f";chunk-signature={previous}"
        out += head.encode() + b"\r\n" + (piece + b"\r\n" if piece else b"")
    if trailers and signer:
        lines = trailers.replace(b"\r\n", b"\n")
        trailers += f"x-amz-trailer-signature:{signer.trailer(previous, lines)}\r\n".encode()
    return out + trailers + b"\r\n"


def crc32_trailer(data: bytes) -> bytes:
    return b"x-amz-checksum-crc32:" + base64.b64encode(zlib.crc32(data).to_bytes(4, "big")) + b"\r\n"


def refusal(body: Body) -> str:
    with pytest.raises(ServiceError) as caught:
        body.read()
    return caught.value.code


@given(PIECES)
def test_unsigned_chunks_give_their_bytes(pieces: list[bytes]) -> None:
    data = b"".join(pieces)
    assert AwsChunkedBody(source(framed(pieces)), len(data), None).read() == data


@given(PIECES, st.integers(1, 50))
def test_signed_chunks_give_their_bytes_however_they_are_read(pieces: list[bytes], size: int) -> None:
    data = b"".join(pieces)
    body = AwsChunkedBody(
        source(framed(pieces, crc32_trailer(data), SIGNER)), len(data), SIGNER, "x-amz-checksum-crc32"
    )
    read = b""
    while piece := body.read(size):
        read += piece
    assert read == data


def test_trailers_are_there_once_the_last_byte_is_read() -> None:
    body = AwsChunkedBody(source(framed([b"abc"], crc32_trailer(b"abc"))), 3, None, "x-amz-checksum-crc32")
    assert body.read(3) == b"abc"
    assert body.trailers == {"x-amz-checksum-crc32": "NSRBwg=="}


def test_a_changed_chunk_is_refused() -> None:
    body = framed([b"first", b"second"], signer=SIGNER).replace(b"second", b"sECOND")
    assert refusal(AwsChunkedBody(source(body), 11, SIGNER)) == "SignatureDoesNotMatch"


def test_a_chunk_without_its_signature_is_refused() -> None:
    assert refusal(AwsChunkedBody(source(framed([b"first"])), 5, SIGNER)) == "IncompleteBody"


def test_a_changed_trailer_is_refused() -> None:
    body = framed([b"abc"], crc32_trailer(b"abc"), SIGNER).replace(b"NSRBwg==", b"AAAAAA==")
    assert refusal(AwsChunkedBody(source(body), 3, SIGNER)) == "SignatureDoesNotMatch"


def test_a_wrong_trailing_checksum_is_refused() -> None:
    body = framed([b"abc"], crc32_trailer(b"abd"))
    assert refusal(AwsChunkedBody(source(body), 3, None, "x-amz-checksum-crc32")) == "BadDigest"


def test_an_announced_checksum_must_come() -> None:
    assert refusal(AwsChunkedBody(source(framed([b"abc"])), 3, None, "x-amz-checksum-crc32")) == "MalformedTrailerError"


@pytest.mark.parametrize("announced", [2, 4])
def test_another_length_than_announced_is_refused(announced: int) -> None:
    assert refusal(AwsChunkedBody(source(framed([b"abc"])), announced, None)) == "IncompleteBody"


def test_a_body_that_breaks_off_is_refused() -> None:
    assert refusal(LengthBody(io.BytesIO(b"abc"), 4)) == "IncompleteBody"
    assert refusal(AwsChunkedBody(source(framed([b"abcdef"])[:5]), 6, None)) == "IncompleteBody"


@pytest.mark.parametrize("length", [3, None])
def test_a_hash_that_does_not_fit_is_refused(length: int | None) -> None:
    wrong = hashlib.sha256(b"abd").hexdigest()
    assert refusal(HashedBody(source(b"abc"), length, wrong)) == "XAmzContentSHA256Mismatch"
    right = hashlib.sha256(b"abc").hexdigest()
    assert HashedBody(source(b"abc"), length, right).read() == b"abc"


def test_http_chunks_give_their_bytes() -> None:
    stream = io.BytesIO(b"3\r\nabc\r\n2;note=x\r\nde\r\n0\r\nTrailer: x\r\n\r\nnext request")
    assert ChunkedBody(stream).read() == b"abcde"
    assert stream.read() == b"next request"


def test_what_was_not_read_can_be_drained_up_to_a_limit() -> None:
    assert source(b"x" * 100).drain(100)
    assert not source(b"x" * 101).drain(100)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("crc32", 0xCBF43926.to_bytes(4, "big")),
        ("crc32c", 0xE3069283.to_bytes(4, "big")),
        ("crc64nvme", 0xAE8B14860A799888.to_bytes(8, "big")),
        ("sha1", bytes.fromhex("f7c3bc1d808e04732adf679965ccc34ca7ae3441")),
        ("sha256", bytes.fromhex("15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225")),
    ],
)
def test_checksums_have_their_published_check_values(name: str, expected: bytes) -> None:
    hasher = checksums.ALGORITHMS[name]()
    hasher.update(b"1234")
    hasher.update(b"56789")
    assert hasher.digest() == expected
