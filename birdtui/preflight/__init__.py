"""What only AWS can tell before a job is sent: account, role, buckets, channels, the data itself, quota, price, name.

Every check answers for itself: ok, a note, a warning, an error, or that it could not look and why. None blocks another;
they run side by side. `docs/checks.md` lists them all.
"""

from birdtui.preflight.run import Preflight, preflight

__all__ = ["Preflight", "preflight"]
