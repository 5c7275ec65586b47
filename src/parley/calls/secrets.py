"""The secrets of a line: the token in the address a carrier dials, and the key that signs simulated webhooks."""

from __future__ import annotations

import base64
import hashlib
import hmac

from parley.kit.secrets import Keyring, digest


class LineSecrets:
    """Derived, not stored: an agent keeps its token, and only its hash is in the database."""

    def __init__(self, keyring: Keyring) -> None:
        self._key = keyring.derive("calls.line")
        self.simulated_key = keyring.derive("calls.simulated").hex()

    def token(self, agent_id: str) -> str:
        """The secret part of the address at which `agent_id` answers calls: 43 URL-safe characters."""
        mac = hmac.new(self._key, agent_id.encode(), hashlib.sha256).digest()
        return base64.urlsafe_b64encode(mac).decode().rstrip("=")

    def token_hash(self, agent_id: str) -> str:
        """What is stored of it."""
        return digest(self.token(agent_id))
