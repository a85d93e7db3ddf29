"""The container's program: `python -m birdtui.local.container.train SCRATCH`, where SCRATCH stands for /opt/ml.

It keeps SageMaker's contract: reads `input/config/*.json` and `input/data/<channel>/`, writes `model/` and, when it
fails, `output/failure`. Its log is the Image Classification algorithm's. Runs with the same data, hyperparameters and
host give the same result.
"""

from __future__ import annotations

import json
import signal
import sys
import threading
import time
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from birdtui.local.container import artifact, images
from birdtui.local.container.lines import CustomerError, Log, plain
from birdtui.local.container.network import Array, Network
from birdtui.local.container.optimizers import Optimizer
from birdtui.local.container.settings import Settings, log_parameters, read

BATCHES_A_LINE = 20
SCORED_AT_ONCE = 256
DEFAULTS = "/opt/amazon/lib/python3.8/site-packages/image_classification/default-input.json"


class Stopped(Exception):
    """SIGTERM came: SageMaker gives a container two minutes to end."""


def main(argv: list[str]) -> int:
    """Train; the exit code is 0, or 2 for a fault of the author's, or 1 for one of the program's."""
    scratch = Path(argv[0])
    config = scratch / "input" / "config"
    resources = json.loads((config / "resourceconfig.json").read_text(encoding="utf-8"))
    sent = json.loads((config / "hyperparameters.json").read_text(encoding="utf-8"))
    log = Log(_thread_id(resources["current_host"], scratch.name))
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda _number, _frame: stop.set())
    plain("Docker entrypoint called with argument(s): train")
    try:
        with np.errstate(all="ignore"):  # a run that diverges says so by its accuracy, not by warnings of numpy's
            Trainer(scratch, resources, sent, log, stop).run()
    except Stopped:
        log.info("Received SIGTERM, stopping.")
    except CustomerError as error:
        return _fail(scratch, log, "Customer Error", "ClientError", str(error), 2)
    except Exception as error:  # noqa: BLE001 - whatever it is, the job's FailureReason tells it
        return _fail(
            scratch, log, "Algorithm Error", "AlgorithmError", f"{error} (caused by {type(error).__name__})", 1
        )
    return 0


def _fail(scratch: Path, log: Log, logged: str, told: str, text: str, code: int) -> int:
    log.error(f"{logged}: {text}")
    failure = scratch / "output" / "failure"
    failure.parent.mkdir(parents=True, exist_ok=True)
    failure.write_text(f"{told}: {text}, exit code: {code}", encoding="utf-8")
    return code


def _thread_id(host: str, job: str) -> int:
    """Fifteen digits, another for each host of a job."""
    return 139_000_000_000_000 + zlib.crc32(f"{job}/{host}".encode()) * 230


