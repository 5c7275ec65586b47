"""What the simulated line tells of a call: the call object as Retell writes it, and as our port has it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from parley.calls.record import CallRecord
from parley.calls.simulated_talk import Utterance, flat
from parley.calls.store import SimulatedCall
from parley.inference.carrier import CarrierCall, CarrierStatus
from parley.inference.retell_call import RECORD_KEY


def told_of(call: SimulatedCall) -> CarrierCall:
    """The call as the port has it."""
    status: CarrierStatus = "error" if (call.reason or "").startswith("error") else call.status
    return CarrierCall(
        id=call.id,
        status=status,
        call_id=call.call_id,
        reason=call.reason,
        started_at=call.started_at,
        ended_at=call.ended_at,
        seconds=call.seconds if call.ended_at else None,
    )


def shown(
    call: SimulatedCall, record: CallRecord | None, status: CarrierStatus, said: Sequence[Utterance] = ()
) -> dict[str, Any]:
    """The call object. Its end is by the wall, its duration by the call's own clock."""
    told: dict[str, Any] = {
        "call_id": call.id,
        "call_type": "phone_call",
        "agent_id": f"agent_{call.agent_id}",
        "call_status": status,
        "direction": "outbound",
        "metadata": {RECORD_KEY: call.call_id},
    }
    if record is not None:
        told |= {"from_number": record.own_number, "to_number": record.phone_number}
        variables = {"driver_name": record.driver_name, "load_number": record.load_number}
        told["retell_llm_dynamic_variables"] = variables
    if call.started_at is not None:
        told["start_timestamp"] = _ms(call.started_at)
    if call.ended_at is not None:
        told |= {"end_timestamp": _ms(call.ended_at), "duration_ms": round(call.seconds * 1000)}
        told |= {"disconnection_reason": call.reason, "transcript": flat(said)}
        told["transcript_object"] = [one.shown() for one in said]
    return told


def analysis(call: SimulatedCall, said: Sequence[Utterance]) -> dict[str, Any]:
    """What Retell would make of it, as far as a line without a model can say."""
    spoken = sum(one.role == "user" for one in said)
    mailbox = call.simulate["persona"] == "voicemail"
    return {"in_voicemail": mailbox, "user_sentiment": "Unknown", "call_successful": spoken > 1 and not mailbox}


def _ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)
