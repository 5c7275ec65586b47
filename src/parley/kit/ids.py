"""UUIDv7 ids as strings: unique everywhere, and sorted by the time they were made (RFC 9562, section 5.7)."""

from __future__ import annotations

import uuid_utils


def new_id() -> str:
    """A fresh id. Two ids made one after the other in this process compare in that order."""
    return str(uuid_utils.uuid7())
