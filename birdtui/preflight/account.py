"""One account and region as the checks ask about it: every question is put once, its answer kept for a while."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from birdtui.aws import prices, quotas, roles
from birdtui.aws.buckets import Bucket, Buckets, Listing, Object
from birdtui.aws.errors import AwsProblem, translated
from birdtui.aws.roles import Role
from birdtui.aws.session import Session
from birdtui.aws.training_jobs import TrainingJobs, is_not_found
from birdtui.preflight.memory import LONG_SECONDS, Memory
from birdtui.recordio import RecordIOError, Scan, Scanner

SCANNED_BYTES = 64 << 20
"""How much of a .rec file is read: all of the lab's data, a moment's download of anything larger."""
SCANNED_SECONDS = 8.0
HEAD_BYTES = 1 << 20
"""How much of a list or manifest is read."""
_KEY_TYPES = {"sagemaker:InstanceTypes": "stringList"}
EMULATED = "000000000000"
"""The account number of the embedded engine and other emulators; AWS gives it to nobody."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, and where."""

    account: str
    arn: str
    region: str

    @property
    def partition(self) -> str:
        """The second part of the account's ARNs: `aws`, `aws-cn`, `aws-us-gov`."""
        parts = self.arn.split(":")
        return parts[1] if len(parts) > 1 else "aws"

    @property
    def is_emulated(self) -> bool:
        """Whether this is the embedded engine, where nothing costs money."""
        return self.account == EMULATED

    @property
    def is_root(self) -> bool:
        """Whether this is the account's root user, about whom IAM answers no questions."""
        return self.arn.endswith(":root")


@dataclass(frozen=True, slots=True)
class Decision:
    """What IAM decides about one action: `allowed`, `explicitDeny` or `implicitDeny`."""

    verdict: str
    missing: tuple[str, ...] = ()
    """Condition keys that policies ask for and nobody told; what they belong to may decide otherwise in earnest."""

    @property
    def is_allowed(self) -> bool:
        """Whether the policies allow it."""
        return self.verdict == "allowed"

    @property
    def is_denied_outright(self) -> bool:
        """Whether a policy denies it, so that no other can allow it."""
        return self.verdict == "explicitDeny"

    def open_keys(self, action: str) -> list[str]:
        """The missing keys that can matter for an action: its own service's, and those that all services know.

        Objects of a training set carry no tags, as a rule, so that conditions on them decide nothing.
        """
        service = action.partition(":")[0]
        mine = (key for key in self.missing if key.lower().startswith((f"{service}:", "aws:")))
        return sorted(key for key in mine if not key.lower().startswith(("s3:existingobjecttag", "aws:resource")))


@dataclass(frozen=True)
class ScannedFile:
    """A .rec file as far as it was read; `fault` says where it stops being RecordIO."""

    scan: Scan
    size: int
    fault: str = ""

    @property
    def count(self) -> int:
        """The records in the whole file: counted, or estimated from the part that was read."""
        if self.scan.complete or not self.scan.bytes_seen:
            return self.scan.records
        return round(self.scan.records * self.size / self.scan.bytes_seen)

    @property
    def how(self) -> str:
        """Whether `count` is counted or estimated."""
        return "counted" if self.scan.complete else "estimated"


