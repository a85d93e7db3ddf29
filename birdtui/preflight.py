"""What only AWS can tell before a job is sent: account, role, buckets, channels, the data itself, quota, name.

Every check answers for itself: ok, a note, a warning, an error, or that it could not look and why. None blocks another;
they run side by side. Sources: the service's refusals and their causes (CreateTrainingJob, HeadBucket), the algorithm's
rules for its data (IC-HyperParameter, "Image Classification - MXNet").
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from queue import SimpleQueue
from urllib.parse import unquote

from birdtui.aws.buckets import Buckets, BucketState, Listing
from birdtui.aws.errors import AwsProblem, translated
from birdtui.aws.roles import resolve_role
from birdtui.aws.session import Session
from birdtui.recordio import RecordIOError, Scan, Scanner
from birdtui.spec.findings import Finding, Level
from birdtui.spec.image_classification import ALGORITHM
from birdtui.spec.images import recognise
from birdtui.spec.job import Channel, JobSpec

SCANNED_BYTES = 64 << 20
"""How much of a channel's .rec file is read: more than the lab's data, a moment's download for anything larger."""
PATIENCE = 20.0

Check = Callable[[], Iterable[Finding]]


def ok(check: str, field: str, text: str) -> Finding:
    """All is well, and why."""
    return Finding(check, Level.OK, field, text)


def preflight(spec: JobSpec, make_session: Callable[[], Session]) -> list[Finding]:
    """Every finding that AWS has to be asked for. Where AWS cannot be asked at all, one finding says so."""
    try:
        session = make_session()
        account, region = session.account(), session.region
    except AwsProblem as problem:
        return [could_not("account", "", "the account", problem)]
    found = [ok("account", "", f"account {account}, region {region}")]
    checks = Checks(spec, session, region)
    results: SimpleQueue[tuple[int, list[Finding]]] = SimpleQueue()
    named = list(checks.all())
    for number, (name, field, check) in enumerate(named):
        threading.Thread(target=_run, args=(number, name, field, check, results), daemon=True).start()
    answers = dict(results.get(timeout=PATIENCE) for _ in named)
    return [*found, *(finding for number in sorted(answers) for finding in answers[number])]


def _run(number: int, name: str, field: str, check: Check, results: SimpleQueue[tuple[int, list[Finding]]]) -> None:
    """One check; whatever happens, it answers."""
    try:
        found = list(check())
    except AwsProblem as problem:
        found = [could_not(name, field, name, problem)]
    except Exception as error:  # noqa: BLE001 - a check that breaks must not take the others along
        found = [Finding(name, Level.UNKNOWN, field, f"could not look: {error}")]
    results.put((number, found))


def could_not(check: str, field: str, what: str, problem: AwsProblem) -> Finding:
    """A check that could not look: what it wanted to see, and what AWS said."""
    remedy = problem.advice[0].text if problem.advice else ""
    return Finding(check, Level.UNKNOWN, field, f"could not look at {what}: {problem.message}", remedy)


@dataclass(frozen=True, slots=True)
class Place:
    """An S3 location of a spec."""

    field: str
    uri: str

    @property
    def bucket(self) -> str:
        """The bucket's name."""
        return self.uri.removeprefix("s3://").partition("/")[0]

    @property
    def key(self) -> str:
        """The key or prefix."""
        return self.uri.removeprefix("s3://").partition("/")[2]


