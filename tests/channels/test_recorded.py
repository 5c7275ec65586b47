"""Recording a call: asked for and announced or not at all, heard by who may, and gone when it should be."""

from __future__ import annotations

import asyncio
import io
import json
import os
import signal
import sys
import wave
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from sqlalchemy import text
from typing_extensions import override

from parley.app.resources import Resources
from parley.kit.files import Files
from parley.kit.ids import new_id
from parley.kit.secrets import SealBroken
from parley.recordings import Recordings, Tape
from parley.recordings.tape import PIECE_BYTES, PIECE_SECONDS
from tests.channels.test_chat import furnish
from tests.channels.test_twilio import made, played, sid
from tests.channels.test_voice import QUESTION, address, call, chunk, until
from tests.channels.twilio_peer import CALLER, stream, ulaw
from tests.conftest import SECRET, Business
from tests.patience import PATIENCE

__all__ = ["address"]
pytestmark = pytest.mark.anyio

ON = {"voice_settings": {"recording": True}, "prompts": {"greeting": "Good evening."}}
NOTICE = "This call is recorded."


@pytest.fixture
def folder(settings: Any) -> Path:
    """Where the recordings of this worker lie."""
    return Path(settings.data_dir) / "recordings"


async def talk(business: Business, address: str, *, waits: bool = True) -> str:
    """A question asked by voice; returns the conversation's id."""
    async with call(address, business) as line:
        await line.send(json.dumps({"event": "start"}))
        if waits:
            await until(line, "reply_heard")
        await line.send(chunk(QUESTION))
        await until(line, "metrics")
        await line.send(json.dumps({"event": "end"}))
        await until(line, "ended")
    return await conversation(business)


async def conversation(business: Business) -> str:
    [logged] = (await business.owner.get("/api/conversations")).json()["conversations"]
    return str(logged["id"])


async def recordings(business: Business, conversation_id: str) -> list[dict[str, Any]]:
    answer = await business.owner.get(f"/conversations/{conversation_id}/recordings")
    assert answer.status_code == 200, answer.text
    return list(answer.json()["recordings"])


def files(folder: Path, business: Business) -> list[Path]:
    return sorted((folder / business.id).glob("*")) if (folder / business.id).exists() else []


def loud(track: Any, stretch: dict[str, Any]) -> float:
    """How loud a track is from the first to the last moment of a stretch."""
    return float(np.abs(track[stretch["start_ms"] * 16 : stretch["end_ms"] * 16].astype(float)).mean())


async def test_nothing_is_recorded_unless_it_is_asked_for(business: Business, address: str, folder: Path) -> None:
    await furnish(business, prompts={"greeting": "Good evening."})
    talked = await talk(business, address)
    assert await recordings(business, talked) == []
    assert (await business.owner.get(f"/conversations/{talked}/recording")).status_code == 404
    assert files(folder, business) == []


async def test_a_recorded_call_is_announced_and_heard_as_it_was(
    business: Business, rival: Business, anyone: httpx.AsyncClient, address: str
) -> None:
    await furnish(business, **ON)
    talked = await talk(business, address)
    lines = (await business.owner.get(f"/conversations/{talked}/messages")).json()["messages"]
    assert lines[0]["content"] == f"{NOTICE} Good evening."
    [kept] = await recordings(business, talked)
    path = f"/conversations/{talked}/recording"
    answer = await business.owner.get(path)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "audio/wav")
    assert len(answer.content) == kept["size"] == int(answer.headers["content-length"])
    with wave.open(io.BytesIO(answer.content)) as sound:
        assert (sound.getnchannels(), sound.getframerate()) == (2, 16_000)
        assert sound.getnframes() // 16 == kept["duration_ms"]
        tracks = np.frombuffer(sound.readframes(sound.getnframes()), np.int16).reshape(-1, 2)
    greeting, asked, answered = kept["timeline"]
    assert [one["role"] for one in kept["timeline"]] == ["agent", "user", "agent"]
    assert greeting["complete"]
    assert [one["message_id"] for one in kept["timeline"]] == [None, lines[1]["id"], lines[1]["id"]]
    assert lines[2]["reply_to"] == lines[1]["id"]
    assert greeting["start_ms"] < greeting["end_ms"] <= asked["start_ms"] < asked["end_ms"] <= answered["start_ms"]
    caller, agent = tracks[:, 0], tracks[:, 1]
    assert loud(agent, greeting) > 300
    assert loud(agent, answered) > 300
    assert loud(caller, asked) > 300
    assert loud(agent, asked) < 5, "each on a track of their own"
    assert loud(caller, greeting) < 5
    for client, code in ((anyone, 401), (rival.owner, 404)):
        for where in (path, f"{path}s"):
            assert (await client.get(where)).status_code == code


