"""IAM's policy language: reading documents, and deciding what a set of them allows.

Pure. What AWS decides by, and this does too: an explicit Deny beats any Allow; no statement at all is an implicit deny;
actions match without regard to case, resources with it; `*` and `?` are the only wildcards.

Conditions are decided by the context keys given. A key that is not given fails its condition, as on AWS (`...IfExists`
and negated operators hold). An operator that this engine does not know is treated on the safe side: it never lets an
Allow through and always lets a Deny stand.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from typing import Any

Context = Mapping[str, Sequence[str]]
"""Context keys in lower case with their values."""


class MalformedPolicy(ValueError):
    """A document that is no policy; the message is the service's."""


class Decision(StrEnum):
    """A decision in the words of SimulatePrincipalPolicy."""

    ALLOWED = "allowed"
    EXPLICIT_DENY = "explicitDeny"
    IMPLICIT_DENY = "implicitDeny"


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement: patterns it takes or leaves out, whom it names, and its conditions by operator and key."""

    allow: bool
    actions: tuple[str, ...] = ()
    not_actions: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()
    not_resources: tuple[str, ...] = ()
    principals: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    conditions: tuple[tuple[str, str, tuple[str, ...]], ...] = ()

    def names_action(self, action: str) -> bool:
        """Whether the statement speaks of an action such as `s3:GetObject`."""
        if self.not_actions:
            return not any(_matches(pattern.lower(), action.lower()) for pattern in self.not_actions)
        return any(_matches(pattern.lower(), action.lower()) for pattern in self.actions)

    def names_resource(self, resource: str) -> bool:
        """Whether the statement speaks of a resource's ARN."""
        if self.not_resources:
            return not any(_matches(pattern, resource) for pattern in self.not_resources)
        return any(_matches(pattern, resource) for pattern in self.resources)

    def names_principal(self, kind: str, principal: str) -> bool:
        """Whether a trust statement speaks of a principal, such as `Service` `sagemaker.amazonaws.com`."""
        named = (*self.principals.get(kind, ()), *(self.principals.get("*", ()) if kind == "AWS" else ()))
        return any(value in ("*", principal) for value in named)

    def holds(self, context: Context) -> bool:
        """Whether every condition holds; an operator this engine does not know decides for the safe side."""
        for operator, key, wanted in self.conditions:
            verdict = _condition(operator, context.get(key.lower()), wanted)
            if verdict is None:
                verdict = not self.allow
            if not verdict:
                return False
        return True

    def context_keys(self) -> set[str]:
        """The context keys that the conditions ask for."""
        return {key for _, key, _ in self.conditions}


def parse(document: str, *, trust: bool = False) -> tuple[Statement, ...]:
    """The statements of a policy document, or of a trust policy; raises MalformedPolicy."""
    try:
        content = json.loads(document)
    except ValueError:
        raise MalformedPolicy("This policy contains invalid Json") from None
    if not isinstance(content, dict) or "Statement" not in content:
        raise MalformedPolicy("Syntax errors in policy.")
    statements = content["Statement"] if isinstance(content["Statement"], list) else [content["Statement"]]
    return tuple(_statement(statement, trust=trust) for statement in statements)


def decide(statements: Iterable[Statement], action: str, resource: str, context: Context) -> Decision:
    """What identity policies together decide about one action on one resource."""
    matching = [statement for statement in about(statements, action, resource) if statement.holds(context)]
    if any(not statement.allow for statement in matching):
        return Decision.EXPLICIT_DENY
    return Decision.ALLOWED if matching else Decision.IMPLICIT_DENY


def about(statements: Iterable[Statement], action: str, resource: str) -> list[Statement]:
    """The statements that speak of an action on a resource, whatever their conditions."""
    return [one for one in statements if one.names_action(action) and one.names_resource(resource)]


def trusts(statements: Iterable[Statement], kind: str, principals: Sequence[str], context: Context) -> bool:
    """Whether a trust policy lets a principal (known by any of the names given) take the role."""
    matching = [
        statement
        for statement in statements
        if statement.names_action("sts:AssumeRole")
        and any(statement.names_principal(kind, principal) for principal in principals)
        and statement.holds(context)
    ]
    return bool(matching) and all(statement.allow for statement in matching)


