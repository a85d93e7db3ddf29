"""Filter patterns as CloudWatch means them; what the engine cannot judge is refused."""

from __future__ import annotations

from contextlib import suppress

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
        ("  ", True),
        ('""', True),
        ('"Validation-accuracy"', True),
        ("INFO", True),
        ("info", False),
        ("INFO Epoch", True),
        ("INFO\tEpoch\n", True),
        ("INFO Error", False),
        ('INFO "Epoch[0] Validation"', True),
        ("?Error ?INFO", True),
        ('?Error ?"Epoch[0]"', True),
        ("?Error ?Warning", False),
        ("INFO -Error", True),
        ("INFO -Epoch", False),
        ('-"Validation-accuracy"', False),
        ("-Error -Warning", True),
    ],
)
def test_a_pattern_lets_the_right_lines_through(pattern: str, passes: bool) -> None:
    assert parse(pattern).matches(LINE) is passes


def test_quotes_and_backslashes_in_a_term_are_escaped() -> None:
    assert parse(r'"say \"no\" to C:\\"').matches(r'they say "no" to C:\ drives')


@pytest.mark.parametrize(
    "pattern",
    [
        "Validation-accuracy",
        "%acc.*%",
        "[ip, user]",
        '{ $.x = "y" }',
        '"unbalanced',
        'a"b"',
        '"a"b',
        "--a",
        "?-a",
        "?",
        "-",
        "naïve",
        r'"\d"',
        "a\u00a0b",
        "a*",
        "x" * 1025,
    ],
)
def test_any_other_pattern_is_refused(pattern: str) -> None:
    with pytest.raises(ServiceError, match="Invalid filter pattern") as caught:
        parse(pattern)
    assert caught.value.code == "InvalidParameterException"


@pytest.mark.parametrize("pattern", ["INFO ?Epoch", "?Epoch -Error"])
def test_any_of_beside_others_is_refused_for_cloudwatch_would_pass_over_it(pattern: str) -> None:
    with pytest.raises(ServiceError, match="pass over"):
        parse(pattern)


terms = st.text(min_size=1, max_size=8)


def quoted(term: str) -> str:
    return '"' + term.replace("\\", "\\\\").replace('"', '\\"') + '"'


@given(terms, st.text(max_size=20), st.text(max_size=20))
def test_a_quoted_term_matches_where_it_occurs(term: str, before: str, after: str) -> None:
    assert parse(quoted(term)).matches(before + term + after)


@given(st.lists(terms, min_size=1, max_size=3), st.sampled_from(["", "?", "-"]), st.text(max_size=30))
def test_terms_are_judged_by_where_they_occur(found: list[str], sign: str, message: str) -> None:
    pattern = " ".join(sign + quoted(term) for term in found)
    occurs = [term in message for term in found]
    expected = {"": all(occurs), "?": any(occurs), "-": not any(occurs)}[sign]
    assert parse(pattern).matches(message) is expected


@given(st.text(alphabet='ab"\\?-% []{}é', max_size=12))
def test_no_pattern_breaks_the_reader(pattern: str) -> None:
    with suppress(ServiceError):
        parse(pattern).matches(LINE)
