"""The fields of the editor's form: what each is called, where it stands in the file, what can be chosen for it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from birdtui.spec import images, service_model
from birdtui.spec.image_classification import HYPERPARAMETERS, Hyperparameter
from birdtui.spec.instances import gpu_count


@dataclass(frozen=True, slots=True)
class Choice:
    """One thing to choose: the value, and a word about it."""

    value: str
    note: str = ""


@dataclass(frozen=True)
class FormField:
    """One field: `path` in the file; `choices` where values are chosen (then `free` says whether others may be typed).

    `is_number` says that only digits are typed here. `remote` names what AWS is asked for: `roles` or `objects`
    are the choices themselves, `quotas` a note on each.
    """

    path: str
    label: str
    help: str
    choices: Callable[[], Sequence[Choice]] | None = None
    free: bool = True
    remote: str = ""
    is_number: bool = False

    @property
    def is_closed(self) -> bool:
        """Whether only the choices there are will do."""
        return self.choices is not None and not self.free


@dataclass(frozen=True)
class Section:
    """Fields under one heading."""

    title: str
    fields: tuple[FormField, ...]


def _enum(shape: str, *notes: str) -> Callable[[], Sequence[Choice]]:
    def made() -> Sequence[Choice]:
        values = service_model.enum(shape)
        return [Choice(value, note) for value, note in zip(values, [*notes, *[""] * len(values)], strict=False)]

    return made


def _yes_no() -> Sequence[Choice]:
    return [Choice("true", "yes"), Choice("false", "no")]


def _algorithms() -> Sequence[Choice]:
    return [Choice(name) for name in images.algorithms()]


def instance_choices() -> Sequence[Choice]:
    """Every instance type that training takes, with its GPUs."""
    return [Choice(name, _gpus(gpu_count(name))) for name in service_model.instance_types()]


def _gpus(count: int | None) -> str:
    if count is None:
        return "GPUs unknown"
    return "no GPU" if count == 0 else f"{count} GPU{'s' if count > 1 else ''}"


def _content_types() -> Sequence[Choice]:
    return [
        Choice("application/x-recordio", "one .rec file"),
        Choice("application/x-image", "images and .lst files"),
        Choice("image/jpeg"),
        Choice("image/png"),
        Choice("text/csv"),
        Choice("text/libsvm"),
        Choice("application/jsonlines"),
        Choice("application/x-parquet"),
        Choice("application/x-sagemaker-model", "an earlier model.tar.gz"),
    ]


SECTIONS: tuple[Section, ...] = (
    Section(
        "Job",
        (
            FormField("job.name", "name", "1 to 63 letters, digits and hyphens; a time suffix makes it unique."),
            FormField("job.unique_name", "time suffix", "false sends the name as it is.", _yes_no, free=False),
            FormField("job.role", "role", "What the job runs as: auto, a role's name or its ARN.", remote="roles"),
            FormField("algorithm.name", "algorithm", "A built-in algorithm; its image is found.", _algorithms),
            FormField("algorithm.image", "image", "Or any training image, tag and region included."),
            FormField("algorithm.input_mode", "input mode", "How data comes.", _enum("TrainingInputMode"), free=False),
        ),
    ),
    Section(
        "Resources and limits",
        (
            FormField("resources.instance_type", "instance type", "Type to search.", instance_choices, remote="quotas"),
            FormField("resources.instance_count", "instances", "How many machines.", is_number=True),
            FormField("resources.volume_gb", "volume GB", "Disk for data, checkpoints and model.", is_number=True),
            FormField("resources.volume_kms_key", "volume key", "A KMS key; not on types with their own NVMe disks."),
            FormField("resources.keep_alive", "keep alive", "How long a warm pool waits for the next job: 30m."),
            FormField("limits.max_runtime", "maximum runtime", "24h, 90m or seconds; the service stops the job then."),
            FormField("limits.spot", "spot", "Spare machines at a lower price; needs a wait.", _yes_no, free=False),
            FormField("limits.max_wait", "maximum wait", "With spot: waiting and running together."),
        ),
    ),
    Section(
        "Output",
        (
            FormField(
                "output.s3_uri", "S3 location", "The model goes to <name>/output/model.tar.gz.", remote="objects"
            ),
            FormField("output.kms_key", "key", "A KMS key for the model."),
            FormField("output.compression", "compression", "", _enum("OutputCompressionType"), free=False),
        ),
    ),
    Section(
        "Network, checkpoints, tags",
        (
            FormField("network.subnets", "subnets", "A VPC's subnets, with commas."),
            FormField("network.security_groups", "security groups", "With commas."),
            FormField("network.isolation", "isolation", "No network for the container.", _yes_no, free=False),
            FormField("network.encrypt_traffic", "encrypt traffic", "Between machines.", _yes_no, free=False),
            FormField("checkpoints.s3_uri", "checkpoints", "Where checkpoints are kept.", remote="objects"),
            FormField("checkpoints.local_path", "checkpoint path", "In the container: /opt/ml/checkpoints."),
            FormField("job.tags", "tags", "KEY=VALUE, KEY=VALUE"),
            FormField("job.environment", "environment", "NAME=VALUE, NAME=VALUE"),
        ),
    ),
)

CHANNEL_FIELDS: tuple[FormField, ...] = (
    FormField("s3_uri", "S3 location", "A prefix; end it with a slash.", remote="objects"),
    FormField("content_type", "content type", "", _content_types),
    FormField("compression", "compression", "Gzip needs Pipe mode.", _enum("CompressionType"), free=False),
    FormField("record_wrapper", "record wrapper", "RecordIO needs Pipe mode.", _enum("RecordWrapper"), free=False),
    FormField("s3_data_type", "S3 data type", "", _enum("S3DataType"), free=False),
    FormField("distribution", "distribution", "", _enum("S3DataDistribution"), free=False),
    FormField("input_mode", "input mode", "Overrides the job's.", _enum("TrainingInputMode"), free=False),
    FormField("attribute_names", "attributes", "For augmented manifests: image first, label second."),
    FormField("shuffle_seed", "shuffle seed", "A whole number.", is_number=True),
)
"""The fields of one channel; their paths go on after `channels.NAME.`."""


def hyperparameter_fields(set_names: Sequence[str], *, known: bool) -> list[FormField]:
    """Those that are set first; then, for image classification (`known`), all the others there are."""
    names = list(set_names)
    if known:
        names += [name for name in HYPERPARAMETERS if name not in names]
    return [_hyperparameter(name, HYPERPARAMETERS.get(name) if known else None) for name in names]


def _hyperparameter(name: str, facts: Hyperparameter | None) -> FormField:
    path = f"hyperparameters.{name}"
    if facts is None:
        return FormField(path, name, "")
    default = (
        "required" if facts.required else f"default {facts.default}" if facts.default is not None else "no default"
    )
    help_text = f"{facts.kind}, {facts.allowed}; {default}. {facts.help}"
    if facts.choices:
        return FormField(path, name, help_text, lambda: [Choice(value) for value in facts.choices], free=False)
    return FormField(path, name, help_text)