async def test_a_part_of_it_is_enough(business: Business, address: str) -> None:
    await furnish(business, **ON)
    path = f"/conversations/{await talk(business, address)}/recording"
    whole = (await business.owner.get(path)).content
    size = len(whole)
    for asked, first, last in (
        ("bytes=0-43", 0, 43),
        ("bytes=44-", 44, size - 1),
        ("bytes=-100", size - 100, size - 1),
        (f"bytes=100-{size + 500}", 100, size - 1),
        (f"bytes=-{size + 1}", 0, size - 1),
    ):
        part = await business.owner.get(path, headers={"Range": asked})
        assert (part.status_code, part.headers["content-range"]) == (206, f"bytes {first}-{last}/{size}")
        assert part.content == whole[first : last + 1]
    for asked in (f"bytes={size}-", "bytes=5-4", "bytes=-0", "bytes=-", "items=1-2", "bytes=0-1,5-6"):
        refused = await business.owner.get(path, headers={"Range": asked})
        assert (refused.status_code, refused.headers["content-range"]) == (416, f"bytes */{size}")
    other = await business.owner.get(path, headers={"Range": "bytes=0-1", "If-Range": '"another"'})
    assert (other.status_code, len(other.content)) == (200, size)
    assert (await business.owner.get(f"{path}?part=2")).status_code == 404
    entries = (await business.owner.get("/audit?limit=500")).json()
    assert "recording.read" in json.dumps(entries)


async def test_who_talks_over_the_announcement_is_not_recorded(business: Business, address: str, folder: Path) -> None:
    await furnish(business, **ON)
    async with call(address, business) as line:
        await line.send(json.dumps({"event": "start"}))
        await until(line, "audio_response")
        await line.send(json.dumps({"event": "interrupt"}))
        await line.send(json.dumps({"event": "text", "text": "Can I bring my dog?"}))
        await until(line, "metrics")
        await line.send(json.dumps({"event": "end"}))
        await until(line, "ended")
    assert await recordings(business, await conversation(business)) == []
    assert files(folder, business) == []


async def test_a_telephone_call_is_recorded_too(business: Business, address: str) -> None:
    own = "We record this call, as you asked us to."
    agent = await furnish(business, **{**ON, "voice_settings": {"recording": True, "recording_announcement": own}})
    line = await made(business, address, agent)
    dialled = sid()
    url, token, _ = await line.dial(dialled)
    async with stream(url, token, dialled) as phone:
        await phone.until("mark")
        await asyncio.wait_for(played(phone), PATIENCE)
        await phone.say(ulaw(QUESTION))
        await phone.until("mark", len(phone.of("mark")) + 1)
        await phone.hang_up()
    await line.over()
    assert (await line.lines())[0][1] == f"{own} Good evening."
    [kept] = await recordings(business, await conversation(business))
    assert kept["timeline"][0]["role"] == "agent"
    assert kept["duration_ms"] > 2000


@pytest.mark.parametrize("mode", ["masked", "metadata_only"])
async def test_who_keeps_no_words_keeps_no_sound(
    business: Business, resources: Resources, address: str, mode: str, folder: Path
) -> None:
    """Refused when the agent is saved, from either side; and where the conversation itself is masked."""
    private = {"name": "Private", "privacy": {"mode": mode}}
    refused = await business.owner.post("/agents", json={**private, "voice_settings": {"recording": True}})
    assert refused.status_code == 422
    assert "voice_settings.recording" in refused.text
    agent = await furnish(business, **ON)
    refused = await business.owner.patch(f"/agents/{agent}", json={"privacy": {"mode": mode}})
    assert refused.status_code == 422
    recording: dict[str, Any] = {"recording": True}
    for wrong in (
        {"recording": "yes"},
        {"recording": 1},
        {**recording, "recording_announcement": " "},
        {**recording, "recording_announcement": 5},
    ):
        answer = await business.owner.patch(f"/agents/{agent}", json={"voice_settings": wrong})
        assert answer.status_code == 422, answer.text
    async with call(address, business) as line:
        await line.send(json.dumps({"event": "start"}))
        await until(line, "reply_heard")
        await line.send(json.dumps({"event": "text", "text": "Can I bring my dog?"}))
        await until(line, "metrics")
        async with resources.db.begin(business.id) as connection:
            await connection.execute(text("UPDATE conversations SET privacy = :mode"), {"mode": mode})
        await line.send(json.dumps({"event": "end"}))
        await until(line, "ended")
    assert files(folder, business) == []


