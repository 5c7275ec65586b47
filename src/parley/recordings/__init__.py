"""The sound of a conversation, kept: off unless an agent asks for it, announced, in stereo, and gone when it should be.

Owns the tape (caller left, agent right, on the clock of the audio received), where its file lies, who reads it and how
long it stays. Refuses agents that mask or keep no words: sound cannot be masked. Refuses to know a line or an engine:
`channels` runs the tape along. Enter through `Recordings`.
"""

from parley.recordings.announce import announcement, records
from parley.recordings.keep import Recordings, Reel
from parley.recordings.routes import router as recording_routes
from parley.recordings.tape import RATE, Stretch, Tape

__all__ = ["RATE", "Recordings", "Reel", "Stretch", "Tape", "announcement", "recording_routes", "records"]
