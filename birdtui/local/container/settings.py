"""The job's hyperparameters, typed, with the container's real defaults under what was sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from birdtui.local.container.lines import CustomerError, Log
from birdtui.spec import image_classification

UNUSED = (
    "num_layers",
    "use_pretrained_model",
    "precision_dtype",
    "kv_store",
    "image_shape",
    "resize",
    "use_weighted_loss",
)
"""Hyperparameters that mean nothing to so small a network; the log says so of each that was sent."""


@dataclass(frozen=True)
class Settings:
    """What the trainer works with."""

    num_classes: int
    num_training_samples: int
    epochs: int
    mini_batch_size: int
    learning_rate: float
    lr_scheduler_factor: float | None
    lr_scheduler_steps: frozenset[int]
    optimizer: str
    momentum: float
    weight_decay: float
    beta_1: float
    beta_2: float
    eps: float
    gamma: float
    augmentation: str
    top_k: int | None
    checkpoint_frequency: int | None
    early_stopping: bool
    early_stopping_min_epochs: int
    early_stopping_patience: int
    early_stopping_tolerance: float


def read(sent: Mapping[str, str], log: Log) -> Settings:
    """The settings, what is ignored told in the log. Raises CustomerError in the container's own words."""
    fault = image_classification.container_error(sent)
    if fault is not None:
        raise CustomerError(fault)
    values = image_classification.effective(sent)
    if values.get("multi_label") == "1":
        raise CustomerError("The local engine does not train with multi_label=1.")
    for name in UNUSED:
        if name in sent:
            log.info(f"{name} is not used by the local engine")
    steps = values.get("lr_scheduler_step") or ""
    if steps and "lr_scheduler_factor" not in sent:
        log.warning("lr_scheduler_step defined without lr_scheduler_factor, will be ignored...")
        steps = ""
    top_k = int(values["top_k"]) if values.get("top_k") else None
    if top_k == 1:
        log.info("top_k set to 1 which is identical to accuracy.")
        top_k = None
    frequency = values.get("checkpoint_frequency")
    return Settings(
        num_classes=int(values["num_classes"]),
        num_training_samples=int(values["num_training_samples"]),
        epochs=int(values["epochs"]),
        mini_batch_size=int(values["mini_batch_size"]),
        learning_rate=float(values["learning_rate"]),
        lr_scheduler_factor=float(values["lr_scheduler_factor"]) if steps else None,
        lr_scheduler_steps=frozenset(map(int, steps.split(","))) if steps else frozenset(),
        optimizer=values["optimizer"],
        momentum=float(values["momentum"]),
        weight_decay=float(values["weight_decay"]),
        beta_1=float(values["beta_1"]),
        beta_2=float(values["beta_2"]),
        eps=float(values["eps"]),
        gamma=float(values["gamma"]),
        augmentation=values.get("augmentation_type", ""),
        top_k=top_k,
        checkpoint_frequency=int(frequency) if frequency else None,
        early_stopping=values.get("early_stopping", "false").lower() in {"true", "1"},
        early_stopping_min_epochs=int(values["early_stopping_min_epochs"]),
        early_stopping_patience=int(values["early_stopping_patience"]),
        early_stopping_tolerance=float(values["early_stopping_tolerance"]),
    )


def log_parameters(settings: Settings, hosts: int, log: Log) -> None:
    """The parameter dump: effective values, one a line."""
    if settings.early_stopping:
        log.info("Using early stopping for training")
        log.info(f"Early stopping minimum epochs: {settings.early_stopping_min_epochs}")
        log.info(f"Early stopping patience: {settings.early_stopping_patience}")
        log.info(f"Early stopping tolerance: {settings.early_stopping_tolerance}")
    if settings.checkpoint_frequency is None:
        log.info("checkpoint_frequency not set, will store the best model")
    log.info("---- Parameters ----")
    pairs = {
        "num_classes": settings.num_classes,
        "num_training_samples": settings.num_training_samples,
        "epochs": settings.epochs,
        "mini_batch_size": settings.mini_batch_size,
        "optimizer": settings.optimizer,
        "learning_rate": settings.learning_rate,
        "momentum": settings.momentum,
        "weight_decay": settings.weight_decay,
        "augmentation_type": settings.augmentation or None,
        "top_k": settings.top_k,
        "checkpoint_frequency": settings.checkpoint_frequency,
        "kv_store": "device" if hosts == 1 else "dist_sync",
    }
    for name, value in pairs.items():
        if value is not None:
            log.info(f"{name}: {value}")
    log.info("--------------------")