class Trainer:
    """One host's training run."""

    def __init__(
        self, scratch: Path, resources: dict[str, Any], sent: dict[str, str], log: Log, stop: threading.Event
    ) -> None:
        """`stop` ends the run between two batches, never while a file is written."""
        self._stop = stop
        self._scratch = scratch
        self._sent = sent
        self._log = log
        self._host = str(resources["current_host"])
        self._hosts = len(resources["hosts"])
        self._stores = self._host == min(resources["hosts"])
        self._best = -1.0
        self._reference = -1.0
        self._reference_epoch = 0
        self._carried = 0
        self._stored: int | None = None

    def run(self) -> None:
        """Read the settings and the data, train, store."""
        log = self._log
        log.info(f"Reading default configuration from {DEFAULTS}")
        log.info("Merging with provided configuration from /opt/ml/input/config/hyperparameters.json")
        settings = read(self._sent, log)
        log.info(f"Final configuration: {self._sent!r}")
        log_parameters(settings, self._hosts, log)
        data = self._scratch / "input" / "data"
        train, labels = images.load(data / "train", "train", settings.num_classes, log, self._check)
        valid, answers = images.load(data / "validation", "validation", settings.num_classes, log, self._check)
        if len(train) < settings.mini_batch_size:
            raise CustomerError("The number of input images must be bigger or equal to the mini_batch_size.")
        log.info(f"Images are resized to {images.LARGE} pixels by the local engine")
        random = _random(self._host, self._sent)
        network = Network(settings.num_classes, random)
        if (data / "model").is_dir():
            log.info("Loading the model of an earlier job from /opt/ml/input/data/model")
            network.load(artifact.load(data / "model", settings.num_classes))
        else:
            log.info("Performing random weight initialization")
        optimizer = Optimizer(settings)
        validation = images.centre(valid)
        epoch = 0
        try:
            for epoch in range(settings.epochs):
                if epoch in settings.lr_scheduler_steps and settings.lr_scheduler_factor is not None:
                    optimizer.rate *= settings.lr_scheduler_factor
                self._epoch(epoch, network, optimizer, settings, (train, labels), random)
                accuracy = self._validate(epoch, network, settings, validation, answers)
                self._store(epoch, network, settings, accuracy)
                if settings.early_stopping and self._stop_early(epoch, accuracy, settings):
                    log.info("Early stopping criteria met.")
                    break
        except Stopped:
            if epoch:  # before the first epoch's end nothing is learnt
                self._store_last(epoch, network, settings)
            raise
        self._store_last(epoch, network, settings)

    def _epoch(
        self,
        epoch: int,
        network: Network,
        optimizer: Optimizer,
        settings: Settings,
        data: tuple[Array, images.Labels],
        random: Any,
    ) -> None:
        """One pass over the images; what does not fill a batch is left out, as the algorithm does."""
        train, labels = data
        size = settings.mini_batch_size
        batches = max(min(settings.num_training_samples, len(train)) // size, 1)
        order = random.permutation(len(train))
        correct = in_top = 0
        began = lap = time.perf_counter()
        for number in range(batches):
            self._check()
            chosen = order[number * size : (number + 1) * size]
            batch = images.augmented(train[chosen], settings.augmentation, random)
            scores, gradients = network.gradients(batch, labels[chosen])
            optimizer.step(network.weights, gradients)
            correct += int((scores.argmax(axis=1) == labels[chosen]).sum())
            in_top += _in_top(scores, labels[chosen], settings.top_k)
            if batches > BATCHES_A_LINE and number and number % BATCHES_A_LINE == 0:
                now = time.perf_counter()
                self._log_batch(epoch, number, BATCHES_A_LINE * size / (now - lap), correct, in_top, size, settings)
                lap = now
        seen = batches * size
        self._log.info(f"Epoch[{epoch}] Train-accuracy={correct / seen:.6f}")
        if settings.top_k:
            self._log.info(f"Epoch[{epoch}] Train-top_k_accuracy_{settings.top_k}={in_top / seen:.6f}")
        self._log.info(f"Epoch[{epoch}] Time cost={time.perf_counter() - began:.3f}")

    def _log_batch(
        self, epoch: int, number: int, speed: float, correct: int, in_top: int, size: int, settings: Settings
    ) -> None:
        seen = (number + 1) * size
        top = f"#011top_k_accuracy_{settings.top_k}={in_top / seen:.6f}" if settings.top_k else ""
        text = f"Speed: {speed:.2f} samples/sec#011accuracy={correct / seen:.6f}{top}"
        self._log.info(f"Epoch[{epoch}] Batch [{number}]#011{text}")

    def _validate(
        self, epoch: int, network: Network, settings: Settings, validation: Array, answers: images.Labels
    ) -> float:
        """Validation accuracy over whole batches; what is left over waits for the next epoch, as the algorithm does."""
        size = settings.mini_batch_size
        count = len(validation)
        self._carried += count
        seen = max(self._carried // size * size, size if count < size else 0) or count
        seen = min(seen, -(-count // size) * size)
        self._carried -= min(seen, self._carried)
        scores = self._scores(network, validation)
        right = scores.argmax(axis=1) == answers
        chosen = [at % count for at in range(seen)]
        accuracy = float(right[chosen].sum()) / seen
        self._log.info(f"Epoch[{epoch}] Validation-accuracy={accuracy:.6f}")
        if settings.top_k:
            in_top = _in_top(scores[chosen], answers[chosen], settings.top_k) / seen
            self._log.info(f"Epoch[{epoch}] Validation-top_k_accuracy_{settings.top_k}={in_top:.6f}")
        return accuracy

    def _scores(self, network: Network, pictures: Array) -> Array:
        parts = []
        for start in range(0, len(pictures), SCORED_AT_ONCE):
            self._check()
            parts.append(network.scores(pictures[start : start + SCORED_AT_ONCE]))
        return np.concatenate(parts)

    def _check(self) -> None:
        """Raises where the run is to end."""
        if self._stop.is_set():
            raise Stopped

    # storing

    def _store(self, epoch: int, network: Network, settings: Settings, accuracy: float) -> None:
        """Keep the best model, or every n-th, as checkpoint_frequency says."""
        if settings.checkpoint_frequency is None:
            if accuracy > self._best:
                if self._stores:
                    self._log.info(f"Storing the best model with validation accuracy: {accuracy:.6f}")
                    self._write(epoch, network, settings, alone=True)
                self._best = accuracy
        elif (epoch + 1) % settings.checkpoint_frequency == 0 and self._stores:
            self._write(epoch, network, settings, alone=False)

    def _store_last(self, epoch: int, network: Network, settings: Settings) -> None:
        """A run that stored nothing yet leaves its last state."""
        if self._stored is None and self._stores:
            self._write(epoch, network, settings, alone=True)

    def _write(self, epoch: int, network: Network, settings: Settings, *, alone: bool) -> None:
        path = artifact.store(self._scratch / "model", epoch, network.state(), settings.num_classes, alone=alone)
        self._stored = epoch
        self._log.info(f'Saved checkpoint to "/opt/ml/model/{path.name}"')

    def _stop_early(self, epoch: int, accuracy: float, settings: Settings) -> bool:
        """Whether accuracy has not risen by the tolerance for as many epochs as patience allows.

        Patience begins with the minimum of epochs: real runs end at max(best, minimum) + patience. A new best that is
        too little better does not renew it.
        """
        if accuracy > self._reference * (1 + settings.early_stopping_tolerance) or self._reference <= 0:
            self._reference, self._reference_epoch = accuracy, epoch
            return False
        begun = max(self._reference_epoch, settings.early_stopping_min_epochs)
        return epoch >= begun + settings.early_stopping_patience


def _in_top(scores: Array, labels: images.Labels, top_k: int | None) -> int:
    """How many labels are among the best `top_k` answers."""
    if not top_k:
        return 0
    best = scores.argsort(axis=1)[:, -top_k:]
    return int((best == labels[:, None]).any(axis=1).sum())


def _random(host: str, sent: dict[str, str]) -> Any:
    """Random numbers that are the same for the same host and hyperparameters."""
    return np.random.default_rng(zlib.crc32(json.dumps([host, sent], sort_keys=True).encode()))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
