"""Object bytes on the disk: a file for each, named by a random id and never by a key, written once and never changed.

A file that is deleted stays readable for who has it open.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from birdtui.local import checksums

PIECE = 1 << 20
_READ_ONLY = 0o400


@dataclass(frozen=True, slots=True)
class Written:
    """Bytes on the disk that belong to no object yet; `sums` are the checksums asked for, base64 by algorithm."""

    file: str
    size: int
    md5: str
    sums: Mapping[str, str] = field(default_factory=dict)


class Files:
    """The files of a folder, by their ids."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path(self, file: str) -> Path:
        """Where a file's bytes lie."""
        return self._folder / file[-2:] / file

    def write(self, pieces: Iterable[bytes], algorithms: Collection[str] = ()) -> Written:
        """Writes pieces as they come and counts their checksums; leaves no file behind where a piece raises."""
        file = secrets.token_hex(16)
        path = self.path(file)
        path.parent.mkdir(exist_ok=True)
        digest = hashlib.md5(usedforsecurity=False)  # an ETag is an MD5
        hashers = {name: checksums.ALGORITHMS[name]() for name in algorithms}
        counters: list[checksums.Hasher] = [digest, *hashers.values()]
        size = 0
        try:
            with path.open("xb") as target:
                for piece in pieces:
                    for counter in counters:
                        counter.update(piece)
                    size += target.write(piece)
            path.chmod(_READ_ONLY)
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        return Written(file, size, digest.hexdigest(), {name: checksums.text(each) for name, each in hashers.items()})

    def joined(self, files: Iterable[str]) -> Iterator[bytes]:
        """The bytes of several files, one behind the other; all are opened before the first piece."""
        with ExitStack() as stack:
            streams = [stack.enter_context(self.path(file).open("rb")) for file in files]
            for stream in streams:
                yield from pieces_of(stream)

    def discard(self, files: Iterable[str]) -> None:
        """Takes files away; one that is gone is no error."""
        for file in files:
            self.path(file).unlink(missing_ok=True)

    def sweep(self, kept: Collection[str]) -> None:
        """Takes away what an engine that was killed left half-written: every file but those kept."""
        self.discard(path.name for path in self._folder.glob("??/*") if path.name not in kept)


def pieces_of(stream: BinaryIO, length: int | None = None) -> Iterator[bytes]:
    """A stream's bytes from where it is, to its end or at most `length` of them."""
    left = length
    while left is None or left > 0:
        piece = stream.read(PIECE if left is None else min(PIECE, left))
        if not piece:
            return
        if left is not None:
            left -= len(piece)
        yield piece