def _statement(statement: Any, *, trust: bool) -> Statement:
    if not isinstance(statement, dict) or statement.get("Effect") not in ("Allow", "Deny"):
        raise MalformedPolicy("Syntax errors in policy.")
    if ("Action" in statement) == ("NotAction" in statement):
        raise MalformedPolicy("Policy statement must contain actions.")
    named = ("Principal",) if trust else ("Resource", "NotResource")
    if sum(name in statement for name in named) != 1:
        raise MalformedPolicy(
            "Missing required field Principal" if trust else "Policy statement must contain resources."
        )
    if trust and ("Resource" in statement or "NotResource" in statement):
        raise MalformedPolicy("Has prohibited field Resource")
    return Statement(
        allow=statement["Effect"] == "Allow",
        actions=_actions(statement.get("Action")),
        not_actions=_actions(statement.get("NotAction")),
        resources=_texts(statement.get("Resource")),
        not_resources=_texts(statement.get("NotResource")),
        principals=_principals(statement.get("Principal")),
        conditions=_conditions(statement.get("Condition")),
    )


def _texts(value: Any) -> tuple[str, ...]:
    values = value if isinstance(value, list) else [] if value is None else [value]
    if not all(isinstance(item, str) for item in values):
        raise MalformedPolicy("Syntax errors in policy.")
    return tuple(values)


def _actions(value: Any) -> tuple[str, ...]:
    actions = _texts(value)
    if any(action != "*" and ":" not in action for action in actions):
        raise MalformedPolicy("Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.")
    return actions


def _principals(value: Any) -> Mapping[str, tuple[str, ...]]:
    if value is None:
        return {}
    if isinstance(value, dict):
        return {kind: _texts(names) for kind, names in value.items()}
    if value == "*":
        return {"*": ("*",)}
    raise MalformedPolicy("Syntax errors in policy.")


def _conditions(value: Any) -> tuple[tuple[str, str, tuple[str, ...]], ...]:
    if value is None:
        return ()
    if not isinstance(value, dict) or not all(isinstance(keys, dict) for keys in value.values()):
        raise MalformedPolicy("Syntax errors in policy.")
    return tuple(
        (operator, key, tuple(_condition_text(item) for item in (wanted if isinstance(wanted, list) else [wanted])))
        for operator, keys in value.items()
        for key, wanted in keys.items()
    )


def _condition_text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


@lru_cache(maxsize=4096)
def _pattern(pattern: str) -> re.Pattern[str]:
    pieces = (".*" if char == "*" else "." if char == "?" else re.escape(char) for char in pattern)
    return re.compile("".join(pieces), re.DOTALL)


def _matches(pattern: str, text: str) -> bool:
    return _pattern(pattern).fullmatch(text) is not None


_OPERATORS: Mapping[str, Callable[[str, str], bool]] = {
    "stringequals": lambda wanted, given: wanted == given,
    "stringequalsignorecase": lambda wanted, given: wanted.lower() == given.lower(),
    "stringlike": _matches,
    "arnequals": _matches,
    "arnlike": _matches,
    "bool": lambda wanted, given: wanted.lower() == given.lower(),
}
_NEGATED = {
    "stringnotequals": "stringequals",
    "stringnotequalsignorecase": "stringequalsignorecase",
    "stringnotlike": "stringlike",
    "arnnotequals": "arnequals",
    "arnnotlike": "arnlike",
}


def _condition(operator: str, given: Sequence[str] | None, wanted: Sequence[str]) -> bool | None:
    """Whether one condition holds; None where the operator is not known here."""
    name = operator.lower()
    if name == "null":
        return (given is None) == (wanted[:1] == ("true",))
    optional = name.endswith("ifexists")
    name = name.removesuffix("ifexists")
    negated = name in _NEGATED
    compare = _OPERATORS.get(_NEGATED.get(name, name))
    if compare is None:
        return None
    if given is None:
        return optional or negated
    return any(compare(pattern, value) for pattern in wanted for value in given) != negated
