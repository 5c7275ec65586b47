"""Deepgram's `v1/listen`: results window by window, a pause told by Finalize."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from typing_extensions import override

from parley.inference.errors import ProviderStalled, ProviderUnavailable
from parley.inference.speech import Final, Heard, Partial, Word
from parley.providers._socket import SocketHearing


def words_of(listed: object) -> tuple[Word, ...]:
    """The vendor's words, seconds to milliseconds."""
    rows = listed if isinstance(listed, list) else []
    return tuple(
        Word(
            str(row.get("punctuated_word") or row.get("word") or ""),
            float(row.get("start", 0.0)) * 1000,
            float(row.get("end", 0.0)) * 1000,
            float(row.get("confidence", 1.0)),
        )
        for row in rows
    )


class NovaHearing(SocketHearing):
    """One session's ear. A frozen window is a segment; a silent one is none."""

    keep_alive = '{"type":"KeepAlive"}'
    farewell = '{"type":"CloseStream"}'

    _segment = 0
    _said = ""  # by the window that is open

    @override
    def told_of_pause(self) -> str:
        """Give out what is buffered."""
        return '{"type":"Finalize"}'

    @override
    def understand(self, message: dict[str, Any]) -> Iterator[Heard]:
        """Results; the rest is silence."""
        kind = message.get("type")
        if kind == "Error":
            reason = str(message.get("description") or message.get("message") or "")[:200]
            raise ProviderUnavailable(f"{self.vendor} failed: {reason}", vendor=self.vendor)
        if kind != "Results":
            return
        best = (message.get("channel") or {}).get("alternatives") or [{}]
        text = str(best[0].get("transcript", "")).strip()
        if not message.get("is_final"):
            if text and text != self._said:
                self._said = text
                yield Partial(text, self._segment)
            return
        if text or self._said:
            languages = best[0].get("languages") or [""]
            words = words_of(best[0].get("words"))
            yield Final(text, self._segment, float(best[0].get("confidence", 1.0)), str(languages[0])[:2], words)
            self._segment += 1
            self._said = ""
        if message.get("from_finalize"):
            yield from self.answered()

    @override
    def waited(self) -> Iterable[Heard]:
        """A Finalize may stay without an answer where nothing was buffered; a vendor that says nothing at all while
        it is sent sound is gone."""
        if not self.pauses:
            return ()
        asked = self.pauses[0].at
        lasts = self.now - asked
        if lasts >= self.patience.answer_s and not self._said and self.heard_at > asked:
            return self.answered()
        if lasts >= self.patience.stall_s:
            raise ProviderStalled(f"{self.vendor} owes the caller's words.", vendor=self.vendor)
        return ()
