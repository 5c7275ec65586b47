"""Making, hashing, comparing and encrypting secrets.

One `SECRET_KEY` is stretched by HKDF (RFC 5869) into independent keys, one per purpose, so that a leaked token key
does not open the credential store.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets as _random

from cryptography.exceptions import InvalidTag
from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from parley.kit.errors import VoiceAgentException

_NONCE = 12


class SealBroken(VoiceAgentException):
    """A stored secret does not open: SECRET_KEY changed since it was written, or the row was altered."""

    code = "secret.unreadable"


def new_token(prefix: str = "", entropy_bytes: int = 32) -> str:
    """A URL-safe random token; `prefix` makes its kind recognisable to secret scanners."""
    return prefix + _random.token_urlsafe(entropy_bytes)


def digest(token: str) -> str:
    """SHA-256 in hex. For high-entropy tokens only: passwords need a slow hash."""
    return hashlib.sha256(token.encode()).hexdigest()


def same(left: str, right: str) -> bool:
    """Constant-time comparison."""
    return hmac.compare_digest(left.encode(), right.encode())


class Box:
    """Seals bytes with one key: AES-256-GCM, a random nonce in front (NIST SP 800-38D). 28 bytes longer than plain."""

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(key)

    @staticmethod
    def new_key() -> bytes:
        """32 random bytes."""
        return AESGCM.generate_key(256)

    def seal(self, plain: bytes, bound_to: str) -> bytes:
        """Encrypt and authenticate; it opens only as what it is bound to."""
        nonce = _random.token_bytes(_NONCE)
        return nonce + self._cipher.encrypt(nonce, plain, bound_to.encode())

    def open(self, sealed: bytes, bound_to: str) -> bytes:
        """The bytes that were sealed. Raises `SealBroken`."""
        try:
            return self._cipher.decrypt(sealed[:_NONCE], sealed[_NONCE:], bound_to.encode())
        except (InvalidTag, ValueError) as error:
            raise SealBroken("What was sealed cannot be read with the present SECRET_KEY.") from error


class Keyring:
    """The keys derived from one master secret."""

    def __init__(self, master: str) -> None:
        self._master = master.encode()
        self._box = Fernet(base64.urlsafe_b64encode(self.derive("credentials")))

    def box(self, purpose: str) -> Box:
        """A box for bytes, with a key of its own."""
        return Box(self.derive(purpose))

    def derive(self, purpose: str) -> bytes:
        """32 bytes for one purpose, stable for one master secret."""
        return HKDF(algorithm=SHA256(), length=32, salt=b"parley.v1", info=purpose.encode()).derive(self._master)

    def seal(self, plain: str) -> bytes:
        """Encrypt and authenticate (Fernet)."""
        return self._box.encrypt(plain.encode())

    def open(self, sealed: bytes) -> str:
        """The text that was sealed. Raises `SealBroken`."""
        try:
            return self._box.decrypt(sealed).decode()
        except InvalidToken as error:
            raise SealBroken("A stored secret cannot be read with the present SECRET_KEY.") from error
