"""What a container finds when it starts: its configuration, and the job's channels as files, whole or a share each."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from birdtui.local.iam import IamService
from birdtui.local.job_records import Instance
from birdtui.local.locations import split_uri
from birdtui.local.s3 import ObjectInfo, S3Service
from birdtui.local.service import ServiceError

_Named = tuple[str, str, ObjectInfo]
"""An object's name within its channel, its bucket, and itself."""


class DataDownloadError(Exception):
    """A channel cannot be brought; the text goes on after `Data download failed:`."""


def write_configuration(folder: Path, request: Mapping[str, Any], instance: Instance, all_of: Sequence[str]) -> None:
    """Make one instance's folders and `input/config` files, as SageMaker's contract has them."""
    config = folder / "input" / "config"
    for part in (config, folder / "model", folder / "output" / "data"):
        part.mkdir(parents=True, exist_ok=True)
    resources = {
        "current_host": instance.host,
        "current_instance_type": instance.type,
        "current_group_name": instance.group or "homogeneousCluster",
        "hosts": list(all_of),
        "network_interface_name": "lo",
    }
    for name, content in (
        ("resourceconfig", resources),
        ("hyperparameters", request.get("HyperParameters") or {}),
        ("inputdataconfig", _channels(request)),
    ):
        (config / f"{name}.json").write_text(json.dumps(content), encoding="utf-8")


def _channels(request: Mapping[str, Any]) -> dict[str, Any]:
    mode = request["AlgorithmSpecification"]["TrainingInputMode"]
    told: dict[str, Any] = {}
    for channel in request.get("InputDataConfig") or []:
        source = channel["DataSource"].get("S3DataSource") or {}
        told[channel["ChannelName"]] = {
            "TrainingInputMode": channel.get("InputMode") or mode,
            "S3DistributionType": source.get("S3DataDistributionType", "FullyReplicated"),
            "RecordWrapperType": channel.get("RecordWrapperType", "None"),
            **({"ContentType": channel["ContentType"]} if channel.get("ContentType") else {}),
        }
    return told


def download(
    request: Mapping[str, Any],
    instances: Sequence[tuple[Instance, Path]],
    s3: S3Service,
    iam: IamService,
    check: Callable[[], None],
) -> None:
    """Put each channel's objects under `input/data/<channel>` of each instance's folder.

    Calls `check` before each object; what that raises ends the download. Raises DataDownloadError.
    """
    for channel in request.get("InputDataConfig") or []:
        name = channel["ChannelName"]
        source = channel["DataSource"].get("S3DataSource")
        if source is None:
            raise DataDownloadError(f"Channel {name} is not in S3; the local engine brings channels from S3 only.")
        if channel.get("CompressionType") == "Gzip":
            raise DataDownloadError(f"Channel {name} is compressed; the local engine does not unpack Gzip channels.")
        found = _objects(source, s3)
        for bucket, info in {(bucket, info.key): (bucket, info) for _, bucket, info in found}.values():
            _check_right(iam, request["RoleArn"], bucket, info.key)
        groups = source.get("InstanceGroupNames")
        takers = [folder for instance, folder in instances if not groups or instance.group in groups]
        sharded = source.get("S3DataDistributionType") == "ShardedByS3Key"
        for number, folder in enumerate(takers):
            target = folder / "input" / "data" / name
            target.mkdir(parents=True, exist_ok=True)
            for path, bucket, info in found[number :: len(takers)] if sharded else found:
                check()
                _place(target, path, f"s3://{bucket}/{info.key}", info)


def _check_right(iam: IamService, role: str, bucket: str, key: str) -> None:
    if not iam.allows(role, "s3:GetObject", f"arn:aws:s3:::{bucket}/{key}"):
        raise DataDownloadError(
            f"Failed to download data. GetObject on s3://{bucket}/{key}: 403 Forbidden, AccessDenied. The role {role} "
            "needs s3:GetObject there."
        )


def _objects(source: Mapping[str, Any], s3: S3Service) -> list[_Named]:
    """The objects of a source. Raises DataDownloadError where there are none."""
    bucket, key = split_uri(source["S3Uri"])
    match source["S3DataType"]:
        case "S3Prefix":
            # names count from the last folder of the prefix, as SageMaker lays them out
            base = len(key[: key.rfind("/") + 1])
            found = [(info.key[base:], bucket, info) for info in s3.objects(bucket, key) if info.key[-1] != "/"]
        case "ManifestFile":
            found = _manifest(bucket, key, s3)
        case other:
            raise DataDownloadError(f"The local engine does not read channels of type {other} ({source['S3Uri']}).")
    if not found:
        raise DataDownloadError(f"No S3 objects found under S3 URL {source['S3Uri']}.")
    return found


def _manifest(bucket: str, key: str, s3: S3Service) -> list[_Named]:
    """The objects that a manifest lists: `[{"prefix": "s3://b/p/"}, "name", …]`."""
    file = _object(s3, bucket, key)
    if file is None:
        raise DataDownloadError(f"The manifest s3://{bucket}/{key} does not exist (404).")
    try:
        head, *names = json.loads(file.path.read_text(encoding="utf-8"))
        listed, base = split_uri(head["prefix"])
        pairs = [(str(name), base + name) for name in names]
    except (ValueError, KeyError, TypeError, ServiceError):
        raise DataDownloadError(f"Unable to parse manifest s3://{bucket}/{key}.") from None
    found: list[_Named] = []
    for name, path in pairs:
        info = _object(s3, listed, path)
        if info is None:
            raise DataDownloadError(f"s3://{listed}/{path}, which the manifest lists, does not exist (404).")
        found.append((name, listed, info))
    return found


def _object(s3: S3Service, bucket: str, key: str) -> ObjectInfo | None:
    return next((info for info in s3.objects(bucket, key) if info.key == key), None)


def _place(target: Path, name: str, uri: str, info: ObjectInfo) -> None:
    """One object as a file of the channel; a name that leads out of it is laid inside."""
    parts = [part for part in PurePosixPath(name).parts if part not in {"/", "..", "."}]
    path = target.joinpath(*(parts or ["object"]))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _link(info.path, path)
    except (FileExistsError, NotADirectoryError, IsADirectoryError):
        raise DataDownloadError(
            f"Failed to download data. {uri}: a previously downloaded file/folder clashes with it. Please check your "
            "S3 objects and ensure that there is no object that is both a folder as well as a file."
        ) from None
    except OSError as error:
        raise DataDownloadError(f"Unable to download {uri}: {error.strerror}.") from None


def _link(source: Path, path: Path) -> None:
    """The same bytes under another name, where the disk can do that; else a copy. Never over a file that is there."""
    try:
        os.link(source, path)
    except FileExistsError:
        raise
    except OSError:
        with path.open("xb") as target, source.open("rb") as stream:
            shutil.copyfileobj(stream, target)
