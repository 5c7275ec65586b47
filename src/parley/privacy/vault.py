"""The vault: what placeholders stand for, sealed, per conversation; and one person's entries by a blind index.

A blind index is an HMAC under a key of its own, so that a person can be found by telephone number or e-mail address
without opening every value, and nobody without the key can try numbers out.
"""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from hashlib import sha256
from typing import Protocol

from sqlalchemy.ext.asyncio import AsyncConnection

from parley.kit.db import Database
from parley.kit.errors import NotFound, TooMany
from parley.kit.secrets import Keyring
from parley.privacy import store
from parley.privacy.entities import Entity
from parley.privacy.find import find_personal_data
from parley.privacy.masking import Masking, Mode
from parley.privacy.placeholders import PlaceholderMap, mask
from parley.privacy.subject import Subject, blind_key_of
from parley.tenants import Principal, record_audit

_BUSY_WAIT = 5.0
_BUSY_POLL = 0.025
_BLIND_BYTES = 16


class Busy(Exception):
    """The conversation is being answered: its placeholders are in that turn's hands."""


class Conversations(Protocol):
    """What the vault has to know of conversations, which are another room's."""

    async def hold(self, connection: AsyncConnection, tenant_id: str, conversation_id: str) -> Mode | None:
        """Lock the conversation until the transaction ends and tell its mode; None where there is none.

        Raises `Busy` while a turn is being answered.
        """
        ...

    async def mode_of(self, connection: AsyncConnection, tenant_id: str, conversation_id: str) -> Mode | None:
        """Its mode; None where there is no such conversation."""
        ...


@dataclass(frozen=True, slots=True)
class VaultFind:
    """A vault entry that stands for a person."""

    conversation_id: str
    placeholder: str
    value: str


