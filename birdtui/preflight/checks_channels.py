"""What lies under each channel: how much, of which kind, and whether train and validation are what they seem."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial

from birdtui.aws.buckets import BucketState, Listing
from birdtui.preflight.case import Case, Check, counted, ok, size_text
from birdtui.preflight.channel_lists import list_findings, manifest_findings
from birdtui.preflight.channel_records import record_findings
from birdtui.spec.findings import Finding, Level
from birdtui.spec.rules_facts import Input

_KINDS: Mapping[str, str] = {
    ".rec": "RecordIO",
    ".jpg": "images",
    ".jpeg": "images",
    ".png": "images",
    ".csv": "CSV",
    ".parquet": "Parquet",
    ".json": "JSON",
    ".jsonl": "JSON",
    ".libsvm": "LIBSVM",
    ".gz": "compressed files",
    ".zip": "compressed files",
    ".tar": "compressed files",
}
_CONTENT: Mapping[str, tuple[str, str]] = {
    "application/x-recordio": ("RecordIO", ".rec files"),
    "application/x-image": ("images", "images"),
    "image/jpeg": ("images", "images"),
    "application/jpeg": ("images", "images"),
    "image/png": ("images", "images"),
    "text/csv": ("CSV", "CSV"),
    "application/x-parquet": ("Parquet", "Parquet"),
    "application/json": ("JSON", "JSON"),
    "application/jsonlines": ("JSON", "JSON lines"),
    "text/libsvm": ("LIBSVM", "LIBSVM"),
    "text/x-libsvm": ("LIBSVM", "LIBSVM"),
}
_TYPES = {
    "RecordIO": "application/x-recordio",
    "images": "application/x-image",
    "CSV": "text/csv",
    "Parquet": "application/x-parquet",
    "JSON": "application/jsonlines",
    "LIBSVM": "text/libsvm",
}
_MUCH_LARGER = 1.2


def channel_checks(case: Case) -> Iterator[Check]:
    """One check for each S3 channel, for what is in it, and one for train beside validation."""
    for one in case.facts.inputs:
        if one.location is None or not one.location.bucket:
            continue
        field = case.facts.uri_field(one)
        if one.is_prefix or one.channel.s3_data_type is None:
            yield Check("channel", field, f"the channel {one.name}", partial(_channel, case, one), "s3:ListBucket")
            what = f"the data of the channel {one.name}"
            yield Check("channel-data", field, what, partial(_contents, case, one), "s3:GetObject")
        else:
            what = f"the manifest of the channel {one.name}"
            yield Check("manifest", field, what, partial(manifest_findings, case, one), "s3:GetObject")
    validation = case.facts.input("validation")
    if validation and case.facts.input("train"):
        field = case.facts.uri_field(validation)
        yield Check("channels", field, "train beside validation", partial(_beside, case), "s3:ListBucket")


def _listing(case: Case, one: Input) -> Listing | None:
    """What lies under a channel's prefix; None where the bucket check says all there is to say."""
    place = one.location
    if place is None or case.account.bucket(place.bucket).state in {BucketState.MISSING, BucketState.ELSEWHERE}:
        return None
    return case.account.listing(place.bucket, place.key)


def _channel(case: Case, one: Input) -> Iterator[Finding]:
    listing, field = _listing(case, one), case.facts.uri_field(one)
    if listing is None or one.location is None:
        return
    if not listing.objects:
        yield _nothing(case, one, field)
        return
    more = "" if listing.complete else " or more"
    yield ok("channel", field, f"{counted(len(listing.objects), 'object')}{more}, {size_text(listing.size)}")
    yield from _also_matched(one, listing, field)
    if not (case.facts.is_image_classification and one.is_recordio):
        yield from _kind(case, one, listing)


