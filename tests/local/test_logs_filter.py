"""Filter patterns as CloudWatch means them; what the engine cannot judge is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from birdtui.local.logs_filter import parse
from birdtui.local.service import ServiceError

LINE = "[10/21/2018 16:12:53 INFO 139701434767168] Epoch[0] Validation-accuracy=0.302083"


@pytest.mark.parametrize(
    ("pattern", "passes"),
    [
        ("", True),
        ('"Validation-accuracy"', True),
        ("INFO", True),
        ("info", False),
        ("INFO Epoch", True),
        ("INFO Error", False),
        ("?Error ?INFO", True),
        ("?Error ?Warning", False),
        ("INFO -Error", True),
        ('-"Validation-accuracy"', False),
        (r'"say \"no\""', False),
        ("-Error", True),
    ],
)
def test_a_pattern_lets_the_right_lines_through(pattern: str, passes: bool) -> None:
    assert parse(pattern).matches(LINE) is passes


@pytest.mark.parametrize(
    "pattern",
    ["Validation-accuracy", "%acc.*%", "[ip, user]", '{ $.x = "y" }', '"unbalanced', "INFO ?Epoch", 'a"b"', "x" * 1025],
)
def test_any_other_pattern_is_refused(pattern: str) -> None:
    with pytest.raises(ServiceError) as caught:
        parse(pattern)
    assert caught.value.code == "InvalidParameterException"


@given(st.text(max_size=20), st.text(max_size=40))
def test_a_quoted_term_matches_where_it_occurs(term: str, around: str) -> None:
    quoted = '"' + term.replace("\\", "\\\\").replace('"', '\\"') + '"'
    if term.strip():
        assert parse(quoted).matches(around + term + around)
