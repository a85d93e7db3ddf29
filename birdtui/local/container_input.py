"""A job's channels brought to its instances: objects as files, whole or a share for each."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from birdtui.local.iam import IamService
from birdtui.local.s3 import ObjectInfo, S3Service
from birdtui.local.sagemaker_checks import split_uri


class DataDownloadError(Exception):
    """A channel cannot be brought; the text goes on after `Data download failed:`."""


def download(request: Mapping[str, Any], folders: Sequence[Path], s3: S3Service, iam: IamService) -> None:
    """Put each channel's objects under `input/data/<channel>` of each folder. Raises DataDownloadError."""
    role = request["RoleArn"]
    for channel in request.get("InputDataConfig") or []:
        source = channel["DataSource"].get("S3DataSource")
        if source is None:
            raise DataDownloadError(" The local engine brings channels from S3 only.")
        if channel.get("CompressionType") == "Gzip":
            raise DataDownloadError(" The local engine does not unpack Gzip channels.")
        pairs = _objects(source, s3, iam, role)
        for number, folder in enumerate(folders):
            target = folder / "input" / "data" / channel["ChannelName"]
            target.mkdir(parents=True, exist_ok=True)
            share = pairs[number :: len(folders)] if source.get("S3DataDistributionType") == "ShardedByS3Key" else pairs
            for name, info in share:
                _place(target, name, info)


def _objects(source: Mapping[str, Any], s3: S3Service, iam: IamService, role: str) -> list[tuple[str, ObjectInfo]]:
    """The objects of a source, each with its name within the channel."""
    bucket, key = split_uri(source["S3Uri"])
    match source["S3DataType"]:
        case "S3Prefix":
            found = [(info.key, info) for info in s3.objects(bucket, key)]
            # names count from the last folder of the prefix, as SageMaker lays them out
            base = key[: key.rfind("/") + 1]
            pairs = [(name[len(base) :], info) for name, info in found if not name.endswith("/")]
        case "ManifestFile":
            pairs = _manifest(bucket, key, s3)
        case other:
            raise DataDownloadError(f" The local engine does not read channels of type {other}.")
    for _, info in pairs:
        if not iam.allows(role, "s3:GetObject", f"arn:aws:s3:::{bucket}/{info.key}"):
            raise DataDownloadError(
                f" AccessDenied (403): Access denied when calling GetObject on s3://{bucket}/{info.key}; "
                f"role {role} needs s3:GetObject there."
            )
    if not pairs:
        raise DataDownloadError(f" No objects were found under {source['S3Uri']}.")
    return pairs


def _manifest(bucket: str, key: str, s3: S3Service) -> list[tuple[str, ObjectInfo]]:
    """The objects that a manifest lists: `[{"prefix": "s3://b/p/"}, "name", …]`."""
    found = [info for info in s3.objects(bucket, key) if info.key == key]
    try:
        head, *names = json.loads(found[0].path.read_text(encoding="utf-8"))
        prefix = head["prefix"]
        listed_bucket, base = split_uri(prefix)
    except (IndexError, ValueError, KeyError, TypeError, OSError):
        raise DataDownloadError(f" Unable to parse manifest at s3://{bucket}/{key}.") from None
    pairs: list[tuple[str, ObjectInfo]] = []
    for name in names:
        match = [info for info in s3.objects(listed_bucket, base + name) if info.key == base + name]
        if not match:
            raise DataDownloadError(f" {prefix}{name}, which the manifest lists, does not exist (404).")
        pairs.append((name, match[0]))
    return pairs


def _place(target: Path, name: str, info: ObjectInfo) -> None:
    """One object as a file; a name that leads out of the channel is laid flat inside it."""
    parts = [part for part in PurePosixPath(name).parts if part not in {"/", "..", "."}]
    path = target.joinpath(*parts) if parts else target / "object"
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(info.path, path)
    except OSError:
        shutil.copyfile(info.path, path)
