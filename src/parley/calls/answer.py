"""A carrier dials one of our lines: which call is it, and may it be answered?"""

from __future__ import annotations

from parley.calls import store
from parley.calls.carriers import CarrierChoice
from parley.calls.failures import CallInitiationError
from parley.calls.progress import Progress
from parley.calls.record import CallRecord
from parley.calls.secrets import LineSecrets
from parley.inference.errors import ProviderError
from parley.kit import log
from parley.kit.db import Database
from parley.kit.errors import NotFound
from parley.kit.secrets import digest, same

_log = log.get("calls")


class Answering:
    """Lets carriers in by the secret of the line they dial."""

    def __init__(self, db: Database, choice: CarrierChoice, progress: Progress, secrets: LineSecrets) -> None:
        self._db = db
        self._choice = choice
        self._progress = progress
        self._secrets = secrets

    async def answer(self, token: str | None, carrier_call_id: str) -> CallRecord:
        """The call that a carrier dials us for; it is in progress from now on. Raises `NotFound`.

        `token` is the secret of the agent's line; without one only a call of ours that is in progress is answered. A
        call we have not heard of is asked about at the carrier: it may be one whose placing has not been answered yet,
        or one that comes in; made-up ids are neither.
        """
        async with self._db.begin_platform("carrier call → call") as connection:
            found = await store.find_line(connection, "call", carrier_call_id)
        if found is None:
            found = await self._unheard(token, carrier_call_id)
        call = await self._progress.get(*found)
        if token is None:
            if call.status != "in_progress":
                raise NotFound("call")
            return call
        agent_id = call.agent_config_id
        if agent_id is None or not same(digest(token), self._secrets.token_hash(agent_id)) or not call.is_active:
            raise NotFound("call")
        return await self._progress.started(*found)

    async def _unheard(self, token: str | None, carrier_call_id: str) -> tuple[str, str]:
        if token is None:
            raise NotFound("call")
        async with self._db.begin_platform("secret of a line → agent") as connection:
            line = await store.find_line(connection, "token", digest(token))
        if line is None:
            raise NotFound("call")
        tenant_id, agent_id = line
        async with self._db.begin(tenant_id) as connection:
            there = await store.carrier_agents.by(connection, tenant_id, token_hash=digest(token))
        try:
            account = await self._choice.account(tenant_id, "" if there is None else there.carrier)
            told = await account.carrier.look(carrier_call_id)
        except (ProviderError, CallInitiationError) as error:
            _log.warning("call.not_answered", agent_id=agent_id, code=error.code)
            raise NotFound("call") from error
        if told is None:
            raise NotFound("call")
        if told.call_id is not None:
            call = await self._progress.adopt(tenant_id, told.call_id, told)
        else:
            call = await self._progress.opened(tenant_id, agent_id, account.carrier.traits.name, told)
        return tenant_id, call.id
