"""WebSockets as a live call needs them: uvicorn's own protocol, with a short cut for what a call consists of.

A caller sends fifty small messages a second. The general way of such a message (a generator that reads it byte range
by byte range, objects for the frame and its kind, reading stopped and begun again after every one) takes as long as all
that is then done with it. Here whole, masked, unfragmented text and binary frames of less than 64 kB are cut out of
what arrives and handed on; everything else is the library's, as before. It only ever gets whole control frames or, from
the first frame of another kind on, all that follows: so it never stands in the middle of a frame when one is cut out.
"""

from __future__ import annotations

from typing import Any

from typing_extensions import override
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.protocol import OPEN

try:
    from websockets.speedups import apply_mask
except ImportError:  # a platform without the compiled half
    from websockets.utils import apply_mask

_TEXT, _BINARY, _PING, _PONG = 0x81, 0x82, 0x89, 0x8A  # RFC 6455, section 5.2: FIN and the opcode
_MASKED = 0x80
_TWO_BYTES, _EIGHT_BYTES = 126, 127  # of length follow
_AHEAD = 32  # messages read that nobody has asked for yet


class CallSockets(WebSocketsSansIOProtocol):
    """To be given to uvicorn as `ws`, without compression."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._rest = b""  # of a frame that has not come whole
        self._cuts = not self.config.ws_per_message_deflate
        self._most = self.config.ws_max_size

    @override
    def data_received(self, data: bytes) -> None:
        if self._cuts:
            if self._rest:
                data, self._rest = self._rest + data, b""
            if self.handshake_complete and self.conn.state is OPEN:
                self._cut(data)
                return
            self._cuts = not self.handshake_initiated  # what comes before the answer is the library's, and all after it
        super().data_received(data)

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        """What is gone without a close frame is told as such (RFC 6455, 7.1.5): the library says 1005, as of a close
        frame without a code."""
        if self.handshake_complete and self.conn.close_rcvd is None:
            self.queue.put_nowait({"type": "websocket.disconnect", "code": 1006})
        super().connection_lost(exc)

    def _cut(self, data: bytes) -> None:
        at, end = 0, len(data)
        while end - at >= 6:
            kind, length, start = data[at], data[at + 1] - _MASKED, at + 6
            if length == _TWO_BYTES:
                if end - at < 8:
                    break
                length, start = data[at + 2] << 8 | data[at + 3], at + 8
            elif length == _EIGHT_BYTES:
                length = -1
            if not 0 <= length <= self._most or kind not in (_TEXT, _BINARY, _PING, _PONG):
                self._leave(data[at:])
                return
            stop = start + length
            if stop > end:
                break
            if kind in (_PING, _PONG):
                super().data_received(data[at:stop])
            elif not self._take(kind, apply_mask(data[start:stop], data[start - 4 : start])):
                self._leave(data[at:])
                return
            at = stop
        self._rest = data[at:]

    def _leave(self, data: bytes) -> None:
        """From here on everything is the library's."""
        self._cuts = False
        super().data_received(data)

    def _take(self, kind: int, payload: bytes) -> bool:
        """Hand a message on; False for text that is none."""
        if kind == _BINARY:
            self.queue.put_nowait({"type": "websocket.receive", "bytes": payload})
        else:
            try:
                self.queue.put_nowait({"type": "websocket.receive", "text": payload.decode()})
            except UnicodeDecodeError:
                return False
        if not self.read_paused and self.queue.qsize() >= _AHEAD:
            self.read_paused = True
            self.transport.pause_reading()
        return True
