"""Dialogue without a hosted model.

Owns `HouseResponder`, a chat model of rules that answers from the typed facts of a turn: small talk, answers quoted
from the passages, what is missing for a booking, what tools confirmed. Refuses to state what neither a passage, a slot
nor a tool said. It reads no prompt, keeps no state and touches no database.
"""

from parley.house.extractor import Extractor
from parley.house.extractor_check import Claim, check, claims_of, merge
from parley.house.responder import HouseResponder

__all__ = ["Claim", "Extractor", "HouseResponder", "check", "claims_of", "merge"]
