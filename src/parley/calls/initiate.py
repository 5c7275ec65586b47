"""Beginning a call: judged, written down, and only then placed, so that no crash and no repetition dials twice."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

import orjson
from sqlalchemy.ext.asyncio import AsyncConnection

from parley.agents import Agent, Agents, get_agent
from parley.calls import store
from parley.calls.carriers import SIMULATED, CarrierAccount, CarrierChoice
from parley.calls.failures import CallInitiationError
from parley.calls.numbers import e164, outside_hours
from parley.calls.place import CLAIM, Placing
from parley.calls.progress import tell
from parley.calls.record import CallRecord
from parley.calls.suppress import is_suppressed
from parley.inference.carrier import Simulate
from parley.kit.clock import Clock
from parley.kit.db import Database
from parley.kit.errors import Conflict, InvalidInput, NotFound, TooMany
from parley.kit.ids import new_id
from parley.personas import persona
from parley.tenants import Principal, Tenant, get_tenant, record_audit

MOST_AT_ONCE: Final = 20  # what Retell gives an account; the tenant's setting max_concurrent_calls goes before
MOST_SIMULATED: Final = 500
_NEXT_LINE = 10.0  # seconds after which a line may be free


@dataclass(frozen=True, slots=True)
class NewCall:
    """A call somebody wants. `consent`: on what basis the person may be called, and since when."""

    driver_name: str
    phone_number: str
    load_number: str
    agent_config_id: str
    consent: Mapping[str, Any] | None = None
    simulate: Simulate | None = None
    idempotency_key: str | None = None

    def digest(self) -> str:
        """What tells a repetition from another request under the same key."""
        said = {name: value for name, value in asdict(self).items() if name != "idempotency_key"}
        return hashlib.sha256(orjson.dumps(said, option=orjson.OPT_SORT_KEYS)).hexdigest()


class Initiation:
    """Begins calls of all tenants."""

    def __init__(self, db: Database, clock: Clock, agents: Agents, choice: CarrierChoice, placing: Placing) -> None:
        self._db = db
        self._clock = clock
        self._agents = agents
        self._choice = choice
        self._placing = placing

    async def initiate(self, who: Principal, tenant_id: str, wish: NewCall) -> tuple[CallRecord, bool]:
        """The call, and whether it is new: under a key that was used before, the call of that time.

        Raises `InvalidInput` naming the field, `NotFound` (agent), `Conflict` (agent inactive, key used for another
        request), `TooMany`, and `CallInitiationError` where it may not or could not be placed.
        """
        number = e164(wish.phone_number)
        _check_persona(wish.simulate)
        agent = await self._agents.get(tenant_id, wish.agent_config_id)
        account = await self._account(tenant_id, agent, wish)
        async with self._db.begin(tenant_id) as connection:
            await store.lock_calls(connection, tenant_id)
            earlier = await _earlier(connection, tenant_id, wish)
            if earlier is not None:
                return earlier, False
            tenant = await _tenant(connection, tenant_id)
            agent = await _fit(connection, tenant_id, wish.agent_config_id)
            warnings = await self._warnings(connection, tenant, number, wish, dials=account.carrier.traits.dials)
            await _require_line(connection, tenant, account)
            row = self._row(tenant, agent, wish, number, account)
            row["own_number"] = await _own_number(connection, agent, account)
            call = await store.calls.add(connection, {**row, "warnings": warnings})
            if call is None:
                raise Conflict("The call is on record already.", code="call.duplicate")
            await record_audit(connection, who, tenant_id, "call.initiated", call.id, carrier=call.carrier)
            await tell(connection, call)
        return await self._placing.place(call, account), True

    async def _account(self, tenant_id: str, agent: Agent, wish: NewCall) -> CarrierAccount:
        if wish.simulate is not None:
            return await self._choice.account(tenant_id, SIMULATED)
        chosen = agent.definition.voice_settings.get("carrier")
        name = chosen if isinstance(chosen, str) else await self._choice.default(tenant_id)
        if name is None:
            raise CallInitiationError(
                "No carrier is set up: set RETELL_API_KEY, store the tenant's own credentials for retell, "
                "or send `simulate` for the simulated line.",
                code="call.no_carrier",
            )
        return await self._choice.account(tenant_id, name)

    async def _warnings(
        self, connection: AsyncConnection, tenant: Tenant, number: str, wish: NewCall, *, dials: bool
    ) -> list[str]:
        """What speaks against ringing at that telephone now. Refused where one would ring, reported where none does."""
        problems: list[tuple[str, str]] = []
        if late := outside_hours(number, tenant, self._clock.now()):
            problems.append(("call.outside_hours", late))
        if await is_suppressed(connection, tenant.id, number):
            problems.append(("call.suppressed", f"{number} is on the do-not-call list."))
        basis = (wish.consent or {}).get("basis")
        if basis == "refused" or (basis is None and tenant.settings.get("require_consent") is True):
            problems.append(("call.no_consent", "consent: no basis for calling this person is on record."))
        if dials and problems:
            code, sentence = problems[0]
            raise CallInitiationError(sentence, code=code)
        warnings = [sentence for _, sentence in problems]
        if basis is None and "call.no_consent" not in dict(problems):
            warnings.append("consent: no basis was given.")
        return warnings

    def _row(self, tenant: Tenant, agent: Agent, wish: NewCall, number: str, account: CarrierAccount) -> dict[str, Any]:
        now = self._clock.now()
        simulate = wish.simulate or Simulate() if account.carrier.traits.name == SIMULATED else None
        consent = None if wish.consent is None else {**wish.consent, "recorded_at": now.isoformat()}
        return {
            "id": new_id(),
            "tenant_id": tenant.id,
            "direction": "outbound",
            "driver_name": wish.driver_name,
            "phone_number": number,
            "load_number": wish.load_number,
            "agent_config_id": agent.id,
            "agent_version": agent.version,
            "carrier": account.carrier.traits.name,
            "status": "initiated",
            "placement": "claimed",
            "consent": consent,
            "simulate": None if simulate is None else asdict(simulate),
            "idempotency_key": wish.idempotency_key,
            "request_digest": wish.digest(),
            "check_at": now + CLAIM,
            "created_at": now,
        }


def _check_persona(simulate: Simulate | None) -> None:
    if simulate is not None:
        try:
            persona(simulate.persona)
        except InvalidInput as error:
            raise InvalidInput(f"simulate.{error.detail}") from error


async def _earlier(connection: AsyncConnection, tenant_id: str, wish: NewCall) -> CallRecord | None:
    """The call that was begun under the same key."""
    if wish.idempotency_key is None:
        return None
    earlier = await store.calls.by(connection, tenant_id, idempotency_key=wish.idempotency_key)
    if earlier is not None and earlier.request_digest != wish.digest():
        raise Conflict("Idempotency-Key was used for another request.", code="call.key_reused")
    return earlier


async def _tenant(connection: AsyncConnection, tenant_id: str) -> Tenant:
    tenant = await get_tenant(connection, tenant_id)
    if tenant is None:
        raise NotFound("tenant")
    return tenant


async def _fit(connection: AsyncConnection, tenant_id: str, agent_id: str) -> Agent:
    """The agent, which must be one that answers."""
    agent = await get_agent(connection, tenant_id, agent_id)
    if agent is None:
        raise NotFound("agent")
    if not agent.is_active:
        raise Conflict("agent_config_id names an agent that is not active.", code="agent.inactive")
    return agent


async def _require_line(connection: AsyncConnection, tenant: Tenant, account: CarrierAccount) -> None:
    traits = account.carrier.traits
    given = tenant.settings.get("max_concurrent_calls")
    usual = MOST_AT_ONCE if traits.dials else MOST_SIMULATED
    most = given if isinstance(given, int) and not isinstance(given, bool) and given >= 0 else usual
    if await store.count_active(connection, tenant.id, traits.name) >= most:
        raise TooMany(f"All {most} lines are busy; try again.", code="call.no_line", retry_after=_NEXT_LINE)


async def _own_number(connection: AsyncConnection, agent: Agent, account: CarrierAccount) -> str:
    """The number the call comes from: the agent's own at this carrier, else the account's."""
    traits = account.carrier.traits
    mapped = await store.numbers.by(connection, agent.tenant_id, agent_id=agent.id, carrier=traits.name)
    number = account.from_number if mapped is None else mapped.number
    if traits.dials and not number:
        raise CallInitiationError(
            "There is no number to call from: set RETELL_FROM_NUMBER, or map one to the agent (POST /phone-numbers).",
            code="call.no_own_number",
        )
    return number or ""
