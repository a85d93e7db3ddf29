"""Training images of SageMaker's built-in algorithms: their URIs for any region, and the way back from a URI.

Accounts, repositories, versions and regions come from sagemaker-core's own tables, domains from botocore's list of
partitions; both are read as files. A built-in algorithm is one whose image bears its own name (`kmeans`, `xgboost`);
framework images (`pytorch`, `sklearn`) depend on an instance type and a Python version and are written out by an
author as a whole.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from birdtui.spec.aws_tables import botocore_table, sagemaker_table, sagemaker_tables
from birdtui.spec.toml_problems import nearest

_REGISTRY = re.compile(
    r"(?P<account>\d{12})\.dkr(?:\.ecr(?:-fips)?|-ecr(?:-fips)?)\.(?P<region>[a-z]{2,}(?:-[a-z0-9]+)+)\.(?P<suffix>[a-z0-9.-]+)",
    re.ASCII,
)
_IMAGE = re.compile(
    r"(?P<repository>[a-z0-9][a-z0-9._/-]*)(?::(?P<tag>[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}))?(?:@(?P<digest>sha256:[0-9a-f]{64}))?",
    re.ASCII,
)


class UnknownImage(Exception):
    """No image of that algorithm, version or region is known; the text says which there are."""

    def __init__(self, text: str, suggestion: str | None = None) -> None:
        self.suggestion = suggestion
        """The name that was probably meant, if any is near."""
        super().__init__(text)


@dataclass(frozen=True, slots=True)
class ImageReference:
    """An image in an ECR registry, taken apart; `tag` and `digest` are None where the URI has none.

    `algorithm` is set only where both the account and the repository are a built-in algorithm's; `misplaced` says
    that the account is one of AWS's, but that of another region than the URI's.
    """

    uri: str
    account: str
    region: str
    repository: str
    tag: str | None
    digest: str | None = None
    algorithm: str | None = None
    misplaced: bool = False


@dataclass(frozen=True, slots=True)
class _Version:
    tag: str
    repository: str
    registries: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class _Algorithm:
    versions: Mapping[str, _Version]
    aliases: Mapping[str, str]

    def find(self, version: str | None) -> _Version | None:
        """The version of that name or alias. With only one version there is, any name means that one, as in the SDK."""
        if len(self.versions) == 1:
            return next(iter(self.versions.values()))
        if version is None:
            version = self.aliases.get("latest", "latest")
        found = self.versions.get(self.aliases.get(version, version))
        if found is None or version in self.versions:
            return found
        return _Version(version, found.repository, found.registries)


def algorithms() -> tuple[str, ...]:
    """The names of all built-in algorithms, sorted."""
    return tuple(_algorithms())


def versions(algorithm: str) -> tuple[str, ...]:
    """The versions of a built-in algorithm's image and their aliases, oldest first. Raises UnknownImage."""
    entry = _algorithm(algorithm)
    return (*entry.versions, *entry.aliases)


def default_version(algorithm: str) -> str:
    """The version that stands where none is named: the SDK's choice, which is the oldest for xgboost."""
    found = _algorithm(algorithm).find(None)
    return found.tag if found else "latest"


def regions(algorithm: str, version: str | None = None) -> tuple[str, ...]:
    """The regions where a built-in algorithm's image lies, sorted. Raises UnknownImage."""
    return tuple(sorted(_version(algorithm, version).registries))


def image_uri(algorithm: str, region: str, version: str | None = None) -> str:
    """The training image of a built-in algorithm in a region, as the SageMaker SDK would name it.

    Raises UnknownImage for an unknown algorithm, version or region, and says which are known.
    """
    found = _version(algorithm, version)
    account = found.registries.get(region)
    if account is None:
        known = sorted(found.registries)
        near = nearest(region, known)
        raise UnknownImage(
            f'{algorithm} has no image in the region "{region}"'
            + (f'; did you mean "{near}"?' if near else "")
            + f" There are images in {', '.join(known)}.",
            near,
        )
    return f"{account}.dkr.ecr.{region}.{domain(region)}/{found.repository}:{found.tag}"


def recognise(uri: str) -> ImageReference | None:
    """An image URI taken apart; None where it names no ECR registry (Docker Hub, public.ecr.aws, a plain name)."""
    host, _, rest = uri.strip().partition("/")
    registry, image = _REGISTRY.fullmatch(host.lower()), _IMAGE.fullmatch(rest)
    if registry is None or image is None:
        return None
    account, region, repository = registry["account"], registry["region"], image["repository"]
    algorithm = _owners().get((account, repository))
    at_home = algorithm is None or _accounts(repository).get(region) in {account, None}
    return ImageReference(
        uri, account, region, repository, image["tag"], image["digest"], algorithm, misplaced=not at_home
    )


@cache
def domain(region: str) -> str:
    """The domain of a region's services: `amazonaws.com`, in China `amazonaws.com.cn`; iso partitions have others."""
    for partition in json.loads(botocore_table("partitions") or "{}").get("partitions", ()):
        if region in partition["regions"] or re.match(partition["regionRegex"], region):
            return str(partition["outputs"]["dnsSuffix"])
    return "amazonaws.com"


def _algorithm(name: str) -> _Algorithm:
    entry = _algorithms().get(name)
    if entry is None:
        near = nearest(name, _algorithms())
        raise UnknownImage(
            f'there is no built-in algorithm "{name}"'
            + (f'; did you mean "{near}"?' if near else "")
            + f" Known are {', '.join(_algorithms())}; any other image is written out as a whole.",
            near,
        )
    return entry


def _version(algorithm: str, version: str | None) -> _Version:
    found = _algorithm(algorithm).find(version)
    if found is None:
        known = versions(algorithm)
        near = nearest(version or "", known)
        raise UnknownImage(f'{algorithm} has no version "{version}"; there are {", ".join(known)}', near or known[-1])
    return found


@cache
def _algorithms() -> Mapping[str, _Algorithm]:
    found = {name: _read(name, json.loads(sagemaker_table(name) or "{}")) for name in sagemaker_tables()}
    return {name: entry for name, entry in sorted(found.items()) if entry}


def _read(name: str, table: Mapping[str, Any]) -> _Algorithm | None:
    """One table as a built-in algorithm, or None where it is about something else.

    A table is either one list of versions with its scopes, or such a list for each scope.
    """
    config = table if "versions" in table and "training" in table.get("scope", ()) else table.get("training", {})
    entries = config.get("versions", {})
    own_name = any(entry.get("repository") == name for entry in entries.values())
    if not own_name or "processors" in config:
        return None
    return _Algorithm(
        {
            version: _Version(_tag(version, entry), entry["repository"], entry["registries"])
            for version, entry in entries.items()
        },
        config.get("version_aliases", {}),
    )


def _tag(version: str, entry: Mapping[str, Any]) -> str:
    """`1`, or for images built for one processor and one Python `1.0-1-cpu-py3`."""
    parts = (version, *entry.get("processors", ())[:1], *entry.get("py_versions", ())[:1])
    return "-".join(parts)


@cache
def _owners() -> Mapping[tuple[str, str], str]:
    """Account and repository of every built-in image, and whose it is."""
    return {
        (account, version.repository): name
        for name, entry in _algorithms().items()
        for version in entry.versions.values()
        for account in version.registries.values()
    }


@cache
def _accounts(repository: str) -> Mapping[str, str]:
    """The account of each region for a repository that is a built-in algorithm's."""
    return {
        region: account
        for entry in _algorithms().values()
        for version in entry.versions.values()
        if version.repository == repository
        for region, account in version.registries.items()
    }
