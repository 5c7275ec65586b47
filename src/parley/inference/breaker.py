"""Remembers which models are failing, so that a caller does not wait for a vendor that is known to be down."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from parley.inference.errors import (
    ProviderBusy,
    ProviderError,
    ProviderKeyRejected,
    ProviderModelUnknown,
    ProviderRefused,
)


@dataclass(frozen=True, slots=True)
class ModelHealth:
    """ok: the last request went well, or none was made. failing: some in a row failed. skipped: not asked at present.

    `error` and `detail` are code and sentence of the last failure, "" after a success. `retry_in_s` > 0: skipped.
    """

    name: str
    state: Literal["ok", "failing", "skipped"] = "ok"
    failures: int = 0
    error: str = ""
    detail: str = ""
    retry_in_s: float = 0.0


@dataclass(slots=True)
class _Record:
    failures: int = 0
    skipped_until: float = 0.0
    error: ProviderError | None = None


class Breaker:
    """Failures by model name.

    After `after` failures in a row a model is skipped for `skip_s`, then one request at a time may try it. A rejected
    key, an unknown model or an empty account is skipped for `long_skip_s` at once; a `retry_after` is kept to, up to
    `long_skip_s`. A refused request is an answer: the vendor is up, and the error only remembered for the report.
    """

    def __init__(
        self,
        *,
        after: int = 3,
        skip_s: float = 15.0,
        long_skip_s: float = 300.0,
        trial_s: float = 3.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._after = after
        self._skip_s = skip_s
        self._long_skip_s = long_skip_s
        self._trial_s = trial_s
        self._clock = clock
        self._records: dict[str, _Record] = {}

    def allows(self, name: str) -> bool:
        """Whether to ask this model now. A True after a skip is the one trial: others are told False for `trial_s`."""
        record = self._records.get(name)
        if record is None or not record.skipped_until:
            return True
        now = self._clock()
        if now < record.skipped_until:
            return False
        record.skipped_until = now + self._trial_s
        return True

    def succeeded(self, name: str) -> None:
        """A complete reply: everything before it is forgotten."""
        self._records.pop(name, None)

    def failed(self, name: str, error: ProviderError) -> None:
        """Take a failure into account."""
        record = self._records.setdefault(name, _Record())
        record.error = error
        if isinstance(error, ProviderRefused):
            record.failures, record.skipped_until = 0, 0.0
            return
        record.failures += 1
        skip = self._skip_for(error, record.failures)
        if skip:
            record.skipped_until = self._clock() + skip

    def health(self, name: str) -> ModelHealth:
        """How this model is doing."""
        record = self._records.get(name)
        if record is None or record.error is None:
            return ModelHealth(name)
        left = max(0.0, record.skipped_until - self._clock())
        state: Literal["ok", "failing", "skipped"] = "skipped" if left else "failing" if record.failures else "ok"
        return ModelHealth(name, state, record.failures, record.error.code, record.error.detail, left)

    def _skip_for(self, error: ProviderError, failures: int) -> float:
        lasting = isinstance(error, ProviderKeyRejected | ProviderModelUnknown)
        if lasting or (isinstance(error, ProviderBusy) and not error.retryable):
            return self._long_skip_s
        if error.retry_after:
            return min(error.retry_after, self._long_skip_s)
        return self._skip_s if failures >= self._after else 0.0
