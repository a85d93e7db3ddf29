"""What is known of training instance types without asking AWS: their GPUs and their storage."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import cache

from birdtui.spec.aws_tables import sagemaker_table

# AWS's own table (instance_gpu_info.json in sagemaker-core) has no line for these. Sources: the algorithm's page in the
# developer guide for g5.xlarge, the EC2 instance type pages for the rest.
_NOT_IN_TABLE: Mapping[str, int] = {
    "ml.g5.xlarge": 1,
    "ml.p5.4xlarge": 1,
    "ml.p5e.48xlarge": 8,
    "ml.p5en.48xlarge": 8,
    "ml.p6-b200.48xlarge": 8,
    "ml.p6-b300.48xlarge": 8,
    **{f"ml.{family}.{size}xlarge": 1 for family in ("g6", "g6e") for size in ("", "2", "4", "8", "16")},
    **{f"ml.{family}.{size}xlarge": 4 for family in ("g6", "g6e") for size in ("12", "24")},
    **{f"ml.{family}.48xlarge": 8 for family in ("g6", "g6e")},
}
_WITHOUT_GPU = re.compile(r"(?:c|m|r|t|trn|inf)\d")

NVME_FAMILIES = ("g4dn", "g5", "p4d")
"""Families whose documented storage is the instance's own: no volume is attached, and a volume key is refused."""

LIKELY_NVME_FAMILIES = ("g6", "g6e", "p3dn", "p4de", "p5", "p5e", "p5en", "r5d", "trn1", "trn1n", "trn2")
"""Families with local NVMe drives in EC2; the guide names `g4dn`, `g5` and `p4d` as examples, not as the whole list."""


def family(instance_type: str) -> str:
    """The family of an instance type: `p3` of `ml.p3.2xlarge`, "" where the text is no instance type."""
    parts = instance_type.split(".")
    return parts[1] if len(parts) == 3 and parts[0] == "ml" else ""


def gpu_count(instance_type: str) -> int | None:
    """How many GPUs one machine of that type has: 0 for a CPU or Trainium type, None where nobody has said."""
    known = _gpu_table().get(instance_type, _NOT_IN_TABLE.get(instance_type))
    if known is not None:
        return known
    return 0 if _WITHOUT_GPU.match(family(instance_type)) else None


@cache
def _gpu_table() -> Mapping[str, int]:
    table = json.loads(sagemaker_table("instance_gpu_info") or "{}")
    return {name: entry["Count"] for region in table.values() for name, entry in region.items()}