class Account:
    """What checks ask. Every method raises AwsProblem, anew at each call until there is an answer."""

    def __init__(self, session: Session, memory: Memory) -> None:
        self.session = session
        self._memory = memory

    def caller(self) -> Caller:
        """Who asks, and where; asked without retries, so that a dead network shows soon."""

        def ask() -> Caller:
            region = self.session.region
            with translated():
                answer = self.session.client("sts", retries=False).get_caller_identity()
            return Caller(str(answer["Account"]), str(answer["Arn"]), region)

        return self._memory.get("caller", ask)

    # roles

    def role_arn(self, written: str) -> str:
        """The ARN of the role that the author wrote."""
        return self._memory.get(("role-arn", written), lambda: roles.resolve_role(self.session, written))

    def role(self, name: str) -> Role:
        """A role by its name."""
        return self._memory.get(("role", name), lambda: roles.look_up(self.session, name))

    def usable_role(self, written: str) -> str | None:
        """The ARN of the role that the author wrote, where IAM can be asked about it.

        None where there is no such role in this account: the check of the role itself says so, once.
        """
        try:
            arn = self.role_arn(written)
            return arn if self.role(arn.rpartition("/")[2]).arn == arn else None
        except AwsProblem as problem:
            if problem.code in roles.ABSENT:
                return None
            if problem.code in roles.DENIED and written.startswith("arn:"):
                return written
            raise

    def role_names(self) -> list[str]:
        """The names of the roles that SageMaker may take."""
        return self._memory.get("roles", lambda: [role.name for role in roles.execution_roles(self.session)])

    def decisions(
        self, principal: str, actions: Iterable[str], resource: str, context: Mapping[str, str] | None = None
    ) -> dict[str, Decision]:
        """What IAM decides for a principal, by action. Policies of the resource itself (a bucket's) are not weighed."""
        named, given = tuple(actions), tuple((context or {}).items())
        entries = [
            {"ContextKeyName": key, "ContextKeyValues": [value], "ContextKeyType": _KEY_TYPES.get(key, "string")}
            for key, value in given
        ]

        def ask() -> dict[str, Decision]:
            with translated():
                answer = self.session.client("iam").simulate_principal_policy(
                    PolicySourceArn=principal,
                    ActionNames=list(named),
                    ResourceArns=[resource],
                    **({"ContextEntries": entries} if entries else {}),
                )
            return {str(each["EvalActionName"]): _decision(each) for each in answer["EvaluationResults"]}

        return self._memory.get(("decisions", principal, named, resource, given), ask)

    # buckets

    def bucket(self, name: str) -> Bucket:
        """A bucket, held against the caller's account."""
        owner = self.caller().account
        return self._memory.get(("bucket", name), lambda: Buckets(self.session).look(name, owner))

    def bucket_names(self) -> list[str]:
        """The account's buckets."""
        return self._memory.get("buckets", lambda: Buckets(self.session).names())

    def has_policy(self, bucket: str) -> bool | None:
        """Whether a bucket has a policy of its own; None where that cannot be told."""
        return self._memory.get(("policy", bucket), lambda: Buckets(self.session).has_policy(bucket))

    def listing(self, bucket: str, prefix: str) -> Listing:
        """What lies under a prefix."""
        return self._memory.get(("listing", bucket, prefix), lambda: Buckets(self.session).listing(bucket, prefix))

    def scan(self, bucket: str, found: Object) -> ScannedFile:
        """The figures of a .rec file, read once for each content it has."""
        key = ("scan", bucket, found.key, found.size, found.etag)
        return self._memory.get(key, lambda: self._scan(bucket, found), LONG_SECONDS)

    def _scan(self, bucket: str, found: Object) -> ScannedFile:
        scanner = Scanner()
        if not found.size:
            return ScannedFile(scanner.finish(), 0)
        ends = time.monotonic() + SCANNED_SECONDS
        pieces = Buckets(self.session).pieces(bucket, found.key, min(SCANNED_BYTES, found.size))
        try:
            for piece in pieces:
                scanner.feed(piece)
                if time.monotonic() > ends:
                    break
            if scanner.scan.bytes_seen >= found.size:
                scanner.finish()
        except RecordIOError as error:
            return ScannedFile(scanner.scan, found.size, str(error))
        finally:
            pieces.close()
        return ScannedFile(scanner.scan, found.size)

    def head(self, bucket: str, found: Object) -> tuple[str, bool]:
        """The beginning of a text file, whole lines of it, and whether that is all of it."""

        def ask() -> tuple[str, bool]:
            if not found.size:
                return "", True
            data = b"".join(Buckets(self.session).pieces(bucket, found.key, HEAD_BYTES))
            whole = len(data) >= found.size
            text = data.decode("utf-8", errors="replace")
            return (text, True) if whole else (text[: text.rfind("\n") + 1], False)

        return self._memory.get(("head", bucket, found.key, found.size, found.etag), ask, LONG_SECONDS)

    # limits

    def limits(self, names: frozenset[str]) -> dict[str, float]:
        """Quotas by name; one that AWS does not have is absent."""
        return self._memory.get(("quotas", names), lambda: quotas.limits(self.session, names))

    def in_use(self) -> quotas.Usage:
        """What running jobs use."""
        return self._memory.get("in-use", lambda: quotas.in_use(TrainingJobs(self.session)), 20.0)

    def price(self, instance_type: str) -> prices.Price | None:
        """An instance's price; None where the price list has none for this region."""
        region = self.caller().region
        key = ("price", instance_type, region)
        return self._memory.get(key, lambda: prices.price(self.session, instance_type, region), LONG_SECONDS)

    def job_exists(self, name: str) -> bool:
        """Whether a job of that exact name exists, ended or not."""

        def ask() -> bool:
            try:
                TrainingJobs(self.session).describe(name)
            except AwsProblem as problem:
                if is_not_found(problem):
                    return False
                raise
            return True

        return self._memory.get(("job", name), ask, 20.0)


def _decision(result: Mapping[str, Any]) -> Decision:
    """One of the simulator's results; with a resource named, keys are missing there and not at the top."""
    missing = [*result.get("MissingContextValues", ())]
    for each in result.get("ResourceSpecificResults", ()):
        missing += each.get("MissingContextValues", ())
    return Decision(str(result["EvalDecision"]), tuple(dict.fromkeys(missing)))
