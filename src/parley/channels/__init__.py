"""The live doors: every protocol by which a line of a conversation arrives.

Owns parsing, authentication at the door and the one place (`wire`) that turns events into JSON. Refuses to decide what
is answered: that is `conversations`.
"""

from parley.channels.admission import Admission
from parley.channels.browser import BrowserLine, Format
from parley.channels.chat import router as chat_routes
from parley.channels.live import SpeechName, SpeechParts, hold_call
from parley.channels.retell_party import TalkParts
from parley.channels.retell_socket import CallLedger, LineParts, PhoneLines
from parley.channels.retell_socket import router as retell_line_routes
from parley.channels.retell_webhooks import router as retell_webhook_routes
from parley.channels.training import router as training_routes
from parley.channels.twilio_media import PhoneRooms
from parley.channels.twilio_media import router as twilio_media_routes
from parley.channels.twilio_voice import router as twilio_voice_routes
from parley.channels.voice import router as voice_routes

__all__ = [
    "Admission",
    "BrowserLine",
    "CallLedger",
    "Format",
    "LineParts",
    "PhoneLines",
    "PhoneRooms",
    "SpeechName",
    "SpeechParts",
    "TalkParts",
    "chat_routes",
    "hold_call",
    "retell_line_routes",
    "retell_webhook_routes",
    "training_routes",
    "twilio_media_routes",
    "twilio_voice_routes",
    "voice_routes",
]
