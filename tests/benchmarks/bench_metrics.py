"""How quickly metrics are read out of log lines, against one regex search a line; and the slowest line.

Run: python tests/benchmarks/bench_metrics.py [LINES] [--json]
"""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import islice

from figures import Figure, report  # beside this file

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


def measured(count: int) -> Iterator[Figure]:
    """Logs of long epochs and of short ones, a saved log, a job's own definitions; then lines made to be slow."""
    for batches, goal in ((500, 1.4), (50, None)):
        lines = mixed_log(count, batches)
        baseline = best_of(5, lambda lines=lines: search_each_line(lines))  # type: ignore[misc]
        text = "\n".join(lines)
        defined = MetricDefinitions(AWS)
        ours = (
            ("pages of a stream", goal, lambda lines=lines: read_pages(lines, MetricsReader())),
            ("a saved log", None, lambda text=text: MetricsReader().feed_text(text)),
            (
                "pages, AWS's four definitions",
                None,
                lambda lines=lines: read_pages(lines, MetricsReader(defined)),  # noqa: B023 - called in this round
            ),
        )
        for what, bound, work in ours:
            yield Figure(
                f"metrics of {what}, {batches} Batch lines an epoch",
                count / best_of(5, work) / 1e6,
                "M lines/s",
                "a regex search a line",
                count / baseline / 1e6,
                bound,
                more_is_better=True,
            )
    slowest = max(best_of(3, lambda line=line: MetricsReader().feed(line, host="algo-1")) for line in HOSTILE)  # type: ignore[misc]
    yield Figure("slowest hostile line", slowest * 1e3, "ms", goal=5.0)


def main() -> None:
    """Print what was measured."""
    counts = [int(word) for word in sys.argv[1:] if word.isdigit()]
    report(measured(counts[0] if counts else 200_000), as_json="--json" in sys.argv)


if __name__ == "__main__":
    main()
