"""Speech in real time: who speaks when, what was heard, and nothing else.

Owns turn-taking, interruption, phrases and playout. Refuses to know an agent, a tenant, a database or a wire format: it
is joined from ports and tells events. Written on anyio; its time is the audio received, so that a test of a two-second
pause takes milliseconds.

    parts = Parts(line, responder, transcriber, speakers, vad)
    session = Session(parts, Settings(language="de", greeting="Guten Tag!"))
    reason = await session.run()

One `Session` per call, run in any task; it ends when the line hangs up or the conversation is over, and everything it
started has ended by then. It tells all it does to `line.tell`, from `Ready` to `Ended`.

To put a transport under it, write a `Line`: `receive` (frames and controls, in real time, silence when the far end
sends none), `tell` (events out, never waits) and `unplayed_ms` (`Playout` reckons it). `Framer` cuts bytes into frames.
`ScriptedLine` is one for tests.

To put a mind behind it, write a `Responder`: `reply(turn)` streams `Say`, `ToolStarted`/`ToolEnded` and `Goodbye`;
`settled(outcome)` is told what of it was heard, which is what history keeps; `commit` and `discard` concern
`turn.speculative` only. Sentences of the session's own (`Settings.greeting`, `FixedSentences`) arrive in `settled` with
`turn=None`.

Transcribers, speakers and detectors follow `parley.inference.speech`. `KeptSpeech`
keeps the sound of what is said again and again. `Manners` holds every number of the behaviour;
`Manners.endpointing` takes any `Endpointing` (`SemanticPause`, `FixedPause`).
"""

from parley.voice.endpointing import Endpointing, FixedPause, SemanticPause
from parley.voice.events import (
    Action,
    AgentState,
    Audio,
    Clear,
    Ended,
    Error,
    Event,
    Heard,
    Mark,
    Metrics,
    Ready,
    Reason,
    ReplyDelta,
    SpeechStarted,
    SpeechStopped,
    TranscriptFinal,
    TranscriptPartial,
)
from parley.voice.fixed import FixedSentences, fixed_sentences
from parley.voice.frames import SILENCE, Framer
from parley.voice.kept import KeptSpeech
from parley.voice.manners import Manners
from parley.voice.pacing import Playout
from parley.voice.ports import (
    CallerTurn,
    Digit,
    Goodbye,
    HungUp,
    Incoming,
    Interrupt,
    Line,
    Outcome,
    ReplyEvent,
    Responder,
    Say,
    ToolEnded,
    ToolStarted,
    Typed,
)
from parley.voice.scripted import ScriptedLine, ScriptedResponder
from parley.voice.session import Parts, Session, Settings
from parley.voice.voicing import VoicingRule

__all__ = [
    "SILENCE",
    "Action",
    "AgentState",
    "Audio",
    "CallerTurn",
    "Clear",
    "Digit",
    "Ended",
    "Endpointing",
    "Error",
    "Event",
    "FixedPause",
    "FixedSentences",
    "Framer",
    "Goodbye",
    "Heard",
    "HungUp",
    "Incoming",
    "Interrupt",
    "KeptSpeech",
    "Line",
    "Manners",
    "Mark",
    "Metrics",
    "Outcome",
    "Parts",
    "Playout",
    "Ready",
    "Reason",
    "ReplyDelta",
    "ReplyEvent",
    "Responder",
    "Say",
    "ScriptedLine",
    "ScriptedResponder",
    "SemanticPause",
    "Session",
    "Settings",
    "SpeechStarted",
    "SpeechStopped",
    "ToolEnded",
    "ToolStarted",
    "TranscriptFinal",
    "TranscriptPartial",
    "Typed",
    "VoicingRule",
    "fixed_sentences",
]
