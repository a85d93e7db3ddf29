"""Tables that AWS's own packages carry as files: found without importing those packages, which would take seconds."""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from pathlib import Path

_TABLES = Path("core", "image_uri_config")


@cache
def table_folder() -> Path | None:
    """The folder of sagemaker-core's JSON tables; None where the package is not installed or keeps them elsewhere."""
    # find_spec of a top-level package locates it and runs none of its code.
    spec = find_spec("sagemaker")
    for place in (spec.submodule_search_locations or ()) if spec else ():
        if (folder := Path(place) / _TABLES).is_dir():
            return folder
    return _folder_by_metadata()


def _folder_by_metadata() -> Path | None:
    """The same folder by the list of the package's files: an editable or split installation has other search paths."""
    from importlib import metadata

    try:
        files = metadata.files("sagemaker-core") or []
    except metadata.PackageNotFoundError:
        return None
    for file in files:
        if file.parent.name == _TABLES.name and file.suffix == ".json":
            return Path(str(file.locate())).parent
    return None


@cache
def sagemaker_tables() -> tuple[str, ...]:
    """The names of all of sagemaker-core's tables, sorted."""
    folder = table_folder()
    return tuple(sorted(file.stem for file in folder.glob("*.json"))) if folder else ()


def sagemaker_table(name: str) -> str | None:
    """The text of one of sagemaker-core's tables (`image-classification`), or None where there is no such table."""
    folder = table_folder()
    try:
        return (folder / f"{name}.json").read_text(encoding="utf-8") if folder else None
    except (OSError, ValueError):
        return None


def botocore_table(name: str) -> str | None:
    """The text of one of botocore's data files (`partitions`), or None where there is none."""
    spec = find_spec("botocore")
    for place in (spec.submodule_search_locations or ()) if spec else ():
        try:
            return (Path(place) / "data" / f"{name}.json").read_text(encoding="utf-8")
        except OSError:
            continue
    return None
