"""How an agent behaves in conversation: the numbers of the floor."""

from __future__ import annotations

from dataclasses import dataclass, field

from parley.voice.endpointing import Endpointing, SemanticPause


@dataclass(frozen=True, slots=True)
class Manners:
    """Milliseconds of audio received."""

    language: str = "en"
    endpointing: Endpointing = field(default_factory=SemanticPause)
    interruptible: bool = True
    least_speech_speaking_ms: int = 400  # a cough is shorter
    least_speech_thinking_ms: int = 240
    backchannel_ms: int = 1500  # longer speech is no "mhm", whatever words have arrived
    wordless_ms: int = 4000  # speech without a word for this long is noise
    false_interruption_ms: int = 1200  # after an interrupting sound, with the words not reported yet
    transcript_wait_ms: int = 1500  # for the words of the turn
    word_stall_ms: int = 3000  # voice that brings no new word for this long is not the caller's
    longest_speech_ms: int = 45_000  # then the turn is taken whatever happens
    early_answer_ms: int = 900  # an answer may begin this long before the question has ended
    speculations: int = 2  # per turn
    stall_ms: int = 3000  # a reply that gets no further is tried again
    filler_ms: int = 2000  # without a sound of the answer: the caller hears that it is on its way
    attempts: int = 3  # then the agent apologises
    tool_ms: int = 20_000
    still_there_ms: int = 8000
    still_there_times: int = 2
    keys_ms: int = 2500  # after the last key
    longest_ms: int = 15 * 60_000
    grace_ms: int = 10_000  # a reply under way at the longest time may take this long
