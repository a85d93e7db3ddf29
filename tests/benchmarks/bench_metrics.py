"""How quickly metrics are read out of log lines, against one regex search a line; and the slowest line.

Run: python tests/benchmarks/bench_metrics.py [LINES]
"""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import islice

from birdtui.watch.metric_definitions import MetricDefinitions
from birdtui.watch.metrics import MetricsReader

SEARCH = re.compile(r"Epoch\[(\d+)\] (Train|Validation)-(\S+)=(\S+)")
AWS = [
    {"Name": f"{kind}:accuracy{end}", "Regex": rf"Epoch\S* {kind.capitalize()}-accuracy=(\S*)"}
    for kind in ("train", "validation")
    for end in ("", ":epoch")
]
PAGE = 10_000
HOSTILE = (
    "Epoch[0] Train-" * 20_000,
    "Epoch[0] Train-accuracy=0.5 " * 10_000,
    "Epoch[" * 50_000,
    "Saved checkpoint to " * 15_000,
    "Final configuration: " + "{'a': " * 40_000,
    "\x1b[" * 150_000,
    "a=" * 2_500,
)


def mixed_log(lines: int, batches: int = 50) -> list[str]:
    """A long job's log: so many Batch lines an epoch, the epoch's own, and lines of other programs."""
    return list(islice(_endless(batches), lines))


def _endless(batches: int) -> Iterator[str]:
    epoch = 0
    while True:
        prefix = f"[03/04/2021 {epoch // 3600 % 24:02}:{epoch // 60 % 60:02}:{epoch % 60:02} INFO 140123456789012] "
        for batch in range(20, 20 * batches + 20, 20):
            yield f"{prefix}Epoch[{epoch}] Batch [{batch}]#011Speed: 150.123 samples/sec#011accuracy=0.{batch:06}"
            if batch % 100 == 0:
                yield f"reader 3: s3://some-bucket/some/part-{batch:05}.rec took 0.{batch} s, queue depth {batch}"
        for name in ("Train-accuracy", "Train-top_k_accuracy_5"):
            yield f"{prefix}Epoch[{epoch}] {name}=0.{epoch:06}"
        yield f"{prefix}Epoch[{epoch}] Time cost=12.345"
        yield f"{prefix}Epoch[{epoch}] Validation-accuracy=0.{epoch:06}"
        yield f"{prefix}Storing the best model with validation accuracy: 0.{epoch:06}"
        yield f'{prefix}Saved checkpoint to "/opt/ml/model/image-classification-{epoch + 1:04}.params"'
        epoch += 1


def best_of(runs: int, work: Callable[[], object]) -> float:
    """Seconds of the quickest of several runs."""
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times)


def search_each_line(lines: Sequence[str]) -> None:
    search = SEARCH.search
    for line in lines:
        search(line)


def read_pages(lines: Sequence[str], reader: MetricsReader) -> None:
    for start in range(0, len(lines), PAGE):
        page = lines[start : start + PAGE]
        reader.feed_lines(page, host="algo-1", timestamps=range(start, start + len(page)))


def main() -> None:
    """Print a table for a log of short epochs, one of long epochs, and lines made to be slow."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 200_000
    for batches in (50, 500):
        compare(count, batches)
    for line in HOSTILE:
        seconds = best_of(3, lambda line=line: MetricsReader().feed(line, host="algo-1"))  # type: ignore[misc]
        print(f"hostile line {line[:24]!r:40} {seconds * 1e3:6.2f} ms")


def compare(count: int, batches: int) -> None:
    """Print lines a second, and the ratio to one regex search a line."""
    lines = mixed_log(count, batches)
    text = "\n".join(lines)
    baseline = best_of(5, lambda: search_each_line(lines))
    defined = MetricDefinitions(AWS)
    rows = [
        ("one regex search a line", baseline),
        ("pages of one stream", best_of(5, lambda: read_pages(lines, MetricsReader()))),
        ("a saved log, whole", best_of(5, lambda: MetricsReader().feed_text(text))),
        ("pages, four definitions of AWS", best_of(3, lambda: read_pages(lines, MetricsReader(defined)))),
    ]
    print(f"{count:,} lines, {batches} Batch lines an epoch, mean {len(text) / count:.0f} characters")
    for name, seconds in rows:
        print(f"{name:32} {count / seconds / 1e6:6.2f} M lines/s {baseline / seconds:6.2f} x")


if __name__ == "__main__":
    main()
