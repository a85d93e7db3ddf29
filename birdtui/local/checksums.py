"""The checksums S3 clients send along with an object: CRC32, CRC32C, CRC64NVME, SHA1 and SHA256."""

from __future__ import annotations

import base64
import hashlib
import zlib
from collections.abc import Callable
from functools import cache
from typing import Protocol

HEADER_PREFIX = "x-amz-checksum-"


class Hasher(Protocol):
    """A checksum as it grows with the bytes."""

    def update(self, data: bytes, /) -> None:
        """Takes the next bytes in."""

    def digest(self) -> bytes:
        """The checksum so far."""


class _Crc32:
    def __init__(self) -> None:
        self._value = 0

    def update(self, data: bytes, /) -> None:
        self._value = zlib.crc32(data, self._value)

    def digest(self) -> bytes:
        return self._value.to_bytes(4, "big")


class _TableCrc:
    """A reflected CRC by table, one byte at a time: some ten MB a second, enough for a client that asks for one."""

    def __init__(self, polynomial: int, size: int) -> None:
        self._table, self._size = _table(polynomial), size
        self._all = (1 << (8 * size)) - 1
        self._value = self._all

    def update(self, data: bytes, /) -> None:
        value, table = self._value, self._table
        for byte in data:
            value = table[(value ^ byte) & 0xFF] ^ (value >> 8)
        self._value = value

    def digest(self) -> bytes:
        return (self._value ^ self._all).to_bytes(self._size, "big")


@cache
def _table(polynomial: int) -> tuple[int, ...]:
    def entry(value: int) -> int:
        for _ in range(8):
            value = (value >> 1) ^ (polynomial if value & 1 else 0)
        return value

    return tuple(map(entry, range(256)))


ALGORITHMS: dict[str, Callable[[], Hasher]] = {
    "crc32": _Crc32,
    "crc32c": lambda: _TableCrc(0x82F63B78, 4),
    "crc64nvme": lambda: _TableCrc(0x9A6C9329AC4BC9B5, 8),
    "sha1": lambda: hashlib.sha1(usedforsecurity=False),
    "sha256": hashlib.sha256,
}
"""A new hasher by the algorithm's name as it stands in `x-amz-checksum-<name>`."""


def text(hasher: Hasher) -> str:
    """A checksum as headers carry it: base64 of its big-endian bytes."""
    return base64.b64encode(hasher.digest()).decode()
