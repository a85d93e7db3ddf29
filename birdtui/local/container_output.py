"""What a container leaves: its model and its output data, brought to S3; and why it failed."""

from __future__ import annotations

import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from birdtui.local.iam import IamService
from birdtui.local.locations import split_uri
from birdtui.local.s3 import S3Service
from birdtui.local.service import ServiceError


class UploadError(Exception):
    """The output cannot be brought to S3; the text goes on after `Artifact upload failed:`."""


def upload(request: Mapping[str, Any], name: str, folder: Path, s3: S3Service, iam: IamService) -> str:
    """Bring `model/` and, where it holds anything, `output/data/` to S3; gives the model's URI.

    `<S3OutputPath>/<name>/output/model.tar.gz`, or with CompressionType NONE the files themselves under
    `…/output/model/`. Raises UploadError.
    """
    output = request["OutputDataConfig"]
    try:
        bucket, key = split_uri(output["S3OutputPath"])
        prefix = "/".join(part for part in (key.rstrip("/"), name, "output") if part)
        plain = output.get("CompressionType") == "NONE"
        files = _files(folder / "model", "model") if plain else {"model.tar.gz": _archive(folder / "model")}
        if any((folder / "output" / "data").iterdir()):
            files["output.tar.gz"] = _archive(folder / "output" / "data")
        for path in files:
            _check_right(iam, request["RoleArn"], bucket, f"{prefix}/{path}")
        for path, file in files.items():
            s3.put_file(bucket, f"{prefix}/{path}", file)
    except ServiceError as error:
        raise UploadError(f"{error.message} ({output['S3OutputPath']})") from None
    return f"s3://{bucket}/{prefix}/" + ("model/" if plain else "model.tar.gz")


def failure_reason(folder: Path, code: int) -> str:
    """What the container said of its failure in `output/failure`, else how it ended; 137 means that it was killed."""
    failure = folder / "output" / "failure"
    if failure.is_file():
        return failure.read_text(encoding="utf-8", errors="replace")
    return f"AlgorithmError: , exit code: {128 - code if code < 0 else code}"


def _check_right(iam: IamService, role: str, bucket: str, key: str) -> None:
    if not iam.allows(role, "s3:PutObject", f"arn:aws:s3:::{bucket}/{key}"):
        raise UploadError(
            f"PutObject on s3://{bucket}/{key}: 403 Forbidden, AccessDenied. The role {role} needs s3:PutObject there."
        )


def _files(folder: Path, name: str) -> dict[str, Path]:
    paths = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {f"{name}/{path.relative_to(folder).as_posix()}": path for path in paths}


def _archive(folder: Path) -> Path:
    """The folder's contents as a tar.gz beside it; weights hardly shrink, so quickly."""
    path = folder.parent / f"{folder.name}.tar.gz"
    with tarfile.open(path, "w:gz", compresslevel=1) as archive:
        for member in sorted(folder.iterdir()):
            archive.add(member, member.name)
    return path
