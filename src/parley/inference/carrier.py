"""The port to whoever carries a telephone call, and the values that cross it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol, runtime_checkable

from parley.inference.errors import ProviderUnavailable

Direction = Literal["outbound", "inbound"]
CarrierStatus = Literal["registered", "ongoing", "ended", "not_connected", "error"]


class PlacingUnknown(ProviderUnavailable):
    """Whether the telephone rings is not known: the answer was lost. Any other error of `place` means: it does not."""

    code = "carrier.placing_unknown"


@dataclass(frozen=True, slots=True)
class CarrierTraits:
    """What a carrier is. `dials`: a real telephone rings; only then are hours, consent and do-not-call enforced."""

    name: str
    dials: bool
    publishes_agents: bool


@dataclass(frozen=True, slots=True)
class Simulate:
    """How the simulated line behaves. `speed` 0 is as fast as possible, 1 as fast as people speak."""

    persona: str = "on_time"
    seed: int = 1
    speed: float = 0.0


@dataclass(frozen=True, slots=True)
class PublishedAgent:
    """An agent as the carrier knows it."""

    id: str
    version: int


@dataclass(frozen=True, slots=True)
class PlaceCall:
    """A call to be placed. `call_id` is our record's, and the key under which a repetition is the same call."""

    tenant_id: str
    call_id: str
    agent_id: str
    to_number: str
    from_number: str | None
    agent: PublishedAgent | None
    variables: Mapping[str, str] = field(default_factory=dict)
    simulate: Simulate | None = None


@dataclass(frozen=True, slots=True)
class CarrierLine:
    """One line of the carrier's transcript; `at` is seconds from the call's start."""

    role: Literal["user", "agent"]
    content: str
    at: float | None = None


@dataclass(frozen=True, slots=True)
class CarrierCall:
    """A call as the carrier tells it. `call_id` is our record's, where the carrier was told; `reason` is its word for
    how the call ended."""

    id: str
    status: CarrierStatus
    direction: Direction = "outbound"
    agent_id: str | None = None
    from_number: str | None = None
    to_number: str | None = None
    call_id: str | None = None
    reason: str | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    seconds: float | None = None
    transcript: str | None = None
    lines: tuple[CarrierLine, ...] = ()
    analysis: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AgentSpec:
    """What a carrier must know of an agent. `line_url` holds a secret: it is not shown and not logged."""

    name: str
    language: str
    line_url: str
    webhook_url: str
    voice: str | None = None
    voice_settings: Mapping[str, Any] = field(default_factory=dict)


@runtime_checkable
class Carrier(Protocol):
    """Places and stops calls. Raises `ProviderError`; never repeats `place` by itself: that would dial twice."""

    @property
    def traits(self) -> CarrierTraits: ...

    async def place(self, call: PlaceCall) -> str:
        """Dial; returns the carrier's id of the call. The same `call.call_id` within an hour is the same call.

        Raises `PlacingUnknown` where nobody can say whether it was placed.
        """
        ...

    async def stop(self, carrier_call_id: str) -> None:
        """Hang up. A call that has ended, or that the carrier does not know, is left as it is."""
        ...

    async def look(self, carrier_call_id: str) -> CarrierCall | None:
        """The call as it stands; None where the carrier does not know it."""
        ...

    async def find(self, call_id: str) -> CarrierCall | None:
        """The call that was placed for our record `call_id`; None where there is none."""
        ...

    async def publish_agent(self, spec: AgentSpec, existing: PublishedAgent | None) -> PublishedAgent:
        """Create the agent, or bring `existing` up to date, and publish it."""
        ...

    async def drift(self, spec: AgentSpec, existing: PublishedAgent) -> Sequence[str]:
        """Sentences that say in what the carrier's published agent differs from `spec`; none where it does not."""
        ...

    async def assign_number(self, number: str, agent: PublishedAgent, inbound_webhook_url: str) -> None:
        """Have `agent` answer and place the calls of a number of ours; who calls it is announced at the address."""
        ...

    async def aclose(self) -> None:
        """Release connections. Idempotent."""
        ...
