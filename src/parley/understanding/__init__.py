"""What a sentence means: intents, slots, dates and times, emergency, language; and what to get out of a whole talk.

Owns the reading of one message, in English and German, with no model call and no network: pure functions from text (and
its embedding, which the caller brings) to frozen readings. Refuses to know tenants, storage or vendors: embeddings
arrive as vectors and as a callable.

Enter by `understand` for everything at once, or by one reader alone: `read_intent` (with `embed_examples`, once per
process), `read_slots`, `read_emergency`, `detect_language`. `train_intents` makes an agent's own intents from examples.
`read_transcript` and `parse_schema` say what an extraction reads and what it looks for.
"""

from parley.understanding.classify import TrainedIntents
from parley.understanding.courtesy import asks_who_speaks, closing
from parley.understanding.emergency import EmergencyReading, read_emergency
from parley.understanding.emergency_scripts import emergency_script
from parley.understanding.extraction import (
    Extracted,
    Field,
    Finding,
    Row,
    Schema,
    Value,
    fits,
    gather,
    nested,
)
from parley.understanding.extraction_numbers import NumberMention, find_numbers
from parley.understanding.extraction_places import PlaceMention, find_places, plain_place
from parley.understanding.extraction_schema import builtin_schema, parse_schema, with_emergency
from parley.understanding.extraction_times import TimeKind, TimeMention, find_times
from parley.understanding.extraction_transcript import Line, read_transcript
from parley.understanding.intents import (
    AGENT_INTENTS,
    Embed,
    ExampleVectors,
    IntentReading,
    embed_examples,
    read_intent,
)
from parley.understanding.language import detect_language
from parley.understanding.mash import is_mash
from parley.understanding.meaning import OwnIntents, Understanding, understand
from parley.understanding.sameness import gist, is_question, kind_of_house
from parley.understanding.slots import SlotCorrection, SlotProblem, SlotReading, read_slots
from parley.understanding.train import train_intents

__all__ = [
    "AGENT_INTENTS",
    "Embed",
    "EmergencyReading",
    "ExampleVectors",
    "Extracted",
    "Field",
    "Finding",
    "IntentReading",
    "Line",
    "NumberMention",
    "OwnIntents",
    "PlaceMention",
    "Row",
    "Schema",
    "SlotCorrection",
    "SlotProblem",
    "SlotReading",
    "TimeKind",
    "TimeMention",
    "TrainedIntents",
    "Understanding",
    "Value",
    "asks_who_speaks",
    "builtin_schema",
    "closing",
    "detect_language",
    "embed_examples",
    "emergency_script",
    "find_numbers",
    "find_places",
    "find_times",
    "fits",
    "gather",
    "gist",
    "is_mash",
    "is_question",
    "kind_of_house",
    "nested",
    "parse_schema",
    "plain_place",
    "read_emergency",
    "read_intent",
    "read_slots",
    "read_transcript",
    "train_intents",
    "understand",
    "with_emergency",
]
