"""A job's log lines in memory: a million of them in tens of megabytes, in time order whatever order they come in.

Lines lie in blocks of a quarter of a megabyte of UTF-8 text with the offset of each line; no object a line. Blocks
beyond a budget are packed (to a twentieth or so; a tenth of a millisecond to open one) and opened again when read.
Lines of several streams are merged by timestamp, stable; late lines are put in their place. Safe to fill from one
thread and read from another.
"""

from __future__ import annotations

import threading
from array import array
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import accumulate, chain
from operator import attrgetter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

BLOCK_BYTES = 1 << 18
BLOCK_LINES = 1 << 13
OPEN_BYTES = 32 << 20
PACKING = -1
"""Zstandard's level: for log lines a fifth of what zlib's quickest takes, to half its size."""
CACHED_BLOCKS = 16


@dataclass(frozen=True, slots=True)
class Line:
    """One line: `timestamp` in milliseconds since the epoch, `host` as `algo-1`, `serial` unlike any other line's."""

    timestamp: int
    host: str
    text: str
    serial: int


@dataclass(frozen=True, slots=True)
class Lines:
    """Lines on their way into blocks: `text` with each ended by a newline, and an array of each kind of fact on them.

    `sizes` are bytes, newlines counted, and `ends` their running sum from wherever these lines were cut out.
    """

    text: bytes
    sizes: NDArray[np.int64]
    ends: NDArray[np.int64]
    timestamps: NDArray[np.int64]
    hosts: NDArray[np.uint16]
    serials: NDArray[np.uint32]

    def __len__(self) -> int:
        return len(self.sizes)

    def cut(self, start: int, stop: int) -> Lines:
        """Some of them."""
        base = int(self.ends[0] - self.sizes[0])
        first = int(self.ends[start] - self.sizes[start]) - base
        text = self.text[first : int(self.ends[stop - 1]) - base]
        part = slice(start, stop)
        facts = (self.timestamps[part], self.hosts[part], self.serials[part])
        return Lines(text, self.sizes[part], self.ends[part], *facts)

    def pieces(self) -> list[bytes]:
        """Each line by itself, its newline taken off."""
        return self.text.split(b"\n")[:-1]


class Packing:
    """Zstandard with one set of tables for all blocks: made anew for each they would tear up the memory's room."""

    def __init__(self) -> None:
        import zstandard

        self._compressor = zstandard.ZstdCompressor(level=PACKING)
        self._decompressor = zstandard.ZstdDecompressor()
        self._lock = threading.Lock()

    def pack(self, text: bytes | bytearray) -> bytes:
        """The text, packed."""
        with self._lock:
            packed = self._compressor.compress(text)
        return bytes(memoryview(packed))  # it was made in room for the whole text, which would stay half used

    def open(self, packed: bytes) -> bytes:
        """The text of what was packed."""
        with self._lock:
            return self._decompressor.decompress(packed)


@cache
def packing() -> Packing:
    """The process's own."""
    return Packing()


class Block:
    """Consecutive lines: text, where each line starts, and each line's timestamp, host number and serial."""

    __slots__ = ("_packed", "_text", "hosts", "serials", "size", "starts", "timestamps")

    def __init__(self) -> None:
        self._text: bytearray | bytes | None = bytearray()
        self._packed = b""
        self.size = 0
        self.starts = array("I")
        self.timestamps = array("q")
        self.hosts = array("H")
        self.serials = array("I")

    def __len__(self) -> int:
        return len(self.starts)

    @property
    def first_timestamp(self) -> int:
        """The earliest timestamp; blocks are never empty once they are in a buffer."""
        return self.timestamps[0]

    @property
    def last_timestamp(self) -> int:
        """The latest timestamp."""
        return self.timestamps[-1]

    @property
    def is_full(self) -> bool:
        """Whether new lines go to another block."""
        return self.size >= BLOCK_BYTES or len(self) >= BLOCK_LINES

    @property
    def is_packed(self) -> bool:
        """Whether the text is held compressed only."""
        return self._text is None

    def extend(self, lines: Lines) -> None:
        """Add lines at the end; the caller keeps the time order."""
        if not isinstance(self._text, bytearray):
            self._text = bytearray(self.text())
        starts = lines.ends + (self.size - (int(lines.ends[0]) - int(lines.sizes[0])))
        starts -= lines.sizes
        self.starts.frombytes(starts.astype("uint32").tobytes())
        self._text += lines.text
        self.size = len(self._text)
        self.timestamps.frombytes(lines.timestamps.tobytes())
        self.hosts.frombytes(lines.hosts.tobytes())
        self.serials.frombytes(lines.serials.tobytes())

    def text(self) -> bytes | bytearray:
        """All lines, each ended by a newline."""
        text = self._text  # another thread may pack it meanwhile
        return packing().open(self._packed) if text is None else text

    def pack(self) -> None:
        """Hold the text compressed only."""
        if self._text is not None:
            self._packed = packing().pack(self._text)
            self._text = None

    def fitting(self, lines: Lines, start: int) -> int:
        """Up to which of some lines, from one on, it has room; the one that fills it goes in whole."""
        before = int(lines.ends[start] - lines.sizes[start])
        stop = int(lines.ends.searchsorted(before + BLOCK_BYTES - self.size)) + 1
        return min(max(stop, start + 1), start + BLOCK_LINES - len(self), len(lines))

    def seal(self) -> None:
        """Take off the room that a growing text keeps in reserve."""
        if isinstance(self._text, bytearray):
            self._text = bytes(self._text)

    def end(self, index: int) -> int:
        """Where a line ends, its newline not counted."""
        return (self.starts[index + 1] if index + 1 < len(self.starts) else self.size) - 1


