"""Keeps slow calls out of transactions: a row lock must never wait for a vendor."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_open: ContextVar[int] = ContextVar("parley_open_transactions", default=0)


class CalledInsideTransaction(RuntimeError):
    """A defect of ours: something slow was called while this task held a transaction open."""


@contextmanager
def transaction_open() -> Iterator[None]:
    """Marks the running task as holding a transaction."""
    token = _open.set(_open.get() + 1)
    try:
        yield
    finally:
        _open.reset(token)


def require_no_transaction(what: str) -> None:
    """Raise `CalledInsideTransaction` where the running task holds one."""
    if _open.get():
        raise CalledInsideTransaction(f"{what} while a database transaction is open")
