"""The live doors: every protocol by which a line of a conversation arrives.

Owns parsing, authentication at the door and the one place (`wire`) that turns events into JSON. Refuses to decide what
is answered: that is `conversations`.
"""

from parley.channels.chat import router as chat_routes
from parley.channels.voice import SpeechParts
from parley.channels.voice import router as voice_routes

__all__ = ["SpeechParts", "chat_routes", "voice_routes"]
