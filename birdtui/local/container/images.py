"""A channel's images: from its one .rec file to arrays of pixels and labels."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from birdtui.local.container.lines import CustomerError, Log
from birdtui.local.container.network import SIDE, Array
from birdtui.recordio import RecordIOError, read_records, unpack_image

MARGIN = 6
"""Pixels more than the network takes, so that a crop has room to move."""
LARGE = SIDE + MARGIN

Labels = NDArray[np.int64]


def load(channel: Path, name: str, classes: int, log: Log, check: Callable[[], None]) -> tuple[Array, Labels]:
    """All images of a channel as (count, 54, 54, 3) from -1 to 1, with their labels. Raises CustomerError.

    Calls `check` before each image; what that raises ends the reading.
    """
    log.info(f"Searching for .rec files in /opt/ml/input/data/{name}.")
    if not channel.is_dir():
        raise CustomerError(f"The {name} channel is required, but it was not found.")
    files = sorted(path for path in channel.rglob("*.rec") if path.is_file())
    if not files:
        raise CustomerError(f"No .rec file was found in the {name} channel; the local engine reads RecordIO only.")
    if len(files) > 1:
        raise CustomerError(f"Multiple RecordIO files found in the {name} channel")
    try:
        with files[0].open("rb") as stream:
            pairs = []
            for record in read_records(stream):
                check()
                pairs.append(_decoded(record))
    except RecordIOError:
        raise CustomerError(
            "Invalid RecordIO format. Please make sure that the RecordIO files are not corrupted."
        ) from None
    if not pairs:
        raise CustomerError(f"Unable to start training. Empty .rec file in {name} channel.")
    labels = np.array([label for _, label in pairs], np.int64)
    if labels.max() >= classes or labels.min() < 0:
        raise CustomerError(
            f"Label {int(labels.max())} in the {name} channel is out of range: labels must be from 0 to "
            f"num_classes - 1, and num_classes is {classes}."
        )
    return np.stack([pixels for pixels, _ in pairs]).astype(np.float32) / np.float32(127.5) - 1, labels


def _decoded(record: bytes) -> tuple[NDArray[np.uint8], int]:
    header, data = unpack_image(record)
    if len(header.labels) > 1:
        raise CustomerError("A record has several labels: the local engine does not train with multi_label=1.")
    try:
        with Image.open(io.BytesIO(data)) as image:
            small = image.convert("RGB").resize((LARGE, LARGE), Image.Resampling.BILINEAR)
    except (UnidentifiedImageError, OSError, ValueError):
        raise CustomerError(
            "Unable to parse record. Please make sure input data is in correct recordio format."
        ) from None
    return np.asarray(small), int(header.labels[0])


def centre(images: Array) -> Array:
    """The middle of each image, as large as the network takes it."""
    half = MARGIN // 2
    return np.ascontiguousarray(images[:, half : half + SIDE, half : half + SIDE])


def augmented(images: Array, kind: str, random: np.random.Generator) -> Array:
    """A batch cropped at random and mirrored; with `crop_color` recoloured, with `crop_color_transform` turned too."""
    if not kind:
        return centre(images)
    down, right = random.integers(0, MARGIN + 1, 2)
    batch = images[:, down : down + SIDE, right : right + SIDE]
    mirrored = random.random(len(batch)) < 0.5
    batch = np.where(mirrored[:, None, None, None], batch[:, :, ::-1], batch)
    if kind != "crop":
        gain = random.uniform(0.8, 1.2, (len(batch), 1, 1, 3))
        shift = random.uniform(-0.2, 0.2, (len(batch), 1, 1, 1))
        batch = np.clip(batch * gain + shift, -1, 1).astype(np.float32)
    if kind == "crop_color_transform":
        batch = _turned(batch, random)
    return np.ascontiguousarray(batch)


def _turned(batch: Array, random: np.random.Generator) -> Array:
    """Each image turned by up to 10 degrees and sheared by up to 0.1, nearest pixel."""
    turn = random.uniform(-np.pi / 18, np.pi / 18, (len(batch), 1, 1))
    shear = random.uniform(-0.1, 0.1, (len(batch), 1, 1))
    y, x = np.mgrid[0:SIDE, 0:SIDE] - (SIDE - 1) / 2
    rows = np.cos(turn) * y - np.sin(turn) * x
    columns = np.sin(turn) * y + np.cos(turn) * x + shear * y
    middle = (SIDE - 1) / 2
    rows = np.clip(np.rint(rows + middle), 0, SIDE - 1).astype(np.intp)
    columns = np.clip(np.rint(columns + middle), 0, SIDE - 1).astype(np.intp)
    turned: Array = batch[np.arange(len(batch))[:, None, None], rows, columns]
    return turned