class Checks:
    """The checks of one spec in one account."""

    def __init__(self, spec: JobSpec, session: Session, region: str) -> None:
        self._spec = spec
        self._session = session
        self._region = region
        self._buckets = Buckets(session)

    def all(self) -> Iterator[tuple[str, str, Check]]:
        """Each check with its name and the field it is about."""
        yield "role", "job.role", self.role
        if not self._spec.unique_name:
            yield "name-taken", "job.name", self.name_taken
        if self._spec.instance_type:
            yield "quota", "resources.instance_type", self.quota
        for place in self._places():
            yield "bucket", place.field, partial(self.bucket, place)
        for channel in self._spec.channels:
            if (channel.s3_uri or "").startswith("s3://"):
                yield "channel", f"channels.{channel.name}.s3_uri", partial(self.channel, channel)

    def _places(self) -> list[Place]:
        """One place for each bucket, the first field that names it."""
        found: dict[str, Place] = {}
        named = [(f"channels.{channel.name}.s3_uri", channel.s3_uri) for channel in self._spec.channels]
        for field, uri in [*named, ("output.s3_uri", self._spec.output_uri)]:
            if uri and uri.startswith("s3://") and Place(field, uri).bucket:
                found.setdefault(Place(field, uri).bucket, Place(field, uri))
        return list(found.values())

    # account

    def role(self) -> Iterable[Finding]:
        """Whether the role exists and lets SageMaker take it."""
        arn = resolve_role(self._session, self._spec.role)
        name = arn.rpartition("/")[2]
        with translated():
            role = self._session.client("iam").get_role(RoleName=name)["Role"]
        if role["Arn"] != arn:
            text = f"the role {name} has the ARN {role['Arn']}, not {arn}"
            yield Finding("role", Level.ERROR, "job.role", text, f"write {role['Arn']}")
            return
        if "sagemaker.amazonaws.com" not in unquote(str(role.get("AssumeRolePolicyDocument", ""))):
            text = f"the role {name} does not let sagemaker.amazonaws.com take it"
            remedy = "add sts:AssumeRole for the service sagemaker.amazonaws.com to its trust policy"
            yield Finding("role", Level.ERROR, "job.role", text, remedy)
            return
        yield ok("role", "job.role", f"{arn} trusts SageMaker")

    def name_taken(self) -> Iterable[Finding]:
        """Whether a job of that exact name exists already."""
        from birdtui.aws.training_jobs import TrainingJobs, is_not_found

        try:
            TrainingJobs(self._session).describe(self._spec.name)
        except AwsProblem as problem:
            if not is_not_found(problem):
                raise
            yield ok("name-taken", "job.name", f"{self._spec.name} is free")
            return
        text = f"a job called {self._spec.name} exists already; names are never free again"
        yield Finding("name-taken", Level.ERROR, "job.name", text, "choose another name, or unique_name = true")

    def quota(self) -> Iterable[Finding]:
        """Whether so many instances may run beside those that do."""
        from birdtui.aws import quotas
        from birdtui.aws.training_jobs import TrainingJobs

        kind, wanted, spot = self._spec.instance_type or "", self._spec.instance_count, self._spec.spot
        field = "resources.instance_type"
        limit = quotas.limit(self._session, kind, spot=spot)
        if limit is None:
            name = quotas.quota_name(kind, spot=spot)
            text = f"no quota is called {name!r}: the type may not be offered in {self._region}"
            yield Finding("quota", Level.WARNING, field, text, "look at the region's instance types")
            return
        used = quotas.in_use(TrainingJobs(self._session), kind, spot=spot)
        if used + wanted > limit:
            text = f"the quota for {kind} is {limit:g}; {used} are in use and the job wants {wanted}"
            remedy = f"ask for more of {quotas.quota_name(kind, spot=spot)!r} in Service Quotas, or take another type"
            yield Finding("quota", Level.ERROR, field, text, remedy)
            return
        yield ok("quota", field, f"{wanted} of {limit:g} {kind}, {used} in use")

    # data

    def bucket(self, place: Place) -> Iterable[Finding]:
        """Whether a bucket exists, can be reached and is in the job's region."""
        found = self._buckets.look(place.bucket)
        if found.state is BucketState.MISSING:
            near = self._buckets.nearest(place.bucket)
            remedy = f"did you mean {near}?" if near else "check the name: a bucket has to exist before the job"
            yield Finding("bucket", Level.ERROR, place.field, f"there is no bucket {place.bucket}", remedy)
        elif found.state is BucketState.FORBIDDEN:
            text = f"the bucket {place.bucket} is another account's, or you may not look into it"
            yield Finding("bucket", Level.WARNING, place.field, text, "the job can only read it if its role may")
        elif found.region and found.region != self._region:
            text = f"the bucket {place.bucket} is in {found.region}, the job in {self._region}"
            yield Finding("bucket", Level.ERROR, place.field, text, f"use --region {found.region}, or another bucket")
        else:
            yield ok("bucket", place.field, f"{place.bucket} is there, in {found.region or self._region}")

    def channel(self, channel: Channel) -> Iterable[Finding]:
        """What lies under a channel's prefix, and for image classification what is in it."""
        field = f"channels.{channel.name}.s3_uri"
        place = Place(field, channel.s3_uri or "")
        listing = self._buckets.listing(place.bucket, place.key)
        files = [(key, size) for key, size in listing.objects if not key.endswith("/")]
        if not files:
            remedy = "check bucket and prefix; a prefix is case sensitive and has no slash in front"
            yield Finding("channel", Level.ERROR, field, f"no object lies under {place.uri}", remedy)
            return
        more = "" if listing.complete else " and more"
        yield ok("channel", field, f"{len(files)} objects{more}, {size_text(listing.size)}")
        yield from self._also_matched(place, files)
        if self._is_image_classification() and (channel.content_type or "") == "application/x-recordio":
            yield from self._records(channel, place, Listing(tuple(files), listing.complete))

    @staticmethod
    def _also_matched(place: Place, files: list[tuple[str, int]]) -> Iterable[Finding]:
        """A prefix without its slash also matches the folders beside."""
        if not place.key or place.key.endswith("/"):
            return
        folders = {key[: key.find("/", len(place.key)) + 1] for key, _ in files if "/" in key[len(place.key) :]}
        if len(folders) > 1:
            text = f"the prefix matches {len(folders)} folders: {', '.join(sorted(folders))}"
            yield Finding("channel-prefix", Level.WARNING, place.field, text, f"end it with a slash: {place.uri}/")

    def _is_image_classification(self) -> bool:
        if self._spec.algorithm is not None:
            return self._spec.algorithm == ALGORITHM
        reference = recognise(self._spec.image) if self._spec.image else None
        return reference is not None and reference.algorithm == ALGORITHM

    def _records(self, channel: Channel, place: Place, listing: Listing) -> Iterable[Finding]:
        """The .rec file of a channel: just one, and what it holds."""
        records = [(key, size) for key, size in listing.objects if key.endswith(".rec")]
        if len(records) != 1:
            text = f"{len(records)} .rec files lie under {place.uri}; the algorithm wants one"
            yield Finding("channel-records", Level.ERROR, place.field, text, "name the folder that holds just one")
            return
        key, size = records[0]
        try:
            scan = self._scan(place.bucket, key)
        except RecordIOError as error:
            text = f"s3://{place.bucket}/{key} is not sound RecordIO: {error}"
            yield Finding("channel-data", Level.ERROR, place.field, text, "make the file anew with im2rec")
            return
        yield from DataRules(self._spec, channel.name, scan, size).findings()

    def _scan(self, bucket: str, key: str) -> Scan:
        scanner = Scanner()
        for piece in self._buckets.pieces(bucket, key):
            scanner.feed(piece)
            if scanner.scan.bytes_seen >= SCANNED_BYTES:
                return scanner.scan
        return scanner.finish()


