"""The data itself: a channel's RecordIO file, counted, against the hyperparameters of image classification.

Sources: the developer guide (IC-Hyperparameter: an image smaller than image_shape fails the job; num_training_samples
drives the batches of an epoch) and the failures of real jobs (mini_batch_size above the number of images, several .rec
files, an empty one, labels beyond num_classes).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from birdtui.aws.buckets import Listing, Object
from birdtui.preflight.account import ScannedFile
from birdtui.preflight.case import Case, counted, ok
from birdtui.spec.findings import Finding, Level
from birdtui.spec.image_classification import effective, known
from birdtui.spec.rules_facts import Input

_CLOSE = 0.05
"""An estimate within this share of a number does not contradict it."""
_UNEVEN, _VERY_UNEVEN = 5, 20
MAKE_ANEW = "make the file anew with im2rec"


def record_findings(case: Case, one: Input, listing: Listing) -> Iterator[Finding]:
    """The one .rec file of a channel, and what it holds."""
    field, place = case.facts.uri_field(one), one.location
    assert place is not None
    records = listing.of(".rec")
    if not records and one.mode == "Pipe":
        records = list(listing.objects)
    if len(records) > 1:
        names = ", ".join(each.key for each in records[:3]) + (", …" if len(records) > 3 else "")
        text = f"{len(records)} RecordIO files lie under {place.uri}, and the job fails with more than one: {names}"
        yield Finding("channel-records", Level.ERROR, field, text, _folder_remedy(place.bucket, one.name, records))
        return
    if not records:
        kinds = ", ".join(sorted(suffix or "no suffix" for suffix in listing.suffixes))
        text = f"no .rec file lies under {place.uri} (there are: {kinds}), though the channel says it holds RecordIO"
        remedy = f"point the channel at its .rec file, or set channels.{one.name}.content_type to what lies there"
        yield Finding("channel-records", Level.ERROR, field, text, remedy)
        return
    yield from _Data(case, one, records[0], case.account.scan(place.bucket, records[0])).findings()


def _folder_remedy(bucket: str, channel: str, records: list[Object]) -> str:
    """The folder of just one of the files whose name tells that it is this channel's."""
    folders = [each.key.rpartition("/")[0] for each in records]
    own = [folder for folder in folders if folder.rpartition("/")[2].lower() == channel]
    if len(own) == 1 and folders.count(own[0]) == 1:
        return f"write s3://{bucket}/{own[0]}/"
    return "point the channel at a folder that holds just one"


@dataclass(frozen=True)
class _Data:
    """A channel's scanned file."""

    case: Case
    one: Input
    record: Object
    file: ScannedFile

    @property
    def _is_train(self) -> bool:
        return self.one.name == "train"

    def findings(self) -> Iterator[Finding]:
        """All that the data contradicts, and what it confirms."""
        field, file = self.case.facts.uri_field(self.one), self.file
        if file.fault:
            text = (
                f"{self.record.key} is not sound RecordIO: {file.fault}, after {counted(file.scan.records, 'record')}"
            )
            yield Finding("channel-data", Level.ERROR, field, text, MAKE_ANEW)
            return
        if not file.scan.records and file.scan.complete:
            text = f"{self.record.key} is empty: the job fails without a record"
            yield Finding("channel-data", Level.ERROR, field, text, MAKE_ANEW)
            return
        labels = counted(len(file.scan.labels), "label") if file.scan.labels else "several labels each"
        yield ok("channel-data", field, f"{counted(file.count, 'record')} ({file.how}), {labels}")
        if self._is_train:
            yield from sample_findings(self.case, file.count, file.how)
        yield from self._labels()
        yield from self._sizes()

    def _labels(self) -> Iterator[Finding]:
        multi = self.case.spec.hyperparameters.get("multi_label") == "1"
        width, classes = self.file.scan.label_width, self.case.number("num_classes")
        field = self.case.hyperparameter("num_classes")
        if multi and classes is not None and width != classes:
            text = f"each record of {self.one.name} has {counted(width, 'label')}, and num_classes is {classes}"
            remedy = f"set num_classes = {width}" if width > 1 else "set multi_label = 0: these are single labels"
            yield Finding("data-labels", Level.ERROR, field, text, remedy, str(width) if width > 1 else "")
        elif not multi and width > 1:
            text = f"the records of {self.one.name} have {width} labels each, and multi_label is 0"
            multi_label = self.case.hyperparameter("multi_label")
            yield Finding("data-labels", Level.WARNING, multi_label, text, "set multi_label = 1", "1")
        elif not multi:
            yield from label_findings(self.case, self.one, self.file.scan.labels, complete=self.file.scan.complete)

    def _sizes(self) -> Iterator[Finding]:
        shape = effective(self.case.spec.hyperparameters).get("image_shape", "")
        found, scan = known("image_shape"), self.file.scan
        if found is None or not found.schema.takes(shape) or not scan.sizes:
            return
        _, height, width = map(int, shape.split(","))
        small = [size for size in scan.sizes if size[0] < width or size[1] < height]
        if not small or "resize" in self.case.spec.hyperparameters:
            return
        wide, high = min(small, key=lambda size: size[0] * size[1])
        said = "image_shape" in self.case.spec.hyperparameters
        text = (
            f"{len(small)} of the first {len(scan.sizes)} images of {self.one.name} are smaller than image_shape"
            f"{'' if said else ', by default'} {shape}; the smallest is {wide}×{high}, and AWS fails such a job"
        )
        side = max(height, width)
        remedy = f"set resize = {side}, or an image_shape no larger than the images, such as 3,{high},{wide}"
        level = Level.ERROR
        if self.case.caller.is_emulated:
            text += " (the local engine scales them)"
            level = Level.WARNING if said else Level.NOTE
        yield Finding("data-size", level, self.case.hyperparameter("image_shape"), text, remedy)


