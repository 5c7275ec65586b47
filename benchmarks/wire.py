"""An OpenAI-compatible server that answers at once, in a process of its own: `python -m benchmarks.wire`.

Prints its base URL; ends with its standard input. The reply has twenty tokens in two sentences.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.wire.openai_replies import streamed
from tests.wire.openai_server import OpenAIServer

REPLY = "We are open every day but Monday. Is there anything else that I could look up for you today, please?"


def main() -> None:
    """Serve until standard input ends."""
    server = OpenAIServer()
    server.default = streamed(REPLY)
    with server:
        print(server.base_url, flush=True)
        sys.stdin.read()


@contextmanager
def wire() -> Iterator[str]:
    """The server's base URL while the context is open."""
    command = [sys.executable, "-m", "benchmarks.wire"]
    with subprocess.Popen(  # noqa: S603 - this module
        command, cwd=Path(__file__).parent.parent, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
        process.communicate("")


if __name__ == "__main__":
    main()
