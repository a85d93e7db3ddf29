"""The sample data of the embedded engine: four made-up bird species, drawn, as RecordIO.

The species differ in the colours of body, wing, breast and beak, and in shape; pose, size, light, background and noise
vary from picture to picture, so that a network has to learn and its accuracy rises over the epochs. The pictures are
the same every time.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

from birdtui.recordio import ImageHeader, pack_image, write_records

if TYPE_CHECKING:
    from numpy.random import Generator
    from PIL import Image

CLASSES = ("cardinal", "jay", "finch", "oriole")
"""The species, by label."""
TRAIN_IMAGES = 322
VALIDATION_IMAGES = 104

Color = tuple[int, int, int]


@dataclass(frozen=True)
class Species:
    """What makes a species: its colours, its length against its height, its beak, and whether it has a crest."""

    body: Color
    wing: Color
    breast: Color
    beak: Color
    slender: float
    beak_length: float
    crest: bool


SPECIES = (
    Species((178, 62, 54), (142, 58, 52), (186, 96, 78), (214, 132, 60), 1.0, 0.16, crest=True),
    Species((82, 110, 168), (66, 92, 146), (178, 178, 176), (70, 68, 72), 1.2, 0.2, crest=True),
    Species((186, 158, 66), (96, 92, 74), (190, 172, 104), (196, 146, 96), 0.85, 0.12, crest=False),
    Species((188, 116, 52), (74, 66, 62), (190, 140, 78), (96, 96, 104), 1.2, 0.26, crest=False),
)


def train_records() -> bytes:
    """The training pictures as a .rec file: 322 records, labels 0 to 3."""
    return _records(TRAIN_IMAGES, seed=11)


def validation_records() -> bytes:
    """The validation pictures as a .rec file: 104 records, labels 0 to 3."""
    return _records(VALIDATION_IMAGES, seed=12)


def _records(count: int, seed: int) -> bytes:
    import numpy as np

    random = np.random.default_rng(seed)
    records: list[bytes] = []
    for number, label in enumerate(random.permutation(np.arange(count) % len(SPECIES))):
        picture = io.BytesIO()
        draw_bird(SPECIES[int(label)], random).save(picture, "JPEG", quality=80)
        records.append(pack_image(ImageHeader((float(label),), number), picture.getvalue()))
    return write_records(records)


def draw_bird(species: Species, random: Generator) -> Image.Image:
    """One picture of a species, about 72 pixels a side."""
    import numpy as np
    from PIL import Image, ImageDraw, ImageFilter

    width, height = (int(side) for side in random.integers(64, 82, 2))
    light = random.uniform(0.65, 1.3)
    tint = random.uniform(0.8, 1.2, 3)

    def paint(color: Color) -> Color:
        shade = np.clip(np.array(color) * light * tint + random.normal(0, 11, 3), 0, 255).astype(int)
        return int(shade[0]), int(shade[1]), int(shade[2])

    ground = tuple(int(part) for part in random.integers(60, 200, 3))
    image = Image.new("RGB", (width, height), ground)
    pen = ImageDraw.Draw(image)
    _scenery(pen, width, height, random)
    _bird(pen, species, paint, width, height, random)
    if random.random() < 0.5:
        image = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    image = image.rotate(float(random.uniform(-25, 25)), Image.Resampling.BILINEAR, fillcolor=ground)
    image = image.filter(ImageFilter.GaussianBlur(float(random.uniform(0, 1.2))))
    noise = random.normal(0, 12, (height, width, 3))
    return Image.fromarray(np.clip(np.asarray(image) + noise, 0, 255).astype(np.uint8))


def _scenery(pen: object, width: int, height: int, random: Generator) -> None:
    """Leaves and branches of any colour, so that colour alone tells no species."""
    from PIL import ImageDraw

    assert isinstance(pen, ImageDraw.ImageDraw)
    for _ in range(int(random.integers(6, 14))):
        x, y = random.uniform(0, width), random.uniform(0, height)
        long, wide = random.uniform(4, 22), random.uniform(3, 14)
        color = tuple(int(part) for part in random.integers(30, 220, 3))
        pen.ellipse((x - long, y - wide, x + long, y + wide), fill=color)
    level = random.uniform(0.6, 0.95) * height
    pen.line((0, level, width, level + random.uniform(-12, 12)), fill=(74, 56, 44), width=int(random.integers(2, 5)))


def _bird(pen: object, species: Species, paint: object, width: int, height: int, random: Generator) -> None:
    from PIL import ImageDraw

    assert isinstance(pen, ImageDraw.ImageDraw)
    assert callable(paint)
    size = min(width, height) * random.uniform(0.2, 0.34)
    x = width * random.uniform(0.36, 0.64)
    y = height * random.uniform(0.36, 0.64)
    long = size * species.slender * random.uniform(0.9, 1.1)
    high = size * 0.68 * random.uniform(0.88, 1.12)
    tail = [
        (x - long * 0.8, y),
        (x - long * 1.75, y + high * random.uniform(-0.5, 0.5)),
        (x - long * 0.7, y + high * 0.5),
    ]
    pen.polygon(tail, fill=paint(species.wing))
    pen.ellipse((x - long, y - high, x + long, y + high), fill=paint(species.body))
    pen.ellipse((x - long * 0.1, y - high * 0.2, x + long * 0.9, y + high * 0.9), fill=paint(species.breast))
    pen.ellipse((x - long * 0.75, y - high * 0.55, x + long * 0.25, y + high * 0.3), fill=paint(species.wing))
    head_x, head_y, head = x + long * 0.82, y - high * 0.72, size * 0.42
    if species.crest:
        pen.polygon(
            [
                (head_x - head, head_y),
                (head_x - head * 0.7, head_y - head * 1.7),
                (head_x + head * 0.5, head_y - head * 0.6),
            ],
            fill=paint(species.body),
        )
    pen.ellipse((head_x - head, head_y - head, head_x + head, head_y + head), fill=paint(species.body))
    beak = size * species.beak_length * 2.2
    pen.polygon(
        [
            (head_x + head * 0.8, head_y - head * 0.3),
            (head_x + head * 0.8 + beak, head_y),
            (head_x + head * 0.8, head_y + head * 0.35),
        ],
        fill=paint(species.beak),
    )
    pen.ellipse((head_x + head * 0.1, head_y - head * 0.4, head_x + head * 0.4, head_y - head * 0.1), fill=(12, 12, 12))
