"""SageMaker's built-in image classification: every hyperparameter, as its container takes it and as it is documented.

The container checks hyperparameters against a JSON schema of its own when it starts, minutes after the job was
created; the API knows nothing of names or ranges. Where the schema and the documentation differ, the schema decides
here, and `documented` keeps the other. All values travel as text.

Sources: the developer guide's page IC-Hyperparameter, the schema that a failed job prints, and the parameter dumps of
public runs (the real defaults of early stopping among them).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from birdtui.spec.image_classification_schema import Choice, Fraction, Schema, Text, WholeNumber, whole_error
from birdtui.spec.instances import gpu_count

__all__ = [
    "ALGORITHM",
    "CIFAR_LAYERS",
    "HYPERPARAMETERS",
    "IMAGENET_LAYERS",
    "REMOVED",
    "UNDOCUMENTED",
    "Group",
    "Hyperparameter",
    "container_error",
    "effective",
    "gpu_count",
    "known",
    "schema_problem",
]

ALGORITHM = "image-classification"

IMAGENET_LAYERS = ("18", "34", "50", "101", "152", "200")
"""Depths for images of about 224 pixels, the only ones with pretrained weights."""

CIFAR_LAYERS = ("20", "32", "44", "56", "110")
"""Depths for images of about 28 to 32 pixels."""


class Group(StrEnum):
    """What a hyperparameter is about; a form shows one section for each."""

    DATA = "data"
    NETWORK = "network"
    TRAINING = "training"
    OPTIMIZER = "optimizer"
    EARLY_STOPPING = "early stopping"
    OUTPUT = "output"


@dataclass(frozen=True, slots=True)
class Hyperparameter:
    """One hyperparameter.

    `default` is what the container really uses when the name is not sent, None where that is nothing at all;
    `documented_default` is what the documentation says instead, where it says something else. `documented` is the
    documented range in words. `optimizers` names the only optimizers that read the value (empty: all of them).
    """

    name: str
    schema: Schema
    help: str
    default: str | None = None
    required: bool = False
    group: Group = Group.TRAINING
    documented: str = ""
    documented_default: str | None = None
    optimizers: tuple[str, ...] = ()
    public: bool = True

    @property
    def kind(self) -> str:
        """How the value is written: `whole number`, `fraction`, `choice` or `text`."""
        return self.schema.kind

    @property
    def allowed(self) -> str:
        """What the container takes, in words: `a whole number of 1 or more`, `one of sgd, adam, rmsprop, nag`."""
        return self.schema.allowed

    @property
    def choices(self) -> tuple[str, ...]:
        """All the values there are, for a choice; else empty."""
        return self.schema.values if isinstance(self.schema, Choice) else ()


_POSITIVE = WholeNumber()
_ON_OFF = Choice(("0", "1"))
_OPEN = Fraction()
_FROM_0_TO_1 = "0 to 1, both included"
_MOMENTUM_OPTIMIZERS = ("sgd", "nag")


_ALL = (
    Hyperparameter(
        "num_classes",
        _POSITIVE,
        "How many classes there are; labels are 0 to num_classes - 1.",
        required=True,
        group=Group.DATA,
    ),
    Hyperparameter(
        "num_training_samples",
        _POSITIVE,
        "How many images the train channel holds; too small a number ends epochs early, and nothing says so.",
        required=True,
        group=Group.DATA,
    ),
    Hyperparameter(
        "use_pretrained_model",
        _ON_OFF,
        "1 starts from ImageNet weights (transfer learning); only the last layer is random.",
        default="0",
        group=Group.NETWORK,
    ),
    Hyperparameter(
        "num_layers",
        Choice((*IMAGENET_LAYERS, *CIFAR_LAYERS)),
        "Depth of the ResNet: 18 to 200 for 224-pixel images, 20, 32, 44, 56, 110 for about 32 pixels.",
        default="152",
        group=Group.NETWORK,
    ),
    Hyperparameter(
        "image_shape",
        Text(
            r"^[1-9][0-9]*,[1-9][0-9]*,[1-9][0-9]*$",
            "channels,height,width: three whole numbers with commas and no spaces",
        ),
        "Channels, height and width of the network's input; larger images are cropped, smaller ones fail the job.",
        default="3,224,224",
        group=Group.NETWORK,
        documented="text",
    ),
    Hyperparameter(
        "resize",
        _POSITIVE,
        "Pixels of the shortest side before cropping; at least as large as both sides of image_shape.",
        group=Group.DATA,
        documented="a whole number of 1 or more; required for image content types",
    ),
    Hyperparameter("epochs", _POSITIVE, "How many times the training set is gone through.", default="30"),
    Hyperparameter(
        "mini_batch_size",
        _POSITIVE,
        "Images in one batch, split over the GPUs of a machine; at most as many as there are images.",
        default="32",
    ),
    Hyperparameter(
        "learning_rate",
        _OPEN,
        "The first learning rate.",
        default="0.1",
        documented=_FROM_0_TO_1,
    ),
    Hyperparameter(
        "lr_scheduler_factor",
        _OPEN,
        "What the learning rate is multiplied by at each step of lr_scheduler_step; send it, or the steps are ignored.",
        default="0.1",
        documented=_FROM_0_TO_1,
    ),
    Hyperparameter(
        "lr_scheduler_step",
        Text(
            r"^$|^[1-9][0-9]*(,[1-9][0-9]*)*$",
            "epochs as whole numbers with commas and no spaces, or nothing",
        ),
        "Epochs at which the learning rate falls, such as 10,20.",
        documented="text (the documentation's example has a space, which is refused)",
    ),
    Hyperparameter(
        "optimizer",
        Choice(("sgd", "adam", "rmsprop", "nag")),
        "How weights are updated.",
        default="sgd",
        group=Group.OPTIMIZER,
    ),
    Hyperparameter(
        "momentum",
        Fraction(low_included=True),
        "Momentum of sgd and nag.",
        default="0.9",
        group=Group.OPTIMIZER,
        documented=_FROM_0_TO_1,
        optimizers=_MOMENTUM_OPTIMIZERS,
    ),
    Hyperparameter(
        "weight_decay",
        _OPEN,
        "Weight decay of sgd and nag.",
        default="0.0001",
        group=Group.OPTIMIZER,
        documented=_FROM_0_TO_1,
        optimizers=_MOMENTUM_OPTIMIZERS,
    ),
    Hyperparameter(
        "beta_1",
        _OPEN,
        "Decay of adam's first moment.",
        default="0.9",
        group=Group.OPTIMIZER,
        documented=_FROM_0_TO_1,
        optimizers=("adam",),
    ),
    Hyperparameter(
        "beta_2",
        _OPEN,
        "Decay of adam's second moment.",
        default="0.999",
        group=Group.OPTIMIZER,
        documented=_FROM_0_TO_1,
        optimizers=("adam",),
    ),
    Hyperparameter(
        "eps",
        _OPEN,
        "The small number that keeps adam and rmsprop from dividing by zero; 1e-8 may be written so.",
        default="1e-8",
        group=Group.OPTIMIZER,
        documented=_FROM_0_TO_1,
        optimizers=("adam", "rmsprop"),
    ),
    Hyperparameter(
        "gamma",
        _OPEN,
        "Decay of rmsprop's moving average.",
        default="0.9",
        group=Group.OPTIMIZER,
        documented=_FROM_0_TO_1,
        optimizers=("rmsprop",),
    ),
    Hyperparameter(
        "augmentation_type",
        Choice(("crop", "crop_color", "crop_color_transform")),
        "crop: random crops and flips; crop_color: colours too; crop_color_transform: rotation, shear, aspect as well.",
        group=Group.DATA,
    ),
    Hyperparameter(
        "multi_label",
        _ON_OFF,
        "1 where an image has several labels.",
        default="0",
        group=Group.DATA,
    ),
    Hyperparameter(
        "use_weighted_loss",
        _ON_OFF,
        "1 weighs the loss by how often a class occurs; only with multi_label = 1.",
        default="0",
    ),
    Hyperparameter(
        "top_k",
        _POSITIVE,
        "Also logs how often the right class is among the k most likely ones.",
        group=Group.OUTPUT,
        documented="a whole number of 2 or more",
    ),
    Hyperparameter(
        "checkpoint_frequency",
        _POSITIVE,
        "Stores the model every n epochs; the artifact then holds the last epochs, not the best one.",
        group=Group.OUTPUT,
        documented="a whole number, at most epochs",
    ),
    Hyperparameter(
        "early_stopping",
        Choice(("true", "false", "True", "False", "0", "1")),
        "Ends training when validation accuracy no longer rises.",
        default="False",
        group=Group.EARLY_STOPPING,
        documented="True or False",
    ),
    Hyperparameter(
        "early_stopping_min_epochs",
        _POSITIVE,
        "Epochs that run in any case.",
        default="10",
        group=Group.EARLY_STOPPING,
    ),
    Hyperparameter(
        "early_stopping_patience",
        _POSITIVE,
        "Epochs without improvement after which training ends.",
        default="10",
        group=Group.EARLY_STOPPING,
        documented_default="5",
    ),
    Hyperparameter(
        "early_stopping_tolerance",
        Fraction(low_included=True, high_included=True),
        "How much better, relatively, an epoch must be to count as an improvement; send 0 if 0 is meant.",
        default="0.01",
        group=Group.EARLY_STOPPING,
        documented=_FROM_0_TO_1,
        documented_default="0.0",
    ),
    Hyperparameter(
        "kv_store",
        Choice(("dist_sync", "dist_async")),
        "How several instances keep their weights in step.",
    ),
    Hyperparameter(
        "precision_dtype",
        Choice(("float32", "float16")),
        "Precision of the weights.",
        default="float32",
        group=Group.NETWORK,
    ),
    Hyperparameter("_kvstore", Text(), "Undocumented.", public=False),
    Hyperparameter("_benchmark", Text(), "Undocumented.", public=False),
    Hyperparameter(
        "_tuning_objective_metric",
        Text(),
        "Put there by hyperparameter tuning; a clone of a tuning job's child carries it.",
        public=False,
    ),
)

HYPERPARAMETERS: Mapping[str, Hyperparameter] = {one.name: one for one in _ALL if one.public}
"""The 29 documented hyperparameters, in the documentation's order."""

