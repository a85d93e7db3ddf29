"""The SDK itself runs the scripts made for it; what it sends is what the request says."""

from __future__ import annotations

import http.server
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from birdtui.spec.convert_python import sagemaker_script

# One process for many scripts: the SDK takes more than a second to import.
RUN_ALL = """
import pathlib, sys
for path in sys.argv[1:]:
    exec(pathlib.Path(path).read_text(encoding="utf-8"), {"__name__": "__main__"})
"""


class Listener(http.server.BaseHTTPRequestHandler):
    """Takes down what is sent and answers as the service does."""

    created: ClassVar[list[dict[str, Any]]] = []

    def do_POST(self) -> None:
        sent = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.headers["X-Amz-Target"] == "SageMaker.CreateTrainingJob":
            self.created.append(sent)
        arn = "arn:aws:sagemaker:us-east-1:000000000000:training-job/birds"
        body = json.dumps({"TrainingJobArn": arn, "TrainingJobName": "birds"}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        pass


@pytest.fixture(scope="module")
def listener() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Listener) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", Listener.created
        server.shutdown()


# No shrinking: each try is a process of seconds.
@settings(
    deadline=None,
    max_examples=2,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(st.data())
def test_the_sdk_sends_the_request(
    legal_requests: st.SearchStrategy[dict[str, Any]],
    listener: tuple[str, list[dict[str, Any]]],
    tmp_path_factory: pytest.TempPathFactory,
    data: st.DataObject,
) -> None:
    url, created = listener
    requests = data.draw(st.lists(legal_requests, min_size=8, max_size=12))
    folder: Path = tmp_path_factory.mktemp("scripts")
    paths = []
    for index, request in enumerate(requests):
        path = folder / f"create_{index}.py"
        path.write_text(sagemaker_script(request, "us-east-1"), encoding="utf-8")
        paths.append(str(path))
    created.clear()
    keys = {"AWS_ACCESS_KEY_ID": "nobody", "AWS_SECRET_ACCESS_KEY": "nothing", "AWS_DEFAULT_REGION": "us-east-1"}
    environment = os.environ | keys | {"AWS_ENDPOINT_URL": url, "HOME": str(folder), "AWS_CONFIG_FILE": os.devnull}
    command = [sys.executable, "-c", RUN_ALL, *paths]
    run = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert run.returncode == 0, run.stderr[-2000:]
    for sent, request in zip(created, requests, strict=True):
        assert sent == request
