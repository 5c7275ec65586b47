"""People's names: behind a cue ("my name is"), a title, or by what the words of a run of capitals are known to be."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Any

from presidio_analyzer import EntityRecognizer, RecognizerResult

from parley.privacy.rules import LANGUAGE
from parley.privacy.words import cities, common_words, lines, names, proper_words, regions

_WORD = re.compile(r"[^\W\d_]+(?:['’\-‐][^\W\d_]+)*")
_TITLE = r"(?:mr|mrs|ms|miss|mx|dr|prof|professor|doctor|sir|dame|lady|lord|rev|reverend|father|sister|captain|officer|judge|senator|herr|frau|herrn|fräulein|hr|fr|dipl|ing|mag|señor|señora|sr|sra|monsieur|madame|mme|mlle|don|doña|signor|signora)"
_TITLE_BEFORE = re.compile(
    rf"(?<![\w]){_TITLE}(?:\.|\b)(?:[ -]?(?:{_TITLE}|med|phil|jur|rer|nat)\b\.?)*[ ]$", re.IGNORECASE
)
# Behind these comes a name and nothing else, whatever the words are.
_NAME_IS = re.compile(
    r"(?:\b(?:(?:my|his|her|their|our|the|your|guest|full|first|last|middle|given|family|maiden|sur|user's|customer|client|patient|contact|account\s+holder|card\s?holder|"
    r"beneficiary)\s*)*(?:sur|fore)?name(?:'s)?(?:\s+(?:is|was|on\s+(?:the\s+)?\w+\s+is))?|\bi\s+go\s+by|\bunder\s+the\s+name(?:\s+of)?|\bin\s+the\s+name\s+of|"
    r"\bauf\s+den\s+namen|\bunter\s+dem\s+namen|\bich\s+hei(?:ß|ss)e|\bhei(?:ß|ss)t|\bnamens|\b(?:mein|sein|ihr|der|dein)?\s*(?:vor|nach|familien|zu|mädchen|geburts)?name(?:\s+(?:ist|lautet|war))?|"
    r"\bnamed|\bmit\s+namen)\s*(?:[:=\-]|\bist\b|\bis\b)?\s*[\"“']?$",
    re.IGNORECASE,
)
# Behind these often comes a name: any capitalised word no list knows counts, a common one does not.
_CUE = re.compile(
    r"(?:\b(?:i\s+am|i['’]?m|this\s+is|it['’]?s|it\s+is|here\s+is|call\s+me|called|dear|hi|hello|hey|good\s+(?:morning|afternoon|evening|day)|thanks|thank\s+you|cheers|"
    r"regards|sincerely|yours|best|wishes|faithfully|truly|love|signed(?:\s+by)?|written\s+by|sent\s+by|author|attn|attention|contact|cc|ask\s+for|speak\s+(?:to|with)|"
    r"talk\s+to|meet|meeting\s+with|patient|client|customer|employee|student|applicant|tenant|guest|passenger|insured|holder|owner|recipient|sender|manager|colleague|"
    r"boss|friend|wife|husband|spouse|partner|mother|father|brother|sister|son|daughter|aunt|uncle|cousin|nurse|therapist|lawyer|attorney|agent|president|ceo|cfo|director|according\s+to|laut|"
    r"ich\s+bin|hier\s+(?:ist|spricht)|hallo|guten\s+(?:tag|morgen|abend)|grüß\s+gott|moin|liebe[rs]?|hey|servus|danke|viele\s+grüße|grüße?|gruß|grüßen|herzlichst|hochachtungsvoll|"
    r"kunde|kundin|patientin?|mitarbeiter(?:in)?|herrn?|frau|mann|mutter|vater|bruder|schwester|sohn|tochter|freund(?:in)?|kolleg(?:e|in)|chef(?:in)?|ansprechpartner(?:in)?|"
    r"inhaber(?:in)?|empfänger(?:in)?|absender(?:in)?|antragsteller(?:in)?)"
    r"\s*[,:\-–!]?\s*)$",
    re.IGNORECASE,
)
# Behind these may come a name: enough for a word that hardly is anything else.
_HINT = re.compile(
    r"\b(?:von|an|mit|für|durch|by|with|and|und|for|from|of|to|is|ist|has|hat|that|dass|tell|fragen?|ob)\s+$",
    re.IGNORECASE,
)
_IN = re.compile(r"\b(?:in|near|around|within|nach|located|area\s+of|im|nähe)\s+$", re.IGNORECASE)
_PLACE_PREFIX = frozenset(
    "san santa los las el la palo saint st fort port mount lake new north south east west upper lower bad sankt".split()
)
_AFTER = re.compile(
    r"\s*(?:speaking|here\b|am\s+apparat|,\s*(?:m\.?d|ph\.?d|esq|jr|sr)\b|\s(?:said|says|wrote|writes|called|asked|replied|lives|works|was\s+born|wohnt|arbeitet|schrieb|sagte|"
    r"hat\s+angerufen|geboren)\b|\s*[<(]\s*[\w.+\-]+@)",
    re.IGNORECASE,
)
# What people do, and things do not: behind a word that may be a name, one of these makes it one.
_ACTS = re.compile(
    r"\s+(?:said|says|told|tells|asked|asks|wants|wanted|needs|needed|likes|loves|thinks|thought|knows|knew|called|calls|wrote|writes|sent|sends|booked|bought|"
    r"paid|pays|went|came|come|comes|coming|joined|left|lives|lived|works|worked|moved|speaks|met|married|forgot|promised|agreed|will\s+(?:meet|call|come|be\s+there)|"
    r"sagte?|sagt|fragte?|will|möchte|braucht|mag|denkt|weiß|rief|schrieb|schickte|kam|kommt|ging|geht|wohnt|arbeitet|spricht|traf|hat\s+(?:gesagt|angerufen|geschrieben))\b",
    re.IGNORECASE,
)
_ARTICLE = re.compile(
    r"\b(?:the|a|an|this|that|my|your|our|der|die|das|ein|eine|einen|kein|mein|dein|unser)\s+$", re.IGNORECASE
)
_PARTICLES = frozenset(
    "van von 't de der den del della di da do dos das du la le ter ten zu zum zur vom al el bin ibn abu ben af av y e o' san st".split()
)
_AT_PLACE = re.compile(r"\b(?:at|bei|beim|im|visit|eat|to|zu|try)\s+(?:the\s+)?$", re.IGNORECASE)
_SENTENCE_START = re.compile(r"(?:^|[.!?:\n\"“(*\-•])\s*$")


@dataclass(frozen=True, slots=True)
class _Token:
    text: str
    start: int
    end: int
    kind: str  # F f first, L l last (small: a common word as well), U unknown, I initial, O other, P particle
    capital: bool


@lru_cache(maxsize=8192)
def _kind(word: str) -> str:
    """What a capitalised word can be in a name, by the lists; the part behind a hyphen helps an unknown first part."""
    lower = word.lower().replace("’", "'")
    lower = lower.removesuffix("'s") if len(lower) > 3 else lower
    flags = names().get(lower, "")
    if flags:
        weak = "?" in flags or lower in lines("not_names") or lower in regions()
        kind = "F" if "f" in flags else "L"
        return kind.lower() if weak else kind
    if "-" in lower or "'" in lower:
        kinds = {_kind(part.capitalize()) for part in re.split(r"[\-']", lower) if part}
        return next((k for k in "FLUfl" if k in kinds), "O") if "O" not in kinds or kinds & set("FL") else "O"
    if len(lower) < 3 or lower in common_words() or lower in proper_words() or lower in regions() or lower in cities():
        return "O"
    return "O" if _looks_german_noun(lower) or lower in lines("place_words") or _stem_is_common(lower) else "U"


_NOUN_ENDINGS = (
    "ung", "ungen", "heit", "heiten", "keit", "keiten", "schaft", "schaften", "tion", "tionen", "tät", "täten", "ismus", "nummer", "nummern", "platz",
    "straße", "zeit", "haus", "tag", "stelle", "karte", "zimmer", "anfrage", "schein", "amt", "konto", "daten", "adresse", "termin", "lich", "isch", "ische",
)  # fmt: skip


def _looks_german_noun(lower: str) -> bool:
    """An unknown German compound: it ends like a noun, or its tail is a word of at least five letters."""
    return lower.endswith(_NOUN_ENDINGS) or (
        len(lower) > 9
        and any(lower[cut:] in common_words() and _known_head(lower[:cut]) for cut in range(4, len(lower) - 4))
    )


def _known_head(head: str) -> bool:
    words = common_words()
    return any(
        form in words
        for form in (head, head.removesuffix("s"), head.removesuffix("n"), head.removesuffix("en"), head + "e")
    )


def _stem_is_common(lower: str) -> bool:
    return any(
        lower.endswith(end) and lower[: -len(end)] in common_words()
        for end in ("s", "es", "ed", "ing", "ly", "er", "'s", "en", "e")
    )


def _tokens(text: str) -> list[_Token]:
    caseless = not any(c.isupper() for c in text)
    shouting = not any(c.islower() for c in text)
    tokens = []
    for match in _WORD.finditer(text):
        word = match.group()
        capital = word[0].isupper()
        if len(word) == 1 and capital and word != "I":
            kind = "I"
        elif word.lower() in _PARTICLES and not (capital and names().get(word.lower())):
            kind = "P"
        elif word.lower() in lines("function_words") and word.lower() not in ("will", "april", "june", "may", "august"):
            kind = "O"
        elif capital:
            kind = _kind(word)
            kind = "O" if kind == "U" and (word.isupper() and not shouting) else kind
        elif caseless:
            kind = _kind(word)
            kind = "O" if kind == "U" or word in cities() or word in proper_words() else kind
        else:
            kind = "O"
        tokens.append(_Token(word, match.start(), match.end(), kind, capital or caseless))
    return tokens


class NameRecognizer(EntityRecognizer):  # type: ignore[misc]  # presidio ships no types
    """Names by cue, title, list and shape, with a score for how much speaks for them."""

    def __init__(self) -> None:
        super().__init__(["PERSON"], name="names", supported_language=LANGUAGE)

    def load(self) -> None:
        """Nothing to load: the lists are read on first use."""

    def analyze(self, text: str, entities: list[str], nlp_artifacts: Any = None) -> list[RecognizerResult]:  # noqa: ARG002
        """Names in text order."""
        tokens = _tokens(text)
        found: list[RecognizerResult] = []
        index = 0
        while index < len(tokens):
            length, score = _name_at(text, tokens, index)
            if length:
                last = tokens[index + length - 1]
                end = last.end - (2 if last.text.endswith(("'s", "’s")) else 0)
                found.append(RecognizerResult("PERSON", tokens[index].start, end, score))
            index += max(1, length)
        _raise_joined(text, found)
        _raise_repeated(text, found)
        return found


_JOINED = re.compile(r"\s*(?:,|&|/)\s*|\s*,?\s+(?:and|und|or|oder|sowie|with|mit)\s+", re.IGNORECASE)


def _raise_joined(text: str, found: list[RecognizerResult]) -> None:
    """ "Anna and Wei": beside a certain name, a doubtful one is a name as well."""
    for one, other in [*pairwise(found), *pairwise(reversed(found))]:
        first, second = sorted((one, other), key=lambda r: r.start)
        if one.score >= 0.6 and 0.2 <= other.score < 0.5 and _JOINED.fullmatch(text, first.end, second.start):
            other.score = 0.6


def _raise_repeated(text: str, found: list[RecognizerResult]) -> None:
    """A word of a certain name is a name wherever it stands again: "Maria Stone … Stone said"."""
    certain = {word for r in found if r.score >= 0.7 for word in text[r.start : r.end].split() if len(word) > 2}
    for result in found:
        if result.score < 0.6 and certain.issuperset(text[result.start : result.end].split()):
            result.score = 0.6


def _name_at(text: str, tokens: list[_Token], index: int) -> tuple[int, float]:
    """How many tokens from `index` on are a name, and how sure that is; (0, 0.0) where none begins."""
    token = tokens[index]
    before = text[max(0, token.start - 60) : token.start]
    if token.kind == "P" and not token.capital:
        return 0, 0.0
    if (
        token.capital
        and token.text[0].isupper()
        and _TITLE_BEFORE.search(before)
        and token.text.lower() not in lines("function_words")
    ):
        return _run(text, tokens, index, anything=True), 0.9
    if _NAME_IS.search(before):
        length = _run(text, tokens, index, anything=True)
        if length and not _is_label(text, tokens[index + length - 1].end):
            return length, 0.85
    if token.kind == "O":
        return (1, 0.8) if _said_name(token, before) else (0, 0.0)
    length = _run(text, tokens, index, anything=False)
    return length, _score(text, tokens, index, length, before) if length else 0.0


_LOWER_NAME_IS = re.compile(
    r"\b(?:my|his|her|the|last|first|full|sur)\s*name(?:'s)?\s+is\s+$|\bname\s+(?:of|is)\s+$|\bich\s+heiße\s+$|\bname\s+ist\s+$|\bauf\s+den\s+namen\s+$|\bunter\s+dem\s+namen\s+$",
    re.IGNORECASE,
)


def _said_name(token: _Token, before: str) -> bool:
    """A lower-case word behind "my name is", as a recogniser of speech writes it."""
    return (
        bool(_LOWER_NAME_IS.search(before))
        and token.text.lower() not in lines("function_words")
        and len(token.text) > 1
    )


def _is_label(text: str, end: int) -> bool:
    return text[end : end + 1] == ":"


def _run(text: str, tokens: list[_Token], index: int, *, anything: bool) -> int:
    """The number of tokens, joined by one space (or a point behind an initial), that can make up a name."""
    allowed = "FfLlUIO" if anything else "FfLlUI"
    length = 0
    for offset, token in enumerate(tokens[index : index + 6]):
        if offset and not re.fullmatch(r"[ ]|\.[ ]?|,[ ](?=[JS]r)", text[tokens[index + offset - 1].end : token.start]):
            break
        if offset and text[tokens[index + offset - 1].end] == "." and tokens[index + offset - 1].kind != "I":
            break
        if token.kind == "P" and offset:
            continue
        if (
            not token.capital
            or token.kind not in allowed
            or token.text.lower() in lines("function_words") - {"will", "may", "april", "june", "august"}
        ):
            break
        if anything and not token.text[0].isupper():
            if token.kind not in "FfLl":
                break
        length = offset + 1
        if token.text.endswith(("'s", "’s")):
            break
        if length == 4:
            break
    return length


def _score(text: str, tokens: list[_Token], index: int, length: int, before: str) -> float:
    run = tokens[index : index + length]
    kinds = "".join(t.kind for t in run if t.kind != "P")
    after = text[run[-1].end : run[-1].end + 24]
    following = _WORD.match(after.lstrip(" "))
    preceding = re.search(r"([^\W\d_]+)[ ]$", before)
    placed = bool(following and after.startswith(" ") and following.group().lower() in lines("place_words")) or bool(
        preceding and preceding.group(1).lower() in lines("place_words")
    )
    cued = bool(_CUE.search(before)) or bool(_AFTER.match(after))
    if not cued and (
        placed or (_IN.search(before) and kinds[0] != "F") or (length > 1 and run[0].text.lower() in _PLACE_PREFIX)
    ):
        return 0.0
    hinted = cued or bool(_HINT.search(before))
    if length == 1:
        return _score_alone(
            run[0],
            kinds,
            before,
            cued=cued,
            hinted=hinted,
            acts=bool(_ACTS.match(after)) and not _ARTICLE.search(before),
            opening=bool(_SENTENCE_START.search(before)),
        )
    if "F" in kinds and len(kinds) > 1:
        return 0.85
    if kinds[0] in "fU" and "L" in kinds:
        return 0.75
    if kinds in ("LL", "Lf", "Ll", "LU", "LI", "LIL", "IL", "IU", "UL", "lL"):
        return 0.7 if cued or kinds[0] == "I" else 0.5
    if kinds[0] == "f" and kinds[-1] in "lfU":
        return 0.6 if cued or not _SENTENCE_START.search(before) else 0.4
    if set(kinds) == {"U"}:
        return 0.7 if cued else 0.45
    return 0.6 if cued and kinds[-1] != "I" else 0.3


def _score_alone(
    token: _Token, kinds: str, before: str, *, cued: bool, hinted: bool, acts: bool, opening: bool
) -> float:
    if kinds == "I" or (token.text.endswith(("'s", "’s")) and _AT_PLACE.search(before)):
        return 0.0
    if kinds == "F":
        lower = token.text.lower().removesuffix("'s")
        doubtful = lower in cities() or lower in proper_words() or bool(_IN.search(before))
        return 0.75 if cued else 0.4 if doubtful else 0.6
    if kinds == "L":
        return 0.65 if cued else 0.5 if not opening and token.text.lower() not in cities() else 0.4
    if kinds == "U":
        return 0.55 if cued else 0.36 if hinted else 0.2
    if cued and kinds == "f":
        return 0.5
    return 0.5 if acts and token.text.lower() not in lines("month_names") else 0.36 if hinted else 0.3
