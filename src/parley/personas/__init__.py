"""Who talks back: simulated callers and customers, for calls, training and evaluation alike.

Owns what a persona is and how it speaks: by rules alone, the same words for the same seed, or in a hosted model's
words. Refuses to know who is on the other side: it is given lines and gives lines. Enter through `Caller`, with a
persona from `personas()`, `persona(key)` or, from values of one's own, `parse_persona(mapping)`:

    caller = Caller(persona("delayed"), seed=7, language="en")
    first = await caller.opening()                    # None: waits to be greeted
    line = await caller.reply("Hi, this is dispatch. How is your load coming along?")
"""

from parley.personas.caller import Caller
from parley.personas.cues import check_cue, recognises
from parley.personas.definition import Fact, Goal, Manner, Objection, Persona, Script, parse_persona
from parley.personas.listening import is_question
from parley.personas.mind import Line
from parley.personas.stage import persona, personas

__all__ = [
    "Caller",
    "Fact",
    "Goal",
    "Line",
    "Manner",
    "Objection",
    "Persona",
    "Script",
    "check_cue",
    "is_question",
    "parse_persona",
    "persona",
    "personas",
    "recognises",
]
