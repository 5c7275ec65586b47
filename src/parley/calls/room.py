"""Everything the room offers, put together once."""

from __future__ import annotations

from dataclasses import dataclass

from parley.calls.progress import Progress
from parley.calls.secrets import LineSecrets
from parley.kit.clock import Clock
from parley.kit.db import Database
from parley.kit.secrets import Keyring


@dataclass(frozen=True, slots=True)
class Calls:
    """The verbs on calls. `progress`: what happens on one. `secrets`: the tokens of the lines."""

    progress: Progress
    secrets: LineSecrets


def open_calls(db: Database, clock: Clock, keyring: Keyring) -> Calls:
    """The room over a database."""
    secrets = LineSecrets(keyring)
    return Calls(Progress(db, clock, secrets), secrets)
