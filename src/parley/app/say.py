"""`parley say`: a sound file speaks to an agent; what was understood and answered is printed, the reply written."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

import orjson
from rich.console import Console

from parley.app.resources import Resources
from parley.app.terminal import find_agent
from parley.channels import BrowserLine, Format, hold_call
from parley.kit.audio import wav

RATE = 16_000
_QUIET_SECONDS = 3.0  # without anything happening, once the agent has answered
_LONGEST_SECONDS = 600.0


class _Caller:
    """The far end of the line: plays the file, notes what comes back, hangs up when all is said."""

    def __init__(self, out: Console, sound: bytes) -> None:
        self._out = out
        self._sent = False
        self._sound = sound
        self._news = asyncio.Event()
        self._answered = False
        self._text: dict[int, str] = {}
        self.pcm = bytearray()
        self.errors: list[str] = []

    async def receive(self) -> MutableMapping[str, Any]:
        """The file, and later nothing more."""
        if not self._sent:
            self._sent = True
            event = {"event": "audio_chunk", "data": base64.b64encode(self._sound).decode()}
            return {"type": "websocket.receive", "text": orjson.dumps(event).decode()}
        while True:
            self._news.clear()
            try:
                async with asyncio.timeout(_QUIET_SECONDS if self._answered else 30.0):
                    await self._news.wait()
            except TimeoutError:
                return {"type": "websocket.disconnect"}

    async def send_text(self, data: str) -> None:
        """One event of the session."""
        event = orjson.loads(data)
        match event["event"]:
            case "transcript_final":
                self._out.print(f"[bold]You:[/bold] {event['text']}", highlight=False)
            case "reply_delta":
                self._text[event["reply"]] = self._text.get(event["reply"], "") + event["text"]
            case "audio_response":
                self.pcm += base64.b64decode(event["data"])
            case "action":
                self._out.print(f"[dim]{event['name']}: {'done' if event['ok'] else 'refused'}[/dim]", highlight=False)
            case "reply_heard":
                said = self._text.pop(event["reply"], event["text"]).strip()
                self._out.print(f"[bold]Agent:[/bold] [cyan]{said}[/cyan]", highlight=False)
            case "metrics":
                self._answered = True
                self._out.print(f"[dim]{_took(event)}[/dim]", highlight=False)
            case "error":
                self.errors.append(event["detail"])
                self._out.print(event["detail"], style="red", highlight=False, markup=False)
            case "agent_state" if event["state"] != "listening":
                self._answered = False
        self._news.set()

    async def send_bytes(self, data: bytes) -> None:
        """Sound comes as text here."""
        raise NotImplementedError


async def say(
    out: Console, here: Resources, file: Path, agent_name: str | None, tenant_name: str | None, target: Path | None
) -> None:
    """Play `file` to an agent. The reply goes to `target`, by default beside the file."""
    tenant, agent = await find_agent(here, agent_name, tenant_name)
    caller = _Caller(out, await asyncio.to_thread(file.read_bytes))
    line = BrowserLine(caller, Format(None, RATE), Format("pcm16", RATE), binary=False)
    listening, sending = asyncio.create_task(line.listen()), asyncio.create_task(line.send())
    try:
        async with asyncio.timeout(_LONGEST_SECONDS):
            await hold_call(here, agent, tenant.name, line, greets=False)
            line.close()
            await sending
    finally:
        listening.cancel()
        sending.cancel()
        await asyncio.gather(listening, sending, return_exceptions=True)
    if caller.pcm:
        target = target or file.with_name(f"{file.stem}.reply.wav")
        await asyncio.to_thread(target.write_bytes, wav(bytes(caller.pcm), RATE))
        out.print(f"The reply is in {target}.", highlight=False, markup=False)
    elif not caller.errors:
        out.print("Nothing was understood, and nothing answered.", style="red")


def _took(metrics: dict[str, Any]) -> str:
    named = (("decision_ms", "end of turn"), ("first_text_ms", "first words"), ("first_audio_ms", "first sound"))
    return ", ".join(f"{name} {metrics[key]:.0f} ms" for key, name in named if metrics.get(key) is not None)
