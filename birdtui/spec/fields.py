"""How a member of the request is called in the job file: `channels.train.s3_uri`, `hyperparameters.epochs`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from birdtui.spec.toml_layout import file_path
from birdtui.spec.toml_values import dotted


def file_field(path: Sequence[str | int], request: Mapping[str, Any]) -> str:
    """The path in the file that stands for a request path, quoted as `--set` takes it.

    `("InputDataConfig", 0, "DataSource", "S3DataSource", "S3Uri")` is `channels.train.s3_uri` where the request's
    first channel is called `train`; a member that the file has no name for is `request.<Member>`.
    """
    return dotted(file_path(path, request))