async def gone(resources: Resources, folder: Path, business: Business) -> None:
    """What is nobody's is removed by the job."""
    assert len(files(folder, business)) == 1
    await resources.recordings.sweep()
    assert files(folder, business) == []
    async with resources.db.begin(business.id) as connection:
        assert (await connection.execute(text("SELECT count(*) FROM recordings"))).scalar_one() == 0


async def kept_one(resources: Resources, business: Business, user_id: str | None = None) -> str:
    """A conversation with a recording, made without a call."""
    body = {"message": "Hello, my number is +1 608 555 0199.", "user_id": user_id}
    talked = str((await business.owner.post("/chat/message", json=body)).json()["conversation_id"])
    tape = Tape(open=True)
    tape.hear(bytes(640))
    await resources.recordings.keep(resources.recordings.reel(business.id, tape), talked, datetime.now(UTC))
    return talked


@pytest.mark.parametrize("way", ["conversation", "recording", "person", "mention", "retention", "own retention"])
async def test_it_goes_with_what_it_belongs_to(
    business: Business, resources: Resources, folder: Path, way: str
) -> None:
    await furnish(business)
    talked = await kept_one(resources, business, CALLER if way == "person" else None)
    owner = business.owner
    if way == "conversation":
        assert (await owner.delete(f"/api/conversations/{talked}")).status_code == 204
    elif way == "recording":
        assert (await owner.delete(f"/conversations/{talked}/recording")).status_code == 204
        assert (await owner.delete(f"/conversations/{talked}/recording")).status_code == 404
    elif way in ("person", "mention"):
        who = {"user_id": CALLER} if way == "person" else {"phone": "+16085550199"}
        if way == "person":
            shown = (await owner.post("/privacy/export", json=who)).json()
            assert [one["conversation_id"] for one in shown["recordings"]] == [talked]
        receipt = await owner.post("/privacy/erase", json=who)
        assert receipt.json()["counts"]["recordings"] == 1, receipt.text
    else:
        setting = "retention_days" if way == "retention" else "recording_retention_days"
        async with resources.db.begin(business.id) as connection:
            await connection.execute(text("UPDATE conversations SET last_message_at = now() - interval '9 days'"))
            await connection.execute(text("UPDATE recordings SET started_at = now() - interval '9 days'"))
        await resources.retention.forget(business.id, {setting: 10})
        assert len(await recordings(business, talked)) == 1
        await resources.retention.forget(business.id, {setting: 8})
    assert (await owner.get(f"/conversations/{talked}/recording")).status_code == 404
    await gone(resources, folder, business)


async def test_a_tenant_that_is_gone_leaves_no_sound(
    business: Business, admin: httpx.AsyncClient, resources: Resources, folder: Path
) -> None:
    await furnish(business)
    await kept_one(resources, business)
    assert len(files(folder, business)) == 1
    await resources.recordings.tidy()
    assert len(files(folder, business)) == 1
    assert (await admin.delete(f"/tenants/{business.id}")).status_code == 204
    await resources.recordings.tidy()
    assert not (folder / business.id).exists()


