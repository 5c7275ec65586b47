"""One simulated call as Retell would carry it: the other end of the custom-LLM protocol, with a persona on the line.

It keeps the carrier's transcript and a clock of its own: words take as long as people take to say them, and with a
`speed` of 0 that time passes at once. What Retell does to us is done here too: half a sentence is asked about before it
is whole, an answer is talked over, a line that breaks is dialled again, silence is reminded of.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from random import Random
from typing import Any, Final

import orjson

from parley.kit.duplex import Closed, Duplex
from parley.personas import Caller, Line

WORDS_PER_SECOND: Final = 2.5  # 150 a minute
_SILENCE: Final = 10.0  # seconds after which Retell reminds us, and of which it tells how often
_MOST_SILENCES: Final = 3
_LONGEST: Final = 30 * 60.0
_MOST_TURNS: Final = 60
_ANSWERED_WITHIN: Final = 90.0  # of real time
_MOST_DIALS: Final = 4
_HASTY: Final = 0.15  # how often half a sentence is asked about
_HEARD: Final = 0.6  # of an answer that is talked over

Dial = Callable[[], Awaitable[Duplex]]


class LineLost(Exception):
    """The line to our engine broke for good. `reason` is Retell's word for it."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(slots=True)
class Utterance:
    """What one side said, and when, in seconds of the call; None where that is not known any more."""

    role: str
    content: str
    begin: float | None = None

    def shown(self) -> dict[str, Any]:
        """As it stands in the carrier's transcript."""
        if self.begin is None:
            return {"role": self.role, "content": self.content}
        step = 1 / WORDS_PER_SECOND
        words = [
            {"word": word, "start": round(self.begin + at * step, 2), "end": round(self.begin + (at + 1) * step, 2)}
            for at, word in enumerate(self.content.split())
        ]
        return {"role": self.role, "content": self.content, "words": words}


@dataclass(slots=True)
class _Answer:
    text: str = ""
    end_call: bool = False
    transfer: str | None = None