@dataclass(frozen=True)
class DataRules:
    """What a scanned .rec file of `size` bytes says of the job's hyperparameters."""

    spec: JobSpec
    channel: str
    scan: Scan
    size: int

    @property
    def count(self) -> int:
        """The records in the file: counted, or estimated from the part that was read."""
        if self.scan.complete or not self.scan.bytes_seen:
            return self.scan.records
        return round(self.scan.records * self.size / self.scan.bytes_seen)

    @property
    def how(self) -> str:
        """Whether the count is one."""
        return "counted" if self.scan.complete else "estimated"

    def findings(self) -> Iterable[Finding]:
        """All that the data contradicts, and what it confirms."""
        field = f"channels.{self.channel}.s3_uri"
        if not self.scan.records:
            yield Finding("channel-data", Level.ERROR, field, "the .rec file is empty", "make it anew with im2rec")
            return
        yield ok("channel-data", field, f"{self.count} records {self.how}, {len(self.scan.labels)} labels")
        if self.channel == "train":
            yield from self._samples()
            yield from self._batch()
        yield from self._labels()
        yield from self._sizes()

    def _number(self, name: str) -> int | None:
        text = self.spec.hyperparameters.get(name, "")
        return int(text) if text.isascii() and text.isdigit() else None

    def _samples(self) -> Iterable[Finding]:
        told = self._number("num_training_samples")
        if told is None or told == self.count:
            return
        far = not self.scan.complete and abs(told - self.count) <= self.count * 0.05
        if not far:
            text = f"num_training_samples is {told}, but the train channel holds {self.count} images ({self.how})"
            remedy = f"set num_training_samples = {self.count}"
            yield Finding("data-samples", Level.WARNING, "hyperparameters.num_training_samples", text, remedy)

    def _batch(self) -> Iterable[Finding]:
        batch = self._number("mini_batch_size") or 32
        if batch > self.count:
            text = f"mini_batch_size is {batch}, but there are {self.count} images ({self.how}): the job would fail"
            remedy = f"set mini_batch_size to {self.count} or less"
            yield Finding("data-batch", Level.ERROR, "hyperparameters.mini_batch_size", text, remedy)

    def _labels(self) -> Iterable[Finding]:
        classes = self._number("num_classes")
        labels = sorted(label for label in self.scan.labels if label == int(label))
        if classes is None or not labels:
            return
        field = "hyperparameters.num_classes"
        highest = int(labels[-1])
        if highest >= classes:
            text = (
                f"the {self.channel} channel has the label {highest}; with num_classes {classes} labels end at "
                f"{classes - 1}"
            )
            yield Finding("data-labels", Level.ERROR, field, text, f"set num_classes = {highest + 1}")
            return
        missing = sorted(set(range(classes)) - {int(label) for label in labels})
        if missing and self.scan.complete:
            some = ", ".join(map(str, missing[:8])) + ("…" if len(missing) > 8 else "")
            text = f"no image in the {self.channel} channel has the label {some}"
            yield Finding(
                "data-labels", Level.WARNING, field, text, f"set num_classes = {highest + 1}, or mend the data"
            )
            return
        most, least = max(self.scan.labels.values()), min(self.scan.labels.values())
        if self.scan.complete and most > 20 * least:
            text = f"classes differ widely in the {self.channel} channel: from {least} to {most} images"
            yield Finding("data-balance", Level.NOTE, field, text, "a rare class is learned badly")

    def _sizes(self) -> Iterable[Finding]:
        shape = self.spec.hyperparameters.get("image_shape", "")
        parts = shape.split(",")
        if len(parts) != 3 or not all(part.isdigit() for part in parts) or not self.scan.sizes:
            return
        height, width = int(parts[1]), int(parts[2])
        small = [size for size in self.scan.sizes if size[0] < width or size[1] < height]
        if small and "resize" not in self.spec.hyperparameters:
            smallest = min(small)
            text = (
                f"image_shape is {shape}, but images of {smallest[0]}×{smallest[1]} lie in the {self.channel} channel"
            )
            remedy = "smaller images fail the job: make image_shape smaller, or set resize"
            yield Finding("data-size", Level.ERROR, "hyperparameters.image_shape", text, remedy)


def size_text(size: int) -> str:
    """Bytes as people read them."""
    amount = float(size)
    for unit in ("B", "kB", "MB", "GB"):
        if amount < 1000:
            return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:.1f} TB"
