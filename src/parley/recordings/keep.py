"""Keeping a tape, reading it back, and letting it go.

A tape is written in pieces while it runs, each sealed (AES-256-GCM) with a key of the recording's own; that key lies in
its row, sealed with one derived for the tenant, so that without the row nobody hears the sound. The row is there before
the first piece, so that whatever is on disk is known, and counts the pieces that are whole: what a process that dies
leaves behind is all there but for its last seconds. The pieces are gone before the row.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncConnection

from parley.conversations import Transcripts
from parley.kit import log
from parley.kit.clock import Clock
from parley.kit.db import Database
from parley.kit.errors import NotFound
from parley.kit.files import Files
from parley.kit.ids import new_id
from parley.kit.jobs import Enqueue, Job
from parley.kit.secrets import Box, Keyring
from parley.recordings import store
from parley.recordings.playback import Playback
from parley.recordings.tape import FRAME_BYTES, HEAD, PIECE_BYTES, RATE, Tape
from parley.tenants import Businesses, Principal, record_audit

SWEEP: Final = "recordings.sweep"
TIDY: Final = "recordings.tidy"
_EVERY_MINUTE: Final = "* * * * *"
_EVERY_NIGHT: Final = "47 3 * * *"
_AT_ONCE: Final = 200
_log = log.get("recordings")


@dataclass(slots=True)
class Reel:
    """One tape on its way to where recordings lie. `recording` is None until something of it is there."""

    tenant_id: str
    tape: Tape
    recording: store.Recording | None = None
    box: Box | None = None


class Recordings:
    """Recordings of all tenants. `holder`: this process as the database knows it."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        jobs: Enqueue,
        transcripts: Transcripts,
        businesses: Businesses,
        files: Files,
        keyring: Keyring,
        holder: int,
    ) -> None:
        self._db = db
        self._clock = clock
        self._jobs = jobs
        self._transcripts = transcripts
        self._businesses = businesses
        self._files = files
        self._keyring = keyring
        self._holder = holder

    def background(self) -> Sequence[Job]:
        """The jobs, to be registered with the queue."""
        return [
            Job(SWEEP, self.sweep, attempts=1, cron=_EVERY_MINUTE),
            Job(TIDY, self.tidy, attempts=1, cron=_EVERY_NIGHT),
        ]

    def reel(self, tenant_id: str, tape: Tape) -> Reel:
        """Something to wind a tape onto."""
        return Reel(tenant_id, tape)

    async def wind(self, reel: Reel, conversation_id: str | None, started_at: datetime | None) -> None:
        """Write down what came off the tape since, once the caller's track is open and the conversation on record; one
        that keeps no words as they were spoken is not recorded. Trouble is reported and ends the recording there, never
        the call."""
        if reel.tape.is_off or not reel.tape.open or conversation_id is None or started_at is None:
            return
        try:
            if reel.recording is None:
                await self._begin(reel, conversation_id, started_at)
            while (piece := reel.tape.take()) is not None:
                await self._write(reel, piece)
        except Exception:  # noqa: BLE001 - a disk that is full must not keep a call from going on and being written down
            _log.exception("recording.not_kept", conversation_id=conversation_id)
            reel.tape.stop()

    async def keep(self, reel: Reel, conversation_id: str | None, started_at: datetime | None) -> None:
        """The talk is over: write the rest, and let the recording be heard."""
        reel.tape.finish()
        await self.wind(reel, conversation_id, started_at)
        reel.tape.stop()
        recording = reel.recording
        if recording is None:
            return
        try:
            if not recording.pieces:
                await self._remove(recording)
                return
            async with self._db.begin(recording.tenant_id) as connection:
                kept = await store.change(connection, recording, {"status": "ready", "timeline": reel.tape.timeline()})
            if kept is None:
                await self._remove(recording)
        except Exception:  # noqa: BLE001 - the end of a call; the job finishes what is left
            _log.exception("recording.not_kept", conversation_id=conversation_id)

    async def _begin(self, reel: Reel, conversation_id: str, started_at: datetime) -> None:
        if not await self._may(reel.tenant_id, conversation_id):
            reel.tape.stop()
            return
        recording_id, key = new_id(), Box.new_key()
        row: dict[str, Any] = {
            "id": recording_id,
            "tenant_id": reel.tenant_id,
            "conversation_id": conversation_id,
            "status": "writing",
            "started_at": started_at,
            "created_at": self._clock.now(),
            "timeline": [],
            "duration_ms": 0,
            "size": 0,
            "key": self._lock(reel.tenant_id).seal(key, recording_id),
            "pieces": 0,
            "piece_bytes": PIECE_BYTES,
            "holder": self._holder,
            "touched_at": self._clock.now(),
        }
        async with self._db.begin(reel.tenant_id) as connection:
            reel.recording = await store.add(connection, row)
        reel.box = Box(key)

    async def _write(self, reel: Reel, piece: bytes) -> None:
        """One piece more; the row counts those that are whole."""
        recording = reel.recording
        assert recording is not None  # noqa: S101 - begun
        assert reel.box is not None  # noqa: S101
        sealed = await asyncio.to_thread(reel.box.seal, piece, recording.bound(recording.pieces))
        await self._files.write(recording.piece(recording.pieces), sealed)
        sound = max(recording.size - HEAD, 0) + len(piece)
        values = {
            "pieces": recording.pieces + 1,
            "size": HEAD + sound,
            "duration_ms": sound // FRAME_BYTES * 1000 // RATE,
            "timeline": reel.tape.timeline(),
            "touched_at": self._clock.now(),
        }
        async with self._db.begin(reel.tenant_id) as connection:
            written = await store.change(connection, recording, values)
        if written is None:  # erased meanwhile
            reel.tape.stop()
            await self._remove(recording)
        reel.recording = written

    def _lock(self, tenant_id: str) -> Box:
        """What the keys of a tenant's recordings are sealed with."""
        return self._keyring.box(f"recordings:{tenant_id}")

    async def of(self, tenant_id: str, conversation_id: str) -> list[store.Recording]:
        """A conversation's recordings, oldest first: one per connection. Raises `NotFound`."""
        await self._transcripts.get(tenant_id, conversation_id)
        async with self._db.begin(tenant_id) as connection:
            return await store.of_conversation(connection, tenant_id, conversation_id)

    async def open(
        self, who: Principal, tenant_id: str, conversation_id: str, part: int, *, from_start: bool
    ) -> tuple[store.Recording, Playback]:
        """One recording, to be heard; that somebody began to listen is on record. Raises `NotFound`, and `SealBroken`
        where SECRET_KEY is another than that it was made with."""
        found = await self.of(tenant_id, conversation_id)
        if not 1 <= part <= len(found):
            raise NotFound("recording")
        recording = found[part - 1]
        key = recording.key and self._lock(tenant_id).open(recording.key, recording.id)
        playback = Playback(self._files, recording, Box(key) if key else None)
        try:
            await (playback.piece(0) if key else anext(playback.part(0, 0)))
        except FileNotFoundError as error:
            _log.error("recording.file_missing", recording_id=recording.id)
            raise NotFound("recording") from error
        if from_start:
            async with self._db.begin(tenant_id) as connection:
                await record_audit(connection, who, tenant_id, "recording.read", recording.id)
        return recording, playback

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
        """The job: finish recordings whose process is gone; remove the files of those that are nobody's, then their
        rows."""
        async with self._db.begin_platform("recordings that broke off") as connection:
            broken = await store.find_broken(connection, _AT_ONCE)
        for tenant_id, recording_id in broken:
            async with self._db.begin(tenant_id) as connection:
                recording = await store.finish_broken(connection, tenant_id, recording_id)
            if recording is not None and not recording.pieces:
                await self._remove(recording)
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
        await self._files.remove(recording.plain_file if recording.key is None else recording.folder)
        async with self._db.begin(recording.tenant_id) as connection:
            await store.remove(connection, recording.tenant_id, recording.id)

    async def _sweep_soon(self, connection: AsyncConnection) -> None:
        await self._jobs.enqueue(connection, SWEEP, once=SWEEP)
