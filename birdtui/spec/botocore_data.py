"""botocore's data files: service models and endpoint tables, each read once however many readers it has."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import IO, Any


@cache
def builtin_loader() -> Any:
    """A botocore Loader of botocore's own data alone: a model in ~/.aws/models must not change what a check says.

    Clients may share it, as botocore's clients of one session do: a model of a megabyte is parsed once.
    """
    import msgspec
    from botocore.loaders import JSONFileLoader, Loader

    class QuickFiles(JSONFileLoader):  # type: ignore[misc]
        """Decodes a service's model in 5 ms, not 25 in which no other thread can run, the screen's among them."""

        def _load_file(self, full_path: str, open_method: Callable[..., IO[bytes]]) -> Any:
            if not Path(full_path).is_file():
                return None
            with open_method(full_path, "rb") as file:
                return msgspec.json.decode(file.read())

    class OwnData(Loader):  # type: ignore[misc]
        """Finds a service by its folder's name; botocore looks into 400 folders first, which takes 12 ms."""

        FILE_LOADER_CLASS = QuickFiles

        def list_available_services(self, type_name: str) -> list[str]:  # noqa: ARG002 - botocore's signature
            """The names of all folders."""
            folders = [Path(path) for path in self.search_paths]
            return sorted(entry.name for folder in folders if folder.is_dir() for entry in folder.iterdir())

    return OwnData(extra_search_paths=[Loader.BUILTIN_DATA_PATH], include_default_search_paths=False)


def has_own_models(data_path: object) -> bool:
    """Whether a user keeps service models, which clients then use: `data_path` is botocore's setting of that name."""
    from botocore.loaders import Loader

    return bool(data_path) or Path(Loader.CUSTOMER_DATA_PATH).is_dir()
