"""MXNet RecordIO: read, write, count.

A record is `u32 0xced7230a`, `u32 (cflag << 29 | length)`, the data, and zeros up to a multiple of 4; little endian.
cflag is 0 for a whole record, else 1 first, 2 middle, 3 last part: a magic that stands 4-byte aligned inside the data
is cut out on writing and put back on reading, so that a reader can find a record's start anywhere (dmlc recordio.h).
An image record begins with `<IfQQ`: flag, label, id, id2; a flag above 0 is the number of float32 labels that follow.
"""

from __future__ import annotations

import io
import mmap
import struct
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

MAGIC = 0xCED7230A
MAGIC_BYTES = struct.pack("<I", MAGIC)
LONGEST = (1 << 29) - 1
_HEAD = struct.Struct("<II")
_IMAGE = struct.Struct("<IfQQ")


class RecordIOError(ValueError):
    """The bytes are not RecordIO; `offset` is where that shows, in bytes from the start."""

    def __init__(self, message: str, offset: int) -> None:
        super().__init__(f"{message} at byte {offset}")
        self.offset = offset


@dataclass(frozen=True, slots=True)
class ImageHeader:
    """What stands before an image: its labels (one, or a vector) and its two ids."""

    labels: tuple[float, ...]
    id: int = 0
    id2: int = 0


def pack_record(data: bytes) -> bytes:
    """One record as it stands in a file. Raises ValueError for data of half a gigabyte and more."""
    if len(data) > LONGEST:
        raise ValueError(f"a record holds at most {LONGEST} bytes, not {len(data)}")
    parts: list[bytes] = []
    start = 0
    at = data.find(MAGIC_BYTES)
    while at >= 0:
        if at % 4 == 0:
            parts.append(data[start:at])
            start = at + 4
            at = data.find(MAGIC_BYTES, start)
        else:
            at = data.find(MAGIC_BYTES, at + 1)
    parts.append(data[start:])
    if len(parts) == 1:
        return _part(0, data)
    flags = [1, *[2] * (len(parts) - 2), 3]
    return b"".join(_part(flag, part) for flag, part in zip(flags, parts, strict=True))


def _part(flag: int, data: bytes) -> bytes:
    return _HEAD.pack(MAGIC, flag << 29 | len(data)) + data + b"\0" * (-len(data) % 4)


def write_records(records: Iterable[bytes]) -> bytes:
    """Records as the bytes of a .rec file."""
    return b"".join(map(pack_record, records))


def read_records(stream: BinaryIO | bytes) -> Iterator[bytes]:
    """Each record's data, in order. Raises RecordIOError where the bytes are cut or not RecordIO."""
    source = io.BytesIO(stream) if isinstance(stream, bytes) else stream
    offset = 0
    parts: list[bytes] = []
    while head := source.read(_HEAD.size):
        flag, length = _head(head, offset, inside=bool(parts))
        padded = length + -length % 4
        data = source.read(padded)
        if len(data) < padded:
            raise RecordIOError(f"a record of {length} bytes is cut short", offset)
        offset += _HEAD.size + padded
        parts.append(data[:length])
        if flag in {0, 3}:
            yield MAGIC_BYTES.join(parts)
            parts = []
    if parts:
        raise RecordIOError("the last part of a record is missing", offset)


def _head(head: bytes, offset: int, *, inside: bool) -> tuple[int, int]:
    """A part's flag and length, checked; `inside` says whether a record is begun."""
    if len(head) < _HEAD.size:
        raise RecordIOError("a record's head is cut short", offset)
    magic, word = _HEAD.unpack(head)
    if magic != MAGIC:
        raise RecordIOError(f"no record begins here: 0x{magic:08x} is not the magic 0xced7230a", offset)
    flag = word >> 29
    if flag > 3 or inside != (flag in {2, 3}):
        raise RecordIOError(f"a part of kind {flag} is out of place", offset)
    return flag, word & LONGEST


def pack_image(header: ImageHeader, image: bytes) -> bytes:
    """An image record's data."""
    if len(header.labels) == 1:
        return _IMAGE.pack(0, header.labels[0], header.id, header.id2) + image
    labels = struct.pack(f"<{len(header.labels)}f", *header.labels)
    return _IMAGE.pack(len(header.labels), 0.0, header.id, header.id2) + labels + image


def unpack_image(data: bytes, offset: int = 0) -> tuple[ImageHeader, bytes]:
    """Header and image bytes of a record's data; `offset` is named in the RecordIOError for one that is too short."""
    if len(data) < _IMAGE.size:
        raise RecordIOError("a record is too short for an image header", offset)
    flag, label, first, second = _IMAGE.unpack_from(data)
    if flag == 0:
        return ImageHeader((label,), first, second), data[_IMAGE.size :]
    end = _IMAGE.size + 4 * flag
    if len(data) < end:
        raise RecordIOError(f"a record is too short for its {flag} labels", offset)
    labels: tuple[float, ...] = struct.unpack_from(f"<{flag}f", data, _IMAGE.size)
    return ImageHeader(labels, first, second), data[end:]


