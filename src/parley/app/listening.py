"""Taking the port before anything else is started: who finds it in use need not wait to be told."""

from __future__ import annotations

import os
import socket

from parley.app.settings import SettingsError


def listen(host: str, port: int) -> socket.socket:
    """A socket to serve on. Raises `SettingsError`."""
    try:
        return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as error:
        why = os.strerror(error.errno) if error.errno else str(error)
        reason = f"Could not listen on {host}:{port} ({why})."
        raise SettingsError(f"{reason} Is another server using it? Try --port.") from error
