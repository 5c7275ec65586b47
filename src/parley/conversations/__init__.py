"""What was said, and how the answer came about.

Owns the turn (`respond.py`, to be read first), the transcript and the remembered answers. Refuses to know how a line
arrived (channels) and what made the model (ports). Enter through `Responder.respond` for a turn, `Transcripts` for
reading, `ExactRecall` for the cache.
"""

from parley.conversations.events import Action, Delta, Done, Event, Opened, Source
from parley.conversations.ordering import TurnHolder
from parley.conversations.recall import ExactRecall
from parley.conversations.respond import Ask, ModelChoice, Responder
from parley.conversations.routes import router as conversation_routes
from parley.conversations.transcript import LoggedConversation, Transcripts

__all__ = [
    "Action",
    "Ask",
    "Delta",
    "Done",
    "Event",
    "ExactRecall",
    "LoggedConversation",
    "ModelChoice",
    "Opened",
    "Responder",
    "Source",
    "Transcripts",
    "TurnHolder",
    "conversation_routes",
]
