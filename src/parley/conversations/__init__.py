"""What was said, and how the answer came about.

Owns the turn (`respond.py`, to be read first), the transcript and the remembered answers. Refuses to know how a line
arrived (channels) and what made the model (ports). Enter through `Responder.respond` for a turn, `Transcripts` for
reading, `ExactRecall` for the cache.
"""

from parley.conversations.asides import Asides
from parley.conversations.declared import Declared
from parley.conversations.desk import Desk
from parley.conversations.events import Acting, Action, Delta, Done, Event, Opened, Source
from parley.conversations.hold import HeldConversations
from parley.conversations.live import LiveView
from parley.conversations.open import Opening
from parley.conversations.ordering import TurnHolder
from parley.conversations.persons import Involved, erase_person, export_person, find_person, forget_before
from parley.conversations.recall import ExactRecall
from parley.conversations.respond import Parts, Responder
from parley.conversations.routes import router as conversation_routes
from parley.conversations.settle import Settlement
from parley.conversations.takeover import Takeover
from parley.conversations.tools import Tool, ToolRefused, Tools
from parley.conversations.transcript import LoggedConversation, Transcripts
from parley.conversations.turn import Ask, ModelChoice, Turn
from parley.conversations.unwritten import Unwritten
from parley.conversations.write import Writer

__all__ = [
    "Acting",
    "Action",
    "Asides",
    "Ask",
    "Declared",
    "Delta",
    "Desk",
    "Done",
    "Event",
    "ExactRecall",
    "HeldConversations",
    "Involved",
    "LiveView",
    "LoggedConversation",
    "ModelChoice",
    "Opened",
    "Opening",
    "Parts",
    "Responder",
    "Settlement",
    "Source",
    "Takeover",
    "Tool",
    "ToolRefused",
    "Tools",
    "Transcripts",
    "Turn",
    "TurnHolder",
    "Unwritten",
    "Writer",
    "conversation_routes",
    "erase_person",
    "export_person",
    "find_person",
    "forget_before",
]
