"""Password hashes: bcrypt, which reads 72 bytes and no more, so longer ones are refused rather than cut."""

from __future__ import annotations

import asyncio
from functools import cache

import bcrypt

from parley.kit.errors import InvalidInput

MAX_BYTES = 72
MIN_LENGTH = 8
_ROUNDS = 12


def check_strength(password: str) -> str:
    """The password, or `InvalidInput` naming the field."""
    if len(password.encode()) > MAX_BYTES:
        raise InvalidInput(f"password must be at most {MAX_BYTES} bytes long.")
    if len(password) < MIN_LENGTH:
        raise InvalidInput(f"password must be at least {MIN_LENGTH} characters long.")
    return password


async def hashed(password: str) -> str:
    """A bcrypt hash, computed off the event loop (about 0.2 s of CPU)."""
    check_strength(password)
    salt = bcrypt.gensalt(_ROUNDS)
    return (await asyncio.to_thread(bcrypt.hashpw, password.encode(), salt)).decode()


@cache
def _nobody() -> bytes:
    return bcrypt.hashpw(b"nobody's password", bcrypt.gensalt(_ROUNDS))


async def matches(password: str, stored: str | None) -> bool:
    """Whether `password` is the one hashed. With no hash it takes as long and is False."""
    given = password.encode()[:MAX_BYTES]
    right = await asyncio.to_thread(bcrypt.checkpw, given, stored.encode() if stored else _nobody())
    return right and stored is not None and len(password.encode()) <= MAX_BYTES
