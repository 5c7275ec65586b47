"""A transcript in any of its forms as lines with a speaker: "Agent: …\nUser: …", lists of messages, no labels at all.

Labels are read by what they name ("Dispatcher", "Fahrer", "Speaker 1", "Mike"); where they name neither side, the one
who asks and reminds is the agent. Time stamps are taken off. Lines are numbered from 1; their number is their id unless
the source gives one.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from parley.kit.errors import InvalidInput

Speaker = Literal["agent", "caller"]

MOST_CHARACTERS, MOST_LINES, LONGEST_LINE = 200_000, 4_000, 3_000

_AGENT = frozenset(
    "agent assistant ai bot robot system-agent dispatcher dispatch disponent disponentin disposition dispo operator "
    "representative rep support mitarbeiter mitarbeiterin interviewer receptionist host employee voicebot voice-agent "
    "ai-agent virtual-agent caller-agent human-dispatcher live-dispatcher supervisor transfer-target transfer_target "
    "berater beraterin rezeption zentrale leitstelle agent-ai advisor clerk "
    "voiceagent aiagent dispatcheragent callcenter recruiter dispatch-agent ai-dispatcher assistent assistentin".split()
)
_CALLER = frozenset(
    "user driver caller customer fahrer fahrerin kunde kundin anrufer anruferin client guest gast human person patient "
    "patientin candidate lead trucker mieter mieterin tenant carrier kraftfahrer lkw-fahrer lkwfahrer truck-driver "
    "truckdriver member subscriber buyer seller bewerber bewerberin interessent interessentin applicant callee "
    "wife husband co-driver codriver respondent".split()
)
_SILENT = frozenset({"system", "tool", "function", "injected", "developer", "note", "notes", "summary"})
_STAMP = r"(?:[\[(<]?\s*\d{1,2}:\d{2}(?::\d{2})?(?:[.,]\d+)?\s*(?:[AaPp][Mm])?\s*[\])>]?\s*[-–—|:]?\s*)"
_LABEL = re.compile(
    rf"^\s*(?:[-*•>]\s+)?{_STAMP}?\**(?P<label>[^\W\d_][\w.'’/&# -]{{0,38}}?)\**\s*(?:[(\[][^)\]]{{0,40}}[)\]])?"
    rf"\s*{_STAMP}?"
    rf"\**\s*(?::|(?<=\w)\s[-–—]\s)\**\s*(?P<said>.*)$"
)
_TAKEN_OFF = re.compile(rf"^\s*{_STAMP}")
_ASKS = re.compile(
    r"\?|\b(?:this is dispatch|calling (?:about|regarding|for)|please (?:remember|don't|send|get|upload)|don't forget|"
    r"reminder|thank you for calling|disposition|denken sie|vergessen sie|load (?:number )?#?\d)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Line:
    """One thing said. `id` names the message; `number` is its place from 0."""

    number: int
    speaker: Speaker
    text: str
    id: str


def read_transcript(source: object) -> tuple[Line, ...]:
    """The lines of a transcript. Raises `InvalidInput` naming `transcript` for what is none."""
    if isinstance(source, Mapping):
        source = next((source[key] for key in ("messages", "transcript", "transcript_object") if key in source), None)
    if isinstance(source, str):
        if len(source) > MOST_CHARACTERS:
            raise InvalidInput(f"transcript must be at most {MOST_CHARACTERS:,} characters long.")
        listed = _as_json(source)
        return read_transcript(listed) if listed is not None else _cut(_numbered(_from_text(source)))
    if isinstance(source, Sequence) and not isinstance(source, bytes):
        if len(source) > MOST_LINES:
            raise InvalidInput(f"transcript must have at most {MOST_LINES:,} messages.")
        return _cut(_from_messages(source))
    raise InvalidInput("transcript must be a text, or a list of messages with role and content.")


def _cut(lines: tuple[Line, ...]) -> tuple[Line, ...]:
    """Without lines longer than anybody speaks at once: such a one becomes several of the same id."""
    if all(len(line.text) <= LONGEST_LINE for line in lines):
        return lines
    parted: list[Line] = []
    for line in lines:
        for start in range(0, len(line.text), LONGEST_LINE):
            piece = line.text[start : start + LONGEST_LINE].strip()
            if piece:
                parted.append(Line(len(parted), line.speaker, piece, line.id))
    if sum(len(line.text) for line in parted) > MOST_CHARACTERS:
        raise InvalidInput(f"transcript must be at most {MOST_CHARACTERS:,} characters long.")
    return tuple(parted)


def _as_json(text: str) -> object | None:
    stripped = text.strip()
    if not stripped.startswith(("[{", "{", "[\n", "[ ")):
        return None
    try:
        found = json.loads(stripped)
    except ValueError:
        return None
    return found if isinstance(found, list | dict) else None


def _from_messages(source: Sequence[object]) -> tuple[Line, ...]:
    lines: list[Line] = []
    raw: list[tuple[str, str, str]] = []
    for place, entry in enumerate(source):
        if isinstance(entry, str):
            label, said = _labelled(entry)
            raw.append((label, said, str(place + 1)))
            continue
        if not isinstance(entry, Mapping):
            raise InvalidInput(f"transcript[{place}] must be an object with role and content.")
        role = next((entry[key] for key in ("role", "speaker", "from", "sender", "author") if entry.get(key)), "")
        said = next(
            (entry[key] for key in ("content", "text", "message", "utterance", "transcript") if key in entry), ""
        )
        if not isinstance(role, str) or not isinstance(said, str | None):
            raise InvalidInput(f"transcript[{place}] must have a role and a content that are texts.")
        identity = next((entry[key] for key in ("message_id", "id") if entry.get(key)), place + 1)
        raw.append((role, said or "", str(identity)))
    sides = _sides([(label, said) for label, said, _ in raw])
    for label, said, identity in raw:
        side = sides[_key(label)]
        if side is not None and said.strip():
            lines.append(Line(len(lines), side, said.strip(), identity))
    return tuple(lines)


def _numbered(said: Sequence[tuple[Speaker, str]]) -> tuple[Line, ...]:
    return tuple(Line(number, side, text, str(number + 1)) for number, (side, text) in enumerate(said))


def _from_text(text: str) -> list[tuple[Speaker, str]]:
    rows = [piece for row in text.splitlines() if row.strip() for piece in _inline(row)]
    parted = [_labelled(row) for row in rows]
    labels = Counter(_key(label) for label, _ in parted if label)
    known = sum(count for label, count in labels.items() if _side(label) is not None)
    repeated = sum(count for count in labels.values() if count > 1)
    everywhere = all(label for label, _ in parted) and len(parted) > 1
    if not labels or (not known and not everywhere and (repeated < len(parted) / 2 or len(labels) > 6)):
        return _unlabelled([_TAKEN_OFF.sub("", row).strip() for row in rows])
    joined: list[tuple[str, str]] = []
    for row, (label, said) in zip(rows, parted, strict=True):
        key = _key(label)
        named = everywhere and label[:1].isupper() and len(label.split()) == 1
        plain = named or (not known and (everywhere or labels[key] > 1))
        speaks = bool(label) and (_known_label(key) or plain or _like_a_name(label, labels))
        if speaks:
            joined.append((label, said.strip()))
        elif joined:
            joined[-1] = (joined[-1][0], f"{joined[-1][1]}\n{row.strip()}".strip())
    sides = _sides(joined)
    found: list[tuple[Speaker, str]] = []
    for label, said in joined:
        side = sides[_key(label)]
        if side is not None and said:
            found.append((side, said))
    return found


def _like_a_name(label: str, labels: Counter[str]) -> bool:
    """A label of neither side that still looks like one: "Mike" next to "Dispatcher"."""
    return labels[_key(label)] > 1 and len(label.split()) <= 3 and label[:1].isupper()


_INLINE = re.compile(
    r"(?<!\w)(?=(?:"
    + "|".join(sorted((re.escape(one) for one in _AGENT | _CALLER), key=len, reverse=True))
    + r")\s*:)",
    re.IGNORECASE,
)


def _inline(row: str) -> Iterator[str]:
    """A whole talk in one row: "Agent: Hi. User: Hello." """
    pieces = [piece for piece in _INLINE.split(row) if piece.strip()]
    yield from pieces if len(pieces) > 2 or (len(pieces) == 2 and _labelled(pieces[0])[0]) else [row]


def _labelled(row: str) -> tuple[str, str]:
    match = _LABEL.match(row)
    if match is None:
        return "", row
    return match["label"].strip(" *"), match["said"]


def _key(label: str) -> str:
    return re.sub(r"[\s_]+", "-", label.strip().lower().strip("*:#"))


def _side(label: str) -> Speaker | None:
    key = _key(label)
    parts = re.split(r"[-/.&]+", key)
    if key in _CALLER:
        return "caller"
    if key in _AGENT or any(part in _AGENT for part in parts):
        return "agent"
    return "caller" if any(part in _CALLER for part in parts) else None


def _known_label(label: str) -> bool:
    return _side(label) is not None or label in _SILENT


def _sides(said: Sequence[tuple[str, str]]) -> dict[str, Speaker | None]:
    """Label → side; None for what nobody says aloud."""
    asks: Counter[str] = Counter()
    count: Counter[str] = Counter()
    for label, text in said:
        key = _key(label)
        count[key] += 1
        asks[key] += bool(_ASKS.search(text))
    sides: dict[str, Speaker | None] = {}
    for key in count:
        sides[key] = None if key in _SILENT else _side(key)
    if sides.get("caller") and any(key in ("driver", "customer", "user", "fahrer", "callee") for key in sides):
        sides["caller"] = "agent"  # "Caller" and "Driver": the one who calls is dispatch
    unknown = [key for key in count if sides[key] is None and key not in _SILENT]
    taken = set(sides.values())
    if unknown and "agent" in taken:
        sides |= dict.fromkeys(unknown, "caller")
    elif unknown and "caller" in taken:
        sides |= dict.fromkeys(unknown, "agent")
    elif unknown:
        agent = max(unknown, key=lambda key: (asks[key] / count[key], -list(count).index(key)))
        sides |= {key: "agent" if key == agent else "caller" for key in unknown}
    return sides


_BEGINS = re.compile(
    r"^\W*(?:so |and |ok(?:ay)? |hi |hello )*(?:where|what|when|how|are you|did you|do you|can you|could you|is |"
    r"have you|"
    r"will you|any |wo |wann |wie |was |sind sie|haben sie|können sie|gibt es|ist )",
    re.IGNORECASE,
)
_AGREES = 0.7  # of the lines of a talk in turns


def _unlabelled(rows: Sequence[str]) -> list[tuple[Speaker, str]]:
    """Without labels whoever asks is the agent: by turns where that fits, else line by line.

    One long row is cut into sentences first.
    """
    pieces = list(rows)
    if len(pieces) == 1:
        pieces = [piece for piece in re.split(r"(?<=[.?!])\s+(?=[A-ZÄÖÜ(])", pieces[0]) if piece]
    asks = [bool(_ASKS.search(piece) or _BEGINS.match(piece)) for piece in pieces]
    if len(rows) > 1:
        even = sum(asked == (place % 2 == 0) for place, asked in enumerate(asks)) / len(asks)
        if max(even, 1 - even) >= _AGREES:
            asks = [(place % 2 == 0) == (even >= _AGREES) for place in range(len(pieces))]
    found: list[tuple[Speaker, str]] = []
    for piece, asked in zip(pieces, asks, strict=True):
        side: Speaker = "agent" if asked else "caller"
        if len(rows) == 1 and found and found[-1][0] == side:
            found[-1] = (side, f"{found[-1][1]} {piece}")
        else:
            found.append((side, piece))
    return found
