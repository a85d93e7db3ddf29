"""A small convolutional network in numpy: three convolutions with batch normalisation, a mean, one dense layer.

Images are float32 arrays of shape (count, 48, 48, 3). Batch normalisation is what lets the algorithm's default learning
rate of 0.1 train so small a network: without it accuracy sticks near chance.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]

SIDE = 48
"""Width and height of the images it takes, in pixels."""
FILTERS = (16, 32, 48)
_EPSILON = np.float32(1e-5)
_KEEP = np.float32(0.8)
_SIZE = 3


def _windows(images: Array) -> Array:
    """Each 3x3 window at every second pixel as a row: (count * height/2 * width/2, 9 * channels)."""
    padded = np.pad(images, ((0, 0), (1, 1), (1, 1), (0, 0)))
    view = np.lib.stride_tricks.sliding_window_view(padded, (_SIZE, _SIZE), axis=(1, 2))[:, ::2, ::2]
    count, height, width, channels = view.shape[:4]
    return np.ascontiguousarray(view.transpose(0, 1, 2, 4, 5, 3)).reshape(
        count * height * width, _SIZE * _SIZE * channels
    )


def _unwindow(rows: Array, shape: tuple[int, ...]) -> Array:
    """The gradient of `_windows`: each row's values added back to where they came from."""
    count, height, width, channels = shape
    padded = np.zeros((count, height + 2, width + 2, channels), np.float32)
    parts = rows.reshape(count, height // 2, width // 2, _SIZE, _SIZE, channels)
    for row in range(_SIZE):
        for column in range(_SIZE):
            padded[:, row : row + height : 2, column : column + width : 2] += parts[:, :, :, row, column]
    return padded[:, 1:-1, 1:-1]


class Network:
    """The network's parameters, and what it does with images. `weights` learn; `averages` are batch statistics."""

    def __init__(self, classes: int, random: np.random.Generator) -> None:
        self.weights: dict[str, Array] = {}
        self.averages: dict[str, Array] = {}
        channels = 3
        for number, filters in enumerate(FILTERS):
            fan_in = _SIZE * _SIZE * channels
            weight = random.normal(0, np.sqrt(2 / fan_in), (fan_in, filters))
            self.weights[f"conv{number}_weight"] = weight.astype(np.float32)
            self.weights[f"bn{number}_gamma"] = np.ones(filters, np.float32)
            self.weights[f"bn{number}_beta"] = np.zeros(filters, np.float32)
            self.averages[f"bn{number}_mean"] = np.zeros(filters, np.float32)
            self.averages[f"bn{number}_var"] = np.ones(filters, np.float32)
            channels = filters
        self.weights["fc_weight"] = random.normal(0, np.sqrt(1 / channels), (channels, classes)).astype(np.float32)
        self.weights["fc_bias"] = np.zeros(classes, np.float32)

    def state(self) -> dict[str, Array]:
        """All parameters by name, copied: what a checkpoint stores."""
        return {name: value.copy() for name, value in {**self.weights, **self.averages}.items()}

    def load(self, state: Mapping[str, Any]) -> None:
        """Take parameters from a checkpoint."""
        for holder in (self.weights, self.averages):
            for name in holder:
                holder[name] = np.asarray(state[name], np.float32)

    def scores(self, images: Array) -> Array:
        """One score a class for each image: (count, classes); the highest is the answer."""
        layer = images
        for number in range(len(FILTERS)):
            count, height, width, _ = layer.shape
            rows = _windows(layer) @ self.weights[f"conv{number}_weight"]
            scale = self.weights[f"bn{number}_gamma"] / np.sqrt(self.averages[f"bn{number}_var"] + _EPSILON)
            rows = (rows - self.averages[f"bn{number}_mean"]) * scale + self.weights[f"bn{number}_beta"]
            layer = np.maximum(rows, 0).reshape(count, height // 2, width // 2, -1)
        scores: Array = layer.mean(axis=(1, 2)) @ self.weights["fc_weight"] + self.weights["fc_bias"]
        return scores

    def gradients(self, images: Array, labels: NDArray[np.int64]) -> tuple[Array, dict[str, Array]]:
        """The scores of a training batch and the gradient of its cross-entropy for every weight.

        Batch statistics are taken from the batch and remembered in `averages`.
        """
        kept: list[tuple[Any, ...]] = []
        layer = images
        for number in range(len(FILTERS)):
            layer = self._forward(number, layer, kept)
        pooled = layer.mean(axis=(1, 2))
        scores = pooled @ self.weights["fc_weight"] + self.weights["fc_bias"]
        slope = np.exp(scores - scores.max(axis=1, keepdims=True))
        slope /= slope.sum(axis=1, keepdims=True)
        slope[np.arange(len(labels)), labels] -= 1
        slope /= len(labels)
        found = {"fc_weight": pooled.T @ slope, "fc_bias": slope.sum(axis=0)}
        area = layer.shape[1] * layer.shape[2]
        back = (slope @ self.weights["fc_weight"].T / np.float32(area))[:, None, None, :]
        back = np.broadcast_to(back, layer.shape)
        for number in reversed(range(len(FILTERS))):
            back = self._backward(number, back, kept[number], found)
        return scores, found

    def _forward(self, number: int, layer: Array, kept: list[tuple[Any, ...]]) -> Array:
        count, height, width, _ = layer.shape
        windows = _windows(layer)
        rows = windows @ self.weights[f"conv{number}_weight"]
        mean = rows.mean(axis=0)
        rows -= mean
        variance = np.einsum("ij,ij->j", rows, rows) / np.float32(len(rows))
        spread = 1 / np.sqrt(variance + _EPSILON)
        rows *= spread
        out = np.maximum(rows * self.weights[f"bn{number}_gamma"] + self.weights[f"bn{number}_beta"], 0)
        for name, value in (("mean", mean), ("var", variance)):
            average = self.averages[f"bn{number}_{name}"]
            self.averages[f"bn{number}_{name}"] = average * _KEEP + value * (1 - _KEEP)
        kept.append((layer.shape, windows, rows, spread, out > 0))
        shaped: Array = out.reshape(count, height // 2, width // 2, -1)
        return shaped

    def _backward(self, number: int, back: Array, kept: tuple[Any, ...], found: dict[str, Array]) -> Array:
        shape, windows, normal, spread, positive = kept
        slope: Array = back.reshape(normal.shape) * positive
        found[f"bn{number}_beta"] = slope.sum(axis=0)
        found[f"bn{number}_gamma"] = np.einsum("ij,ij->j", slope, normal)
        count = np.float32(len(normal))
        mean_slope = found[f"bn{number}_beta"] / count
        mean_product = found[f"bn{number}_gamma"] / count
        slope -= mean_slope
        slope -= normal * mean_product
        slope *= self.weights[f"bn{number}_gamma"] * spread
        found[f"conv{number}_weight"] = windows.T @ slope
        if number == 0:
            return slope
        return _unwindow(slope @ self.weights[f"conv{number}_weight"].T, shape)
