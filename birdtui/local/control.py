"""The engine's own service, for birdtui alone: is it this engine, how many jobs run, and please end.

It is a JSON service like the others (`Birdtui.Status`, `Birdtui.Shutdown`), so it takes the engine's keys to call it.
The answer proves in turn that the engine holds them: whatever else listens on a remembered port is told apart.
"""

from __future__ import annotations

import hashlib
import hmac
import http.client
import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from birdtui.local import sigv4
from birdtui.local.engine_files import HOST
from birdtui.local.service import REGION, Caller, ServiceError
from birdtui.local.sigv4 import Keys

SERVICE = "birdtui"


@dataclass(frozen=True, slots=True)
class Status:
    """What a running engine says of itself: its process and how many training jobs run."""

    pid: int
    jobs: int


class ControlService:
    """The engine's side."""

    def __init__(self, keys: Keys, status: Callable[[], Status], shutdown: Callable[[], None]) -> None:
        self._keys, self._status, self._shutdown = keys, status, shutdown

    def call(self, operation: str, body: bytes, region: str, caller: Caller) -> bytes:  # noqa: ARG002 - as JsonService
        """Answers `Status`, or `Shutdown` just before it happens, with a proof over the request's nonce."""
        try:
            nonce = json.loads(body)["nonce"]
        except (ValueError, KeyError, TypeError):
            raise ServiceError("SerializationException", "A nonce is missing.") from None
        if operation not in {"Status", "Shutdown"}:
            raise ServiceError("UnknownOperationException", f"The engine itself has no operation {operation}.")
        status = self._status()
        if operation == "Shutdown":
            self._shutdown()
        return json.dumps({"pid": status.pid, "jobs": status.jobs, "proof": _proof(self._keys, nonce)}).encode()


def ask(port: int, keys: Keys, operation: str, timeout: float) -> Status | None:
    """The engine's answer on a port, or None where no engine with these keys answers there in time (seconds)."""
    nonce = secrets.token_hex(16)
    body = json.dumps({"nonce": nonce}).encode()
    connection = http.client.HTTPConnection(HOST, port, timeout=timeout)
    try:
        connection.request("POST", "/", body, _signed_headers(port, keys, operation, body))
        answer = json.loads(connection.getresponse().read(1 << 16))
        if not hmac.compare_digest(str(answer["proof"]), _proof(keys, nonce)):
            return None
        return Status(int(answer["pid"]), int(answer["jobs"]))
    except (OSError, http.client.HTTPException, ValueError, KeyError, TypeError):
        return None
    finally:
        connection.close()


def _proof(keys: Keys, nonce: str) -> str:
    return sigv4.sign(keys.secret_key.encode(), f"birdtui engine {nonce}")


def _signed_headers(port: int, keys: Keys, operation: str, body: bytes) -> dict[str, str]:
    timestamp = datetime.now(UTC).strftime(sigv4.TIME_FORMAT)
    headers = {"host": f"{HOST}:{port}", "x-amz-date": timestamp, "x-amz-target": f"Birdtui.{operation}"}
    authorization = sigv4.Authorization(
        keys.access_key, timestamp[:8], REGION, SERVICE, timestamp, signed_headers=tuple(headers), signature=""
    )
    request = sigv4.SignedRequest("POST", "/", headers)
    key = sigv4.signing_key(keys.secret_key, authorization.date, REGION, SERVICE)
    signature = sigv4.sign(key, sigv4.string_to_sign(authorization, request, hashlib.sha256(body).hexdigest()))
    credential = f"{keys.access_key}/{authorization.scope}"
    signed = ";".join(authorization.signed_headers)
    headers["authorization"] = (
        f"{sigv4.ALGORITHM} Credential={credential}, SignedHeaders={signed}, Signature={signature}"
    )
    return headers
