"""What a job leaves in its model folder: weights by epoch, the network's shape, the classes' count.

docs/model-artifact.md shows how to load it with numpy.
"""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np

from birdtui.local.container.images import LARGE
from birdtui.local.container.network import FILTERS, SIDE, Array

PREFIX = "image-classification"


def parameters_name(epoch: int) -> str:
    """The file of an epoch's weights; files count from 1, epochs from 0."""
    return f"{PREFIX}-{epoch + 1:04}.params"


def store(folder: Path, epoch: int, state: dict[str, Array], classes: int, *, alone: bool) -> Path:
    """Write an epoch's weights; `alone` takes earlier ones away, as where only the best model is kept."""
    folder.mkdir(parents=True, exist_ok=True)
    content = io.BytesIO()
    np.savez(content, **state)  # type: ignore[arg-type]
    path = folder / parameters_name(epoch)
    partial = path.with_suffix(".partial")
    partial.write_bytes(content.getvalue())
    partial.replace(path)
    if alone:
        for other in folder.glob(f"{PREFIX}-*.params"):
            if other != path:
                other.unlink()
    describe(folder, classes)
    return path


def describe(folder: Path, classes: int) -> None:
    """Write the two small files that say what the weights are for."""
    layers = [
        {"op": "convolution", "kernel": 3, "stride": 2, "pad": 1, "filters": filters, "then": ["batch norm", "relu"]}
        for filters in FILTERS
    ]
    symbol = {
        "framework": "numpy",
        "resize": LARGE,
        "crop": SIDE,
        "scale": "pixel / 127.5 - 1",
        "layers": [*layers, {"op": "mean"}, {"op": "dense", "outputs": classes}],
    }
    (folder / f"{PREFIX}-symbol.json").write_text(json.dumps(symbol, indent=2) + "\n", encoding="utf-8")
    shapes = [{"shape": [1, 3, SIDE, SIDE], "name": "data"}]
    (folder / "model-shapes.json").write_text(json.dumps(shapes) + "\n", encoding="utf-8")
