"""Phone calls as records: placing, following, ending and reconciling them, whoever carries them.

Owns a call's status and the only legal ways between two of them, the numbers agents answer, who must not be called,
and what an agent looks like at a carrier. Refuses to know what is said (a call is a conversation, and `conversations`
has it) and how a carrier speaks (a `Carrier`). Enter through `Calls`, made by `open_calls`.
"""

from parley.calls.answer import Answering
from parley.calls.carriers import RETELL, SIMULATED, TWILIO, CarrierAccount, CarrierChoice
from parley.calls.close import FactFinder
from parley.calls.failures import CallInitiationError, DataExtractionError, RetellAPIError
from parley.calls.initiate import NewCall
from parley.calls.lines import Drift
from parley.calls.live import CallLive
from parley.calls.numbers import e164_or_empty
from parley.calls.persons import conversations_of, erase_person, export_person, forget_before, forget_words_before
from parley.calls.progress import CHANGED, HEARD, Progress
from parley.calls.record import CallRecord, Status
from parley.calls.report import Reports
from parley.calls.room import CallParts, Calls, open_calls
from parley.calls.routes import router as call_routes
from parley.calls.routes_numbers import router as number_routes
from parley.calls.secrets import LineSecrets
from parley.calls.settings import check_call_settings, check_voice_settings
from parley.calls.simulated import SimulatedLine, SimulatedParts
from parley.calls.switchboard import Switchboard
from parley.calls.transcript import CallTranscripts, Said

__all__ = [
    "CHANGED",
    "HEARD",
    "RETELL",
    "SIMULATED",
    "TWILIO",
    "Answering",
    "CallInitiationError",
    "CallLive",
    "CallParts",
    "CallRecord",
    "CallTranscripts",
    "Calls",
    "CarrierAccount",
    "CarrierChoice",
    "DataExtractionError",
    "Drift",
    "FactFinder",
    "LineSecrets",
    "NewCall",
    "Progress",
    "Reports",
    "RetellAPIError",
    "Said",
    "SimulatedLine",
    "SimulatedParts",
    "Status",
    "Switchboard",
    "call_routes",
    "check_call_settings",
    "check_voice_settings",
    "conversations_of",
    "e164_or_empty",
    "erase_person",
    "export_person",
    "forget_before",
    "forget_words_before",
    "number_routes",
    "open_calls",
]