@pytest.mark.parametrize("breaks_at", [0, 2])
async def test_a_place_that_cannot_be_written_to_ends_no_call_badly(
    business: Business, resources: Resources, folder: Path, breaks_at: int
) -> None:
    """What was written before is kept."""
    await furnish(business)
    here = resources.recordings
    talked = await kept_one(resources, business)
    tape = Tape(open=True)
    reel = here.reel(business.id, tape)
    broken = SometimesFull(str(folder), breaks_at)
    full = Recordings(
        here._db,
        here._clock,
        here._jobs,
        here._transcripts,
        here._businesses,
        broken,
        here._keyring,
        here._holder,
    )
    for _ in range(4):
        said(tape, PIECE_SECONDS)
        await full.wind(reel, talked, datetime.now(UTC))
    await full.keep(reel, talked, datetime.now(UTC))
    assert [one["duration_ms"] for one in await recordings(business, talked)][1:] == (
        [breaks_at * PIECE_SECONDS * 1000] if breaks_at else []
    )
    assert len(files(folder, business)) == (2 if breaks_at else 1)
    async with resources.db.begin(business.id) as connection:
        assert (await connection.execute(text("SELECT count(*) FROM recordings"))).scalar_one() == 1 + bool(breaks_at)


class SometimesFull(Files):
    """A disk that is full after so many files."""

    def __init__(self, url: str, after: int) -> None:
        super().__init__(url)
        self._left = after

    @override
    async def write(self, name: str, data: bytes) -> None:
        self._left -= 1
        if self._left < 0:
            raise OSError("No space left on device")
        await super().write(name, data)


def said(tape: Tape, seconds: float, level: int = 900) -> None:
    """So many seconds of a caller, each sample the same."""
    for _ in range(round(seconds * 50)):
        tape.hear(np.full(320, level, np.int16).tobytes())


async def test_on_disk_nothing_can_be_heard(business: Business, resources: Resources, folder: Path) -> None:
    await furnish(business)
    talked = await kept_one(resources, business)
    tape = Tape(open=True)
    said(tape, 12)
    await resources.recordings.keep(resources.recordings.reel(business.id, tape), talked, datetime.now(UTC))
    pieces = [piece for piece in (folder / business.id).rglob("*") if piece.is_file()]
    assert len(pieces) == 4, "one, and three of five seconds at most"
    for piece in pieces:
        sealed = piece.read_bytes()
        assert b"RIFF" not in sealed
        assert np.full(8, 900, np.int16).tobytes() not in sealed
    [_, kept] = await recordings(business, talked)
    path = f"/conversations/{talked}/recording?part=2"
    whole = (await business.owner.get(path)).content
    assert len(whole) == kept["size"]
    with wave.open(io.BytesIO(whole)) as sound:
        tracks = np.frombuffer(sound.readframes(sound.getnframes()), np.int16).reshape(-1, 2)
    assert (tracks[:, 0] == 900).all()
    assert len(tracks) == 12 * 16_000
    border = 44 + PIECE_BYTES
    for first, last in ((border - 3, border + 3), (10, border + PIECE_BYTES + 7), (border, border), (0, 43), (43, 44)):
        part = await business.owner.get(path, headers={"Range": f"bytes={first}-{last}"})
        assert part.content == whole[first : last + 1]


async def test_a_piece_that_was_altered_or_swapped_is_not_played(
    business: Business, resources: Resources, folder: Path
) -> None:
    await furnish(business)
    talked = await kept_one(resources, business)
    tape = Tape(open=True)
    said(tape, 12)
    await resources.recordings.keep(resources.recordings.reel(business.id, tape), talked, datetime.now(UTC))
    [_, kept] = await recordings(business, talked)
    one, other = (folder / business.id / kept["id"] / name for name in ("000000", "000001"))
    sealed = one.read_bytes()
    for wrong in (other.read_bytes(), sealed[:-1], sealed[:-1] + bytes([sealed[-1] ^ 1]), b""):
        one.write_bytes(wrong)
        answer = await business.owner.get(f"/conversations/{talked}/recording?part=2")
        assert (answer.status_code >= 400, answer.json()["code"]) == (True, "secret.unreadable")


async def test_another_tenants_key_opens_nothing(business: Business, rival: Business, resources: Resources) -> None:
    await furnish(business)
    await kept_one(resources, business)
    here = resources.recordings
    async with resources.db.begin(business.id) as connection:
        [row] = (await connection.execute(text("SELECT id, key FROM recordings"))).all()
    assert here._lock(business.id).open(row.key, row.id)
    for lock, bound_to in ((here._lock(rival.id), row.id), (here._lock(business.id), new_id())):
        with pytest.raises(SealBroken):
            lock.open(row.key, bound_to)