def sample_findings(case: Case, count: int, how: str) -> Iterator[Finding]:
    """The number of training images against what was told, and against the batch."""
    told, field = case.number("num_training_samples"), case.hyperparameter("num_training_samples")
    remedy = f"set num_training_samples = {count}"
    if told is None:
        yield Finding(
            "data-samples", Level.NOTE, field, f"the train channel holds {count} images ({how})", remedy, str(count)
        )
    elif told == count or (how == "estimated" and abs(told - count) <= count * _CLOSE):
        yield ok("data-samples", field, f"num_training_samples is {told}; {count} {how}")
    else:
        text = f"num_training_samples is {told}, but the train channel holds {count} images ({how})"
        text += ": epochs would end early" if told < count else ": epochs would be longer than the data"
        yield Finding("data-samples", Level.WARNING, field, text, remedy, str(count))
    batch, field = case.number("mini_batch_size"), case.hyperparameter("mini_batch_size")
    if batch is not None and batch > count:
        text = f"mini_batch_size is {batch}, but there are {count} training images ({how}): the job would fail"
        level = Level.ERROR if how == "counted" else Level.WARNING
        yield Finding("data-batch", level, field, text, f"set mini_batch_size to {count} or less", str(count))


def label_findings(case: Case, one: Input, labels: Mapping[float, int], *, complete: bool) -> Iterator[Finding]:
    """Single labels, with how many images have each, against num_classes; `complete` says that all were seen."""
    classes, field = case.number("num_classes"), case.hyperparameter("num_classes")
    if not labels:
        return
    odd = sorted(label for label in labels if label < 0 or not float(label).is_integer())
    if odd:
        text = f"the channel {one.name} has the label {odd[0]:g}; labels are whole numbers from 0 on"
        yield Finding("data-labels", Level.ERROR, case.facts.uri_field(one), text, "number the classes anew, from 0")
        return
    if classes is None:
        text = f"the labels of {one.name} go from 0 to {int(max(labels))}"
        right = str(int(max(labels)) + 1)
        yield Finding("data-labels", Level.NOTE, field, text, f"set num_classes = {right}", right)
        return
    highest = int(max(labels))
    if highest >= classes:
        text = f"{one.name} has the label {highest}, but with num_classes = {classes} labels end at {classes - 1}"
        yield Finding("data-labels", Level.ERROR, field, text, _classes_remedy(labels), str(highest + 1))
        return
    missing = sorted(set(range(classes)) - {int(label) for label in labels})
    if missing and complete:
        some = ", ".join(map(str, missing[:8])) + (", …" if len(missing) > 8 else "")
        text = f"no image of {one.name} has the label {some}, though num_classes is {classes}"
        yield Finding("data-labels", Level.WARNING, field, text, _classes_remedy(labels), str(highest + 1))
        return
    yield from _balance(case, one, labels)


def _classes_remedy(labels: Mapping[float, int]) -> str:
    """The right number; labels that begin at 1 are probably numbered wrongly."""
    highest = int(max(labels))
    if min(labels) == 1 and len(labels) == highest:
        return f"labels begin at 0: number them from 0 to {highest - 1}, or set num_classes = {highest + 1}"
    return f"set num_classes = {highest + 1}"


def _balance(case: Case, one: Input, labels: Mapping[float, int]) -> Iterator[Finding]:
    field = case.facts.uri_field(one)
    least, most = min(labels, key=lambda label: labels[label]), max(labels, key=lambda label: labels[label])
    ratio = labels[most] / labels[least]
    if ratio < _UNEVEN:
        yield ok("data-labels", case.hyperparameter("num_classes"), f"{one.name} has every label up to {max(labels):g}")
        return
    text = (
        f"classes differ widely in {one.name}: {labels[least]} images of label {least:g}, "
        f"{labels[most]} of label {most:g}"
    )
    level = Level.WARNING if ratio >= _VERY_UNEVEN else Level.NOTE
    yield Finding("data-balance", level, field, text, "a rare class is learned badly: add images of it")
