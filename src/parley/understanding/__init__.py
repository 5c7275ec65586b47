"""What a sentence means: intents, slots, dates and times, emergency, language.

Owns the reading of one message, in English and German, with no model call and no network: pure functions from text (and
its embedding, which the caller brings) to frozen readings. Refuses to know tenants, storage or vendors: embeddings
arrive as vectors and as a callable.

Enter by `read_intent` (with `embed_examples`, once per
process).
"""

from parley.understanding.intents import (
    AGENT_INTENTS,
    Embed,
    ExampleVectors,
    IntentReading,
    embed_examples,
    read_intent,
)

__all__ = [
    "AGENT_INTENTS",
    "Embed",
    "ExampleVectors",
    "IntentReading",
    "embed_examples",
    "read_intent",
]
