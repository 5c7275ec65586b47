"""How well facts are got out of transcripts without a hosted model: right fields, false values, time per transcript.

Run `python -m benchmarks.extraction [part …] [--errors]`, of the parts below. Transcripts: `tests/house`; the rules
were written against "tuning" and mended on "strangers", "newcomers", "outsiders" and "workshop". "unseen" and "sealed"
were never tuned on; errors of "heldout" were seen once; "visitors" was read once when the rules were done, then two
causes of its false values were mended.
Compared: the extractor against answering null everywhere, which is what "never guess" is measured by.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import time
from collections import Counter
from pathlib import Path

from parley.house import Extractor
from parley.providers.minilm import MiniLM
from tests.house.extraction_scoring import cases, read, verdicts

PARTS = ["tuning", "heldout", "strangers", "unseen", "newcomers", "sealed", "outsiders", "workshop", "visitors"]
CACHE = Path("~/.parley/cache").expanduser()


async def measure(part: str, *, errors: bool) -> None:
    """Print one line per field and the totals of a part."""
    embedder = MiniLM(CACHE)
    extractor = Extractor(embedder)
    right: Counter[str] = Counter()
    count: Counter[str] = Counter()
    silent = false = nothing = 0
    times: list[float] = []
    for case in cases(part):
        begun = time.process_time()
        found = await read(extractor, case)
        times.append(1000 * (time.process_time() - begun))
        own = "" if case.schema.dispatch else "own schemas: "
        for name, good, null in verdicts(case, found):
            field = own + ("all fields" if own else name)
            right[field] += good
            count[field] += 1
            silent += null
            nothing += null
            false += null and not good
            if errors and not good:
                print(f"   {case.id} {name}: {found.values[name.split('[')[0]]!r}, should be {case.gold.get(name)!r}")
    await embedder.aclose()
    total = count.total()
    for field, of in count.items():
        print(f"  {field:30} {right[field]:4} of {of:4}  {100 * right[field] / of:5.1f} %")
    share = 100 * right.total() / total
    print(f"  {part}: {len(times)} transcripts, {right.total()} of {total} fields right, {share:.1f} %")
    print(f"  null everywhere would be right in {nothing} of {total}, {100 * nothing / total:.1f} %")
    print(f"  a value where there is none: {false} of {silent}, {100 * false / max(silent, 1):.1f} %")
    print(f"  processor time per transcript: median {statistics.median(times):.1f} ms, most {max(times):.0f} ms")


def main() -> None:
    """All parts, or the one named."""
    parts = [part for part in PARTS if part in sys.argv[1:]] or PARTS
    for part in parts:
        asyncio.run(measure(part, errors="--errors" in sys.argv[1:]))


if __name__ == "__main__":
    main()