def _nothing(case: Case, one: Input, field: str) -> Finding:
    """An empty prefix; where the bucket has something like it, that is probably meant."""
    place = one.location
    assert place is not None
    if not place.key:
        text = f"the bucket {place.bucket} is empty"
        return Finding("channel", Level.ERROR, field, text, "upload the data, or name the bucket that holds it")
    text = f"no object lies under {place.uri}"
    remedy = "check the prefix: it is case sensitive, and no slash stands before it"
    suggestion = ""
    top = place.key.strip("/").partition("/")[0].lower()
    if place.key.startswith("/"):
        suggestion = f"s3://{place.bucket}/{place.key.lstrip('/')}"
        remedy = f"write {suggestion}: a second slash is part of the key"
    elif top:
        found = case.account.listing(place.bucket, "").objects
        folders = {each.key.partition("/")[0] for each in found if "/" in each.key}
        near = sorted(folder for folder in folders if folder.lower() in {top, f"{top}ing", f"{top}_data"})
        if near and near[0] != place.key.partition("/")[0]:
            suggestion = f"s3://{place.bucket}/{near[0]}/"
            remedy = f"did you mean {suggestion}?"
    return Finding("channel", Level.ERROR, field, text, remedy, suggestion)


def _also_matched(one: Input, listing: Listing, field: str) -> Iterator[Finding]:
    """A prefix without its slash matches every folder whose name begins so."""
    place = one.location
    if place is None or not place.key or place.key.endswith("/"):
        return
    start = len(place.key)
    keys = [each.key for each in listing.objects]
    folders = sorted({key[: key.find("/", start) + 1] for key in keys if "/" in key[start:]})
    if len(folders) > 1:
        text = f"{place.uri} is no folder but a beginning, and matches {', '.join(folders)}"
        yield Finding("channel-prefix", Level.WARNING, field, text, f"write {place.uri}/")


def _kind(case: Case, one: Input, listing: Listing) -> Iterator[Finding]:
    """The content type against the suffixes, where both are known."""
    said = _CONTENT.get(one.content_type)
    kinds = {_KINDS.get(suffix) for suffix in listing.suffixes}
    if said is None or None in kinds or said[0] in kinds or kinds == {"compressed files"}:
        return
    there = sorted(kind for kind in kinds if kind)
    field = case.facts.channel_field(one, "ContentType")
    text = f"the channel {one.name} says that it holds {said[1]}, but {' and '.join(there)} lie there"
    meant = _TYPES.get(there[0]) if len(there) == 1 else None
    remedy = f'write "{meant}", or point it at {said[1]}' if meant else f"point the channel at {said[1]}"
    yield Finding("channel-content", Level.WARNING, field, text, remedy)


def _contents(case: Case, one: Input) -> Iterator[Finding]:
    """What is inside the objects, as far as image classification's rules know it."""
    if not case.facts.is_image_classification or one.name == "model":
        return
    listing = _listing(case, one)
    if listing is None or not listing.objects:
        return
    if one.name.endswith("_lst"):
        yield from list_findings(case, one, listing)
    elif one.is_recordio:
        yield from record_findings(case, one, listing)


def _beside(case: Case) -> Iterator[Finding]:
    """Train and validation: the same objects, or the larger one where the smaller is expected."""
    train, validation = case.facts.input("train"), case.facts.input("validation")
    assert train is not None
    assert validation is not None
    first, second = _listing(case, train), _listing(case, validation)
    if first is None or second is None or not first.size or not second.size:
        return
    field = case.facts.uri_field(validation)
    contents = [sorted((each.size, each.etag) for each in listing.objects) for listing in (first, second)]
    if contents[0] == contents[1]:
        text = "train and validation hold the same data, so the validation accuracy would tell nothing"
        remedy = "point validation at images that training never sees"
        yield Finding("channel-same", Level.WARNING, field, text, remedy)
    elif first.complete and second.complete and second.size > first.size * _MUCH_LARGER:
        text = f"validation ({size_text(second.size)}) is larger than train ({size_text(first.size)})"
        yield Finding("channel-swapped", Level.WARNING, field, text, "are train and validation swapped?")
    else:
        yield ok("channels", field, "train and validation are different data")
