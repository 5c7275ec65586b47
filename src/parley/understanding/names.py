"""The caller's name: after a cue ("my name is", "auf den Namen"), spelled out, or bare when the agent asked for it."""

from __future__ import annotations

from collections.abc import Collection
from functools import lru_cache
from itertools import pairwise

from parley.understanding.language import function_words
from parley.understanding.lexicon import load_lexicon, read_yaml
from parley.understanding.scan import Scan

_PARTICLES = frozenset({"von", "van", "de", "der", "den", "da", "di", "la", "le", "zu", "el", "al", "bin", "mc", "st"})
_TITLES = frozenset(
    {"mr", "mrs", "ms", "miss", "dr", "herr", "herrn", "frau", "familie", "doktor", "professor", "mister", "doctor"}
)
_LEADS = frozenset({"and", "und", "ich", "bin", "i'm", "i", "am"})
_MOST_WORDS = 4


@lru_cache(maxsize=1)
def _cues() -> dict[str, tuple[tuple[tuple[str, ...], bool], ...]]:
    """First word → phrases (whether only a capitalised or final name counts), longest first."""
    data = read_yaml("names.yaml")
    table: dict[str, list[tuple[tuple[str, ...], bool]]] = {}
    for weak, key in ((False, "cues"), (True, "weak_cues")):
        for phrase in data[key]:
            words = tuple(phrase.split())
            table.setdefault(words[0], []).append((words, weak))
    return {first: tuple(sorted(found, key=lambda entry: -len(entry[0]))) for first, found in table.items()}


@lru_cache(maxsize=8)
def _words(key: str) -> frozenset[str]:
    """One list of names.yaml: `polite`, what an answer may begin or end with; `clause_breaks`, what ends a name; …"""
    return frozenset(read_yaml("names.yaml")[key])


@lru_cache(maxsize=1)
def _never() -> tuple[frozenset[str], frozenset[str]]:
    """(never names, no names without a cue): function words, and what the slot grammar knows beside them."""
    data = read_yaml("names.yaml")
    never = (function_words() | set(data["never"])) - set(data["also_names"])
    words = set(never)
    for language in ("en", "de"):
        for group in load_lexicon(language).words.values():
            words |= group
    return frozenset(never), frozenset(words - set(data["also_names"]))


def read_name(scan: Scan, *, asked: bool, contacts: Collection[int] = ()) -> tuple[str, int, int] | None:
    """(name, first token, end) or None. `asked`: the agent's last line asks for the name.

    `contacts`: the tokens of telephone numbers and e-mail addresses; a name often stands beside one.
    """
    cues = _cues()
    finals, not_mine = _words("final_cues"), _words("not_mine")
    booking = scan.any("booking_words") or scan.any("table_words")
    for i, token in enumerate(scan.tokens):
        for phrase, weak in cues.get(token.low, ()):
            if scan.phrase(i, *phrase) and scan.low(i - 1) not in not_mine:
                found = _name_at(scan, i + len(phrase), weak=weak and not (token.low in finals and booking))
                if found is not None:
                    return found[0], i, found[1]
    spoken = _before_speaking(scan)
    if spoken is not None:
        return spoken
    answered = _bare(scan) if asked else _spelled_only(scan)
    return answered or _beside_contact(scan, contacts)


def _beside_contact(scan: Scan, contacts: Collection[int]) -> tuple[str, int, int] | None:
    """ "…, Carl Winter, +49 30 901820": two or more capitalised words alone between marks, next to a contact."""
    breaks = [-1, *(i for i, token in enumerate(scan.tokens) if _breaks(scan, i, token.low)), len(scan.tokens)]
    for before, after in pairwise(breaks):
        if before + 1 in contacts or not {before - 1, after + 1} & set(contacts):
            continue
        start = before + 1
        while scan.low(start) in _LEADS:
            start += 1
        words, end = _name_words(scan, start)
        capitals = all(_capital(scan, k) or scan.low(k) in _PARTICLES for k in range(start, end) if scan.low(k) != "-")
        if len(words) >= 2 and end == after and capitals:
            return " ".join(words), start, end
    return None


def _breaks(scan: Scan, i: int, word: str) -> bool:
    return word in {",", ";", ":", "!", "?"} or (word == "." and len(scan.low(i - 1)) > 1)


def _name_at(scan: Scan, i: int, *, weak: bool) -> tuple[str, int] | None:
    if scan.low(i) in (":", ","):
        i += 1
    plural = scan.low(i) == "the"
    if plural:
        i += 1
    while scan.low(i) in _TITLES or (scan.low(i) == "." and scan.low(i - 1) in _TITLES):
        i += 1
    spelled = _spelling(scan, i)
    if spelled is not None:
        return spelled
    words, end = _name_words(scan, i, cued=not weak)
    if not words or (len(words) == 1 and len(words[0]) == 1):
        return None
    if weak and not all(_capital(scan, k) for k in range(i, end) if scan.low(k).isalpha()):
        return None
    if plural:
        if not words[-1].endswith("s"):
            return None
        words[-1] = words[-1].rstrip("'").removesuffix("s")
    spelled = _spelling(scan, end + (1 if scan.low(end) in (",", ".") else 0))
    if spelled is not None and len(spelled[0]) > 2:
        return " ".join([*words[:-1], spelled[0]]) if len(words) > 1 else spelled[0], spelled[1]
    return " ".join(words), end


