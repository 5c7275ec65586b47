"""Outgoing webhooks: what happened is told to whom it concerns, signed, until they have it.

Owns subscriptions and deliveries. `announce` is called on the transaction in which something happens: the deliveries
commit with it or not at all, and a job sends them. A receiver that fails is tried again for some five hours, then the
delivery is dead, kept, and can be replayed. Refuses to know what an event means: rooms above name it and say what to
tell. Enter by `announce` to tell, `Outbox` to subscribe and look.
"""

from parley.outbox.routes import router as outbox_routes
from parley.outbox.sign import SIGNATURE_HEADER, signature
from parley.outbox.store import erase_person, forget_before
from parley.outbox.subscribe import Outbox
from parley.outbox.tell import EVENTS, announce

__all__ = [
    "EVENTS",
    "SIGNATURE_HEADER",
    "Outbox",
    "announce",
    "erase_person",
    "forget_before",
    "outbox_routes",
    "signature",
]
