"""What AWS is asked for while a field of the editor is chosen: roles, S3 locations, quotas. Each of these may wait."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from birdtui.spec import service_model
from birdtui.ui.backend import Backend
from birdtui.ui.form_fields import Choice

NEW_ROLE = "+"
"""Chosen for the role: make a new one. No role can be called so."""


def roles(backend: Backend, typed: str) -> Sequence[Choice]:
    """The account's execution roles that fit what is typed, `auto` first; all of them where it is one of them.

    The last choice is to make one.
    """
    from birdtui.aws.roles import execution_roles

    found = [Choice("auto", "the account's own execution role")]
    found += [Choice(role.arn, role.name) for role in execution_roles(backend.session())]
    found.append(Choice(NEW_ROLE, "make a new execution role for this job's buckets"))
    if any(typed == each.value for each in found):
        return found
    return [each for each in found if typed.lower() in f"{each.value} {each.note}".lower()]


def objects(backend: Backend, typed: str) -> Sequence[Choice]:
    """The buckets and prefixes that go on from what is typed."""
    from birdtui.aws.locations import complete

    return [Choice(uri) for uri in complete(backend.session(), typed)]


def quota_notes(backend: Backend, *, spot: bool) -> Mapping[str, str]:
    """How many instances of each type training jobs may use at once in this account, in words."""
    from birdtui.aws.quotas import quota_name

    names = {quota_name(kind, spot=spot): kind for kind in service_model.instance_types()}
    found = backend.limits(frozenset(names))
    return {kind: f"quota {found[name]:g}" for name, kind in names.items() if name in found}