class Vaults:
    """The vaults of all conversations."""

    def __init__(self, db: Database, keyring: Keyring, conversations: Conversations) -> None:
        self._db = db
        self._keyring = keyring
        self._conversations = conversations
        self._blind_key = keyring.derive("privacy.blind_index")
        self._warm = False
        self._warming = asyncio.Lock()
        self._one_at_a_time = asyncio.Semaphore(1)

    @property
    def is_warm(self) -> bool:
        """Whether the recognisers are built; finding takes a second the first time."""
        return self._warm

    async def warm(self) -> None:
        """Build the recognisers, in a thread."""
        async with self._warming:
            if not self._warm:
                await asyncio.to_thread(find_personal_data, "warm")
                self._warm = True

    async def find_in(
        self, texts: Sequence[str], language: str | None = None, known_names: Sequence[str] = ()
    ) -> list[list[Entity]]:
        """The personal data in each text, found in a thread; one request at a time: callers' turns come first."""

        def work() -> list[list[Entity]]:
            return [find_personal_data(text, language=language, known_names=known_names) for text in texts]

        async with self._one_at_a_time:
            return await asyncio.to_thread(work)

    async def open(self, connection: AsyncConnection, tenant_id: str, conversation_id: str, mode: Mode) -> Masking:
        """The masking of a conversation with what its vault holds, on the caller's transaction."""
        if mode != "masked":
            return Masking(mode)
        rows = await store.get_entries(connection, tenant_id, conversation_id)
        return Masking(mode, PlaceholderMap({name: self._keyring.open(sealed) for name, sealed in rows}))

    async def save(self, connection: AsyncConnection, tenant_id: str, conversation_id: str, masking: Masking) -> None:
        """Store what the masking has learnt, on the transaction that stores the text which mentions it."""
        if masking.mode != "masked" or not (pending := masking.pending()):
            return
        scope = {"tenant_id": tenant_id, "conversation_id": conversation_id}
        rows = [
            {
                **scope,
                "placeholder": placeholder,
                "kind": placeholder[1:].rpartition("_")[0],
                "sealed": self._keyring.seal(value),
                "blind": self._blind(tenant_id, blind_key_of(value)),
            }
            for placeholder, value in pending
        ]
        await store.add_entries(connection, rows)

    @asynccontextmanager
    async def between_turns(
        self, tenant_id: str, conversation_id: str, *, also_unmasked: bool = False
    ) -> AsyncIterator[tuple[AsyncConnection, Masking]]:
        """A transaction in which the conversation's placeholders may grow outside a turn; saved on leaving.

        `also_unmasked`: a conversation that keeps all gives placeholders too, for texts that leave it. Waits while a
        turn is being answered. Raises `NotFound`, or `TooMany` where the turn takes too long.
        """
        await self.warm()
        deadline = asyncio.get_running_loop().time() + _BUSY_WAIT
        while True:
            try:
                async with self._db.begin(tenant_id) as connection:
                    mode = await self._conversations.hold(connection, tenant_id, conversation_id)
                    if mode is None:
                        raise NotFound("conversation")
                    if also_unmasked and mode == "keep_all":
                        mode = "masked"
                    masking = await self.open(connection, tenant_id, conversation_id, mode)
                    yield connection, masking
                    await self.save(connection, tenant_id, conversation_id, masking)
                return
            except Busy:
                if asyncio.get_running_loop().time() > deadline:
                    raise TooMany("conversation_id is being answered.", retry_after=1) from None
            await asyncio.sleep(_BUSY_POLL)

    async def unmask(self, who: Principal, tenant_id: str, conversation_id: str, text: str, reason: str) -> str:
        """The text with real values, and a line in the audit log that says who wanted it and why.

        The log cannot be changed, so that what the reason says of a person is masked for good.
        """
        await self.warm()
        async with self._db.begin(tenant_id) as connection:
            if await self._conversations.mode_of(connection, tenant_id, conversation_id) is None:
                raise NotFound("conversation")
            masking = await self.open(connection, tenant_id, conversation_id, "masked")
            shown = masking.reveal(text)
            kinds = sorted({name[1:].rpartition("_")[0] for name, _ in masking.vault.items() if name in text})
            said = mask(reason, find_personal_data(reason), PlaceholderMap()).text
            detail = {"reason": said, "kinds": kinds}
            await record_audit(connection, who, tenant_id, "privacy.unmasked", conversation_id, **detail)
        return shown

    # One person

    async def find(self, connection: AsyncConnection, tenant_id: str, subject: Subject) -> list[VaultFind]:
        """The entries that stand for the person's telephone number or e-mail address."""
        blind = self._blind(tenant_id, blind_key_of(subject.digits or subject.value))
        if subject.kind == "user_id" or blind is None:
            return []
        rows = await store.find_entries(connection, tenant_id, [blind])
        opened = [VaultFind(conversation, name, self._keyring.open(sealed)) for conversation, name, sealed in rows]
        return [one for one in opened if subject.is_in(one.value) or _is_spoken(one.value)]

    async def forget(self, connection: AsyncConnection, tenant_id: str, found: Sequence[VaultFind]) -> int:
        """Destroy entries: their placeholders stand for nobody from now on."""
        return sum([await store.remove_entry(connection, tenant_id, f.conversation_id, f.placeholder) for f in found])

    async def count(self, connection: AsyncConnection, tenant_id: str, conversation_ids: Collection[str]) -> int:
        """How many entries the vaults of these conversations hold."""
        return await store.count_entries(connection, tenant_id, conversation_ids)

    def fingerprint(self, tenant_id: str, subject: Subject) -> str:
        """A person in a receipt: the same for the same person, and nothing anybody could read back."""
        return self._hmac(f"{tenant_id}\x1freceipt\x1f{subject.kind}:{subject.value}").hex()

    def _blind(self, tenant_id: str, key: str | None) -> bytes | None:
        return None if key is None else self._hmac(f"{tenant_id}\x1f{key}")[:_BLIND_BYTES]

    def _hmac(self, text: str) -> bytes:
        return hmac.new(self._blind_key, text.encode(), sha256).digest()


def _is_spoken(value: str) -> bool:
    """A number said in words matches by its last seven digits alone."""
    return "@" not in value and not any(char.isdigit() for char in value)
