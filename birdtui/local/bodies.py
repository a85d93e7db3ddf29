"""Request bodies as streams that check themselves: length, chunked framing, `aws-chunked`, hashes and checksums.

A fault raises ServiceError from the read that meets it, at the latest from the one that gives the last byte: who has
read the body to its end knows that it is whole and is what was signed.
"""

from __future__ import annotations

import hashlib
import hmac
import io
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO

from birdtui.local import checksums
from birdtui.local.service import ServiceError
from birdtui.local.sigv4 import EMPTY_SHA256, sign

_LINE = 8192
_PIECE = 1 << 20
_CHUNK_HEAD = re.compile(rb"([0-9a-fA-F]{1,16})(?:;chunk-signature=([0-9a-f]{64}))?")


def _incomplete() -> ServiceError:
    return ServiceError(
        "IncompleteBody", "You did not provide the number of bytes specified by the Content-Length HTTP header"
    )


class Body(io.RawIOBase):
    """A readable stream of a request's payload."""

    def readable(self) -> bool:
        """A body is for reading."""
        return True

    def readinto(self, buffer: bytearray | memoryview, /) -> int:  # type: ignore[override]
        """Fills what it can of the buffer; 0 at the end."""
        piece = self._some(len(buffer))
        buffer[: len(piece)] = piece
        return len(piece)

    def drain(self, limit: int) -> bool:
        """Reads what is left away; False, and no further, once it is more than `limit` bytes."""
        while piece := self._some(_PIECE):
            limit -= len(piece)
            if limit < 0:
                return False
        return True

    def _some(self, limit: int) -> bytes:
        raise NotImplementedError


class LengthBody(Body):
    """As many bytes as Content-Length says."""

    def __init__(self, stream: BinaryIO, length: int) -> None:
        super().__init__()
        self._stream, self._left = stream, length

    def _some(self, limit: int) -> bytes:
        if not self._left or not limit:
            return b""
        piece = self._stream.read(min(limit, self._left))
        if not piece:
            raise _incomplete()
        self._left -= len(piece)
        return piece


class ChunkedBody(Body):
    """`Transfer-Encoding: chunked`."""

    def __init__(self, stream: BinaryIO) -> None:
        super().__init__()
        self._stream, self._left, self._ended = stream, 0, False

    def _some(self, limit: int) -> bytes:
        if self._ended or not limit:
            return b""
        if not self._left:
            self._left = self._next_size()
            if not self._left:
                self._ended = True
                while self._stream.readline(_LINE).strip():
                    pass  # trailing headers mean nothing here
                return b""
        piece = self._stream.read(min(limit, self._left))
        if not piece:
            raise _incomplete()
        self._left -= len(piece)
        if not self._left:
            self._stream.readline(_LINE)
        return piece

    def _next_size(self) -> int:
        head = self._stream.readline(_LINE).partition(b";")[0].strip()
        try:
            return int(head, 16)
        except ValueError:
            raise _incomplete() from None


class HashedBody(Body):
    """A body whose SHA-256 was signed; the read that gives its last byte compares."""

    def __init__(self, inner: Body, length: int | None, expected: str) -> None:
        super().__init__()
        self._inner, self._expected, self._hash = inner, expected, hashlib.sha256()
        self._left, self._checked = length, False
        if length == 0:
            self._check()

    def _some(self, limit: int) -> bytes:
        piece = self._inner._some(limit)
        self._hash.update(piece)
        if self._left is not None:
            self._left -= len(piece)
        if limit and (not piece or self._left == 0) and not self._checked:
            self._check()
        return piece

    def _check(self) -> None:
        self._checked = True
        if not hmac.compare_digest(self._hash.hexdigest(), self._expected):
            raise ServiceError(
                "XAmzContentSHA256Mismatch",
                "The provided 'x-amz-content-sha256' header does not match what was computed.",
            )


@dataclass(frozen=True, slots=True)
class ChunkSigner:
    """What chunk signatures are made with: the day's key, when and for what scope, and the request's own signature."""

    key: bytes
    timestamp: str
    scope: str
    seed: str

    def chunk(self, previous: str, data_hash: str) -> str:
        """The signature of a chunk after the one whose signature is `previous`."""
        head = f"AWS4-HMAC-SHA256-PAYLOAD\n{self.timestamp}\n{self.scope}\n{previous}\n"
        return sign(self.key, f"{head}{EMPTY_SHA256}\n{data_hash}")

    def trailer(self, previous: str, data: bytes) -> str:
        """The signature of the trailing headers, each `name:value` and a line feed."""
        digest = hashlib.sha256(data).hexdigest()
        return sign(self.key, f"AWS4-HMAC-SHA256-TRAILER\n{self.timestamp}\n{self.scope}\n{previous}\n{digest}")