def _capital(scan: Scan, i: int) -> bool:
    return scan.text[scan.tokens[i].start].isupper()


def _name_words(scan: Scan, i: int, *, cued: bool = False) -> tuple[list[str], int]:
    """(words, end) of the name at token i; right after a cue even "Freitag" is one."""
    words: list[str] = []
    end = i
    while end < len(scan.tokens) and len(words) < _MOST_WORDS:
        token = scan.tokens[end]
        if token.low == "-" and token.glued and words and scan.glued(end + 1) and scan.low(end + 1).isalpha():
            words[-1] += "-" + _cased(scan, end + 1)
            end += 2
        elif token.low == "." and words and len(words[-1]) == 1:
            end += 1
        elif not _is_name_word(scan, end) and not _is_particle(scan, end) and not (cued and _is_any_name(scan, end, i)):
            break
        else:
            words.append(_cased(scan, end))
            end += 1
    while words and words[-1] in _PARTICLES:
        words.pop()
        end -= 1
    return words, end


def _is_any_name(scan: Scan, i: int, first: int) -> bool:
    token = scan.tokens[i]
    return (
        i == first and token.is_word and len(token.low) > 1 and not _in_code(scan, i) and token.low not in _never()[0]
    )


def _is_particle(scan: Scan, i: int) -> bool:
    """ "von", "van der" before a name."""
    if scan.low(i) not in _PARTICLES:
        return False
    return _is_name_word(scan, i + 1) or (scan.low(i + 1) in _PARTICLES and _is_name_word(scan, i + 2))


def _is_name_word(scan: Scan, i: int) -> bool:
    if not 0 <= i < len(scan.tokens):
        return False
    token = scan.tokens[i]
    return token.is_word and not _in_code(scan, i) and token.low not in _never()[1]


def _in_code(scan: Scan, i: int) -> bool:
    """Whether a word is a piece of "L3R7", which says which booking, not who."""
    return (scan.glued(i) and scan.digits(i - 1) > 0) or (scan.glued(i + 1) and scan.digits(i + 1) > 0)


def _cased(scan: Scan, i: int) -> str:
    token = scan.tokens[i]
    raw = scan.text[token.start : token.end]
    if raw != raw.lower() and not (raw.isupper() and len(raw) > 2):
        return raw
    if token.low in _PARTICLES:
        return token.low
    head, mark, tail = token.low.partition("'")
    return head.capitalize() + (mark + tail.capitalize() if len(head) == 1 else mark + tail)


def _spelling(scan: Scan, i: int) -> tuple[str, int] | None:
    """ "S-M-I-T-H", "s m i t h", "B E double N E T T"."""
    letters, end, j = "", i, i
    while j < len(scan.tokens):
        word = scan.low(j)
        if len(word) == 1 and word.isalpha():
            letters += word
        elif word == "double" and scan.low(j + 1) == "u" and not (letters and scan.low(j - 1) == "-"):
            letters += "w"
            j += 1
        elif word in ("double", "doppel") and len(scan.low(j + 1)) == 1:
            letters += scan.low(j + 1) * 2
            j += 1
        elif word in ("-", ".", ",") and letters:
            j += 1
            continue
        else:
            break
        j += 1
        end = j
    return (letters.capitalize(), end) if len(letters) > 2 else None


def _spelled_only(scan: Scan) -> tuple[str, int, int] | None:
    """A name spelled without a cue counts only with marks between the letters."""
    for i in range(len(scan.tokens) - 4):
        if len(scan.low(i)) == 1 and scan.low(i).isalpha() and scan.low(i + 1) == "-" and scan.glued(i + 1):
            found = _spelling(scan, i)
            if found is not None:
                return found[0], i, found[1]
    return None


def _before_speaking(scan: Scan) -> tuple[str, int, int] | None:
    """ "this is Anna speaking", "Anna Berg here", "Schmidt am Apparat"."""
    for i in range(1, len(scan.tokens)):
        if (
            scan.low(i) == "speaking"
            or scan.phrase(i, "am", "apparat")
            or (scan.low(i) == "here" and not scan.low(i + 1).isalnum())
        ):
            start = i
            while start > 0 and i - start < 3 and _is_name_word(scan, start - 1) and _capital(scan, start - 1):
                start -= 1
            if start < i:
                words, end = _name_words(scan, start)
                return " ".join(words), start, end
    return None


def _bare(scan: Scan) -> tuple[str, int, int] | None:
    """The answer to "what name?": at most four words, nothing else said but politeness."""
    polite = _words("polite")
    spelled = _spelled_only(scan)
    i = 0
    while i < len(scan.tokens) and (scan.low(i) in polite or scan.low(i) in _TITLES or scan.low(i) in ",.!-"):
        i += 1
    found = _name_at(scan, i, weak=False)
    if found is not None:
        name, end = found
        follows = scan.low(end)
        if not follows.isalpha() or follows in polite or follows in _words("clause_breaks"):
            return name, i, end
    return spelled or _after_for(scan)


def _after_for(scan: Scan) -> tuple[str, int, int] | None:
    """ "reserve it for Weber"."""
    for i in range(len(scan.tokens)):
        if scan.has("for_cues", i) and _is_name_word(scan, i + 1) and _capital(scan, i + 1):
            words, end = _name_words(scan, i + 1)
            return " ".join(words), i, end
    return None
