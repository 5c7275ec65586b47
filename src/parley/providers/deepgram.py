"""Deepgram: live transcription. Flux models turns and says when the caller has finished; Nova hears every language.

Wire: `wss://api.deepgram.com/v2/listen` (Flux) and `/v1/listen` (Nova), checked against deepgram-sdk 7.17.
"""

from __future__ import annotations

import asyncio
from urllib.parse import urlencode

from parley.inference.errors import ProviderKeyRejected
from parley.inference.speech import HEARD_RATE, Hearing, TranscriberCapabilities
from parley.inference.vocabulary import terms
from parley.providers._deepgram_flux import FluxHearing
from parley.providers._deepgram_nova import NovaHearing
from parley.providers._socket import Patience, connect

VENDOR = "deepgram"
FLUX, NOVA = "flux", "nova-3"
BASE_URL = "wss://api.deepgram.com"
_ENGLISH, _MANY = "flux-general-en", "flux-general-multi"
_FLUX_SPEAKS = frozenset({"en", "es", "fr", "de", "hi", "ru", "pt", "ja", "it", "nl"})
_EAGER = "0.5"
_PAUSE_MS = "300"  # the vendor's own 10 ms splits sentences


class Deepgram:
    """A `Transcriber`. `model` is "flux" (the English or the multilingual one, by the call), a Flux id or a Nova id."""

    def __init__(
        self, model: str = FLUX, *, api_key: str, base_url: str = BASE_URL, patience: Patience | None = None
    ) -> None:
        if not api_key.strip():
            raise ProviderKeyRejected(f"No API key is configured for {VENDOR}.", vendor=VENDOR)
        self._model = model
        self._key = api_key.strip()
        self._base_url = base_url.rstrip("/")
        self._patience = patience or Patience()
        self._turns = model.startswith("flux")

    @property
    def name(self) -> str:
        """The catalog name."""
        return f"{VENDOR}/{self._model}"

    @property
    def capabilities(self) -> TranscriberCapabilities:
        """Both are billed by the open socket and want every frame; Flux models turns."""
        languages: frozenset[str] = frozenset()
        if self._turns:
            languages = frozenset({"en"}) if self._model.endswith("-en") else _FLUX_SPEAKS
        return TranscriberCapabilities(languages, partials=True, continuous=True, hints=self._turns)

    async def open(self, *, language: str, hints: tuple[str, ...] = ()) -> Hearing:
        """See `Transcriber.open`."""
        words = await asyncio.to_thread(terms, hints)
        query = self._flux(language[:2].lower()) if self._turns else self._nova(language)
        query += [("encoding", "linear16"), ("sample_rate", str(HEARD_RATE))]
        query += [("keyterm" if self._takes_terms() else "keywords", word) for word in words]
        path = "/v2/listen" if self._turns else "/v1/listen"
        socket = await connect(
            f"{self._base_url}{path}?{urlencode(query)}",
            {"Authorization": f"Token {self._key}"},
            VENDOR,
            timeout_s=self._patience.connect_s,
        )
        return (FluxHearing if self._turns else NovaHearing)(socket, VENDOR, self._patience)

    def _takes_terms(self) -> bool:
        return self._turns or self._model.startswith("nova-3")

    def _flux(self, language: str) -> list[tuple[str, str]]:
        model = self._model
        if model == FLUX:
            model = _ENGLISH if language == "en" else _MANY
        query = [("model", model), ("eager_eot_threshold", _EAGER)]
        return [*query, ("language_hint", language)] if model == _MANY else query

    def _nova(self, language: str) -> list[tuple[str, str]]:
        return [
            ("model", self._model),
            ("language", language),
            ("interim_results", "true"),
            ("smart_format", "true"),
            ("endpointing", _PAUSE_MS),
        ]
