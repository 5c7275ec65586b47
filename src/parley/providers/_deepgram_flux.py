"""Deepgram's `v2/listen` (Flux): the words of a whole turn, again with each message, and when the turn ends.

There is no Finalize: a pause is answered once a message covers all sound sent before it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Literal

from typing_extensions import override

from parley.inference.errors import ProviderStalled, ProviderUnavailable
from parley.inference.speech import Final, Heard, Partial, TurnHint
from parley.providers._deepgram_nova import words_of
from parley.providers._socket import SocketHearing

_HINTS: dict[str, Literal["likely_end", "resumed", "ended"]] = {
    "EagerEndOfTurn": "likely_end",
    "TurnResumed": "resumed",
    "EndOfTurn": "ended",
}

_LATELY_S = 1.0


class FluxHearing(SocketHearing):
    """One session's ear. A turn is a segment; a turn that was reported at a pause and goes on is reported again."""

    frames_per_message = 4  # 80 ms, as the vendor wants it
    farewell = '{"type":"CloseStream"}'

    _turn = 0
    _text = ""
    _reported = False  # the open turn, for good, at a pause

    @override
    def understand(self, message: dict[str, Any]) -> Iterator[Heard]:
        """Turns; anything but a fatal error is passed over."""
        kind = message.get("type")
        if kind == "Error":
            reason = str(message.get("description") or message.get("code") or "")[:200]
            raise ProviderUnavailable(f"{self.vendor} failed: {reason}", vendor=self.vendor)
        if kind != "TurnInfo":
            return
        event = str(message.get("event"))
        turn = int(message.get("turn_index", self._turn))
        if turn != self._turn:
            self._turn, self._text, self._reported = turn, "", False
        text = str(message.get("transcript", "")).strip()
        covered_ms = float(message.get("audio_window_end", 0.0)) * 1000
        is_over = event == "EndOfTurn"
        answers = bool(self.pauses) and self.pauses[0].fed_ms <= covered_ms
        if text and (is_over or answers or self._reported):
            yield self._final(text, message)
        elif text and text != self._text:
            yield Partial(text, turn)
        self._text = "" if is_over else text
        if event in _HINTS:
            yield TurnHint(_HINTS[event])
        while self.pauses and self.pauses[0].fed_ms <= covered_ms:
            yield from self.answered()

    @override
    def waited(self) -> Iterable[Heard]:
        """Where no turn is open nothing has to come any more; a vendor that says nothing at all is gone."""
        if not self.pauses:
            return ()
        asked = self.pauses[0].at
        lasts = self.now - asked
        if lasts >= self.patience.answer_s and not self._text and self.heard_at > asked - _LATELY_S:
            return self.answered()
        if lasts >= self.patience.stall_s:
            raise ProviderStalled(f"{self.vendor} owes the caller's words.", vendor=self.vendor)
        return ()

    def _final(self, text: str, message: dict[str, Any]) -> Final:
        self._reported = True
        language = str((message.get("languages") or [""])[0])[:2]
        return Final(text, self._turn, language=language, words=words_of(message.get("words")))
