"""The user's settings file, and where settings, state and logs live.

The file is `settings.toml` in the configuration directory; every key is optional. `BIRDTUI_CONFIG_DIR` and
`BIRDTUI_STATE_DIR` move the directories, for tests and for several engines side by side.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


class SettingsError(Exception):
    """The settings file cannot be used; the message names the file, the place, and the way out."""


@dataclass(frozen=True)
class Settings:
    """What the settings file says; `warnings` names keys that nobody reads."""

    profile: str | None = None
    region: str | None = None
    endpoint_url: str | None = None
    quotas: Mapping[str, int] = field(default_factory=dict)
    theme: str | None = None
    keys: Mapping[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


_KNOWN: Mapping[str, tuple[str, ...] | None] = {
    "aws": ("profile", "region", "endpoint_url"),
    "local": ("quotas",),
    "ui": ("theme",),
    "keys": None,
}


def state_dir() -> Path:
    """Where state lives that outlasts a run: the embedded engine, the log file, the remembered theme."""
    return _directory("BIRDTUI_STATE_DIR", "user_state_path")


def config_dir() -> Path:
    """Where the settings file lives."""
    return _directory("BIRDTUI_CONFIG_DIR", "user_config_path")


def log_file() -> Path:
    """Where tracebacks go; people see a sentence instead."""
    return state_dir() / "birdtui.log"


def _directory(variable: str, function: str) -> Path:
    if os.environ.get(variable):
        return Path(os.environ[variable]).expanduser()
    import platformdirs

    path: Path = getattr(platformdirs, function)("birdtui")
    return path


def load() -> Settings:
    """The settings; those of an absent file are empty. Raises SettingsError for a file that cannot be read."""
    path = config_dir() / "settings.toml"
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return Settings()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: cannot be read: {error}. Mend or remove the file.") from None
    import tomli

    try:
        document = tomli.loads(text)
    except tomli.TOMLDecodeError as error:
        raise SettingsError(f"{path}: {error}. Mend or remove the file.") from None
    return _settings(path, document)


def _settings(path: Path, document: Mapping[str, Any]) -> Settings:
    warnings: list[str] = []
    for table, content in document.items():
        if table not in _KNOWN:
            warnings.append(_unknown(path, table, list(_KNOWN)))
        elif not isinstance(content, dict):
            raise SettingsError(f"{path}: {table}: expected a table, written [{table}]")
        else:
            known = _KNOWN[table]
            warnings += [_unknown(path, f"{table}.{key}", list(known)) for key in content if known and key not in known]
    aws, local, ui = (document.get(table, {}) for table in ("aws", "local", "ui"))
    return Settings(
        profile=_text(path, "aws.profile", aws.get("profile")),
        region=_text(path, "aws.region", aws.get("region")),
        endpoint_url=_text(path, "aws.endpoint_url", aws.get("endpoint_url")),
        quotas=_quotas(path, local.get("quotas", {})),
        theme=_text(path, "ui.theme", ui.get("theme")),
        keys={key: str(_text(path, f"keys.{key}", value)) for key, value in _flat(document.get("keys", {}))},
        warnings=tuple(warnings),
    )


def _flat(table: Mapping[str, Any], prefix: str = "") -> list[tuple[str, Any]]:
    """`jobs.open = "o"` and `"jobs.open" = "o"` alike."""
    pairs: list[tuple[str, Any]] = []
    for key, value in table.items():
        pairs += _flat(value, f"{prefix}{key}.") if isinstance(value, dict) else [(prefix + key, value)]
    return pairs


def _unknown(path: Path, name: str, known: list[str]) -> str:
    near = difflib.get_close_matches(name.rpartition(".")[2], known, n=1)
    return f"{path}: unknown key {name}" + (f"; did you mean {near[0]}?" if near else "")


def _text(path: Path, name: str, value: object) -> str | None:
    if value is None or isinstance(value, str):
        return value
    raise SettingsError(f"{path}: {name}: expected text in quotes, found {value!r}")


def _quotas(path: Path, value: object) -> dict[str, int]:
    if not isinstance(value, dict):
        raise SettingsError(f'{path}: local.quotas: expected a table such as {{ "ml.p3.2xlarge" = 0 }}')
    for name, limit in value.items():
        if not isinstance(limit, int) or isinstance(limit, bool) or limit < 0:
            raise SettingsError(f"{path}: local.quotas.{name}: expected a whole number from 0, found {limit!r}")
    return dict(value)


def remembered() -> dict[str, str]:
    """What the screen remembers from run to run (`theme`); nothing where the file is absent or broken."""
    import tomli

    try:
        found = tomli.loads((state_dir() / "remembered.toml").read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomli.TOMLDecodeError):
        return {}
    return {key: value for key, value in found.items() if isinstance(value, str)}


def remember(name: str, value: str) -> None:
    """Keep one thing for the next run; a directory that cannot be written is no reason to stop."""
    import tomlkit

    document = tomlkit.document()
    document.update({**remembered(), name: value})
    try:
        state_dir().mkdir(parents=True, exist_ok=True)
        (state_dir() / "remembered.toml").write_text(tomlkit.dumps(document), encoding="utf-8")
    except OSError:
        return
