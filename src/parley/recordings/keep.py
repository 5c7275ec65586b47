"""Keeping a tape, reading it back, and letting it go.

The row is there before the file, so that whatever is on disk is known; the file is gone before the row.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncConnection

from parley.conversations import Transcripts
from parley.kit import log
from parley.kit.clock import Clock
from parley.kit.db import Database
from parley.kit.errors import NotFound
from parley.kit.files import Files, OpenFile
from parley.kit.ids import new_id
from parley.kit.jobs import Enqueue, Job
from parley.recordings import store
from parley.recordings.tape import Tape
from parley.tenants import Businesses, Principal, record_audit

SWEEP: Final = "recordings.sweep"
TIDY: Final = "recordings.tidy"
_EVERY_MINUTE: Final = "* * * * *"
_EVERY_NIGHT: Final = "47 3 * * *"
_AT_ONCE: Final = 200
_log = log.get("recordings")


class Recordings:
    """Recordings of all tenants."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        jobs: Enqueue,
        transcripts: Transcripts,
        businesses: Businesses,
        files: Files,
    ) -> None:
        self._db = db
        self._clock = clock
        self._jobs = jobs
        self._transcripts = transcripts
        self._businesses = businesses
        self._files = files

    def background(self) -> Sequence[Job]:
        """The jobs, to be registered with the queue."""
        return [
            Job(SWEEP, self.sweep, attempts=1, cron=_EVERY_MINUTE),
            Job(TIDY, self.tidy, attempts=1, cron=_EVERY_NIGHT),
        ]

    async def keep(self, tenant_id: str, conversation_id: str | None, tape: Tape, started_at: datetime | None) -> None:
        """Keep what is on the tape, unless the caller's track was never open or the conversation keeps no words as they
        were spoken. Closes the tape. A place that cannot be written to is reported, and the call is over all the same.
        """
        try:
            if (
                not tape.open
                or started_at is None
                or conversation_id is None
                or not await self._may(tenant_id, conversation_id)
            ):
                return
            source, size, duration_ms = await tape.finish()
            row: dict[str, Any] = {
                "id": new_id(),
                "tenant_id": tenant_id,
                "conversation_id": conversation_id,
                "status": "writing",
            }
            row |= {"started_at": started_at, "created_at": self._clock.now(), "timeline": tape.timeline()}
            async with self._db.begin(tenant_id) as connection:
                recording = await store.add(connection, {**row, "duration_ms": duration_ms, "size": size})
            await self._files.put(recording.file, source)
            async with self._db.begin(tenant_id) as connection:
                kept = await store.ready(connection, recording)
            if not kept:
                await self._remove(recording)
        except Exception:  # noqa: BLE001 - the end of a call: a disk that is full must not keep it from being written down
            _log.exception("recording.not_kept", conversation_id=conversation_id)
        finally:
            tape.close()

    async def of(self, tenant_id: str, conversation_id: str) -> list[store.Recording]:
        """A conversation's recordings, oldest first: one per connection. Raises `NotFound`."""
        await self._transcripts.get(tenant_id, conversation_id)
        async with self._db.begin(tenant_id) as connection:
            return await store.of_conversation(connection, tenant_id, conversation_id)

    async def open(
        self, who: Principal, tenant_id: str, conversation_id: str, part: int, *, from_start: bool
    ) -> tuple[store.Recording, OpenFile]:
        """One recording and its file; that somebody began to listen is on record. Raises `NotFound`."""
        found = await self.of(tenant_id, conversation_id)
        if not 1 <= part <= len(found):
            raise NotFound("recording")
        recording = found[part - 1]
        try:
            file = await self._files.open(recording.file)
        except FileNotFoundError as error:
            _log.error("recording.file_missing", recording_id=recording.id)
            raise NotFound("recording") from error
        if from_start:
            async with self._db.begin(tenant_id) as connection:
                await record_audit(connection, who, tenant_id, "recording.read", recording.id)
        return recording, file

    async def delete(self, who: Principal, tenant_id: str, conversation_id: str) -> None:
        """Delete a conversation's recordings; what was said stays on record. Raises `NotFound` where there are none."""
        async with self._db.begin(tenant_id) as connection:
            if not await store.orphan(connection, tenant_id, [conversation_id]):
                raise NotFound("recording")
            await record_audit(connection, who, tenant_id, "recording.deleted", conversation_id)
            await self._sweep_soon(connection)

    async def export_person(
        self, connection: AsyncConnection, tenant_id: str, conversation_ids: Collection[str]
    ) -> dict[str, list[dict[str, Any]]]:
        """What recordings there are of the person's own conversations; the sound is at the conversation's address."""
        return {"recordings": await store.of_conversations(connection, tenant_id, conversation_ids)}

    async def erase_person(
        self, connection: AsyncConnection, tenant_id: str, conversation_ids: Collection[str]
    ) -> dict[str, int]:
        """The recordings of conversations in which the person speaks or is spoken of go whole: nothing can be taken out
        of sound."""
        gone = await store.orphan(connection, tenant_id, conversation_ids)
        if gone:
            await self._sweep_soon(connection)
        return {"recordings": gone}

    async def forget_before(self, connection: AsyncConnection, tenant_id: str, cutoff: datetime) -> int:
        """Let recordings go that were begun before `cutoff`."""
        return await store.orphan_before(connection, tenant_id, cutoff)

    async def sweep(self, timestamp: int = 0) -> None:  # noqa: ARG002 - the queue's: when it was due
        """The job: remove the files of recordings that are nobody's, then their rows."""
        while True:
            async with self._db.begin_platform("recordings that are nobody's") as connection:
                found = await store.find_doomed(connection, _AT_ONCE)
            for tenant_id, recording_id in found:
                async with self._db.begin(tenant_id) as connection:
                    recording = await store.doomed(connection, tenant_id, recording_id)
                if recording is not None:
                    await self._remove(recording)
            if len(found) < _AT_ONCE:
                return

    async def tidy(self, timestamp: int = 0) -> None:  # noqa: ARG002
        """The job: remove what is left of tenants that are gone."""
        for folder in await self._files.folders():
            try:
                await self._businesses.get(folder)
            except NotFound:
                await self._files.remove(folder)

    async def _may(self, tenant_id: str, conversation_id: str) -> bool:
        try:
            found = await self._transcripts.get(tenant_id, conversation_id)
        except NotFound:  # erased meanwhile
            return False
        return found.conversation.privacy == "keep_all"

    async def _remove(self, recording: store.Recording) -> None:
        await self._files.remove(recording.file)
        async with self._db.begin(recording.tenant_id) as connection:
            await store.remove(connection, recording.tenant_id, recording.id)

    async def _sweep_soon(self, connection: AsyncConnection) -> None:
        await self._jobs.enqueue(connection, SWEEP, once=SWEEP)
