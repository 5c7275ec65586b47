"""The process that owns espeak-ng (GPL-3): it speaks this module's protocol on its standard streams and nothing else.

espeak-ng holds one engine per process and is not re-entrant, so it lives apart from the server. A request is one line
of JSON {"text", "voice", "rate"}; the answer one line {"rate", "bytes", "words": [[text, start_ms], …]} followed by
that many bytes of PCM16 mono.
"""

from __future__ import annotations

import ctypes
import json
import sys
from typing import Any

import espeakng_loader

_SYNCHRONOUS = 2
_UTF8 = 1
_WORD = 1
_RATE = 1
_CHARACTER = 1


class _Id(ctypes.Union):
    _fields_ = (("number", ctypes.c_int), ("name", ctypes.c_char_p), ("string", ctypes.c_char * 8))


class _Event(ctypes.Structure):
    """espeak_EVENT of speak_lib.h."""

    _fields_ = (
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", _Id),
    )


_Callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event))


class Engine:
    """espeak-ng through its C interface, synchronous: a call returns when all of the text is spoken."""

    def __init__(self) -> None:
        self._lib = ctypes.CDLL(espeakng_loader.get_library_path())
        data = espeakng_loader.get_data_path().encode()
        self.sample_rate = int(self._lib.espeak_Initialize(_SYNCHRONOUS, 0, data, 0))
        if self.sample_rate <= 0:
            raise RuntimeError("espeak-ng did not start")
        self._pcm = bytearray()
        self._places: list[tuple[int, int, int]] = []
        self._callback = _Callback(self._take)  # kept: the library holds no reference
        self._lib.espeak_SetSynthCallback(self._callback)

    def speak(self, text: str, voice: str, rate: int) -> tuple[bytes, list[tuple[str, int]]]:
        """PCM16 mono at `sample_rate`, and each word with the millisecond at which it begins."""
        self._pcm.clear()
        self._places.clear()
        if self._lib.espeak_SetVoiceByName(voice.encode()) != 0:
            self._lib.espeak_SetVoiceByName(b"en")
        self._lib.espeak_SetParameter(_RATE, rate, 0)
        packed = text.encode()
        self._lib.espeak_Synth(packed, len(packed) + 1, 0, _CHARACTER, 0, _UTF8, None, None)
        self._lib.espeak_Synchronize()
        words = [(text[start - 1 : start - 1 + length], ms) for start, length, ms in self._places]
        return bytes(self._pcm), words

    def _take(self, samples: Any, count: int, events: Any) -> int:
        if samples and count > 0:
            self._pcm += ctypes.string_at(samples, count * 2)
        place = 0
        while events[place].type != 0:
            event = events[place]
            if event.type == _WORD:
                self._places.append((event.text_position, event.length, event.audio_position))
            place += 1
        return 0


def main() -> None:
    """Answer requests until the input ends."""
    engine = Engine()
    out = sys.stdout.buffer
    for line in sys.stdin.buffer:
        request = json.loads(line)
        pcm, words = engine.speak(request["text"], request["voice"], request["rate"])
        head = {"rate": engine.sample_rate, "bytes": len(pcm), "words": words}
        out.write(json.dumps(head).encode() + b"\n" + pcm)
        out.flush()


if __name__ == "__main__":
    main()