UNDOCUMENTED: Mapping[str, Hyperparameter] = {one.name: one for one in _ALL if not one.public}
"""Further names that the container takes."""

REMOVED: Mapping[str, str] = {
    "use_lr_scheduler": "leave it out: lr_scheduler_step and lr_scheduler_factor alone set the schedule now",
}
"""Names that older images took and today's refuse, each with what to do instead. Public notebooks still have them."""

_KNOWN: Mapping[str, Hyperparameter] = {one.name: one for one in _ALL}


def known(name: str) -> Hyperparameter | None:
    """The hyperparameter of that name, undocumented ones included; None where the container knows no such name."""
    return _KNOWN.get(name)


def schema_problem(name: str, text: str) -> str | None:
    """What the container says of one value, in its own words; None where it takes it.

    An unknown name has a problem too: the schema allows no others.
    """
    error = container_error({**_REQUIRED_FILLED, name: text})
    return error.partition("\n")[0] if error is not None else None


def container_error(hyperparameters: Mapping[str, str]) -> str | None:
    """What the container ends with for the first fault of these hyperparameters, in its own words; None without one.

    The text has the message in its first line and then the schema and the value, as the log shows them; a failed
    job's FailureReason has `ClientError: ` before it and is cut at 1,024 characters. Unknown names come first, then
    missing ones, then values in the order of the schema.
    """
    return whole_error(
        {name: one.schema for name, one in _KNOWN.items()},
        [one.name for one in _ALL if one.required],
        hyperparameters,
    )


def effective(hyperparameters: Mapping[str, str]) -> dict[str, str]:
    """What the container works with: its real defaults under what was sent, in the schema's order.

    Names that have no default and were not sent are absent; unknown names stay at the end.
    """
    merged = {name: one.default for name, one in _KNOWN.items() if one.default is not None} | dict(hyperparameters)
    known_first = [name for name in _KNOWN if name in merged]
    return {name: merged[name] for name in (*known_first, *(name for name in merged if name not in _KNOWN))}


_REQUIRED_FILLED = {one.name: "1" for one in _ALL if one.required}
