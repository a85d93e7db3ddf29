"""Lists and manifests: what stands in them, line by line, as far as they were read.

Sources: "Image Classification - MXNet" (a .lst row is index, label, relative path, with tabs between), "Augmented
manifest files" and S3DataSource in the API reference.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from birdtui.aws.buckets import Listing, Object
from birdtui.preflight.case import Case, counted, ok
from birdtui.preflight.channel_records import label_findings, sample_findings
from birdtui.spec.findings import Finding, Level
from birdtui.spec.rules_facts import Input


@dataclass
class _Rows:
    """What was read: rows, labels, the file names of images, and the first thing that is wrong."""

    count: int = 0
    labels: Counter[float] = field(default_factory=Counter)
    paths: list[str] = field(default_factory=list)
    width: int = 0
    wrong: str = ""


def list_findings(case: Case, one: Input, listing: Listing) -> Iterator[Finding]:
    """The one .lst file of a list channel, its rows, and whether the images that it names are there."""
    place, at = one.location, case.facts.uri_field(one)
    assert place is not None
    lists = listing.of(".lst")
    if len(lists) != 1:
        text = f"{counted(len(lists), '.lst file')} lie under {place.uri}, and the channel {one.name} reads one"
        yield Finding("channel-list", Level.ERROR, at, text, "name the .lst file itself")
        return
    text, whole = case.account.head(place.bucket, lists[0])
    rows = read_list(text)
    if rows.wrong or not rows.count:
        text = f"{lists[0].key} is no valid list: {rows.wrong or 'it is empty'}"
        yield Finding("channel-list", Level.ERROR, at, text, "write index, label and path, with tabs between them")
        return
    count, how = (rows.count, "counted") if whole else _estimated(rows.count, text, lists[0])
    yield ok("channel-list", at, f"{counted(count, 'row')} ({how}) in {lists[0].key}")
    if one.name == "train_lst":
        yield from sample_findings(case, count, how)
    if rows.width == 1:
        yield from label_findings(case, one, rows.labels, complete=whole)
    elif (classes := case.number("num_classes")) is not None and rows.width != classes:
        text = f"each row of {lists[0].key} has {rows.width} labels, and num_classes is {classes}"
        remedy = f"set num_classes = {rows.width}"
        yield Finding("data-labels", Level.ERROR, case.hyperparameter("num_classes"), text, remedy)
    yield from _images(case, one, rows)


def read_list(text: str) -> _Rows:
    """The rows of a .lst file; reading ends at the first that is wrong."""
    rows, seen = _Rows(), set[str]()
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        parts = line.rstrip("\r").split("\t")
        rows.wrong = _row_fault(parts, seen, rows.width)
        if rows.wrong:
            rows.wrong = f"line {number} {rows.wrong}"
            return rows
        seen.add(parts[0])
        rows.count += 1
        rows.width = len(parts) - 2
        rows.labels[float(parts[1])] += 1
        rows.paths.append(parts[-1])
    return rows


def _row_fault(parts: list[str], seen: set[str], width: int) -> str:
    if len(parts) < 3:
        found = "blanks" if len(parts) == 1 and len(parts[0].split()) >= 3 else f"{len(parts)} columns"
        return f"has {found} where index, label and path should stand with tabs between them"
    if not parts[0].strip().isdigit():
        return f"begins with {parts[0][:30]!r}, and an index is a whole number"
    if parts[0] in seen:
        return f"has the index {parts[0]} a second time"
    if width and len(parts) - 2 != width:
        return f"has {len(parts) - 2} labels, and the rows before it {width}"
    for label in parts[1:-1]:
        try:
            float(label)
        except ValueError:
            return f"has {label[:30]!r} where a label should stand"
    return "" if parts[-1].strip() else "names no file"


def _images(case: Case, one: Input, rows: _Rows) -> Iterator[Finding]:
    """Whether the images of a list lie in the channel that it is for."""
    data = case.facts.input(one.name.removesuffix("_lst"))
    if data is None or data.location is None:
        return
    found = case.account.listing(data.location.bucket, data.location.key)
    folder = data.location.key if data.location.key.endswith("/") or not data.location.key else data.location.key + "/"
    keys = {each.key for each in found.objects}
    absent = [path for path in rows.paths if folder + path not in keys]
    if absent and found.complete:
        text = f"{counted(len(absent), 'image')} of the list {one.name} do not lie in {data.name}: {absent[0]}"
        if len(absent) > 1:
            text += ", …"
        remedy = f"paths count from {data.location.uri}; upload the images, or mend the list"
        yield Finding("channel-list-images", Level.ERROR, case.facts.uri_field(one), text, remedy)


def _estimated(count: int, text: str, found: Object) -> tuple[int, str]:
    return round(count * found.size / max(len(text.encode()), 1)), "estimated"


def manifest_findings(case: Case, one: Input) -> Iterator[Finding]:
    """A channel whose URI is a manifest: the object itself, and its lines."""
    place, at = one.location, case.facts.uri_field(one)
    assert place is not None
    objects = case.account.listing(place.bucket, place.key).objects
    found = next((each for each in objects if each.key == place.key), None)
    if found is None:
        near = f"s3://{place.bucket}/{objects[0].key}" if objects else ""
        remedy = f"did you mean {near}?" if near else "write the manifest's whole URI"
        yield Finding("manifest", Level.ERROR, at, f"there is no manifest {place.uri}", remedy, near)
        return
    text, whole = case.account.head(place.bucket, found)
    if one.channel.s3_data_type == "ManifestFile":
        if whole:
            yield _plain_manifest(place.uri, at, text)
        return
    if one.channel.s3_data_type == "AugmentedManifestFile":
        yield from _augmented(case, one, text, None if whole else found)


def _plain_manifest(uri: str, at: str, text: str) -> Finding:
    form = 'write [{"prefix": "s3://bucket/folder/"}, "file", "file"]'
    try:
        entries = json.loads(text)
    except ValueError as error:
        return Finding("manifest", Level.ERROR, at, f"{uri} is no JSON: {error}", form)
    first = entries[0] if isinstance(entries, list) and entries else None
    if not isinstance(first, dict) or not str(first.get("prefix", "")).startswith("s3://"):
        return Finding("manifest", Level.ERROR, at, f"{uri} does not begin with a prefix in S3", form)
    return ok("manifest", at, f"{counted(len(entries) - 1, 'file')} under {first['prefix']}")


def _augmented(case: Case, one: Input, text: str, cut: Object | None) -> Iterator[Finding]:
    """An augmented manifest; `cut` is its object where only the beginning was read."""
    at = case.facts.uri_field(one)
    names = case.facts.channel_field(one, "DataSource", "S3DataSource", "AttributeNames")
    rows = read_manifest(text, one.channel.attribute_names)
    if rows.wrong:
        at_fault = names if "attribute" in rows.wrong else at
        remedy = _attribute_remedy(text) if "attribute" in rows.wrong else "every line is one JSON object"
        yield Finding("manifest", Level.ERROR, at_fault, f"error in {rows.wrong}", remedy)
        return
    if not rows.count:
        yield Finding("manifest", Level.ERROR, at, f"the manifest of {one.name} is empty", "every line is one image")
        return
    count, how = (rows.count, "counted") if cut is None else _estimated(rows.count, text, cut)
    yield ok("manifest", at, f"{counted(count, 'line')} ({how}), each with {' and '.join(one.channel.attribute_names)}")
    if not case.facts.is_image_classification:
        return
    if one.name == "train":
        yield from sample_findings(case, count, how)
    if case.spec.hyperparameters.get("multi_label") != "1":
        yield from label_findings(case, one, rows.labels, complete=cut is None)


def read_manifest(text: str, attributes: tuple[str, ...]) -> _Rows:
    """The lines of an augmented manifest that has these attributes; reading ends at the first that is wrong."""
    rows = _Rows()
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        try:
            entry = json.loads(line)
        except ValueError as error:
            rows.wrong = f"line {number}: no JSON ({error})"
            return rows
        rows.wrong = _entry_fault(entry, attributes)
        if rows.wrong:
            rows.wrong = f"line {number}: {rows.wrong}"
            return rows
        rows.count += 1
        label = entry[attributes[1]] if len(attributes) > 1 else None
        if isinstance(label, (int, float)) and not isinstance(label, bool):
            rows.labels[float(label)] += 1
    return rows


def _entry_fault(entry: Any, attributes: tuple[str, ...]) -> str:
    if not isinstance(entry, dict):
        return "no JSON object"
    for name in attributes:
        if name not in entry:
            return f"there is no attribute {name!r}"
        if name.endswith("-ref") and not str(entry[name]).startswith("s3://"):
            return f"{name} is {str(entry[name])[:60]!r}, which is no S3 URI"
    return ""


def _attribute_remedy(text: str) -> str:
    """The attributes that the first line has; what ends in -metadata describes another one."""
    first = json.loads(next(line for line in text.splitlines() if line.strip()))
    there = [name for name in first if not name.endswith("-metadata")]
    return f"the first line has: {', '.join(there)}"