class LogBuffer:
    """All lines of a job's log so far, addressed by their place in time order (0 is the oldest)."""

    def __init__(self, open_bytes: int = OPEN_BYTES) -> None:
        self._open_bytes = open_bytes
        self._blocks: list[Block] = []
        self._firsts: list[int] = [0]
        self._hosts: dict[str, int] = {}
        self._host_names: list[str] = []
        self._serial = 0
        self._opened: OrderedDict[int, bytes | bytearray] = OrderedDict()
        self._lock = threading.RLock()
        self._writing = threading.Lock()
        self.version = 0
        """Changes with every addition."""
        self.reordered = 0
        """Changes when lines came in before others: places of lines held from before are stale then."""

    def __len__(self) -> int:
        return self._firsts[-1]

    @property
    def hosts(self) -> tuple[str, ...]:
        """The hosts that wrote, in the order they appeared."""
        return tuple(self._host_names)

    @property
    def blocks(self) -> tuple[Block, ...]:
        """The blocks in time order; full ones do not change, save when late lines fall into them."""
        with self._lock:
            return tuple(self._blocks)

    def append(self, host: str, timestamps: Sequence[int], messages: Sequence[str]) -> None:
        """Add one stream's new events, in their own time order; a message of several lines becomes several."""
        self.extend([(host, timestamps, messages)])

    def extend(self, pages: Iterable[tuple[str, Sequence[int], Sequence[str]]]) -> None:
        """Add pages of several streams at once, each as host, timestamps and messages; they are sorted together."""
        with self._writing:
            found = [self._taken(*page) for page in pages if page[2]]
            if found:
                self._take(_sorted(_together(found)) if len(found) > 1 else found[0])

    def _take(self, lines: Lines) -> None:
        """Put lines in their place. Readers wait for the moment only in which that is done, not for its preparation."""
        before = self._blocks  # changed by who holds `_writing` alone
        first, last = int(lines.timestamps[0]), int(lines.timestamps[-1])
        low = bisect_right(before, first, key=attrgetter("last_timestamp"))
        high = bisect_right(before, last, key=attrgetter("first_timestamp"))
        touched = before[low:high]
        if touched:
            made = _blocks_of(_sorted(_together([*map(_lines_of, touched), lines])))
            after: list[Block] = [*before[:low], *made, *before[high:]]
            growing, fitting = None, 0
        else:  # they go on where a block ended: the newest ones, or a log's past that fills in behind its end
            growing = before[low - 1] if low and not before[low - 1].is_full else None
            fitting = growing.fitting(lines, 0) if growing is not None else 0
            rest = _blocks_of(lines.cut(fitting, len(lines))) if fitting < len(lines) else []
            after = [*before[:low], *rest, *before[low:]]
        with self._lock:
            if growing is not None:
                growing.extend(lines.cut(0, fitting))
                if growing.is_full:
                    growing.seal()
            for block in touched:
                self._opened.pop(id(block), None)
            self._blocks = after
            self._firsts = [0, *accumulate(map(len, after))]
            self.reordered += bool(touched) or low < len(before)
            self.version += 1
        self._pack_old()

    def _taken(self, host: str, timestamps: Sequence[int], messages: Sequence[str]) -> Lines:
        """A stream's events as lines in time order: trailing newlines off, each inner line with its event's time."""
        import numpy as np

        stamps = np.fromiter(timestamps, np.int64, len(messages))
        text = "\n".join((*messages, "")).encode("utf-8", "replace")
        ends = _line_ends(text)
        if len(ends) > len(messages):
            parts = [message.encode("utf-8", "replace").rstrip(b"\n").split(b"\n") for message in messages]
            stamps = np.repeat(stamps, [len(part) for part in parts])
            text = b"\n".join(chain.from_iterable(parts)) + b"\n"
            ends = _line_ends(text)
        sizes = np.diff(ends, prepend=0)
        count = len(stamps)
        hosts = np.full(count, self._host_number(host), np.uint16)
        serials = np.arange(self._serial, self._serial + count, dtype=np.uint32)
        self._serial += count
        return _sorted(Lines(text, sizes, ends, stamps, hosts, serials))

    def line(self, index: int) -> Line:
        """The line at a place; raises IndexError beyond the end."""
        return next(iter(self.lines(index, index + 1)))

    def lines(self, start: int, stop: int) -> list[Line]:
        """The lines of a range of places, as far as they exist; raises IndexError when none does."""
        with self._lock:
            if not 0 <= start < len(self):
                raise IndexError(f"line {start} of {len(self)}")
            found: list[Line] = []
            number = bisect_right(self._firsts, start) - 1
            while start < min(stop, len(self)):
                block, first = self._blocks[number], self._firsts[number]
                text = self.block_text(block)
                here = range(start - first, min(stop - first, len(block)))
                found.extend(self._line(block, text, local) for local in here)
                number += 1
                start = self._firsts[number]
            return found

    def place(self, timestamp: int, serial: int) -> int:
        """Where the line with this timestamp and serial is now; the nearest place when it is not there."""
        with self._lock:
            number = next((n for n, block in enumerate(self._blocks) if block.last_timestamp >= timestamp), None)
            if number is None:
                return max(len(self) - 1, 0)
            for at in range(number, len(self._blocks)):
                block = self._blocks[at]
                if block.first_timestamp > timestamp:
                    break
                if serial in block.serials:
                    return self._firsts[at] + block.serials.index(serial)
            return self._firsts[number]

    def block_text(self, block: Block) -> bytes | bytearray:
        """A block's text, from a small cache when the block is packed."""
        if not block.is_packed:
            return block.text()
        with self._lock:
            key = id(block)
            text = self._opened.get(key)
            if text is None:
                text = self._opened[key] = block.text()
                if len(self._opened) > CACHED_BLOCKS:
                    self._opened.popitem(last=False)
            else:
                self._opened.move_to_end(key)
            return text

    def text_from(self, block: Block, start: int) -> tuple[bytes, int]:
        """A block's text from a line on, and how many lines the block has by now."""
        with self._lock:
            text, stop = self.block_text(block), len(block)
            offset = block.starts[start] if start < stop else block.size
            return (bytes(text) if offset == 0 else bytes(text[offset:])), stop

    def first_of(self, number: int) -> int:
        """The place of a block's first line."""
        return self._firsts[number]

    def export(self) -> Iterator[Line]:
        """Every line, a block at a time."""
        for block in self.blocks:
            text = block.text()
            for local in range(len(block)):
                yield self._line(block, text, local)

    def _line(self, block: Block, text: bytes | bytearray, local: int) -> Line:
        raw = text[block.starts[local] : block.end(local)]
        return Line(
            block.timestamps[local],
            self._host_names[block.hosts[local]],
            raw.decode("utf-8", "replace"),
            block.serials[local],
        )

    def _host_number(self, host: str) -> int:
        if host not in self._hosts:
            self._hosts[host] = len(self._host_names)
            self._host_names.append(host)
        return self._hosts[host]

    def _pack_old(self) -> None:
        """Pack the oldest open blocks until what is open fits the budget, save the last two and those that grow."""
        open_blocks = [block for block in self._blocks[:-2] if block.is_full and not block.is_packed]
        total = sum(block.size for block in open_blocks)
        for block in open_blocks:
            if total <= self._open_bytes:
                break
            total -= block.size
            block.pack()


