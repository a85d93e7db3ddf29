"""The four optimizers of the algorithm: sgd, nag, adam, rmsprop."""

from __future__ import annotations

import numpy as np

from birdtui.local.container.network import Array
from birdtui.local.container.settings import Settings


class Optimizer:
    """Changes weights by their gradients; `rate` is the learning rate now."""

    def __init__(self, settings: Settings) -> None:
        self.rate = settings.learning_rate
        self._settings = settings
        self._first: dict[str, Array] = {}
        self._second: dict[str, Array] = {}
        self._steps = 0

    def step(self, weights: dict[str, Array], gradients: dict[str, Array]) -> None:
        """One step down for every weight."""
        self._steps += 1
        for name, gradient in gradients.items():
            moved = weights[name] - self._move(name, weights[name], gradient)
            weights[name] = moved.astype(np.float32, copy=False)

    def _move(self, name: str, weight: Array, gradient: Array) -> Array:
        match self._settings.optimizer:
            case "adam":
                return self._adam(name, gradient)
            case "rmsprop":
                return self._rmsprop(name, gradient)
        return self._momentum(name, gradient + np.float32(self._settings.weight_decay) * weight)

    def _momentum(self, name: str, gradient: Array) -> Array:
        momentum = np.float32(self._settings.momentum)
        speed: Array = np.asarray(self._first.get(name, 0) * momentum + gradient, np.float32)
        self._first[name] = speed
        if self._settings.optimizer == "nag":
            ahead: Array = np.asarray(gradient + momentum * speed, np.float32)
            return ahead * np.float32(self.rate)
        return speed * np.float32(self.rate)

    def _adam(self, name: str, gradient: Array) -> Array:
        settings = self._settings
        first = settings.beta_1 * self._first.get(name, np.float32(0)) + (1 - settings.beta_1) * gradient
        second = settings.beta_2 * self._second.get(name, np.float32(0)) + (1 - settings.beta_2) * gradient**2
        self._first[name] = np.asarray(first, np.float32)
        self._second[name] = np.asarray(second, np.float32)
        even_first = first / (1 - settings.beta_1**self._steps)
        even_second = second / (1 - settings.beta_2**self._steps)
        return np.asarray(self.rate * even_first / (np.sqrt(even_second) + settings.eps), np.float32)

    def _rmsprop(self, name: str, gradient: Array) -> Array:
        gamma = self._settings.gamma
        square = gamma * self._second.get(name, np.float32(0)) + (1 - gamma) * gradient**2
        self._second[name] = np.asarray(square, np.float32)
        return np.asarray(self.rate * gradient / np.sqrt(square + self._settings.eps), np.float32)
