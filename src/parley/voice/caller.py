"""What is known of the caller: voice, words, keys. Kept by the floor, pure."""

from __future__ import annotations

from dataclasses import dataclass

from parley.voice.agent import NEVER
from parley.voice.manners import Manners


@dataclass(slots=True)
class Caller:
    """Times are milliseconds of audio received.

    `deaf`: the voice heard is noise until it stops or brings a word. `flushed_at`: since when the transcriber owes the
    words of the last stretch; None when it owes nothing.
    """

    voice_since: int | None = None
    silent_since: int = 0
    lasted_ms: int = 0
    words: str = ""
    words_at: int = 0
    flushed_at: int | None = None
    deaf: bool = False
    keys: str = ""
    key_at: int = 0
    hint: str = ""

    @property
    def talking(self) -> bool:
        """Whether somebody is speaking who is probably the caller."""
        return self.voice_since is not None and not self.deaf

    def spoke_for(self, now: int) -> int:
        """How long the present stretch of speech lasts, or the last one lasted."""
        return self.lasted_ms if self.voice_since is None else now - self.voice_since

    def begins(self, now: int) -> None:
        self.voice_since = now
        self.flushed_at = None
        self.hint = ""

    def ends(self, now: int, silent_ms: int) -> None:
        if self.voice_since is not None:
            self.silent_since = max(self.voice_since, now - silent_ms)
            self.lasted_ms = self.silent_since - self.voice_since
        self.voice_since = None
        self.deaf = False

    def says(self, text: str, now: int) -> None:
        self.words, self.words_at = text, now
        self.deaf = False

    def is_noise(self, now: int) -> None:
        """From here on the voice does not count."""
        self.deaf = True
        self.silent_since = now

    def not_speech_at(self, rules: Manners) -> int:
        """When the voice being heard cannot be the caller's speech: no word, no new word, no end."""
        since = self.voice_since or 0
        wordless = since + rules.wordless_ms if not self.words else NEVER
        stalled = max(since, self.words_at) + rules.word_stall_ms if self.words else NEVER
        return min(wordless, stalled, since + rules.longest_speech_ms)

    def over_at(self, rules: Manners, asked: str) -> int:
        """When a pause after these words ends the turn."""
        return self.silent_since + rules.endpointing.pause_ms(self.words, asked)

    def likely_at(self, rules: Manners, asked: str) -> int:
        """When the turn is probably over."""
        after = rules.endpointing.likely_ms(self.words, asked)
        if self.hint == "likely_end" and rules.speculations:
            after = 0
        return NEVER if after is None else self.silent_since + after

    def known(self, now: int, wait_ms: int) -> bool:
        """Whether all words of the last stretch have been reported, or have been waited for long enough."""
        return self.hint == "ended" or self.flushed_at is None or now >= self.flushed_at + wait_ms
