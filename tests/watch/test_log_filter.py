"""What a person types as a filter, and which lines it lets through."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from birdtui.watch.bounded_regex import is_quick
from birdtui.watch.log_buffer import BLOCK_LINES, LogBuffer
from birdtui.watch.log_filter import ACCURACY, PatternError, errors_only, parse
from birdtui.watch.log_matches import Matches, TooSlow

LINE = "[10/21/2018 16:12:53 INFO 139701434767168] Epoch[0] Validation-accuracy=0.302083"


@pytest.mark.parametrize(
    ("pattern", "matches"),
    [
        (ACCURACY, True),
        ('"Train-accuracy"', False),
        ("INFO Epoch", True),
        ("INFO missing", False),
        ("info", True),
        ('"info"', False),
        ("Info", False),
        ("?missing ?Epoch", True),
        ("?missing ?absent", False),
        ("INFO -Epoch", False),
        ("INFO -ERROR", True),
        ('-"Validation-accuracy"', False),
        ("Validation-accuracy", True),
        ('"Validation-acc', True),
        (r"/accuracy=0\.3\d+/", True),
        (r"%accuracy=0\.4%", False),
        ("", True),
    ],
)
def test_a_pattern_lets_the_right_lines_through(pattern: str, matches: bool) -> None:
    assert parse(pattern).matches(LINE.encode()) is matches


def test_a_broken_regular_expression_is_refused_with_its_reason() -> None:
    with pytest.raises(PatternError, match="unterminated"):
        parse("/[a-/")


@pytest.mark.parametrize(
    "line",
    [
        "[10/21/2018 16:12:53 ERROR 139701434767168] Customer Error: The number of input images must be bigger",
        "Algorithm Error: Internal Error",
        "Traceback (most recent call last):",
        "KeyError: 'pos_cls_weights'",
        "mxnet.base.MXNetError: cudaMalloc failed: out of memory",
    ],
)
def test_errors_only_knows_an_error(line: str) -> None:
    assert errors_only().matches(line.encode())


def test_errors_only_leaves_a_metric_line_out() -> None:
    assert not errors_only().matches(LINE.encode())


def test_spans_are_in_characters_not_bytes() -> None:
    assert parse('"ü"').spans("aüb") == [(1, 2)]


def all_matches(buffer: LogBuffer, pattern: str, host: str | None = None) -> list[int]:
    matches = Matches(buffer, (parse(pattern),), host)
    while matches.update(0.0):
        pass
    return list(matches.places())


def test_matches_are_found_over_all_blocks() -> None:
    buffer = LogBuffer(open_bytes=0)
    count = 4 * BLOCK_LINES
    buffer.append("algo-1", range(count), ["needle" if n % 1000 == 7 else "hay" for n in range(count)])
    assert all_matches(buffer, "needle") == list(range(7, count, 1000))


def test_matches_of_one_host_alone() -> None:
    buffer = LogBuffer()
    buffer.append("algo-1", [1, 3], ["x", "x"])
    buffer.append("algo-2", [2], ["x"])
    assert all_matches(buffer, "x", "algo-2") == [1]


def test_new_lines_are_added_to_what_was_found() -> None:
    buffer = LogBuffer()
    buffer.append("algo-1", [1, 2], ["yes", "no"])
    matches = Matches(buffer, (parse("yes"),))
    matches.update()
    buffer.append("algo-1", [3], ["yes"])
    matches.update()
    assert list(matches.places()) == [0, 2]


def test_lines_that_come_in_before_move_the_places() -> None:
    buffer = LogBuffer()
    buffer.append("algo-1", [5], ["yes"])
    matches = Matches(buffer, (parse("yes"),))
    matches.update()
    buffer.append("algo-1", [1], ["older"])
    matches.update()
    assert list(matches.places()) == [1]


@given(
    st.text(max_size=30), st.lists(st.text(alphabet=st.characters(exclude_characters="\n"), max_size=20), max_size=6)
)
def test_scanning_a_buffer_agrees_with_matching_each_line(pattern: str, lines: list[str]) -> None:
    try:
        parsed = parse(pattern)
    except PatternError:
        return
    buffer = LogBuffer()
    buffer.append("algo-1", range(len(lines)), lines)
    expected = [n for n, line in enumerate(lines) if parsed.matches(line.encode("utf-8", "replace"))]
    assert all_matches(buffer, pattern) == expected


def test_a_regular_expression_that_explodes_is_let_go_with_its_reason() -> None:
    buffer = LogBuffer()
    buffer.append("algo-1", range(10), ["a" * 60] * 10)
    matches = Matches(buffer, (parse("/((a|aa)+)!?b/"),))
    start = time.thread_time()
    with pytest.raises(TooSlow, match="takes too long"):
        matches.update()
    assert time.thread_time() - start < 1.0


@pytest.mark.parametrize(
    ("pattern", "quick"),
    [
        (r"[0-9]{3} samples", True),
        (r"accuracy=0\.9", True),
        (r"a\+b", True),
        (r"[*+]", True),
        (r"(ab)?c{2,4}", True),
        (r"\d+", False),
        (r"a*", False),
        (r"a{2,}", False),
        (r"(a?){30}", False),
    ],
)
def test_what_is_repeated_without_a_bound_is_searched_for_a_bounded_time(pattern: str, quick: bool) -> None:
    assert is_quick(pattern) is quick


@pytest.mark.parametrize(
    ("longer", "shorter", "narrows"),
    [
        ("epoch", "epo", True),
        ("epo", "epoch", False),
        ("Epoch", "epo", True),
        ("epoch", "Epo", False),
        ("epoch speed", "epoch", True),
        ("epoch -speed", "epoch", False),
        ("?epoch", "epoch", False),
        ("/a+/", "/a+/", True),
        ("/a+/", "a", False),
    ],
)
def test_a_longer_pattern_looks_only_at_what_the_shorter_one_found(longer: str, shorter: str, narrows: bool) -> None:
    assert parse(longer).narrows(parse(shorter)) is narrows


@given(st.lists(st.sampled_from(["epoch", "Epoch", "epoch speed", "speed", "none"]), max_size=40))
def test_refining_finds_what_searching_anew_finds(lines: list[str]) -> None:
    buffer = LogBuffer(open_bytes=0)
    buffer.append("algo-1", range(len(lines)), lines)
    found = Matches(buffer, ())
    for typed in ("e", "ep", "epoch", "epoch s", "epoch speed"):
        found = Matches(buffer, (parse(typed),), within=found)
        while found.update(0.0):
            pass
        assert list(found.places()) == all_matches(buffer, typed)


@pytest.mark.parametrize("word", ["often", "Often", "seldom"])
def test_frequent_and_rare_words_are_found_in_blocks_of_any_kind(word: str) -> None:
    buffer = LogBuffer(open_bytes=0)
    count = 3 * BLOCK_LINES + 100
    lines = [f"{'often' if n % 3 else 'OFTEN'} {'seldom' if n % 5_000 == 9 else ''}" for n in range(count)]
    buffer.append("algo-1", range(count), lines)
    expected = [n for n, line in enumerate(lines) if parse(word).matches(line.encode())]
    assert all_matches(buffer, word) == expected
