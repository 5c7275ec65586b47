"""Telephone calls over Retell AI, through the official SDK.

Placing is never repeated here: a repetition could dial twice, and Retell's idempotency key holds for an hour only. What
reads is repeated by the SDK. Source: docs.retellai.com API reference (2026-08-12); retell-sdk 6.2.
"""

from __future__ import annotations

from collections.abc import Awaitable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, TypeVar

from typing_extensions import override

from parley.inference.carrier import (
    AgentSpec,
    Carrier,
    CarrierCall,
    CarrierTraits,
    PlaceCall,
    PlacingUnknown,
    PublishedAgent,
)
from parley.inference.errors import ProviderRefused, ProviderUnavailable
from parley.inference.retell_call import RECORD_KEY, read_call
from parley.kit import guard
from parley.providers import _retell_errors as errors
from parley.providers._retell_agents import agent_fields, differences

if TYPE_CHECKING:
    from retell import AsyncRetell

T = TypeVar("T")

BASE_URL: Final = "https://api.retellai.com"
TRAITS: Final = CarrierTraits("retell", dials=True, publishes_agents=True)
_VENDOR: Final = "retell"
_READ_SECONDS: Final = 10.0
_PLACE_SECONDS: Final = 30.0
_TRIES: Final = 2  # beyond the first, of what may be repeated