def _blocks_of(lines: Lines) -> list[Block]:
    """Lines in blocks of their own."""
    found: list[Block] = []
    at = 0
    while at < len(lines):
        if found:
            found[-1].seal()
        block = Block()
        stop = block.fitting(lines, at)
        block.extend(lines.cut(at, stop))
        found.append(block)
        at = stop
    return found


def _line_ends(text: bytes) -> NDArray[np.int64]:
    """Where each line of a text ends, its newline counted."""
    import numpy as np

    return np.flatnonzero(np.frombuffer(text, np.uint8) == ord("\n")) + 1


def _lines_of(block: Block) -> Lines:
    """A block's lines, to be put together with others."""
    import numpy as np

    text = bytes(block.text())
    starts = np.array(block.starts, np.int64)
    ends = np.append(starts[1:], len(text))
    facts = (np.array(block.timestamps, np.int64), np.array(block.hosts, np.uint16), np.array(block.serials, np.uint32))
    return Lines(text, ends - starts, ends, *facts)


def _together(parts: Sequence[Lines]) -> Lines:
    """Several runs of lines as one, in the order given."""
    import numpy as np

    sizes = np.concatenate([part.sizes for part in parts])
    return Lines(
        b"".join(part.text for part in parts),
        sizes,
        np.cumsum(sizes),
        np.concatenate([part.timestamps for part in parts]),
        np.concatenate([part.hosts for part in parts]),
        np.concatenate([part.serials for part in parts]),
    )


def _sorted(lines: Lines) -> Lines:
    """The lines by their times; those of one time stay in their order."""
    import numpy as np

    if bool((lines.timestamps[1:] >= lines.timestamps[:-1]).all()):
        return lines
    order = lines.timestamps.argsort(kind="stable")
    pieces = lines.pieces()
    text = b"\n".join([pieces[index] for index in order.tolist()]) + b"\n"
    sizes = lines.sizes[order]
    return Lines(text, sizes, np.cumsum(sizes), lines.timestamps[order], lines.hosts[order], lines.serials[order])
