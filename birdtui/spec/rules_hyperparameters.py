"""The hyperparameters of image classification: the container's schema, and the rules between the values."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from birdtui.spec.findings import Finding
from birdtui.spec.image_classification import (
    CIFAR_LAYERS,
    HYPERPARAMETERS,
    REMOVED,
    UNDOCUMENTED,
    effective,
    known,
)
from birdtui.spec.instances import gpu_count
from birdtui.spec.rules_facts import Facts, error, note, warning
from birdtui.spec.rules_image_channels import is_image_content
from birdtui.spec.toml_problems import nearest

_SLIPS = {"batch_size": "mini_batch_size", "lr": "learning_rate", "n_classes": "num_classes"}
"""Names of other programs whose nearest spelling here would be the wrong one."""


@dataclass(frozen=True)
class _Values:
    """The hyperparameters of a job, those whose text the container would refuse left out."""

    facts: Facts

    @cached_property
    def sent(self) -> dict[str, str]:
        """What the author wrote and the container takes."""
        return {
            name: text
            for name, text in self.facts.spec.hyperparameters.items()
            if (one := known(name)) and one.schema.takes(text)
        }

    @cached_property
    def all(self) -> dict[str, str]:
        """The same with the container's defaults under it."""
        refused = self.facts.spec.hyperparameters.keys() - self.sent.keys()
        return {name: text for name, text in effective(self.sent).items() if name not in refused}

    def number(self, name: str) -> int | None:
        """A whole number, sent or by default; None where there is none or it is wrong."""
        return int(self.all[name]) if name in self.all else None

    @cached_property
    def shape(self) -> tuple[int, ...] | None:
        """Channels, height and width of the network's input."""
        text = self.all.get("image_shape")
        return tuple(map(int, text.split(","))) if text else None

    def field(self, name: str) -> str:
        """The field of a hyperparameter."""
        return self.facts.field("HyperParameters", name)


def hyperparameter_rules(facts: Facts) -> Iterator[Finding]:
    """All of this room's rules, for image classification alone."""
    if not facts.is_image_classification:
        return
    yield from _schema(facts)
    values = _Values(facts)
    for rule in (_network, _schedule, _checkpoints, _top_k, _stopping, _loss, _optimizer, _resize, _batch, _store):
        yield from rule(values)


def _schema(facts: Facts) -> Iterator[Finding]:
    given = facts.spec.hyperparameters
    for name, one in HYPERPARAMETERS.items():
        if one.required and name not in given:
            field = facts.field("HyperParameters", name)
            yield error("hyperparameter-required", field, f"{name} is missing", f"add {field}: {one.help}")
    for name, text in given.items():
        field = facts.field("HyperParameters", name)
        found = known(name)
        if found is None:
            yield _unknown(field, name)
        elif not found.schema.takes(text):
            yield _refused(field, name, text)
        elif name in UNDOCUMENTED:
            yield note("hyperparameter-undocumented", field, f"{name} is undocumented", found.help)


def _unknown(field: str, name: str) -> Finding:
    if name in REMOVED:
        return error(
            "hyperparameter-removed", field, f"{name} is refused by today's image: it was taken out", REMOVED[name]
        )
    near = _SLIPS.get(name) or nearest(name, HYPERPARAMETERS)
    return error(
        "hyperparameter-unknown",
        field,
        f'image classification has no hyperparameter "{name}", and its container fails on one it does not know',
        f'did you mean "{near}"?' if near else "take it out",
    )


def _refused(field: str, name: str, text: str) -> Finding:
    one = HYPERPARAMETERS[name]
    near = nearest(text, one.choices) if one.choices else None
    mended = text.replace(" ", "")
    if near is None and mended != text and one.schema.takes(mended):
        near = mended
    remedy = f'did you mean "{near}"? ' if near else ""
    return error(
        "hyperparameter-value",
        field,
        f'"{text}" is refused for {name}: the container takes {one.allowed}',
        f"{remedy}Write {one.allowed}" if remedy else f"write {one.allowed}",
    )


def _network(values: _Values) -> Iterator[Finding]:
    pretrained, layers, shape = (
        values.all.get("use_pretrained_model") == "1",
        values.all.get("num_layers"),
        values.shape,
    )
    if pretrained and layers in CIFAR_LAYERS:
        yield error(
            "pretrained-layers",
            values.field("num_layers"),
            f"there are no pretrained weights for {layers} layers",
            "use 18, 34, 50, 101, 152 or 200 layers, or set use_pretrained_model to 0",
        )
    if shape and shape[0] not in {1, 3}:
        yield warning(
            "image-shape",
            values.field("image_shape"),
            f"image_shape asks for {shape[0]} channels; colour images have 3, grey ones 1",
            f'write "3,{shape[1]},{shape[2]}"',
        )
    if pretrained and shape and shape != (3, 224, 224):
        yield warning(
            "pretrained-shape",
            values.field("image_shape"),
            f"the pretrained weights are for 3,224,224; image_shape is {values.all['image_shape']}",
            'write "3,224,224", or go on: other sizes have been seen to run',
        )
    if values.number("num_classes") == 1:
        yield warning(
            "num-classes",
            values.field("num_classes"),
            "with one class there is nothing to tell apart",
            "write 2 or more",
        )