class AwsChunkedBody(Body):
    """`aws-chunked` taken off: chunk signatures where there is a signer, trailing checksums, the decoded length.

    `trailers` holds the trailing headers by lower-case name once the body is read to its end. Only a chunk whose
    signature holds is given out, so a signed chunk is kept in memory whole; clients send at most a few MB in one.
    """

    LARGEST_CHUNK = 64 << 20

    def __init__(self, inner: Body, length: int | None, signer: ChunkSigner | None, announced: str = "") -> None:
        """`length` is the decoded length announced, `announced` the header `x-amz-trailer`: trailers to come."""
        super().__init__()
        self.trailers: dict[str, str] = {}
        self._stream = io.BufferedReader(inner, _PIECE)
        self._length, self._signer = length, signer
        self._previous = signer.seed if signer else ""
        self._ready, self._given, self._ended = memoryview(b""), 0, False
        names = [name.strip().lower() for name in announced.split(",") if name.strip()]
        self._hashers = {name: _hasher(name) for name in names if name.startswith(checksums.HEADER_PREFIX)}

    def _some(self, limit: int) -> bytes:
        if not self._ready and not self._ended:
            self._ready = memoryview(self._next_chunk())
            if self._given + len(self._ready) == self._length:
                self._read_closing_chunk()
        piece = bytes(self._ready[:limit])
        self._ready = self._ready[limit:]
        self._given += len(piece)
        return piece

    def _read_closing_chunk(self) -> None:
        """Done before the last byte is given out: who has that byte knows that all is well."""
        if not self._ended and self._next_chunk():
            raise _incomplete()

    def _next_chunk(self) -> bytes:
        head = _CHUNK_HEAD.fullmatch(self._stream.readline(_LINE).strip())
        if head is None or (self._signer and head[2] is None):
            raise _incomplete()
        size = int(head[1], 16)
        if size > self.LARGEST_CHUNK:
            raise ServiceError("InvalidChunkSizeError", "Only chunks of up to 64 MB are taken by the local engine.")
        data = self._stream.read(size)
        if len(data) < size:
            raise _incomplete()
        self._check_chunk(data, head[2])
        for hasher in self._hashers.values():
            hasher.update(data)
        if size:
            self._stream.readline(_LINE)
        else:
            self._finish()
        return data

    def _check_chunk(self, data: bytes, signature: bytes | None) -> None:
        if self._signer is None or signature is None:
            return
        expected = self._signer.chunk(self._previous, hashlib.sha256(data).hexdigest())
        self._compare(expected, signature)

    def _compare(self, expected: str, given: bytes) -> None:
        if not hmac.compare_digest(expected.encode(), given):
            raise ServiceError(
                "SignatureDoesNotMatch",
                "The request signature we calculated does not match the signature you provided. Check your key and"
                " signing method.",
                403,
            )
        self._previous = expected

    def _finish(self) -> None:
        self._ended = True
        lines = b""
        while line := self._stream.readline(_LINE).strip():
            name, _, value = line.partition(b":")
            if name == b"x-amz-trailer-signature":
                if self._signer:
                    self._compare(self._signer.trailer(self._previous, lines), value)
                continue
            lines += line + b"\n"
            self.trailers[name.decode("latin-1").lower()] = value.decode("latin-1").strip()
        self._check_length()
        for checksum, hasher in self._hashers.items():
            self._check_checksum(checksum, hasher)

    def _check_length(self) -> None:
        if self._length is not None and self._given + len(self._ready) != self._length:
            raise _incomplete()

    def _check_checksum(self, name: str, hasher: checksums.Hasher) -> None:
        given = self.trailers.get(name)
        label = name.removeprefix(checksums.HEADER_PREFIX).upper()
        if given is None:
            raise ServiceError("MalformedTrailerError", "The request contained trailing data that was not well-formed")
        if given != checksums.text(hasher):
            raise ServiceError("BadDigest", f"The {label} you specified did not match the calculated checksum.")


def _hasher(name: str) -> checksums.Hasher:
    make: Callable[[], checksums.Hasher] | None = checksums.ALGORITHMS.get(name.removeprefix(checksums.HEADER_PREFIX))
    if make is None:
        raise ServiceError("InvalidRequest", f"The checksum {name} is not part of the local engine.")
    return make()
