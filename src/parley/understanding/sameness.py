"""Whether two questions ask the same: each is brought to its gist, and only equal gists are the same question.

Similarity of embeddings does not decide this: the opposite question is a near neighbour (GPTCache issue 694). Here
every word counts until a list says that it does not: wordings of one thing are rewritten to a concept, politeness and
fillers are dropped, and whatever is left, known or not, must be equal on both sides: the kind of question, negations,
numbers, names, directions, who does it. What the lists do not know keeps two questions apart, which costs a hit and
never an answer.

Order counts where it can change the sense ("hotel guests use the spa bar", "bar guests use the hotel spa"): between two
words that no list knows, or three things of any kind, the gist holds it as one more concept.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from functools import lru_cache

from parley.kit import stems as snowball
from parley.understanding.lexicon import read_yaml

_ALGORITHMS = {"en": "english", "de": "german"}
_TOKEN = re.compile(
    r"<[^<>]+>|(?<!\S)[-−]\d+(?:[.,]\d+)*|\d+(?:[.,:]\d+)*|[€$£¥%°+#]|[^\W\d_]{1,3}\d+\w*|[^\W\d_]+(?:['-][^\W\d_]+)*"
)
_MOST_CHARACTERS = 200
_MOST_CONCEPTS = 12
_LEAST_UNKNOWN, _LEAST_THINGS = 2, 3
_NAME = re.compile(r"(?<=[\w,] )(?!(?:[MTWFS]\w+days?|\w+ch|April|May|June|July|\w+ber|\w+uary|August)\b)[A-Z][a-z]+")
_REWRITTEN = re.compile(r"<[^<>]+>")
_ASKS = {
    "en": re.compile(
        r"\b(who|what|when|where|why|which|whose|how|tell me|let me know|(like|want|need) to know|wonder(ing)?)\b"
        r"|^\W*((hi|hello|hey|please|excuse me|sorry|and|so|ok|okay|good \w+|thanks)\W+)*"
        r"(is|are|am|was|do|does|did|can|could|may|might|will|would|shall|should|must|have|has|any)\b"
    ),
    "de": re.compile(
        r"\b(wer|was|wann|wo|woher|wohin|wen|wem|warum|wieso|weshalb|welche\w*|wie|ob)\b"
        r"|^\W*((hallo|guten \w+|bitte|entschuldigung|und|also|ok|okay|danke)\W+)*"
        r"(ist|sind|bin|hat|haben|habt|gibt|kann|können|könnte\w*|darf|dürfen|muss|müssen|soll|sollen|bietet|"
        r"bieten|nehmen|"
        r"akzeptieren|servieren|liefern|verfügen|verfügt|wird|werden|braucht|brauche|brauchen|kostet|kosten|findet|"
        r"liegt)\b"
    ),
}
_BARE = frozenset(  # say nothing by themselves
    "may you not what how which must exists my i me past future lack who when why howmuch howmany howlong howfar "
    "howbig "
    "until darf sie nicht was wie welche muss mein ich mich früher wer wann wohin woher warum wieteuer wieviele "
    "wielange wieweit wiegroß biswann".split()
)
_NUMBERS = {
    "en": "one two three four five six seven eight nine ten eleven twelve",
    "de": "eins zwei drei vier fünf sechs sieben acht neun zehn elf zwölf",
}
# The kinds of house an agent may speak for. "The restaurant" is the house itself only where the agent speaks for one:
# a hotel has opening hours of its own.
_HOUSES = {
    "restaurant": r"(?:restaurants?|lokals?|cafes?|bistros?|pizzeria)",
    "hotel": r"(?:hotels?|pension)",
    "shop": r"(?:shop|store|laden|ladens|geschäfts?)",
    "office": r"(?:office|agency|company|büros?|agentur|firma)",
}
_NO_HOUSE = r"(?!)"  # matches nothing
_SPEAKS_FOR = {kind: re.compile(rf"\b{pattern}\b") for kind, pattern in _HOUSES.items()}
_CLOCK = re.compile(
    r"\b(?P<hour>\d{1,2})(?:[:.](?P<minute>[0-5]\d))?(?: uhr)? ?"
    r"(?:(?P<early>a\.?m\b\.?|in the morning\b|o'clock in the morning\b|morgens\b|vormittags\b)"
    r"|(?P<late>p\.?m\b\.?|in the (?:evening|afternoon)\b|o'clock in the (?:evening|afternoon)\b|abends\b|"
    r"nachmittags\b))"
    r"|\b(?P<plain>[01]?\d|2[0-3]):(?P<plain_minute>[0-5]\d)(?: uhr| o'clock)?"
    r"|\b(?P<uhr>[01]?\d|2[0-3]) uhr(?: (?P<uhr_minute>[0-5]\d)\b)?"
)
_MARKS_OF_WAYS = re.compile(r"^(from|to|between|von|zu|nach|bis|zwischen):(?=[^:]+$)")
_ALONE = "only:"
_NEGATIONS = frozenset({"not", "nicht"})
_INFLECTIONS = {
    "en": frozenset({"", "s", "es", "ed", "d", "ing", "'s", "e", "s'"}),
    "de": frozenset({"", "e", "en", "es", "em", "n", "s", "t", "et", "te", "ten", "st", "est", "end"}),
}


@dataclass(frozen=True, slots=True)
class _Words:
    rewrites: tuple[tuple[re.Pattern[str], str], ...]
    stop: frozenset[str]
    directional: frozenset[str]
    alone: frozenset[str]
    concepts: Mapping[str, str]
    implied: Mapping[str, frozenset[str]]
    house_does: frozenset[str]
    pays: frozenset[str]
    pays_by: tuple[str, str]
    mine_anyway: frozenset[str]
    exists_anyway: frozenset[str]
    beside: Mapping[str, Mapping[str, str]]
    both_ways: frozenset[str]
    numbers: Mapping[str, str]
    no_things: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Marks:
    """The words of one language for what the rules below speak of."""

    may: str
    you: str
    must: str
    guest: str
    to_guest: str
    here: str
    my: str
    asks_how: frozenset[str]
    exists: re.Pattern[str]


_MARKS = {
    "en": _Marks(
        "may",
        "you",
        "must",
        "i",
        "me",
        "here",
        "my",
        frozenset({"how", "where", "route"}),
        re.compile(
            r"\b(do|does|did) (you|the( \w+){1,2}) (also |still |even |currently )?(have|offer|provide|serve|sell)\b"
            r"|\b(is|are) there\b|\bhave (you|the \w+) got\b|\bhas the \w+ got\b|\bavailable\b|\b(can|could) (i|"
            r"we) (buy|(eat|have|drink) (breakfast|lunch|dinner|brunch))\b"
        ),
    ),
    "de": _Marks(
        "darf",
        "sie",
        "muss",
        "ich",
        "mich",
        "hier",
        "mein",
        frozenset({"wie", "wo", "wohin", "weg"}),
        re.compile(
            r"\b(haben|hätten|bieten|führen|servieren|verkaufen) (sie|ihr)\b|\b(hat|bietet) (das|ihr|die|der|"
            r"dieses) \w+"
            r"|\bgibt('?s| es)\b|\b(vorhanden|verfügbar)\b|\bverfüg(en|t)\b|\bkaufen\W*$"
        ),
    ),
}


def is_question(text: str, language: str) -> bool:
    """Whether a line asks something, by its mark or, as transcripts have none, by its words."""
    asks = _ASKS.get(language)
    return "?" in text or (asks is not None and asks.search(text.lower()) is not None)


@lru_cache(maxsize=1024)
def kind_of_house(text: str) -> str | None:
    """What an agent speaks for, told by its own instructions: "hotel" wherever that is named (a hotel may have a
    restaurant, a restaurant has no hotel), else "restaurant", "shop", "office"; None where nothing of it is named."""
    plain = text.lower()
    order = ("hotel", "restaurant", "shop", "office")
    return next((kind for kind in order if _SPEAKS_FOR[kind].search(plain)), None)


def gist(text: str, language: str, house: str | None = None) -> str | None:
    """What a question asks, as a key: equal keys, same question. None for what is too long or too bare to tell.

    `house` is what the one asked speaks for (`kind_of_house`): only then are "the hotel" and "you" the same."""
    if language not in _ALGORITHMS or len(text) > _MOST_CHARACTERS:
        return None
    words, marks = _words(language, house), _MARKS[language]
    plain = f" {_CLOCK.sub(_clock, text.lower())} "
    exists = marks.exists.search(plain) is not None
    for pattern, concept in words.rewrites:
        plain = pattern.sub(concept, plain)
    names = frozenset(name.lower() for name in _NAME.findall(text)) if language == "en" else frozenset[str]()
    told = _concepts(plain, language, words, names)
    concepts = _settle(set(told), words, marks)
    order = _order(told, concepts, plain, words)
    if exists and not concepts & words.exists_anyway:
        concepts.add("exists")
    if not concepts - _BARE or len(concepts) > _MOST_CONCEPTS:
        return None
    return " ".join(sorted({*concepts, *order}))


def _order(told: Sequence[str], concepts: Set[str], plain: str, words: _Words) -> Sequence[str]:
    """In which order things are spoken of, as a concept, where another order might ask something else."""
    known = {*words.concepts.values(), *(found.strip("<>") for found in _REWRITTEN.findall(plain))}
    things = [one for one in dict.fromkeys(told) if one in concepts and ":" not in one and one not in words.no_things]
    unknown = [one for one in things if one not in known]
    return (">".join(things),) if len(unknown) >= _LEAST_UNKNOWN or len(things) >= _LEAST_THINGS else ()


def _settle(concepts: set[str], words: _Words, marks: _Marks) -> set[str]:
    """Concepts without what others among them say already."""
    for beside, other_names in words.beside.items():
        if beside in concepts:
            concepts = {other_names.get(concept, concept) for concept in concepts}
    if "possible" in concepts:
        concepts.discard("possible")
        if not concepts & words.house_does:
            concepts.add(marks.may)
    if concepts & words.pays and concepts & set(words.pays_by) and not {marks.you, words.pays_by[0]} <= concepts:
        concepts = (concepts - {*words.pays_by, marks.may, marks.you}) | {words.pays_by[1]}
    concepts -= {implied for concept in concepts for implied in words.implied.get(concept, ())}
    if concepts & words.both_ways:
        concepts = {_MARKS_OF_WAYS.sub("", concept) for concept in concepts}
    asks_how = bool(concepts & marks.asks_how)
    if asks_how and marks.you not in concepts:
        concepts -= {marks.may, marks.guest}
    elif concepts & words.house_does and not asks_how:
        concepts.discard(marks.you)
    if concepts & {marks.may, marks.must, marks.you}:
        concepts -= {marks.guest, marks.to_guest}
    if concepts & words.mine_anyway:
        concepts.discard(marks.my)
    concepts.discard(marks.here)
    return concepts


def _clock(match: re.Match[str]) -> str:
    """A time of day as a concept: "7 pm" and "19:00" are the same, "7 am" is another."""
    hour = int(match["hour"] or match["plain"] or match["uhr"])
    minute = int(match["minute"] or match["plain_minute"] or match["uhr_minute"] or 0)
    if match["late"] and hour < 12:
        hour += 12
    elif match["early"] and hour == 12:
        hour = 0
    return f" <clock{hour:02}{minute:02}> "


def _concepts(plain: str, language: str, words: _Words, names: Set[str] = frozenset()) -> list[str]:
    """The concepts of a rewritten text; what a number counts, what a direction leads to, what is denied and what alone
    is meant are told with them. `names` have no endings: Julian is not Juliane."""
    told: list[str] = []
    bound = ""
    tokens = _TOKEN.findall(plain)
    for token in tokens:
        if token.startswith("<"):
            concept = _stemmed(token[1:-1], language, words)
            if concept == "lack" or concept in _NEGATIONS:
                bound += f"{concept}:"
                continue
        elif token in words.alone:
            bound += _ALONE
            continue
        elif token in words.directional or token in words.numbers or token.lstrip("-−")[0].isdigit():
            bound += f"{words.numbers.get(token, token)}:"
            continue
        elif token in words.concepts:
            concept = words.concepts[token]
        elif token in words.stop:
            continue
        elif token in names:
            concept = token
        else:
            concept = words.concepts.get(_stem(token, language), _stem(token, language))
        told.append(bound + concept)
        bound = ""
    if bound == _ALONE and told and tokens[-1] in words.alone:  # "for dogs only"
        told[-1] = bound + told[-1]
    elif bound:
        told.append(bound)
    return told


def _stemmed(concept: str, language: str, words: _Words) -> str:
    """A rewritten way ("zu:flughafen") like one that was not; a name stays as it is."""
    way, _, place = concept.rpartition(":")
    if way not in words.directional and way != "zu":
        return concept
    return f"{way}:{words.concepts.get(place) or words.concepts.get(_stem(place, language), _stem(place, language))}"


@lru_cache(maxsize=4096)
def _stem(token: str, language: str) -> str:
    """A word without its inflection. What Snowball makes one that is two words stays apart: "busy" and "business",
    "important" and "import", "Käufer" and "Kauf", "schon" and "schön"."""
    if token in _whole(language):
        return token
    spelt = token.replace("ß", "ss")
    stem = snowball.stem(token, _ALGORITHMS[language])
    if language == "de":
        if spelt.endswith(("er", "ern")):
            return spelt.removesuffix("n")
        return spelt[: len(stem)] if spelt[len(stem) :] in _INFLECTIONS["de"] else spelt
    rest = spelt[len(stem) :]
    if spelt.startswith(stem) and (rest in _INFLECTIONS["en"] or rest in (stem[-1] + "ing", stem[-1] + "ed")):
        return stem
    if stem.endswith("i") and spelt in (stem[:-1] + "y", stem + "es", stem + "ed"):
        return stem
    return stem if stem.endswith("e") and spelt in (stem[:-1] + "ing", stem[:-1] + "ed") else spelt


@lru_cache
def _whole(language: str) -> frozenset[str]:
    return frozenset(read_yaml(f"sameness_{language}.yaml")["whole"].split())


@lru_cache
def _words(language: str, house: str | None) -> _Words:
    read = read_yaml(f"sameness_{language}.yaml")
    here = _HOUSES.get(house or "", _NO_HOUSE)
    return _Words(
        rewrites=tuple(
            (re.compile(pattern.replace("<house>", here)), concept) for pattern, concept in read["rewrites"]
        ),
        stop=frozenset(read["stop"].split()),
        directional=frozenset(read["directional"]),
        alone=frozenset(read["alone"]),
        concepts={word: concept for concept, listed in read["classes"].items() for word in str(listed).split()},
        implied={concept: frozenset(listed) for concept, listed in read["implied"].items()},
        house_does=frozenset(read["house_does"]),
        pays=frozenset(read["pays"]),
        pays_by=(read["pays_by"][0], read["pays_by"][1]),
        mine_anyway=frozenset(read["mine_anyway"]),
        exists_anyway=frozenset(read["exists_anyway"]),
        beside=read["beside"],
        both_ways=frozenset(read["both_ways"]),
        no_things=frozenset([*_BARE, *read["exists_anyway"], *read["no_things"]]),
        numbers={word: str(value) for value, word in enumerate(_NUMBERS[language].split(), start=1)},
    )
