"""What a refusal or a failure means: a sentence, the field at fault, and what to do. Text in, advice out; no AWS call.

Texts are AWS's own and change in wording over the years, so patterns are loose in case, quotes and endings. A text
that no pattern knows is given back as it is, without a guess.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from birdtui.spec.explain_access import ACCESS_CASES, by_access_code
from birdtui.spec.explain_algorithms import ALGORITHM_FAILURES, SCRIPT_FAILURES
from birdtui.spec.explain_failures import KILLED, MEMORY_FAILURES, SERVICE_FAILURES
from birdtui.spec.explain_members import named_member, named_value
from birdtui.spec.explain_parameters import parameter_validation
from birdtui.spec.explain_refusals import REFUSAL_CASES, by_refusal_code
from birdtui.spec.explain_text import READ, Context, Explanation, first_known, tidy
from birdtui.spec.explain_training import TRAINING_FAILURES
from birdtui.spec.explain_validation import serialization, validation

__all__ = ["Explanation", "explain_failure", "explain_refusal"]

_CLIENT_ERROR = re.compile(
    r"an error occurred \((?P<code>[\w.]+)\) when calling the \w+ operation(?: \([^)]*\))?: ?(?P<message>.*)",
    re.IGNORECASE | re.DOTALL,
)
_FAILED_CALL = re.compile(
    r"failed to invoke sagemaker:\w+\. error details: (?P<message>.*?)(?:\s*retry not appropriate.*)?$",
    re.IGNORECASE | re.DOTALL,
)
"""What a pipeline's step tells of a call that was refused."""
_ERROR_LINES = 50
"""How many of a log's last error lines are looked at."""
_LINE = 4_000
"""How much of an error line is looked at."""


def explain_refusal(code: str, message: str, request: Mapping[str, Any] | None = None) -> Explanation:
    """What it means that AWS refused a call with this code and message.

    `code` is the service's (`ValidationException`), an HTTP status that S3 gives as text, or "" where only a text is at
    hand; `message` may be botocore's whole sentence. With the `request` that was refused, advice names its own fields
    (`channels.train.s3_uri`).
    """
    if wrapped := _CLIENT_ERROR.search(message):
        code, message = code or wrapped["code"], wrapped["message"]
    text = tidy(message)
    context = Context(request or {}, re.split(r"[#.:/]", code.strip())[-1])
    return (
        validation(text, context)
        or parameter_validation(message[:READ], context)
        or first_known(ACCESS_CASES, text, context)
        or first_known(REFUSAL_CASES, text, context)
        or named_member(text, context)
        or named_value(text, context)
        or by_access_code(text, context)
        or by_refusal_code(text, context)
        or serialization(text, context)
        or Explanation(message.strip() or code or "AWS refused the request and gave no reason.", (), known=False)
    )


def explain_failure(
    reason: str, request: Mapping[str, Any] | None = None, error_lines: Sequence[str] = ()
) -> Explanation:
    """What a job's FailureReason means, with the help of the error lines of its log where the reason says too little.

    `request` may be the request or a description of the job; `error_lines` are the log's last ones, oldest first.
    """
    text, context = tidy(reason), Context(request or {})
    if called := _FAILED_CALL.search(text):
        return explain_refusal("", called["message"], request)
    lines = [tidy(line[:_LINE]) for line in error_lines[-_ERROR_LINES:]]
    return (
        first_known(TRAINING_FAILURES, text, context)
        or first_known(ALGORITHM_FAILURES, text, context)
        or first_known(SERVICE_FAILURES, text, context)
        or first_known(ACCESS_CASES, text, context)
        or first_known(MEMORY_FAILURES, text, context)
        or first_known(SCRIPT_FAILURES, text, context)
        or _by_log(lines, context)
        or (named_value(text, context) if "ClientError" in text[:40] else None)
        or first_known(KILLED, text, context)
        or Explanation(reason.strip() or "The service gave no reason.", (), known=False)
    )


def _by_log(lines: Sequence[str], context: Context) -> Explanation | None:
    """What the first error line that is known means: what follows in a log is mostly its consequence."""
    for cases in (TRAINING_FAILURES, ALGORITHM_FAILURES, MEMORY_FAILURES, SCRIPT_FAILURES):
        for line in lines:
            if explanation := first_known(cases, line, context):
                return explanation
    return None
