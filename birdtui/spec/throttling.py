"""How AWS asks for fewer calls."""

from __future__ import annotations

THROTTLED_CODES = frozenset(
    {
        "Throttling",
        "ThrottlingException",
        "ThrottledException",
        "RequestThrottled",
        "RequestThrottledException",
        "TooManyRequestsException",
        "RequestLimitExceeded",
        "ProvisionedThroughputExceededException",
        "SlowDown",
    }
)
"""The codes by which services refuse a call for being one too many; the same call succeeds later."""
