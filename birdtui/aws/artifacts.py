"""Downloading a model artifact from S3."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from birdtui.aws.errors import AwsProblem, translated
from birdtui.aws.session import Session
from birdtui.spec.findings import Advice

PIECE = 1 << 20


def download(
    session: Session, uri: str, path: Path, told: Callable[[int, int], object], cancelled: Callable[[], bool]
) -> bool:
    """Bring an S3 object to a file; `told` hears of bytes done and in all. False when `cancelled` said so.

    The file appears when it is whole. Raises AwsProblem, also where the file cannot be written.
    """
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    partial = path.with_name(path.name + ".partial")
    try:
        with translated():
            answer = session.client("s3").get_object(Bucket=bucket, Key=key)
            total, done = int(answer["ContentLength"]), 0
            with partial.open("wb") as target:
                for piece in answer["Body"].iter_chunks(PIECE):
                    if cancelled():
                        return False
                    target.write(piece)
                    done += len(piece)
                    told(done, total)
        partial.replace(path)
    except OSError as error:
        advice = (Advice("", "Choose another file or folder."),)
        raise AwsProblem("UnwritableFile", f"{path}: {error.strerror or error}", exit_code=2, advice=advice) from None
    finally:
        partial.unlink(missing_ok=True)
    return True
