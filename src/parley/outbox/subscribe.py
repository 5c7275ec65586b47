"""The verbs on subscriptions and deliveries, and the job that delivers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import orjson

from parley.kit import log
from parley.kit.clock import Clock
from parley.kit.db import Database
from parley.kit.errors import Conflict, InvalidInput, NotFound
from parley.kit.ids import new_id
from parley.kit.jobs import Job, enqueue
from parley.kit.outbound import Outbound, OutboundFailed, OutboundRefused, check_url
from parley.kit.secrets import Keyring, new_token
from parley.outbox import store
from parley.outbox.sign import SIGNATURE_HEADER, signature
from parley.outbox.store import Delivery, Subscription
from parley.outbox.tell import DELIVER, accepted, send_to
from parley.tenants import Principal, record_audit

MOST_ATTEMPTS = 7
_BACKOFF = 5  # seconds to the power of the attempt: 5 s, 25 s, 2 min, 10 min, 52 min, 4 h 20
_TIMEOUT = 10.0
_MOST_SUBSCRIPTIONS = 50

_log = log.get("outbox")


class NotDelivered(Exception):
    """The receiver did not take it; the queue tries again."""


class Outbox:
    """A tenant's webhooks."""

    def __init__(self, db: Database, keyring: Keyring, outbound: Outbound, clock: Clock) -> None:
        self._db = db
        self._keyring = keyring
        self._outbound = outbound
        self._clock = clock

    def background(self) -> Sequence[Job]:
        """The delivering job, to be registered with the queue."""
        return [Job(DELIVER, self.deliver, attempts=MOST_ATTEMPTS, wait=_BACKOFF)]

    async def subscribe(
        self, who: Principal, tenant_id: str, url: str, events: Sequence[str], description: str
    ) -> tuple[Subscription, str]:
        """The subscription and its secret, shown once. Raises `InvalidInput`, `OutboundRefused`, `Conflict`."""
        check_url(url, self._outbound.allowed)
        if unknown := sorted(set(events) - accepted()):
            known = ", ".join(sorted(accepted()))
            raise InvalidInput(f"events must not name {unknown[0]!r}; known are {known}.")
        secret = new_token("whsec_")
        values = {
            "id": new_id(),
            "tenant_id": tenant_id,
            "url": url,
            "events": sorted(set(events)),
            "description": description,
            "sealed_secret": self._keyring.seal(secret),
            "is_active": True,
        }
        async with self._db.begin(tenant_id) as connection:
            if await store.count_subscriptions(connection, tenant_id) >= _MOST_SUBSCRIPTIONS:
                raise Conflict(f"A business may have at most {_MOST_SUBSCRIPTIONS} webhook subscriptions.")
            made = await store.add_subscription(connection, values)
            await record_audit(connection, who, tenant_id, "webhook.subscribed", made.id)
        return made, secret

    async def unsubscribe(self, who: Principal, tenant_id: str, wanted: str) -> None:
        """Remove a subscription and what was sent to it."""
        async with self._db.begin(tenant_id) as connection:
            if not await store.remove_subscription(connection, tenant_id, wanted):
                raise NotFound("webhook subscription")
            await record_audit(connection, who, tenant_id, "webhook.unsubscribed", wanted)

    async def page(self, tenant_id: str, limit: int, cursor: str | None) -> list[Subscription]:
        """Newest first."""
        async with self._db.begin(tenant_id) as connection:
            return await store.page_subscriptions(connection, tenant_id, limit, cursor)

    async def ping(self, tenant_id: str, wanted: str) -> Delivery:
        """Send a test event to one subscription."""
        async with self._db.begin(tenant_id) as connection:
            if await store.get_subscription(connection, tenant_id, wanted) is None:
                raise NotFound("webhook subscription")
            made = await send_to(connection, tenant_id, wanted, "webhook.ping", {"subscription_id": wanted})
            return _found(await store.get_delivery(connection, tenant_id, made))

    async def deliveries(
        self, tenant_id: str, limit: int, cursor: str | None, filters: Mapping[str, str]
    ) -> list[Delivery]:
        """Newest first."""
        async with self._db.begin(tenant_id) as connection:
            return await store.page_deliveries(connection, tenant_id, limit, cursor, filters)

    async def replay(self, who: Principal, tenant_id: str, wanted: str) -> Delivery:
        """Send a delivery once more, from the first attempt on. Its id stays, so a receiver can tell it is the same."""
        fresh = {"status": "pending", "attempts": 0, "error": None, "response_status": None, "delivered_at": None}
        async with self._db.begin(tenant_id) as connection:
            delivery = _found(await store.change_delivery(connection, tenant_id, wanted, fresh))
            await enqueue(connection, DELIVER, tenant_id=tenant_id, delivery_id=wanted)
            await record_audit(connection, who, tenant_id, "webhook.replayed", wanted)
        return delivery

    async def deliver(self, tenant_id: str, delivery_id: str) -> None:
        """The job: one attempt. Raises `NotDelivered` while there are attempts left."""
        async with self._db.begin(tenant_id) as connection:
            delivery = await store.get_delivery(connection, tenant_id, delivery_id)
            if delivery is None or delivery.status in {"delivered", "dead"}:
                return
            subscription = await store.get_subscription(connection, tenant_id, delivery.subscription_id)
        if subscription is None:
            return
        status, error = await self._post(subscription, delivery)
        attempts = delivery.attempts + 1
        now = self._clock.now()
        outcome = "delivered" if error is None else "dead" if attempts >= MOST_ATTEMPTS else "retrying"
        values = {
            "status": outcome,
            "attempts": attempts,
            "response_status": status,
            "error": error,
            "last_attempt_at": now,
            "delivered_at": now if error is None else None,
        }
        async with self._db.begin(tenant_id) as connection:
            await store.change_delivery(connection, tenant_id, delivery_id, values)
        _log.info("outbox.attempt", tenant_id=tenant_id, delivery_id=delivery_id, outcome=outcome, status=status)
        if outcome == "retrying":
            raise NotDelivered(error)

    async def _post(self, subscription: Subscription, delivery: Delivery) -> tuple[int | None, str | None]:
        """The answer's status, and what was wrong with it."""
        body = orjson.dumps(dict(delivery.payload))
        secret = self._keyring.open(subscription.sealed_secret)
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "Parley-Webhooks/1",
            "Parley-Event": delivery.event,
            "Parley-Delivery": delivery.id,
            SIGNATURE_HEADER: signature(secret, body, int(self._clock.now().timestamp())),
        }
        try:
            answer = await self._outbound.send(
                "POST", subscription.url, headers=headers, content=body, timeout=_TIMEOUT
            )
        except (OutboundFailed, OutboundRefused) as error:
            return None, str(error)
        if 200 <= answer.status < 300:
            return answer.status, None
        return answer.status, f"The receiver answered {answer.status}."


def _found(delivery: Delivery | None) -> Delivery:
    if delivery is None:
        raise NotFound("webhook delivery")
    return delivery