class Retell(Carrier):
    """A `Carrier` over one Retell account. `base_url` is without the API's version: the SDK adds it to each path."""

    def __init__(
        self,
        api_key: str,
        base_url: str | None = None,
        *,
        place_seconds: float = _PLACE_SECONDS,
        read_seconds: float = _READ_SECONDS,
        tries: int = _TRIES,
    ) -> None:
        self._api_key = api_key
        self._base_url = (base_url or BASE_URL).rstrip("/").removesuffix("/v2").removesuffix("/v3")
        self._place_seconds = place_seconds
        self._read_seconds = read_seconds
        self._tries = tries
        self._made: AsyncRetell | None = None

    @property
    @override
    def traits(self) -> CarrierTraits:
        return TRAITS

    @override
    async def place(self, call: PlaceCall) -> str:
        if not call.from_number:
            raise ProviderRefused("No number to call from is set: RETELL_FROM_NUMBER.", vendor=_VENDOR)
        order: dict[str, Any] = {
            "from_number": call.from_number,
            "to_number": call.to_number,
            "metadata": {RECORD_KEY: call.call_id},
            "retell_llm_dynamic_variables": {name: str(value) for name, value in call.variables.items()},
            "idempotency_key": call.call_id,
        }
        if call.agent is not None:
            order |= {"override_agent_id": call.agent.id, "override_agent_version": call.agent.version}
        client = self._client()
        placed = client.call.with_raw_response.create_phone_call(**order, max_retries=0, timeout=self._place_seconds)
        try:
            answer = await _json(placed)
        except errors.SDK_ERRORS as error:
            raise errors.of_placing(error) from error
        call_id = answer.get("call_id")
        if not isinstance(call_id, str) or not call_id:
            raise PlacingUnknown("Retell answered without a call id.", vendor=_VENDOR)
        return call_id

    @override
    async def stop(self, carrier_call_id: str) -> None:
        guard.require_no_transaction("a call to Retell")
        try:
            await self._client().call.stop(carrier_call_id)
        except errors.SDK_ERRORS as error:
            if errors.status_of(error) not in (400, 404, 409, 422):  # unknown, or over already
                raise errors.of(error) from error

    @override
    async def look(self, carrier_call_id: str) -> CarrierCall | None:
        try:
            return read_call(await _json(self._client().call.with_raw_response.retrieve(carrier_call_id)))
        except errors.SDK_ERRORS as error:
            if errors.status_of(error) in (404, 422):
                return None
            raise errors.of(error) from error

    @override
    async def find(self, call_id: str) -> CarrierCall | None:
        wanted = {"type": "string", "op": "eq", "key": RECORD_KEY, "value": call_id}
        # A kept-alive connection may be dead by now, the more so after a lost answer; asking again dials nothing.
        reader = self._client().with_options(max_retries=max(1, self._tries))
        listing = reader.call.with_raw_response.list(
            filter_criteria={"metadata": [wanted]},  # type: ignore[arg-type]
            limit=1,
            timeout=self._read_seconds,
        )
        answer = await self._read(listing)
        for item in answer.get("items") or ():
            found = read_call(item) if isinstance(item, Mapping) else None
            if found is not None and found.call_id == call_id:
                return await self.look(found.id) or found  # listed calls come without their transcript
        return None

    @override
    async def publish_agent(self, spec: AgentSpec, existing: PublishedAgent | None) -> PublishedAgent:
        fields = agent_fields(spec)
        draft = None if existing is None else await self._update(existing, fields)
        if draft is None:
            draft = await self._read(self._client().agent.with_raw_response.create(**fields))
        made = _published(draft)
        if not draft.get("is_published"):
            await self._publish(made)
        return made

    @override
    async def drift(self, spec: AgentSpec, existing: PublishedAgent) -> Sequence[str]:
        agent = self._client().agent.with_raw_response
        try:
            there = await _json(agent.retrieve(existing.id, version=existing.version))
        except errors.SDK_ERRORS as error:
            if errors.status_of(error) == 404:
                return [f"Retell does not know {existing.id} in version {existing.version}"]
            raise errors.of(error) from error
        return differences(agent_fields(spec), there)

    @override
    async def assign_number(self, number: str, agent: PublishedAgent, inbound_webhook_url: str) -> None:
        bound = [{"agent_id": agent.id, "agent_version": agent.version, "weight": 1.0}]
        change = self._client().phone_number.with_raw_response.update(
            number,
            inbound_agents=bound,  # type: ignore[arg-type]
            outbound_agents=bound,  # type: ignore[arg-type]
            inbound_webhook_url=inbound_webhook_url,
        )
        await self._read(change)

    @override
    async def aclose(self) -> None:
        if self._made is not None:
            await self._made.close()

    async def _update(self, existing: PublishedAgent, fields: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """The draft with the fields in it; None where the agent is gone. A published version may refuse to be edited:
        then a draft is made of it first."""
        agent = self._client().agent
        try:
            return await _json(agent.with_raw_response.update(existing.id, **fields))
        except errors.SDK_ERRORS as error:
            status = errors.status_of(error)
            if status == 404:
                return None
            if status not in (400, 409, 412, 422):
                raise errors.of(error) from error
        draft = await self._read(agent.with_raw_response.create_version(existing.id, base_version=existing.version))
        return await self._read(agent.with_raw_response.update(existing.id, version=draft.get("version", 0), **fields))

    async def _publish(self, draft: PublishedAgent) -> None:
        """Under the path the SDK knows, else under the older one that some accounts still answer at."""
        client = self._client()
        try:
            await client.agent.publish(draft.id, version=draft.version)
        except errors.SDK_ERRORS as error:
            if errors.status_of(error) not in (404, 405):
                raise errors.of(error) from error
            try:
                await client.post(f"/publish-agent/{draft.id}", cast_to=object, body={"version": draft.version})
            except errors.SDK_ERRORS as again:
                raise errors.of(again) from again

    async def _read(self, call: Awaitable[Any]) -> Mapping[str, Any]:
        try:
            return await _json(call)
        except errors.SDK_ERRORS as error:
            raise errors.of(error) from error

    def _client(self) -> AsyncRetell:
        guard.require_no_transaction("a call to Retell")
        if self._made is None:
            from retell import AsyncRetell  # half a second to import

            self._made = AsyncRetell(
                api_key=self._api_key, base_url=self._base_url, max_retries=self._tries, timeout=self._read_seconds
            )
        return self._made


async def _json(call: Awaitable[Any]) -> Mapping[str, Any]:
    """The answer as it came: the SDK's models would drop what they do not know and refuse what has changed."""
    answer = (await call).http_response
    try:
        body = answer.json()
    except ValueError:
        return {}
    return body if isinstance(body, Mapping) else {}


def _published(draft: Mapping[str, Any]) -> PublishedAgent:
    agent_id, version = draft.get("agent_id"), draft.get("version", 0)
    if not isinstance(agent_id, str) or isinstance(version, bool) or not isinstance(version, int):
        raise ProviderUnavailable("Retell answered without an agent id.", vendor=_VENDOR)
    return PublishedAgent(agent_id, version)
