"""Which carrier a call goes over, as the wiring knows it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Protocol

from parley.inference.carrier import Carrier

RETELL: Final = "retell"
SIMULATED: Final = "simulated"
TWILIO: Final = "twilio"


@dataclass(frozen=True, slots=True)
class CarrierAccount:
    """Where a tenant's calls come from. `from_number` is the number shown to the one who is called."""

    carrier: Carrier
    from_number: str | None = None


class CarrierChoice(Protocol):
    """Given by the wiring, which knows vendors and keys."""

    async def default(self, tenant_id: str) -> str | None:
        """The carrier where nobody chose one; None where there is none."""
        ...

    async def account(self, tenant_id: str, carrier: str) -> CarrierAccount:
        """The tenant's own account with a carrier, else ours. Raises `CallInitiationError` where there is neither."""
        ...

    async def signing_keys(self, tenant_id: str | None, carrier: str = RETELL) -> list[str]:
        """The keys that may sign a carrier's webhooks: of a tenant, or (None) of this installation."""
        ...
