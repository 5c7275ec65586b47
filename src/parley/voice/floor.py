"""Who holds the floor: the one place that decides it.

A state machine over (news, audio time in milliseconds). It reads no clock, starts nothing and awaits nothing; the same
news at the same times give the same moves. `deadline` is the next time at which it wants a `Tick`: some deadline is
armed in every state, so that no silence is without an owner.

listening  the caller speaks, or may
thinking   a turn was taken, its reply is not audible yet
speaking   the reply is audible
paused     the reply was silenced because the caller seems to interrupt; it goes on if he does not
leaving    the goodbye is being spoken, to its end
ended      the line is to be closed
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, cast

from parley.voice import moves
from parley.voice.agent import NEVER, Agent, Ending
from parley.voice.backchannel import is_backchannel, is_stop
from parley.voice.caller import Caller
from parley.voice.manners import Manners
from parley.voice.moves import Kind, Move, News, Prompt
from parley.voice.transcript import words_of

State = Literal["listening", "thinking", "speaking", "paused", "leaving", "ended"]
_ROUNDS = 8  # of one decision leading to the next, at one moment


class Floor:
    """`step` with every piece of news; carry out the moves in order. `state` and `deadline` may be read at any time.

    `asked` is the agent's last reply as far as it was heard; the session keeps it up to date.
    """

    def __init__(self, manners: Manners | None = None, now: int = 0) -> None:
        self.manners = manners or Manners()
        self.state: State = "listening"
        self.deadline = now
        self.asked = ""
        self._now = now
        self._ends_at = now + self.manners.longest_ms
        self._moves: list[Move] = []
        self._caller = Caller(silent_since=now)
        # The turn: its words stay here until the caller has heard something of the answer.
        self._turn = ""
        self._guess: str | None = None
        self._guesses = 0
        self._agent = Agent(now, now, now)
        # The silence.
        self._idle_since = now
        self._prompts = 0
        self._arm()

    @property
    def holder(self) -> Literal["caller", "agent", "nobody"]:
        """Who may speak now."""
        if self.state in {"speaking", "leaving"}:
            return "agent"
        return "caller" if self._caller.talking or self._caller.words else "nobody"

    def step(self, news: News, now: int) -> list[Move]:
        """Take `news` at `now` (never earlier than before) and say what is to be done."""
        self._now = max(now, self._now)
        self._moves = []
        if self.state != "ended":
            self._take(news)
            for _ in range(_ROUNDS):
                decided = len(self._moves)
                self._judge()
                if len(self._moves) == decided:
                    break
            self._arm()
        return self._moves

    def greet(self, now: int) -> None:
        """The session begins with a sentence of its own, which is under way."""
        self._now = now
        self._begin(own=True)
        self._arm()

    # What is told ---------------------------------------------------------------------------------------------------

    def _take(self, news: News) -> None:
        caller = self._caller
        match news:
            case moves.SpeechBegan():
                caller.begins(self._now)
                self._drop_guess()
            case moves.SpeechEnded(silent_ms):
                caller.ends(self._now, silent_ms)
                self._flush()
            case moves.Words() | moves.Settled() | moves.Hint() | moves.Deafened():
                self._take_from_transcriber(news)
            case moves.Wrote() | moves.Pressed() | moves.Stop():
                self._take_by_hand(news)
            case moves.ToolDone():
                self._agent.has_acted(self._now)
                self._idle_since = self._now
            case _ if self.state != "listening":
                self._take_from_reply(news)
            case moves.Failed():
                self._drop_guess()
            case _:  # late news of a reply that is over, or of a guess, which nobody waits for yet
                pass

    def _take_from_transcriber(self, news: moves.Words | moves.Settled | moves.Hint | moves.Deafened) -> None:
        caller = self._caller
        match news:
            case moves.Words(text):
                if text != caller.words:
                    caller.says(text, self._now)
                if self._guess is not None and words_of(text) != words_of(self._guess):
                    self._drop_guess()
            case moves.Settled():
                caller.flushed_at = None
            case moves.Hint(kind):
                caller.hint = kind
                if kind == "resumed":
                    self._drop_guess()
            case moves.Deafened():
                self._speak("no_transcriber")

    def _take_by_hand(self, news: moves.Wrote | moves.Pressed | moves.Stop) -> None:
        """What the caller does with his hands takes the floor at once."""
        if self.state == "leaving":
            return
        self._interrupt()
        match news:
            case moves.Wrote(text):
                self._answer(_joined(self._caller.words, text), "text")
            case moves.Pressed("#"):
                self._answer_keys()
            case moves.Pressed(digit):
                self._caller.keys += digit
                self._caller.key_at = self._now
            case moves.Stop():
                self._turn = ""

    def _take_from_reply(self, news: News) -> None:
        agent = self._agent
        match news:
            case moves.Progress():
                agent.alive_at = self._now
            case moves.Sounding(ms):
                agent.sounds(self._now, ms)
                if self.state == "thinking":
                    self.state = "leaving" if agent.parting else "speaking"
                    self._turn = ""
                    agent.failures = agent.failures if agent.own else 0
            case moves.ToolBegan():
                agent.acts(self._now)
            case moves.Parting():
                agent.parting = agent.parting or "goodbye"
                if self.state == "speaking":
                    self.state = "leaving"
            case moves.Finished(said) if self.state != "paused":
                self.asked = said
                self._finish(asked=said.rstrip().endswith("?"))
            case moves.Failed(lost):
                self._recover(lost=lost)
            case _:
                pass

    # What follows ---------------------------------------------------------------------------------------------------

    def _judge(self) -> None:
        """What the present state calls for. Every rule that waits for a time is read here; `_times` names the times."""
        caller, rules = self._caller, self.manners
        if self.state == "ended":
            return
        if self._now >= self._ends_at + rules.grace_ms and self._agent.parting is None:
            self._speak("too_long")
        if caller.keys and self._now >= caller.key_at + rules.keys_ms:
            self._answer_keys()
        if caller.talking and self._now >= caller.not_speech_at(rules):
            caller.is_noise(self._now)
            self._flush()
        if self.state == "listening":
            self._judge_turn()
        elif self.state == "paused":
            self._judge_pause()
        elif self.state in {"thinking", "speaking"}:
            self._judge_overlap()
        if self.state == "thinking" and not caller.talking and self._now >= self._agent.bridge_at(rules):
            self._agent.bridged = True
            self._moves.append(moves.Fill())
        if self.state in {"thinking", "speaking", "leaving"} and self._now >= self._agent.stalls_at(rules):
            self._recover()

    def _judge_turn(self) -> None:
        """Nobody but the caller has anything to say: has he finished, or fallen silent?"""
        caller, rules = self._caller, self.manners
        if caller.talking:
            return
        known = caller.known(self._now, rules.transcript_wait_ms)
        if caller.words:
            if known and (caller.hint == "ended" or self._now >= caller.over_at(rules, self.asked)):
                self._turn_over()
            elif (
                self._guess is None
                and self._guesses < rules.speculations
                and self._now >= caller.likely_at(rules, self.asked)
            ):
                self._guesses += 1
                self._guess = caller.words
                self._moves.append(moves.Speculate(caller.words, self._turn))
        elif known and not caller.keys and not self._agent.is_acting(self._now, rules):
            if self._now >= self._ends_at:
                self._speak("too_long")
            elif self._turn:  # he only seemed to go on; asking twice for one reply could do a thing twice
                self._speak("apology")
            elif self._now >= self._lonely_at():
                self._prompts += 1
                self._speak("still_there" if self._prompts <= rules.still_there_times else "silence")

    def _judge_overlap(self) -> None:
        """The agent thinks or speaks; does the caller want the floor?"""
        caller, rules = self._caller, self.manners
        if not rules.interruptible or self._now >= self._ends_at + rules.grace_ms:
            return
        least = rules.least_speech_thinking_ms if self.state == "thinking" else rules.least_speech_speaking_ms
        lasted = caller.spoke_for(self._now)
        if is_stop(caller.words, rules.language):
            self._interrupt()
        elif caller.words and not self._only_listens():
            if lasted >= least:
                self._interrupt()
        elif caller.talking and lasted >= (rules.backchannel_ms if caller.words else least):
            self._agent.held_from = "thinking" if self.state == "thinking" else "speaking"
            self.state = "paused"
            self._moves.append(moves.Pause())

    def _judge_pause(self) -> None:
        """The agent was silenced: by somebody who wants to speak, or by a noise?"""
        caller, rules = self._caller, self.manners
        long = caller.talking and caller.spoke_for(self._now) >= 2 * rules.backchannel_ms
        if caller.words and (long or not self._only_listens()):
            self._interrupt()
        elif not caller.talking and (
            caller.flushed_at is None or self._now >= caller.silent_since + rules.false_interruption_ms
        ):
            self.state = self._agent.held_from
            self._agent.is_awaited(self._now)
            self._moves.append(moves.Resume())
            self._ignore()

    def _only_listens(self) -> bool:
        """Whether the words, as far as they are known, only show that the caller listens."""
        caller, rules = self._caller, self.manners
        growing = caller.talking or not caller.known(self._now, rules.transcript_wait_ms)
        return is_backchannel(caller.words, rules.language, growing=growing)

    # Times ----------------------------------------------------------------------------------------------------------

    def _arm(self) -> None:
        now = self._now
        self.deadline = min((time for time in self._times() if time > now), default=NEVER)

    def _times(self) -> Iterator[int]:
        """Every time at which a rule may begin to hold."""
        caller, rules = self._caller, self.manners
        if self.state == "ended":
            return
        yield self._ends_at
        yield self._ends_at + rules.grace_ms
        if caller.keys:
            yield caller.key_at + rules.keys_ms
        if caller.talking:
            yield caller.not_speech_at(rules)
        if caller.flushed_at is not None:
            yield caller.flushed_at + rules.transcript_wait_ms
        if self.state == "listening":
            yield self._agent.alive_at + rules.tool_ms
            if caller.words:
                yield caller.over_at(rules, self.asked)
                yield caller.likely_at(rules, self.asked)
            else:
                yield self._lonely_at()
            return
        since = caller.voice_since
        if since is not None:
            yield since + rules.least_speech_thinking_ms
            yield since + rules.least_speech_speaking_ms
            yield since + rules.backchannel_ms
            yield since + 2 * rules.backchannel_ms
        if self.state == "paused":
            yield caller.silent_since + rules.false_interruption_ms
        else:
            yield self._agent.stalls_at(rules)
            yield self._agent.bridge_at(rules)

    def _lonely_at(self) -> int:
        return max(self._idle_since, self._caller.silent_since) + self.manners.still_there_ms

    # Moves ----------------------------------------------------------------------------------------------------------

    def _flush(self) -> None:
        self._caller.flushed_at = self._now
        self._moves.append(moves.Flush())

    def _turn_over(self) -> None:
        words = self._caller.words
        if self._guess is None:
            self._answer(words, "speech")
            return
        self._guess = None
        self._moves.append(moves.Commit(words))
        self._begin_turn(words)

    def _answer(self, text: str, kind: Kind) -> None:
        self._drop_guess()
        self._moves.append(moves.Answer(text, kind, self._turn))
        self._begin_turn(text)

    def _answer_keys(self) -> None:
        if self._caller.keys:
            self._answer(_joined(self._caller.words, self._caller.keys), "digits")

    def _begin_turn(self, text: str) -> None:
        self._turn = _joined(self._turn, text)
        self._caller.words = self._caller.keys = self._caller.hint = ""
        self._guesses = self._prompts = 0
        self._begin(own=False)

    def _begin(self, *, own: bool) -> None:
        self.state = "thinking"
        self._agent.begins(self._now, own=own)

    def _speak(self, prompt: Prompt) -> None:
        self._drop_guess()
        self._moves.append(moves.Speak(prompt))
        self._begin(own=True)
        self._turn = ""
        self._agent.tools = 0
        if prompt in {"silence", "too_long", "no_transcriber"}:
            self._agent.parting = cast("Ending", prompt)

    def _interrupt(self) -> None:
        """The caller takes the floor; a turn of which no answer was heard stays to be answered."""
        if self.state not in {"thinking", "speaking", "paused"}:
            return
        self._moves.append(moves.Yield())
        self._listen()

    def _finish(self, *, asked: bool) -> None:
        if self._agent.parting is not None:
            self._end(self._agent.parting)
            return
        self._turn = ""
        self._listen()
        caller = self._caller
        early = caller.talking or self._now - caller.silent_since <= self.manners.early_answer_ms
        if not early or not (asked or not is_backchannel(caller.words, self.manners.language)):
            self._ignore()
        if self._now >= self._ends_at:
            self._speak("too_long")

    def _listen(self) -> None:
        self.state = "listening"
        self._agent.parting = None
        self._idle_since = self._now

    def _recover(self, *, lost: bool = False) -> None:
        """Nothing comes of the reply under way. `lost`: nor would anything if it were tried again."""
        agent = self._agent
        if self.state == "paused":  # what was held is gone
            self.state = agent.held_from
        if not lost and agent.attempt < self.manners.attempts:
            agent.attempt += 1
            agent.is_awaited(self._now)
            self._moves.append(moves.Recover(agent.attempt))
        elif agent.parting is not None:
            self._end(agent.parting)
        elif agent.own:
            agent.failures += 1
            self._moves.append(moves.GiveUp())
            self._listen()
            if agent.failures > self.manners.still_there_times:
                self._end("failed")
        else:
            self._speak("apology")

    def _ignore(self) -> None:
        if self._caller.words:
            self._caller.words = ""
            self._moves.append(moves.Ignore())

    def _drop_guess(self) -> None:
        if self._guess is not None:
            self._guess = None
            self._moves.append(moves.Discard())

    def _end(self, reason: Ending) -> None:
        self.state = "ended"
        self._moves.append(moves.End(reason))


def _joined(first: str, second: str) -> str:
    return f"{first} {second}".strip()
