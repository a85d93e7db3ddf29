"""The log buffer holds every line once, in time order, whatever order the lines come in."""

from __future__ import annotations

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from birdtui.watch.log_buffer import BLOCK_LINES, LogBuffer


def texts(buffer: LogBuffer) -> list[str]:
    return [line.text for line in buffer.export()]


def filled(lines: int) -> LogBuffer:
    buffer = LogBuffer()
    buffer.append("algo-1", range(lines), [f"line {number}" for number in range(lines)])
    return buffer


def test_an_empty_buffer_has_no_lines() -> None:
    assert len(LogBuffer()) == 0


def test_a_line_keeps_its_timestamp_host_and_text() -> None:
    buffer = LogBuffer()
    buffer.append("algo-2", [1_700_000_000_123], ["Epoch[0] Train-accuracy=0.5 ü"])
    line = buffer.line(0)
    assert (line.timestamp, line.host, line.text) == (1_700_000_000_123, "algo-2", "Epoch[0] Train-accuracy=0.5 ü")


def test_a_place_beyond_the_end_is_an_index_error() -> None:
    with pytest.raises(IndexError):
        filled(3).line(3)


def test_a_range_reaches_over_block_borders() -> None:
    buffer = filled(BLOCK_LINES + 10)
    lines = buffer.lines(BLOCK_LINES - 2, BLOCK_LINES + 2)
    assert [line.text for line in lines] == [f"line {n}" for n in range(BLOCK_LINES - 2, BLOCK_LINES + 2)]


def test_a_message_of_several_lines_becomes_several_lines_of_one_time() -> None:
    buffer = LogBuffer()
    buffer.append("algo-1", [1, 2], ["Traceback\n  File x\n", "next"])
    assert [(line.timestamp, line.text) for line in buffer.export()] == [(1, "Traceback"), (1, "  File x"), (2, "next")]


def test_two_hosts_are_merged_by_time() -> None:
    buffer = LogBuffer()
    buffer.append("algo-1", [1, 3, 5], ["a1", "a3", "a5"])
    buffer.append("algo-2", [2, 4], ["b2", "b4"])
    assert texts(buffer) == ["a1", "b2", "a3", "b4", "a5"]


def test_lines_of_the_same_time_stay_in_the_order_they_came() -> None:
    buffer = LogBuffer()
    buffer.append("algo-1", [1, 1], ["first", "second"])
    buffer.append("algo-2", [1], ["third"])
    assert texts(buffer) == ["first", "second", "third"]


def test_history_that_comes_later_goes_in_front() -> None:
    buffer = filled(10)
    buffer.append("algo-1", [-2, -1], ["older", "old"])
    assert texts(buffer)[:3] == ["older", "old", "line 0"]


def test_a_line_is_found_again_after_others_came_before_it() -> None:
    buffer = filled(10)
    line = buffer.line(4)
    buffer.append("algo-2", [-1, 2], ["older", "between"])
    assert buffer.line(buffer.place(line.timestamp, line.serial)) == line


def test_old_blocks_are_packed_and_read_back_whole() -> None:
    buffer = LogBuffer(open_bytes=0)
    count = 5 * BLOCK_LINES
    buffer.append("algo-1", range(count), [f"line {number}" for number in range(count)])
    assert any(block.is_packed for block in buffer.blocks)
    assert texts(buffer) == [f"line {number}" for number in range(count)]


def test_late_lines_fall_into_packed_blocks() -> None:
    buffer = LogBuffer(open_bytes=0)
    count = 5 * BLOCK_LINES
    buffer.append("algo-1", range(count), [f"line {number}" for number in range(count)])
    buffer.append("algo-1", [5], ["late"])
    assert [line.text for line in buffer.lines(5, 8)] == ["line 5", "late", "line 6"]


batches = st.lists(
    st.tuples(st.sampled_from(["algo-1", "algo-2"]), st.lists(st.integers(0, 50), min_size=1, max_size=8)), max_size=12
)


