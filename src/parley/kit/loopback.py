"""Which names are this machine's own. Apart, because the command line asks before it imports anything slow."""

from __future__ import annotations

import re

_LOOPBACK = re.compile(r"(?:localhost|127\.0\.0\.1|\[::1\])(?::\d{1,5})?|::1", re.IGNORECASE)


def is_loopback(host: str) -> bool:
    """Whether a `Host` header or the host of an `Origin` is this machine by name."""
    return _LOOPBACK.fullmatch(host) is not None
