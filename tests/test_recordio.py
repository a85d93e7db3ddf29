"""RecordIO: what is written is read back, whatever the data holds; what is broken is told with its place."""

from __future__ import annotations

import io
import struct
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from birdtui.recordio import (
    MAGIC_BYTES,
    ImageHeader,
    RecordIOError,
    Scan,
    Scanner,
    image_size,
    pack_image,
    pack_record,
    read_records,
    scan_file,
    unpack_image,
    write_records,
)

pieces = st.lists(st.one_of(st.binary(max_size=9), st.just(MAGIC_BYTES), st.just(MAGIC_BYTES[:3])), max_size=8)
data = pieces.map(b"".join)


@given(st.lists(data, max_size=6))
def test_what_is_written_is_read_back(records: list[bytes]) -> None:
    assert list(read_records(write_records(records))) == records


@given(data)
def test_no_magic_stands_aligned_inside_a_record(record: bytes) -> None:
    packed = pack_record(record)
    at = 0
    while at < len(packed):
        length = struct.unpack_from("<I", packed, at + 4)[0] & ((1 << 29) - 1)
        body = packed[at + 8 : at + 8 + length]
        assert all(body[place : place + 4] != MAGIC_BYTES for place in range(0, len(body), 4))
        at += 8 + length + -length % 4


def test_an_aligned_magic_makes_a_record_of_two_parts() -> None:
    packed = pack_record(b"abcd" + MAGIC_BYTES + b"ef")
    assert [struct.unpack_from("<I", packed, at)[0] >> 29 for at in (4, 16)] == [1, 3]


def test_a_magic_off_its_alignment_stays_where_it_is() -> None:
    assert pack_record(b"a" + MAGIC_BYTES) == MAGIC_BYTES + struct.pack("<I", 5) + b"a" + MAGIC_BYTES + b"\0\0\0"


def test_an_empty_file_holds_no_record() -> None:
    assert list(read_records(b"")) == []


@pytest.mark.parametrize(
    ("broken", "offset"),
    [
        (b"not a record file", 0),
        (pack_record(b"abcd") + b"\x0a\x23", 12),
        (pack_record(b"abcd")[:-1], 0),
        (pack_record(b"whole") + pack_record(b"a" * 4 + MAGIC_BYTES + b"b")[:12], 28),
    ],
)
def test_broken_bytes_are_told_with_their_place(broken: bytes, offset: int) -> None:
    with pytest.raises(RecordIOError) as caught:
        list(read_records(broken))
    assert caught.value.offset == offset


@given(
    st.lists(st.floats(-10, 10, width=32), min_size=1, max_size=5), st.integers(0, 2**64 - 1), st.binary(max_size=20)
)
def test_an_image_record_keeps_its_labels_and_ids(labels: list[float], identity: int, image: bytes) -> None:
    header = ImageHeader(tuple(labels), identity, 7)
    assert unpack_image(pack_image(header, image)) == (header, image)


def encoded(kind: str, size: tuple[int, int]) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", size).save(buffer, kind)
    return buffer.getvalue()


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_an_images_size_is_read_from_its_header(kind: str) -> None:
    assert image_size(encoded(kind, (64, 48))) == (64, 48)


def test_the_size_of_something_else_is_unknown() -> None:
    assert image_size(b"GIF89a") is None


RECORDS = [pack_image(ImageHeader((float(number % 3),)), encoded("JPEG", (20 + number, 10))) for number in range(7)]


def scanned(packed: bytes, piece: int = 1 << 20) -> Scan:
    scanner = Scanner()
    for at in range(0, len(packed), piece):
        scanner.feed(packed[at : at + piece])
    return scanner.finish()


@given(st.integers(1, 4000))
def test_a_scan_counts_the_same_in_pieces_of_any_size(piece: int) -> None:
    scan = scanned(write_records(RECORDS), piece)
    assert (scan.records, dict(scan.labels)) == (7, {0.0: 3, 1.0: 2, 2.0: 2})
    assert scan.sizes == [(20 + number, 10) for number in range(7)]


labels = st.floats(-10, 10, width=32)
headers = st.builds(ImageHeader, st.lists(labels, min_size=1, max_size=3).map(tuple), st.just(0xCED7230A))


@given(st.lists(st.builds(pack_image, headers, data), max_size=80), st.integers(1, 300))
def test_a_scan_finds_what_reading_finds(records: list[bytes], piece: int) -> None:
    scan = scanned(write_records(records), piece)
    read = [unpack_image(record)[0].labels for record in records]
    assert scan.records == len(records)
    assert scan.labels == Counter(one[0] for one in read if len(one) == 1)
    assert scan.label_width == max(map(len, read), default=0)


@given(st.integers(1, 100), st.integers(0, 100_000), st.integers(100, 5000))
def test_a_cut_file_is_told_with_the_place_where_its_last_record_begins(count: int, cut: int, piece: int) -> None:
    packed = pack_record(RECORDS[0])
    whole, rest = divmod(cut % (count * len(packed)), len(packed))
    content = packed * whole + packed[:rest]
    if not rest:
        assert scanned(content, piece).records == whole
        return
    for take in (lambda: list(read_records(content)), lambda: scanned(content, piece)):
        with pytest.raises(RecordIOError, match="cut short") as caught:
            take()
        assert caught.value.offset == whole * len(packed)


def test_a_lone_label_written_as_a_vector_is_counted() -> None:
    record = struct.pack("<IfQQf", 1, 0.0, 0, 0, 3.0) + b"image"
    scan = scanned(write_records([record]))
    assert (dict(scan.labels), scan.label_width) == ({3.0: 1}, 1)


@pytest.mark.parametrize("wrong", [b"short", struct.pack("<IfQQ", 9, 0.0, 0, 0) + bytes(8)])
@pytest.mark.parametrize("before", [0, 7, 70])
def test_a_record_that_holds_no_image_header_is_told_with_its_place(wrong: bytes, before: int) -> None:
    sound = write_records(RECORDS[:1] * before)
    with pytest.raises(RecordIOError, match="too short") as caught:
        scanned(sound + pack_record(wrong))
    assert caught.value.offset == len(sound)


def test_a_file_is_scanned_where_it_lies(tmp_path: Path) -> None:
    path = tmp_path / "birds.rec"
    path.write_bytes(write_records(RECORDS * 20))
    scan = scan_file(path)
    assert (scan.records, scan.complete, scan.bytes_seen) == (140, True, path.stat().st_size)


def test_an_empty_file_is_scanned_too(tmp_path: Path) -> None:
    path = tmp_path / "empty.rec"
    path.touch()
    assert scan_file(path) == Scan(complete=True)


def test_a_scan_stopped_early_says_that_it_is_not_complete() -> None:
    scanner = Scanner()
    scanner.feed(write_records(RECORDS)[:2000])
    assert (scanner.scan.complete, 0 < scanner.scan.records < 7) == (False, True)


def test_a_scan_of_a_cut_file_is_an_error() -> None:
    scanner = Scanner()
    scanner.feed(write_records(RECORDS)[:-3])
    with pytest.raises(RecordIOError, match="cut short"):
        scanner.finish()
