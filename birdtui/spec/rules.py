"""The offline checks of a job: everything that can be said without asking AWS, all of it at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from birdtui.spec.findings import Finding, Level
from birdtui.spec.job import JobSpec
from birdtui.spec.rules_channels import channel_rules
from birdtui.spec.rules_facts import Facts
from birdtui.spec.rules_hyperparameters import hyperparameter_rules
from birdtui.spec.rules_image_channels import image_channel_rules
from birdtui.spec.rules_limits import limit_rules
from birdtui.spec.rules_request import request_rules
from birdtui.spec.rules_resources import resource_rules
from birdtui.spec.rules_service import service_rules

_RULES: tuple[Callable[[Facts], Iterator[Finding]], ...] = (
    request_rules,
    resource_rules,
    limit_rules,
    channel_rules,
    image_channel_rules,
    hyperparameter_rules,
)
_WEIGHT = {Level.ERROR: 0, Level.WARNING: 1, Level.NOTE: 2}


def check(spec: JobSpec) -> list[Finding]:
    """Everything that is wrong or doubtful about a job, errors first; an empty list where all is well.

    An algorithm by name stands for an image, and a role may be a name or `auto`: both are settled when the job is
    sent. Rules about one algorithm are put to that algorithm alone. Where the request holds values of a wrong type,
    only the service model's own findings are given, as nothing else could be read with sense.
    """
    facts = Facts(spec)
    found = list(service_rules(facts))
    if not any(violation.kind == "type" for violation in facts.violations):
        for rule in _RULES:
            found.extend(rule(facts))
    return sorted(dict.fromkeys(found), key=lambda finding: _WEIGHT[finding.level])