async def test_what_was_recorded_when_the_process_was_killed_is_kept(
    business: Business, resources: Resources, folder: Path, database_url: str
) -> None:
    """The process is another one, recording 11 of 12 seconds' talk when it is killed."""
    await furnish(business)
    talked = await kept_one(resources, business)
    script = KILLED.format(
        url=database_url,
        folder=str(folder),
        secret=SECRET,
        tenant=business.id,
        conversation=talked,
    )
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", script, stdout=asyncio.subprocess.PIPE, env={**os.environ}
    )
    assert process.stdout is not None
    async with asyncio.timeout(PATIENCE):
        assert (await process.stdout.readline()).strip() == b"written"
    assert len(await recordings(business, talked)) == 1, "it is still being recorded"
    await resources.recordings.sweep()
    assert len(await recordings(business, talked)) == 1, "and its process lives"
    process.send_signal(signal.SIGKILL)
    await process.wait()
    async with asyncio.timeout(PATIENCE):
        while len(await recordings(business, talked)) == 1:
            await resources.recordings.sweep()
    [_, kept] = await recordings(business, talked)
    assert kept["duration_ms"] == 10_000, "but for what was not a whole piece"
    whole = (await business.owner.get(f"/conversations/{talked}/recording?part=2")).content
    with wave.open(io.BytesIO(whole)) as sound:
        assert sound.getnframes() == 160_000
        tracks = np.frombuffer(sound.readframes(sound.getnframes()), np.int16).reshape(-1, 2)
    assert (tracks[:, 0] == 900).all()
    assert (await business.owner.delete(f"/conversations/{talked}/recording")).status_code == 204
    await resources.recordings.sweep()
    assert files(folder, business) == []


KILLED = """
import asyncio
from datetime import UTC, datetime
from pathlib import Path
from parley.app.resources import open_resources
from parley.app.settings import Settings
from parley.recordings import Tape
from tests.patience import PATIENCE

async def main():
    settings = Settings.model_construct(data_dir=Path({folder!r}).parent)
    async with open_resources(settings, {url!r}, {secret!r}) as here:
        tape = Tape(open=True)
        for _ in range(11 * 50):
            tape.hear(b"\\x84\\x03" * 320)
        reel = here.recordings.reel({tenant!r}, tape)
        await here.recordings.wind(reel, {conversation!r}, datetime.now(UTC))
        print("written", flush=True)
        await asyncio.sleep(600)

asyncio.run(main())
"""


async def test_what_is_erased_while_it_is_recorded_is_gone(
    business: Business, resources: Resources, folder: Path
) -> None:
    await furnish(business)
    talked = await kept_one(resources, business)
    here, tape = resources.recordings, Tape(open=True)
    reel = here.reel(business.id, tape)
    said(tape, PIECE_SECONDS)
    await here.wind(reel, talked, datetime.now(UTC))
    assert len(files(folder, business)) == 2
    assert (await business.owner.delete(f"/api/conversations/{talked}")).status_code == 204
    said(tape, PIECE_SECONDS)
    await here.wind(reel, talked, datetime.now(UTC))
    assert tape.is_off
    await here.keep(reel, talked, datetime.now(UTC))
    await here.sweep()
    assert files(folder, business) == []


async def test_one_that_is_older_than_sealing_is_played_as_it_is(
    business: Business, resources: Resources, folder: Path
) -> None:
    await furnish(business)
    talked = await kept_one(resources, business)
    [kept] = await recordings(business, talked)
    whole = (await business.owner.get(f"/conversations/{talked}/recording")).content
    await Files(str(folder)).write(f"{business.id}/{kept['id']}.wav", whole)
    async with resources.db.begin(business.id) as connection:
        await connection.execute(text("UPDATE recordings SET key = NULL, pieces = 0"))
    part = await business.owner.get(f"/conversations/{talked}/recording", headers={"Range": "bytes=40-60"})
    assert part.content == whole[40:61]


async def test_any_place_that_fsspec_opens_will_do() -> None:
    files = Files(f"memory://{new_id()}")
    await files.write("a/b.wav", b"0123456789")
    assert await files.read("a/b.wav") == b"0123456789"
    file = await files.open("a/b.wav")
    await file.seek(4)
    assert await file.read(3) == b"456"
    await file.aclose()
    assert await files.folders() == ["a"]
    await files.remove("a")
    await files.remove("a")
    assert await files.folders() == []
    for ask in (files.open, files.read):
        with pytest.raises(FileNotFoundError):
            await ask("a/b.wav")