@dataclass(slots=True)
class SimulatedTalk:
    """A call from the moment somebody picks up. `dial` opens a line to our engine; `speed` as in `Simulate`.

    A call that another process carried begins with what was `said`, at its second `at`, and with the other's `memory`
    as it was `before`, which may be of an earlier moment than what was said.
    """

    dial: Dial
    caller: Caller
    details: Mapping[str, Any]
    speed: float
    chance: Random
    said: list[Utterance] = field(default_factory=list)
    at: float = 0.0
    before: Mapping[str, Any] | None = None
    memory: dict[str, Any] | None = None
    _line: Duplex | None = None
    _dials: int = 0
    _number: int = 0
    _tools: list[dict[str, Any]] = field(default_factory=list)

    async def run(self) -> AsyncGenerator[str, None]:
        """Talk to the end. Yields after every exchange, at last Retell's `disconnection_reason`."""
        try:
            line = await (self._begin() if not self.said else self._go_on())
            for _ in range(_MOST_TURNS):
                answer = await self._turn(line)
                if answer is None:
                    yield "user_hangup"
                    return
                line = await self._listen(answer)
                if answer.end_call or answer.transfer:
                    yield "agent_hangup" if answer.end_call else "call_transfer"
                    return
                if self._silences > _MOST_SILENCES:
                    yield "inactivity"
                    return
                self._remember(line)
                yield ""
                if self.at > _LONGEST:
                    break
            yield "max_duration_reached"
        except LineLost as lost:
            yield lost.reason
        except Closed as closed:
            yield "agent_hangup" if closed.code == 1000 else "error_llm_websocket_lost_connection"

    async def hang_up(self) -> None:
        """Leave the line."""
        if self._line is not None:
            await self._line.close(1000)

    # Who says what

    _silences: int = 0

    async def _begin(self) -> Line:
        """The greeting, and the first words of whoever picked up."""
        await self._connect()
        greeting = await self._greeting()
        first = await self.caller.opening()
        if greeting.text:
            reply = await self.caller.reply(greeting.text) if first is None else first
            await self._speak("agent", greeting.text)
            return reply
        return first or Line(silent=True)

    async def _greeting(self) -> _Answer:
        while True:
            try:
                return await self._receive(0)
            except Closed as closed:
                await self._again(closed)

    async def _go_on(self) -> Line:
        """A call whose first part another process carried: the talk goes on with the line that was due.

        An answer the persona did not hear yet is heard now; words of its own that got no answer are said again, and
        whole, if half of them had been asked about.
        """
        await self._connect()
        line, heard = await self._recall()
        answers = [place for place, one in enumerate(self.said) if one.role == "agent"]
        if self.before is not None and 0 < heard <= len(answers):
            last = self.said[answers[heard - 1]]  # of which our record may hold more than was heard
            last.content = " ".join(last.content.split()[: self.before["words"]])
        for place in answers[heard:]:
            if line is not None and self._is_half(place, line):
                del self.said[place - 1 :]
                return line
            answer = self.said[place]
            line = await self.caller.reply(answer.content)
            if place > 0:  # the greeting is heard to its end
                answer.content = _heard(answer.content, line)
        if self.said[-1].role == "user":
            self.said.pop()
        return line or Line(silent=True)

    async def _recall(self) -> tuple[Line | None, int]:
        """The line that was due when the other process last noted it, and how many answers had been heard by then."""
        if self.before is None:  # before the first exchange: first words are said to the greeting
            first = await self.caller.opening()
            return first, int(first is not None)
        self.caller.recall(self.before["persona"])
        self._silences = self.before["silences"]
        return Line(**self.before["line"]), self.before["heard"]

    def _is_half(self, at: int, line: Line) -> bool:
        """Whether the answer at this place was given to the beginning of `line` only."""
        words, half = line.text.split(), self.said[at - 1].content.split() if at else []
        return 0 < len(half) < len(words) and self.said[at - 1].role == "user" and words[: len(half)] == half

    def _remember(self, line: Line) -> None:
        """Note what another process would need to say `line`, which is due now. `words`: of the last answer."""
        heard = [one.content for one in self.said if one.role == "agent"]
        self.memory = {
            "persona": self.caller.memory(),
            "line": asdict(line),
            "heard": len(heard),
            "words": len(heard[-1].split()) if heard else 0,
            "silences": self._silences,
        }

    async def _turn(self, line: Line) -> _Answer | None:
        """What the caller says or does not say, and our answer; None where the caller hangs up."""
        if line.silent or not line.text:
            if line.hang_up:
                await self._pass(_SILENCE)
                return None
            self._silences += 1
            await self._pass(_SILENCE)
            return await self._ask("reminder_required")
        self._silences = 0
        await self._pass(line.pause_ms / 1000)
        if line.hang_up:
            await self._speak("user", line.text)
            return None
        return await self._say(line.text)

    async def _say(self, text: str) -> _Answer:
        """The caller's words; sometimes an answer to half of them is asked for first."""
        words = text.split()
        half = " ".join(words[: len(words) // 2])
        hasty = len(words) > 3 and self.chance.random() < _HASTY
        begin = self.at
        if half:
            self.said.append(Utterance("user", half, begin))
            await self._update("user_turn")
            if hasty:
                await self._request("response_required")
            self.said.pop()
        await self._pass(len(words) / WORDS_PER_SECOND)
        self.said.append(Utterance("user", text, begin))
        return await self._ask("response_required")

    async def _listen(self, answer: _Answer) -> Line:
        """Hear an answer, perhaps talk over it; the caller's next line."""
        if not answer.text:
            return Line(silent=True)
        line = await self.caller.reply(answer.text)
        ends = answer.end_call or answer.transfer
        await self._update("agent_turn")
        await self._speak("agent", answer.text if ends else _heard(answer.text, line))
        return line

    async def _speak(self, role: str, text: str) -> None:
        begin = self.at
        await self._pass(len(text.split()) / WORDS_PER_SECOND)
        self.said.append(Utterance(role, text, begin))
        await self._update(None)

    async def _pass(self, seconds: float) -> None:
        self.at += seconds
        if self.speed > 0:
            await asyncio.sleep(seconds / self.speed)

    # The protocol

    async def _ask(self, kind: str) -> _Answer:
        """Ask for an answer; over a line that breaks meanwhile, ask again."""
        while True:
            try:
                number = await self._request(kind)
                return await self._receive(number)
            except Closed as closed:
                await self._again(closed)

    async def _again(self, closed: Closed) -> None:
        """A line closed on purpose is a hang-up; any other is dialled again."""
        if closed.code == 1000:
            raise LineLost("agent_hangup") from closed
        await self._connect()

    async def _request(self, kind: str) -> int:
        self._number += 1
        await self._send(kind, response_id=self._number, **self._transcripts())
        return self._number

    async def _update(self, turntaking: str | None) -> None:
        extra = {"turntaking": turntaking} if turntaking else {}
        try:
            await self._send("update_only", **self._transcripts(), **extra)
        except Closed as closed:
            await self._again(closed)

    def _transcripts(self) -> dict[str, Any]:
        shown = [one.shown() for one in self.said]
        return {"transcript": shown, "transcript_with_tool_calls": [*shown, *self._tools]}

    async def _connect(self) -> None:
        """Dial our engine and take its config."""
        while self._dials < _MOST_DIALS:
            self._dials += 1
            self._line = await self.dial()
            try:
                if await self._is_answered():
                    return
            except Closed:
                pass
            await asyncio.sleep(min(2.0, 0.05 * 4**self._dials))
        raise LineLost("error_llm_websocket_lost_connection" if self.said else "error_llm_websocket_open")

    async def _is_answered(self) -> bool:
        """Take the first frame. Anything but a config refuses the line: our id may not be on record yet."""
        frame = await self._frame()
        if frame.get("response_type") != "config":
            return False
        if frame.get("config", {}).get("call_details"):
            await self._send("call_details", call=dict(self.details))
        await self._send("ping_pong", timestamp=round(self.at * 1000))
        return True

    async def _receive(self, number: int) -> _Answer:
        """The whole answer to a request, or what somebody says in place of it."""
        answer = _Answer()
        while True:
            frame = await self._frame()
            kind = frame.get("response_type", "response")
            if kind in ("tool_call_invocation", "tool_call_result"):
                self._tools.append({"role": kind, **{name: frame[name] for name in frame if name != "response_type"}})
            is_ours = kind == "response" and frame.get("response_id") == number
            if is_ours or kind == "agent_interrupt":
                if kind == "agent_interrupt":
                    answer = _Answer()
                answer.text += frame.get("content", "")
                if frame.get("content_complete") is True:
                    answer.text = answer.text.strip()
                    answer.end_call = frame.get("end_call") is True
                    answer.transfer = frame.get("transfer_number")
                    return answer

    async def _frame(self) -> dict[str, Any]:
        assert self._line is not None  # noqa: S101 - connected before anything is received
        try:
            async with asyncio.timeout(_ANSWERED_WITHIN):
                frame: dict[str, Any] = orjson.loads(await self._line.receive())
        except TimeoutError as error:
            raise LineLost("error_llm_websocket_runtime") from error
        return frame

    async def _send(self, kind: str, **fields: Any) -> None:
        assert self._line is not None  # noqa: S101
        await self._line.send(orjson.dumps({"interaction_type": kind, **fields}).decode())


def _heard(text: str, line: Line) -> str:
    """What is heard of an answer to which somebody replies with `line`, perhaps talking over it."""
    words = text.split()
    over = line.interrupts and not line.hang_up and len(words) > 4
    return " ".join(words[: max(1, round(len(words) * _HEARD))]) if over else text


def flat(said: Sequence[Utterance]) -> str:
    """The transcript as one text."""
    return "\n".join(f"{'Agent' if one.role == 'agent' else 'User'}: {one.content}" for one in said)
