"""Who is calling, and what they may do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from parley.kit.errors import NotAllowed

Role = Literal["admin", "owner", "operator", "trainee"]
Level = Literal["train", "chat", "read", "write", "manage", "platform"]
Scope = Literal["train", "chat", "read", "write", "manage"]

SCOPES: tuple[str, ...] = get_args(Scope)

_LEVELS: dict[str, frozenset[str]] = {
    "admin": frozenset(get_args(Level)),
    "owner": frozenset(SCOPES),
    "operator": frozenset({"train", "chat", "read", "write"}),
    "trainee": frozenset({"train"}),
}


@dataclass(frozen=True, slots=True)
class Principal:
    """A caller after authentication. `levels` is what they may do; `tenant_id` is where they belong.

    kind: user (signed in), key (API key), open (`parley dev` on loopback, without credentials), job (what Parley does
    by itself where a tenant's rules want it).
    """

    kind: Literal["user", "key", "open", "job"]
    id: str
    tenant_id: str
    role: Role
    levels: frozenset[str]
    session: str = ""

    @property
    def is_platform(self) -> bool:
        """Whether this caller may act for any tenant."""
        return "platform" in self.levels

    def require(self, level: Level) -> None:
        """Raise `NotAllowed` unless the caller has `level`."""
        if level not in self.levels:
            raise NotAllowed(f"This needs the permission {level!r}, which {self.kind} {self.role!r} does not have.")


def levels_of(role: str) -> frozenset[str]:
    """What a role may do."""
    return _LEVELS[role]
