"""How long a vendor may be silent within one reply."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass
from typing import TypeVar

from parley.inference.errors import ProviderStalled

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Allowed silences in seconds: `first` until the first text or tool fragment, connecting included; `gap` between
    two of them; `tail` from the finish reason to the end of the stream (usage follows it). `whole` is for a reply that
    a vendor does not stream: there is nothing to hear before its end."""

    first: float = 2.0
    gap: float = 1.5
    tail: float = 0.25
    whole: float = 20.0


class Patience:
    """A budget of silence. Only waiting for the vendor is counted, not the time the consumer takes between events."""

    __slots__ = ("_vendor", "left")

    def __init__(self, vendor: str, seconds: float) -> None:
        self._vendor = vendor
        self.left = seconds

    async def wait(self, awaited: Awaitable[T]) -> T:
        """Await within what is left. Raises `ProviderStalled`."""
        clock = asyncio.get_running_loop().time
        begun = clock()
        try:
            async with asyncio.timeout(self.left):
                result = await awaited
        except TimeoutError:
            raise ProviderStalled(f"{self._vendor} stayed silent for too long.", vendor=self._vendor) from None
        self.left -= clock() - begun
        return result