def _schedule(values: _Values) -> Iterator[Finding]:
    steps = [int(step) for step in values.sent.get("lr_scheduler_step", "").split(",") if step]
    field = values.field("lr_scheduler_step")
    if steps and "lr_scheduler_factor" not in values.facts.spec.hyperparameters:
        yield warning(
            "lr-scheduler-factor",
            values.field("lr_scheduler_factor"),
            "lr_scheduler_step is ignored unless lr_scheduler_factor is sent: its default does not count",
            f"set {values.field('lr_scheduler_factor')} = 0.1",
        )
    epochs = values.number("epochs")
    if epochs is not None and (late := [str(step) for step in steps if step >= epochs]):
        yield warning(
            "lr-scheduler-step",
            field,
            f"the learning rate would fall at epoch {', '.join(late)}, but there are only {epochs} epochs",
            f"use epochs below {epochs}",
        )


def _checkpoints(values: _Values) -> Iterator[Finding]:
    frequency, epochs = values.number("checkpoint_frequency"), values.number("epochs")
    field = values.field("checkpoint_frequency")
    if frequency is None:
        return
    if epochs is not None and frequency > epochs:
        yield error(
            "checkpoint-frequency",
            field,
            f"a checkpoint every {frequency} epochs never comes in {epochs} epochs",
            f"write at most {epochs}, or take it out to keep the best epoch",
        )
        return
    yield note(
        "checkpoint-frequency",
        field,
        "with checkpoint_frequency the artifact holds the last epoch, not the best one"
        if frequency == epochs
        else f"with checkpoint_frequency the artifact holds every {frequency}th epoch, and not the best one as such",
        "take it out to keep the epoch with the best validation accuracy",
    )


def _top_k(values: _Values) -> Iterator[Finding]:
    top_k, classes = values.number("top_k"), values.number("num_classes")
    field = values.field("top_k")
    if top_k == 1:
        yield warning("top-k", field, "top_k = 1 is plain accuracy, and is ignored", "write 2 or more, or take it out")
    elif top_k is not None and classes is not None and top_k >= classes:
        yield warning(
            "top-k",
            field,
            f"the right class is always among the first {top_k} of {classes}: the metric is 1 from the start",
            f"write less than {classes}, or take it out",
        )


def _stopping(values: _Values) -> Iterator[Finding]:
    given = [name for name in values.facts.spec.hyperparameters if name.startswith("early_stopping_")]
    if values.all.get("early_stopping") not in {"true", "True", "1"}:
        if "early_stopping" in values.all:
            for name in given:
                yield warning(
                    "early-stopping-off",
                    values.field(name),
                    f"{name} does nothing while early_stopping is off",
                    "set hyperparameters.early_stopping = true, or take it out",
                )
        return
    minimum, epochs = values.number("early_stopping_min_epochs"), values.number("epochs")
    if minimum is not None and epochs is not None and minimum >= epochs:
        yield warning(
            "early-stopping-min-epochs",
            values.field("early_stopping_min_epochs"),
            f"training may stop early only after {minimum} epochs, and there are {epochs}",
            f"write less than {epochs}",
        )
    for name in ("early_stopping_patience", "early_stopping_tolerance"):
        one = HYPERPARAMETERS[name]
        if name not in given:
            yield note(
                "early-stopping-default",
                values.field(name),
                f"{name} is not set: the documentation says {one.documented_default}, real runs use {one.default}",
                f"set {values.field(name)} to what you mean",
            )


def _loss(values: _Values) -> Iterator[Finding]:
    if values.all.get("use_weighted_loss") == "1" and values.all.get("multi_label") == "0":
        yield warning(
            "weighted-loss",
            values.field("use_weighted_loss"),
            "use_weighted_loss works only with several labels to an image",
            "set hyperparameters.multi_label = 1, or take use_weighted_loss out",
        )


def _optimizer(values: _Values) -> Iterator[Finding]:
    chosen = values.all.get("optimizer")
    for name in values.sent:
        readers = (known(name) or HYPERPARAMETERS["epochs"]).optimizers
        if chosen and readers and chosen not in readers:
            yield note(
                "optimizer-parameter",
                values.field(name),
                f"{name} belongs to {' and '.join(readers)}; the optimizer is {chosen} and ignores it",
                "it may stay",
            )


def _resize(values: _Values) -> Iterator[Finding]:
    resize, shape = values.number("resize"), values.shape
    field = values.field("resize")
    if resize is not None and shape and resize < max(shape[1:]):
        yield error(
            "resize",
            field,
            f"resize {resize} makes images smaller than image_shape {values.all['image_shape']} asks for",
            f"write {max(shape[1:])} or more",
        )
    images = [one.name for one in values.facts.inputs if one.name in {"train", "validation"} and is_image_content(one)]
    if images and "resize" not in values.facts.spec.hyperparameters:
        size = max(shape[1:]) if shape else 224
        yield warning(
            "resize",
            field,
            f"the channels hold plain images ({', '.join(images)}), for which resize is documented as required",
            f"set {field} to {size} or more",
        )


def _batch(values: _Values) -> Iterator[Finding]:
    batch, samples = values.number("mini_batch_size"), values.number("num_training_samples")
    field = values.field("mini_batch_size")
    if batch is None:
        return
    if samples is not None and batch > samples:
        yield error(
            "batch-size",
            field,
            f"a batch of {batch} is more than the {samples} training images there are",
            f"write at most {samples}",
        )
    for _, name in values.facts.instance_types:
        gpus = gpu_count(name) or 1
        if batch % gpus:
            yield warning(
                "batch-gpus",
                field,
                f"a batch of {batch} does not split evenly over the {gpus} GPUs of {name}",
                f"write {max(batch // gpus, 1) * gpus} or {(batch // gpus + 1) * gpus}",
            )


def _store(values: _Values) -> Iterator[Finding]:
    if "kv_store" in values.sent and values.facts.spec.instance_count == 1:
        yield note(
            "kv-store", values.field("kv_store"), "kv_store is for several instances; there is one", "it may stay"
        )
