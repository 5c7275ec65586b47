"""Retell's side of the custom-LLM socket, as a test plays it: it keeps the transcript and reads our frames."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from parley.kit.duplex import Duplex
from tests.patience import PATIENCE


class Peer:
    """The carrier's end of a connection. What is spoken goes into the transcript only when the test says so."""

    def __init__(self, line: Duplex, transcript: list[dict[str, str]] | None = None, number: int = 0) -> None:
        self._line = line
        self.transcript = [] if transcript is None else transcript
        self.number = number
        self.seen: list[dict[str, Any]] = []

    async def frame(self) -> dict[str, Any]:
        """The next frame of ours."""
        async with asyncio.timeout(PATIENCE):
            received: dict[str, Any] = json.loads(await self._line.receive())
        self.seen.append(received)
        return received

    async def send(self, frame: dict[str, Any] | str) -> None:
        await self._line.send(frame if isinstance(frame, str) else json.dumps(frame))

    async def greeted(self) -> str:
        """Take the config and the greeting, which is then spoken."""
        assert (await self.frame())["response_type"] == "config"
        greeting = await self.frame()
        assert (greeting["response_id"], greeting["content_complete"]) == (0, True)
        self.spoken(greeting["content"])
        return str(greeting["content"])

    def spoken(self, words: str) -> None:
        """The caller heard this of the agent."""
        if words:
            self.transcript.append({"role": "agent", "content": words})

    def heard(self, words: str) -> None:
        """The caller said this."""
        self.transcript.append({"role": "user", "content": words})

    async def ask(self, kind: str = "response_required", **more: Any) -> int:
        """Request an answer to the transcript as it stands; returns the number."""
        self.number += 1
        frame = {"interaction_type": kind, "response_id": self.number, "transcript": self.transcript, **more}
        await self.send(frame)
        return self.number

    async def answer(self, number: int) -> list[dict[str, Any]]:
        """The frames of an answer up to its last; frames of others are in `seen`. A frame after the last is a fault."""
        frames: list[dict[str, Any]] = []
        while not (frames and frames[-1]["content_complete"]):
            frame = await self.frame()
            if frame["response_type"] == "response" and frame["response_id"] == number:
                frames.append(frame)
        return frames

    async def say(self, words: str) -> str:
        """One whole exchange: the caller speaks, the answer is spoken to its end. Returns it."""
        self.heard(words)
        said = content_of(await self.answer(await self.ask()))
        self.spoken(said)
        return said


def content_of(frames: list[dict[str, Any]]) -> str:
    """The words of an answer."""
    return "".join(frame["content"] for frame in frames).strip()
