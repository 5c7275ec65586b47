"""Phone calls as records: placing, following, ending and reconciling them, whoever carries them.

Owns a call's status and the only legal ways between two of them, the numbers agents answer, who must not be called,
and what an agent looks like at a carrier. Refuses to know what is said (a call is a conversation, and `conversations`
has it) and how a carrier speaks (a `Carrier`). Enter through `Calls`, made by `open_calls`.
"""

from parley.calls.failures import CallInitiationError, RetellAPIError
from parley.calls.progress import CHANGED, Progress
from parley.calls.record import CallRecord, Status
from parley.calls.room import Calls, open_calls
from parley.calls.secrets import LineSecrets

__all__ = [
    "CHANGED",
    "CallInitiationError",
    "CallRecord",
    "Calls",
    "LineSecrets",
    "Progress",
    "RetellAPIError",
    "Status",
    "open_calls",
]
