"""The job file: TOML to JobSpec and back. `parse` and `read` tell every fault of a file at once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from birdtui.spec.job import JobSpec
from birdtui.spec.toml_draft import Draft
from birdtui.spec.toml_editor import change_document, order_channels
from birdtui.spec.toml_positions import DocPath, Places
from birdtui.spec.toml_problems import Problem, SpecFileError, nearest
from birdtui.spec.toml_reader import Loose, read_tables
from birdtui.spec.toml_rewriter import changed_tables, channel_names
from birdtui.spec.toml_syntax import decode, parse_toml
from birdtui.spec.toml_values import dotted, override_value, split_override
from birdtui.spec.toml_writer import tables_of, write_tables

__all__ = ["Problem", "SpecFileError", "parse", "read", "read_text", "rewrite", "write"]

_BYTE_ORDER_MARK = "\ufeff"


def read(path: Path, overrides: Sequence[str] = ()) -> JobSpec:
    """The job in a file, changed by `--set` overrides. Raises SpecFileError, also where there is no such file."""
    return parse(read_text(path), str(path), overrides)


def read_text(path: Path) -> str:
    """A file's text. Raises SpecFileError where there is no such file, or it is not text in UTF-8."""
    file = str(path)
    try:
        data = path.read_bytes()
    except OSError as failed:
        raise SpecFileError([Problem(file, 0, 0, "", *_unreadable(path, failed))]) from failed
    text, problems = decode(data, file)
    if problems:
        raise SpecFileError(problems)
    return text


def parse(text: str, file: str, overrides: Sequence[str] = ()) -> JobSpec:
    """The job that a TOML text says, changed by `PATH=VALUE` overrides in turn; `file` is its name in messages.

    Hyperparameters, tags and environment variables become text as they are spelled (`1e-8`, `0.10`, `true`).
    Raises SpecFileError with every fault of the text and of the overrides.
    """
    draft, _ = _draft_of(_normal(text), file, overrides)
    return draft.spec()


def write(spec: JobSpec, comments: Iterable[str] = ()) -> str:
    """A new file that says this job and nothing more; `comments` are lines to stand at its top.

    For every request that the service model allows, `parse` gives the same spec back.
    """
    return write_tables(tables_of(spec), comments)


def rewrite(text: str, spec: JobSpec) -> str:
    """An author's text changed to say `spec`: comments, order and the spelling of all that stays the same are kept.

    Raises SpecFileError where the text itself cannot be read.
    """
    normal = _normal(text)
    draft, tree = _draft_of(normal, "the file")
    if draft.spec() == spec:
        return text
    changed = change_document(normal, tree, changed_tables(tree, draft, spec))
    if _says(changed, spec, ordered=False) and not _says(changed, spec):
        changed = order_channels(changed, channel_names(spec))
    if not _says(changed, spec):
        # A text in a form that the editor cannot change; the job matters more than its comments.
        changed = write(spec)
    if "\r\n" in text:
        changed = changed.replace("\n", "\r\n")
    return _BYTE_ORDER_MARK + changed if text.startswith(_BYTE_ORDER_MARK) else changed


def _normal(text: str) -> str:
    return text.removeprefix(_BYTE_ORDER_MARK).replace("\r\n", "\n")


def _says(text: str, spec: JobSpec, *, ordered: bool = True) -> bool:
    """Whether a text reads as this job, with `ordered` false in any order of its channels."""
    try:
        found = parse(text, "the file")
    except SpecFileError:
        return False
    if not ordered and sorted(channel_names(found)) == sorted(channel_names(spec)):
        found, spec = found.with_members(InputDataConfig=None), spec.with_members(InputDataConfig=None)
    return found == spec


def _draft_of(normal: str, file: str, overrides: Sequence[str] = ()) -> tuple[Draft, dict[str, Any]]:
    """The job as read, with the place in the document of each member, and the document's tables."""
    tree, places, problems = parse_toml(normal, file)
    draft = Draft()
    if not problems and not tree:
        remedy = "a job file begins with [job] and name; sample.toml shows all of it"
        problems.append(Problem(file, 1, 1, "", "the file holds no job", remedy))
    tree = {name: value for name, value in tree.items() if not name.startswith("faulty-table-in-line-")}
    read_tables(tree, draft, _collector(problems, file, places))
    problems.sort(key=lambda problem: (problem.line, problem.column))
    for override in overrides:
        _override(draft, override, problems)
    if problems:
        raise SpecFileError(problems)
    return draft, tree


def _override(draft: Draft, override: str, problems: list[Problem]) -> None:
    file = f"--set {override}"
    split = split_override(override)
    if split is None:
        remedy = "write --set PATH=VALUE, as in --set hyperparameters.epochs=50; quote a name that has a dot or a blank"
        problems.append(Problem(file, 0, 0, "", "expected PATH=VALUE", remedy))
        return
    path, raw = split
    if not override.isprintable() and not _encodable(override):
        problems.append(Problem(file.encode(errors="replace").decode(), 0, 0, "", "not text in UTF-8"))
        return
    value = override_value(raw)
    tree: Any = Loose(raw if value is None else value, raw)
    for key in reversed(path):
        tree = {key: tree}
    read_tables(tree, draft, _collector(problems, file, None), replacing=True)


def _encodable(text: str) -> bool:
    """Whether text can be written at all; a shell passes bytes that are no UTF-8 on as halves of characters."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _collector(problems: list[Problem], file: str, places: Places | None) -> Any:
    def report(path: DocPath, text: str, remedy: str) -> None:
        line, column = places.line_column(path) if places else (0, 0)
        problems.append(Problem(file, line, column, dotted(path), text, remedy))

    return report


def _unreadable(path: Path, failed: OSError) -> tuple[str, str]:
    if isinstance(failed, FileNotFoundError):
        close = nearest(path.name, _siblings(path))
        return "there is no such file", f"did you mean {path.with_name(close)}?" if close else ""
    if isinstance(failed, IsADirectoryError):
        return "this is a directory, not a job file", f"name a file in it, such as {path / 'job.toml'}"
    if isinstance(failed, PermissionError):
        return "the file may not be read", "change its permissions"
    return f"the file cannot be read: {failed.strerror or failed}", ""


def _siblings(path: Path) -> Iterable[str]:
    try:
        return sorted(entry.name for entry in path.parent.iterdir() if entry.suffix in {".toml", ".json"})
    except OSError:
        return ()
