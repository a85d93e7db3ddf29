"""Prefixes as ranges, judged by SQLite itself."""

from __future__ import annotations

import sqlite3

from hypothesis import example, given
from hypothesis import strategies as st

from birdtui.local.prefixes import end_of

# Few letters, so that one text often begins with another; the edges of what text can hold among them.
texts = st.text(alphabet="a/\x00\ud7ff\ue000\U0010fffe\U0010ffff", max_size=4)


@given(texts, texts)
@example("\ud7ff", "\ue000")
@example("a\U0010ffff", "b")
def test_what_begins_with_a_prefix_is_in_its_range_and_nothing_else(prefix: str, text: str) -> None:
    connection = sqlite3.connect(":memory:")
    (inside,) = connection.execute("SELECT ?1 >= ?2 AND ?1 < ?3", (text, prefix, end_of(prefix))).fetchone()
    connection.close()
    assert bool(inside) is text.startswith(prefix)
