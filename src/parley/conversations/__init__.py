"""What was said, and how the answer came about.

Owns the turn (`respond.py`, to be read first), the transcript and the remembered answers. Refuses to know how a line
arrived (channels) and what made the model (ports). Enter through `Responder.respond` for a turn, `Transcripts` for
reading, `Recall` for the cache.
"""

from parley.conversations.arm import phone_unit
from parley.conversations.asides import Asides
from parley.conversations.declared import Declared
from parley.conversations.desk import Desk
from parley.conversations.events import Acting, Action, Delta, Done, Event, Opened, Source
from parley.conversations.extract import (
    ConversationFacts,
    Extraction,
    HostedModels,
    Setting,
    TalkFacts,
    schema_of,
    wanted_schema,
)
from parley.conversations.heard import Talk, heard_of, plain, runs_of_speech
from parley.conversations.hold import HeldConversations
from parley.conversations.lines import Lines
from parley.conversations.live import Glance, LiveView, shown_line
from parley.conversations.open import Opening
from parley.conversations.ordering import LocalOrder, TurnHolder
from parley.conversations.outcome import Outcomes
from parley.conversations.persons import Involved, erase_person, export_person, find_person, forget_before, lock_person
from parley.conversations.posted import PostedLogs, Progress
from parley.conversations.recall import Recall
from parley.conversations.rehearsal import RehearsedTalks, Spoken
from parley.conversations.respond import Parts, Responder
from parley.conversations.routes import router as conversation_routes
from parley.conversations.routes_logs import router as log_routes
from parley.conversations.settle import Settlement
from parley.conversations.shared_answers import SharedAnswers
from parley.conversations.takeover import CHANGED, ENDED, HELD, MESSAGE, RELEASED, Takeover
from parley.conversations.tools import Tool, ToolRefused, Tools
from parley.conversations.transcript import LoggedConversation, Transcripts
from parley.conversations.turn import Ask, ModelChoice, Turn
from parley.conversations.unwritten import Unwritten
from parley.conversations.withdraw import Withdrawals
from parley.conversations.write import Writer

__all__ = [
    "CHANGED",
    "ENDED",
    "HELD",
    "MESSAGE",
    "RELEASED",
    "Acting",
    "Action",
    "Asides",
    "Ask",
    "ConversationFacts",
    "Declared",
    "Delta",
    "Desk",
    "Done",
    "Event",
    "Extraction",
    "Glance",
    "HeldConversations",
    "HostedModels",
    "Involved",
    "Lines",
    "LiveView",
    "LocalOrder",
    "LoggedConversation",
    "ModelChoice",
    "Opened",
    "Opening",
    "Outcomes",
    "Parts",
    "PostedLogs",
    "Progress",
    "Recall",
    "RehearsedTalks",
    "Responder",
    "Setting",
    "Settlement",
    "SharedAnswers",
    "Source",
    "Spoken",
    "Takeover",
    "Talk",
    "TalkFacts",
    "Tool",
    "ToolRefused",
    "Tools",
    "Transcripts",
    "Turn",
    "TurnHolder",
    "Unwritten",
    "Withdrawals",
    "Writer",
    "conversation_routes",
    "erase_person",
    "export_person",
    "find_person",
    "forget_before",
    "heard_of",
    "lock_person",
    "log_routes",
    "phone_unit",
    "plain",
    "runs_of_speech",
    "schema_of",
    "shown_line",
    "wanted_schema",
]
