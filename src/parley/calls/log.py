"""Reading calls, and calling one off."""

from __future__ import annotations

from parley.calls import store
from parley.calls.carriers import CarrierChoice
from parley.calls.close import Closing
from parley.calls.failures import CallInitiationError, DataExtractionError
from parley.calls.place import Placing
from parley.calls.progress import Progress
from parley.calls.record import CallRecord
from parley.calls.transcript import CallTranscripts, Said, as_text
from parley.inference.errors import ProviderError
from parley.kit import log
from parley.kit.db import Database
from parley.kit.errors import InvalidInput
from parley.tenants import Principal, record_audit

_log = log.get("calls")


class CallLog:
    """The calls of all tenants."""

    def __init__(
        self,
        db: Database,
        choice: CarrierChoice,
        placing: Placing,
        progress: Progress,
        closing: Closing,
        transcripts: CallTranscripts,
    ) -> None:
        self._db = db
        self._choice = choice
        self._placing = placing
        self._progress = progress
        self._closing = closing
        self._transcripts = transcripts

    async def get(self, tenant_id: str, call_id: str) -> CallRecord:
        """The call, or `NotFound`."""
        return await self._progress.get(tenant_id, call_id)

    async def page(self, tenant_id: str, limit: int, cursor: str | None, **filters: str | None) -> list[CallRecord]:
        """The newest `limit` + 1 before `cursor`; filters that are None do not filter."""
        async with self._db.begin(tenant_id) as connection:
            return await store.calls.page(connection, tenant_id, limit, cursor, **filters)

    async def said(self, tenant_id: str, call_id: str) -> tuple[CallRecord, list[Said], str | None]:
        """The call, its lines so far, and the same as one text."""
        call = await self.get(tenant_id, call_id)
        lines = await self._transcripts.of(call)
        return call, lines, call.raw_transcript or as_text(lines)

    async def cancel(self, who: Principal, tenant_id: str, call_id: str) -> CallRecord:
        """Call it off, whatever state it is in; one that is over stays as it is. A carrier that cannot be told now is
        told again later."""
        before = await self.get(tenant_id, call_id)
        call = await self._progress.cancelled(tenant_id, call_id)
        if before.is_active and call.status == "cancelled":
            async with self._db.begin(tenant_id) as connection:
                await record_audit(connection, who, tenant_id, "call.cancelled", call_id)
        if not call.stop_wanted or call.retell_call_id is None:
            return call
        try:
            account = await self._choice.account(tenant_id, call.carrier)
        except CallInitiationError as error:
            _log.warning("call.not_stopped", call_id=call_id, code=error.code)
            return call
        return await self._placing.stop(call, account.carrier)

    async def extract_again(self, who: Principal, tenant_id: str, call_id: str) -> CallRecord:
        """Read the facts once more. Raises `DataExtractionError`."""
        call = await self.get(tenant_id, call_id)
        try:
            changed = await self._closing.find_again(call)
        except ProviderError as error:
            raise DataExtractionError(error.detail, code=error.code, retry_after=error.retry_after) from error
        except InvalidInput as error:
            raise DataExtractionError(error.detail, code=error.code, status=400) from error
        async with self._db.begin(tenant_id) as connection:
            await record_audit(connection, who, tenant_id, "call.extracted", call_id)
        return changed
