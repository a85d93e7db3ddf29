"""What a job leaves in its model folder: weights by epoch, the network's shape, the classes' count.

docs/model-artifact.md shows how to load it with numpy.
"""

from __future__ import annotations

import io
import json
import tarfile
import zipfile
from pathlib import Path

import numpy as np

from birdtui.local.container.images import LARGE
from birdtui.local.container.lines import CustomerError
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


def load(channel: Path, classes: int) -> dict[str, Array]:
    """The weights in the one model.tar.gz of a channel: an earlier job's artifact; of several epochs, the last.

    Raises CustomerError where there is none of as many classes.
    """
    archives = sorted(path for path in channel.rglob("*") if path.is_file())
    try:
        with tarfile.open(archives[0]) as archive:
            name = max(name for name in archive.getnames() if name.endswith(".params"))
            content = archive.extractfile(name)
            with np.load(io.BytesIO(content.read() if content else b"")) as stored:
                state = dict(stored)
        found = state["fc_weight"].shape[1]
    except (IndexError, KeyError, ValueError, OSError, EOFError, tarfile.TarError, zipfile.BadZipFile):
        raise CustomerError("No model of the image classification algorithm was found in the model channel.") from None
    if found != classes:
        raise CustomerError(
            f"The model in the model channel knows {found} classes, and num_classes is {classes}: they must be equal."
        )
    return state
