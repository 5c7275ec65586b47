"""What a sentence means: intents, slots, dates and times, emergency, language.

Owns the reading of one message, in English and German, with no model call and no network: pure functions from text (and
its embedding, which the caller brings) to frozen readings. Refuses to know tenants, storage or vendors: embeddings
arrive as vectors and as a callable.

Enter by `understand` for everything at once, or by one reader alone: `read_intent` (with `embed_examples`, once per
process), `read_slots`, `read_emergency`, `detect_language`. `train_intents` makes an agent's own intents from examples.
"""

from parley.understanding.classify import TrainedIntents
from parley.understanding.emergency import EmergencyReading, read_emergency
from parley.understanding.emergency_scripts import emergency_script
from parley.understanding.intents import (
    AGENT_INTENTS,
    Embed,
    ExampleVectors,
    IntentReading,
    embed_examples,
    read_intent,
)
from parley.understanding.language import detect_language
from parley.understanding.meaning import OwnIntents, Understanding, understand
from parley.understanding.slots import SlotCorrection, SlotProblem, SlotReading, read_slots
from parley.understanding.train import train_intents

__all__ = [
    "AGENT_INTENTS",
    "Embed",
    "EmergencyReading",
    "ExampleVectors",
    "IntentReading",
    "OwnIntents",
    "SlotCorrection",
    "SlotProblem",
    "SlotReading",
    "TrainedIntents",
    "Understanding",
    "detect_language",
    "embed_examples",
    "emergency_script",
    "read_emergency",
    "read_intent",
    "read_slots",
    "train_intents",
    "understand",
]
