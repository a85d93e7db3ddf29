"""Every key of a TOML text is found where it stands."""

from __future__ import annotations

from typing import Any

import pytest
import tomli
import tomlkit
from hypothesis import given
from hypothesis import strategies as st

from birdtui.spec.toml_positions import DocPath, line_column, locate

TEXT = """\
# birds
[job]
name = "birds"  # the stem
text = \"\"\"
[not.a.table]
fake = 1 \\\"\"\" still ""\"\"\"
other = '''
it's = 2'''

[channels."a.b"]
s3_uri = 's3://birds/[x]#y'
list = [  # numbers
  1,
  [2, {deep = 3}], # fake = 4
]
[[rules]]
a.'b c'. "d" = { x = 1, y = { z = "}" } }
[[rules]]
[rules.inner]
last=07:32:00
"""


@pytest.mark.parametrize(
    ("path", "place"),
    [
        (("job",), (2, 2)),
        (("job", "name"), (3, 1)),
        (("job", "other"), (7, 1)),
        (("channels", "a.b"), (10, 11)),
        (("channels", "a.b", "s3_uri"), (11, 1)),
        (("channels", "a.b", "list", 1, 1, "deep"), (14, 8)),
        (("rules", 0), (16, 3)),
        (("rules", 0, "a", "b c", "d"), (17, 10)),
        (("rules", 0, "a", "b c", "d", "y", "z"), (17, 31)),
        (("rules", 1), (18, 3)),
        (("rules", 1, "inner", "last"), (20, 1)),
        (("rules", 1, "inner", "absent"), (19, 8)),
        (("nowhere",), (1, 1)),
    ],
)
def test_a_key_is_found_at_its_line_and_column(path: DocPath, place: tuple[int, int]) -> None:
    assert locate(TEXT).line_column(path) == place


def test_all_of_the_sample_is_read() -> None:
    places = locate(TEXT)
    assert places.stuck is None
    assert set(places.offsets) == paths_of(tomli.loads(TEXT))


def test_a_broken_text_is_read_to_the_fault() -> None:
    places = locate('[job]\nname = "birds"\nrole = "auto\n')
    assert places.stuck is not None
    assert line_column(places.text, places.stuck) == (3, 1)
    assert ("job", "name") in places.offsets


KEYS = st.text(min_size=0, max_size=4)
SCALARS = st.one_of(
    st.booleans(),
    st.integers(-(2**60), 2**60),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=12),
    st.sampled_from(['"""', "'''", "a = 1\n[b]", "# no", "]", "}", "\\"]),
)
TREES = st.dictionaries(
    KEYS,
    st.recursive(
        SCALARS,
        lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(KEYS, inner, max_size=3)),
        max_leaves=12,
    ),
    max_size=4,
)


def paths_of(tree: Any, path: DocPath = ()) -> set[DocPath]:
    found: set[DocPath] = set()
    items = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for key, value in items:
        found |= {(*path, key)} | paths_of(value, (*path, key))
    return found


@given(TREES)
def test_every_key_of_any_document_is_found(tree: dict[str, Any]) -> None:
    text = tomlkit.dumps(tree)
    places = locate(text)
    assert places.stuck is None
    assert paths_of(tomli.loads(text)) <= set(places.offsets)
    for path, offset in places.offsets.items():
        key = path[-1]
        if isinstance(key, str) and key.isascii() and key.isalnum():
            assert text[offset:].lstrip("\"'").startswith(key)
