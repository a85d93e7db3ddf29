"""A request as one `aws` command that a shell can run."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from typing import Any

_WIDTH = 90


def aws_command(request: Mapping[str, Any], region: str | None = None) -> str:
    """`aws sagemaker create-training-job …` with an option for each member, structures as JSON.

    Text beyond ASCII is escaped within the JSON, so the command means the same in any locale.
    """
    from botocore import xform_name

    parts = ["aws sagemaker create-training-job"]
    for name, value in request.items():
        option = xform_name(name, "-")
        if isinstance(value, bool):
            parts.append(f"--{'' if value else 'no-'}{option}")
        else:
            parts.append(f"--{option} {shlex.quote(_text(value))}")
    if region:
        parts.append(f"--region {shlex.quote(region)}")
    return " \\\n    ".join(parts) + "\n"


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    short = json.dumps(value)
    return short if len(short) <= _WIDTH else json.dumps(value, indent=2)