def image_size(image: bytes) -> tuple[int, int] | None:
    """Width and height out of a PNG's or JPEG's own header, without decoding it; None for anything else."""
    if image[:8] == b"\x89PNG\r\n\x1a\n" and len(image) >= 24:
        width, height = struct.unpack_from(">II", image, 16)
        return width, height
    if image[:2] != b"\xff\xd8":
        return None
    at = 2
    while at + 9 <= len(image) and image[at] == 0xFF:
        marker = image[at + 1]
        if 0xC0 <= marker <= 0xCF and marker not in {0xC4, 0xC8, 0xCC}:
            height, width = struct.unpack_from(">HH", image, at + 5)
            return width, height
        if marker == 0xFF:
            at += 1
            continue
        at += 2 + int(struct.unpack_from(">H", image, at + 2)[0])
    return None


SAMPLED_IMAGES = 64
"""Images whose size is looked for; more would tell nothing new."""
_IMAGE_HEAD = 64 * 1024
_LABEL_HEAD = _IMAGE.size + 4
_USUAL = struct.Struct("<IIIf")


@dataclass
class Scan:
    """What has been seen of a .rec file: records, labels (of single-label images), sizes of the first images."""

    records: int = 0
    labels: Counter[float] = field(default_factory=Counter)
    label_width: int = 0
    sizes: list[tuple[int, int]] = field(default_factory=list)
    bytes_seen: int = 0
    complete: bool = False
    """Whether the file was read to its end: then `records` is counted, else it is a part of them."""


class Scanner:
    """Counts records in bytes that come in pieces, as from a download; image data is stepped over, never kept.

    Feed it pieces in order; call `finish` at the end of the file. Raises RecordIOError.
    """

    def __init__(self) -> None:
        self.scan = Scan()
        self._rest = b""
        self._skip = 0
        self._offset = 0
        self._looked = 0
        self._begun = 0
        self._head = bytearray()
        self._length = -1

    def feed(self, piece: bytes | mmap.mmap) -> None:
        """Take the next bytes."""
        self.scan.bytes_seen += len(piece)
        if self._skip >= len(piece):
            self._skip -= len(piece)
            self._offset += len(piece)
            return
        buffer = self._rest + piece if self._rest else piece
        at = self._skip
        while True:
            if self._looked == SAMPLED_IMAGES and self._length < 0:
                at = self._run(buffer, at)
            step = self._step(buffer, at)
            if not step:
                break
            at += step
        self._skip = max(at - len(buffer), 0)
        self._rest = buffer[at:]
        self._offset += min(at, len(buffer))

    def _run(self, buffer: bytes | mmap.mmap, at: int) -> int:
        """Step over records of the usual kind (whole, one label, all there); where another one begins."""
        labels: list[float] = []
        unpack = _USUAL.unpack_from
        size = len(buffer)
        last = size - _USUAL.size
        while at <= last:
            magic, word, flag, label = unpack(buffer, at)
            end = at + 8 + (word + 3 & ~3)
            if magic != MAGIC or flag or not _IMAGE.size <= word <= LONGEST or end > size:
                break
            labels.append(label)
            at = end
        self.scan.records += len(labels)
        self.scan.labels.update(labels)
        return at

    def _step(self, buffer: bytes | mmap.mmap, at: int) -> int:
        """Look at the part at a place of the buffer; how far the next one is, 0 when more bytes are needed."""
        if len(buffer) - at < _HEAD.size:
            return 0
        inside = self._length >= 0
        flag, length = _head(buffer[at : at + _HEAD.size], self._offset + at, inside=inside)
        limit = _IMAGE_HEAD if self._looked < SAMPLED_IMAGES else _LABEL_HEAD
        joint = MAGIC_BYTES if inside else b""
        wanted = at + _HEAD.size + min(length, max(limit - len(self._head) - len(joint), 0))
        if len(buffer) < wanted:
            return 0
        if not inside:
            self._begun = self._offset + at
        self._head += joint + buffer[at + _HEAD.size : wanted]
        self._length = max(self._length, 0) + len(joint) + length
        if flag in {0, 3}:
            self._look(bytes(self._head), self._length)
            self._head.clear()
            self._length = -1
        return _HEAD.size + length + -length % 4

    def _look(self, head: bytes, length: int) -> None:
        """Take in a record by its first bytes and its length."""
        scan = self.scan
        if length < _IMAGE.size:
            raise RecordIOError("a record is too short for an image header", self._begun)
        flag, label = struct.unpack_from("<If", head)
        if length < _IMAGE.size + 4 * flag:
            raise RecordIOError(f"a record is too short for its {flag} labels", self._begun)
        scan.records += 1
        scan.label_width = max(scan.label_width, flag, 1)
        if flag == 1:
            (label,) = struct.unpack_from("<f", head, _IMAGE.size)
        if flag <= 1:
            scan.labels[label] += 1
        if self._looked < SAMPLED_IMAGES:
            self._looked += 1
            size = image_size(head[_IMAGE.size + 4 * flag :])
            if size is not None:
                scan.sizes.append(size)

    def finish(self) -> Scan:
        """The whole file was fed: its figures, all counted. Raises RecordIOError where the last record is cut."""
        if self._rest or self._skip or self._length >= 0:
            whole_before = self._length < 0 and not self._skip
            raise RecordIOError("the last record is cut short", self._offset if whole_before else self._begun)
        self.scan.complete = True
        return self.scan


def scan_file(path: Path) -> Scan:
    """The figures of a .rec file on disk. Raises RecordIOError and OSError."""
    scanner = Scanner()
    with path.open("rb") as stream:
        if path.stat().st_size:
            with mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as content:
                scanner.feed(content)
        return scanner.finish()