@given(batches)
def test_every_line_is_held_once_in_stable_time_order(batches: list[tuple[str, list[int]]]) -> None:
    buffer = LogBuffer()
    written: list[tuple[int, str]] = []
    for number, (host, stamps) in enumerate(batches):
        rows = [(stamp, f"{host} {number} {at}") for at, stamp in enumerate(stamps)]
        buffer.append(host, [stamp for stamp, _ in rows], [text for _, text in rows])
        written += rows
    assert [(line.timestamp, line.text) for line in buffer.export()] == sorted(written, key=lambda row: row[0])
    assert len(buffer) == len(written)


def test_a_past_that_fills_in_behind_the_end_fills_whole_blocks_and_keeps_the_places_of_what_was_there() -> None:
    buffer = LogBuffer()
    newest = range(10**6, 10**6 + 100)
    buffer.append("algo-1", newest, [f"new {number}" for number in newest])
    first = buffer.line(0)
    past = (BLOCK_LINES + 1_000) // 10 * 10
    for start in range(0, past, 10):
        stamps = range(start, start + 10)
        buffer.append("algo-1", stamps, [f"old {number}" for number in stamps])
    assert texts(buffer) == [*(f"old {number}" for number in range(past)), *(f"new {number}" for number in newest)]
    assert buffer.place(first.timestamp, first.serial) == len(buffer) - 100
    assert len(buffer.blocks) == 3


def test_a_past_longer_than_what_may_lie_open_is_packed_as_it_fills_in() -> None:
    buffer = LogBuffer(open_bytes=1)
    buffer.append("algo-1", [10**6], ["new"])
    for start in range(0, 4 * BLOCK_LINES, 1_000):
        buffer.append(
            "algo-1", range(start, start + 1_000), [f"old {number}" for number in range(start, start + 1_000)]
        )
    assert sum(not block.is_packed for block in buffer.blocks) <= 3
    assert texts(buffer)[-2:] == [f"old {len(buffer) - 2}", "new"]


def test_pages_of_several_streams_that_come_together_are_sorted_together() -> None:
    buffer = LogBuffer()
    buffer.extend([("algo-1", [1, 4], ["a", "d"]), ("algo-2", [2, 3], ["b", "c"]), ("algo-3", [], [])])
    assert texts(buffer) == ["a", "b", "c", "d"]
    assert [line.host for line in buffer.export()] == ["algo-1", "algo-2", "algo-2", "algo-1"]
    assert buffer.reordered == 0


def test_a_past_that_fills_in_before_the_end_grows_its_own_blocks() -> None:
    buffer = LogBuffer()
    buffer.append("algo-1", [1_000, 1_001], ["end", "very end"])
    for number in range(5):
        buffer.append("algo-1", [number], [f"past {number}"])
    assert texts(buffer) == [*(f"past {number}" for number in range(5)), "end", "very end"]
    assert (len(buffer.blocks), buffer.reordered) == (2, 5)


def test_whoever_reads_meanwhile_sees_each_line_whole() -> None:
    buffer, over = LogBuffer(open_bytes=0), threading.Event()

    def write() -> None:
        for number in range(300):
            hosts = [(f"algo-{host}", [number * 10 + host] * 40, [f"{number:06}"] * 40) for host in range(4)]
            buffer.extend(hosts[2 * (number % 2) :])
            buffer.append("algo-late", [number], [f"{number:06}"])
        over.set()

    buffer.append("algo-0", [0], ["000000"])
    writing = threading.Thread(target=write)
    writing.start()
    while not over.is_set():
        count = len(buffer)
        assert all(len(line.text) == 6 for line in buffer.lines(max(count - 50, 0), count))
        assert all(len(line.text) == 6 for line in buffer.export())
    writing.join()
    assert len(buffer) == 1 + 150 * (160 + 80) + 300
