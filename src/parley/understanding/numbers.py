"""Numbers written in words, in English and German, folded into single tokens."""

from __future__ import annotations

from functools import lru_cache

from parley.understanding.tokens import Token

_UNITS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen"
)
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
_ORDINALS = (
    "zeroth first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth "
    "fifteenth sixteenth seventeenth eighteenth nineteenth"
)

_ENGLISH = {word: value for value, word in enumerate(_UNITS.split())}
_ENGLISH_TENS = {word: 10 * (2 + index) for index, word in enumerate(_TENS.split())} | {"fourty": 40}
_ENGLISH_ORDINALS = {word: value for value, word in enumerate(_ORDINALS.split())} | {
    "twentieth": 20,
    "thirtieth": 30,
}
_SUFFIXES = frozenset({"st", "nd", "rd", "th"})

_GERMAN_UNITS = (
    "null ein zwei drei vier fünf sechs sieben acht neun zehn elf zwölf dreizehn vierzehn fünfzehn sechzehn siebzehn "
    "achtzehn neunzehn"
)
_GERMAN_TENS = "zwanzig dreißig vierzig fünfzig sechzig siebzig achtzig neunzig"
_GERMAN_IRREGULAR = {1: "erst", 3: "dritt", 7: "siebt", 8: "acht"}
_GERMAN_ARTICLES = frozenset({"ein", "eine", "einen", "einer", "einem"})
_ENDINGS = ("e", "en", "er", "em", "es")


def _ascii(word: str) -> str:
    return word.replace("ö", "oe").replace("ü", "ue").replace("ß", "ss")


@lru_cache(maxsize=1)
def _german() -> tuple[dict[str, int], dict[str, int]]:
    """(cardinals, ordinals): every word for 0..99, hundreds and thousands, with umlauts and without."""
    units = _GERMAN_UNITS.split()
    tens = _GERMAN_TENS.split()
    names = dict(enumerate(units))
    for index, ten in enumerate(tens):
        names[20 + 10 * index] = ten
        for unit in range(1, 10):
            names[20 + 10 * index + unit] = f"{units[unit]}und{ten}"
    ordinals: dict[str, int] = {}
    for value, name in list(names.items())[1:]:
        stem = _GERMAN_IRREGULAR.get(value, name + ("t" if value < 20 else "st"))
        for ending in _ENDINGS:
            ordinals[stem + ending] = value
    cardinals = {name: value for value, name in names.items() if value != 1}
    cardinals |= {"eins": 1, "zwo": 2, "hundert": 100, "tausend": 1000}
    for value in range(1, 10):
        cardinals[f"{units[value]}hundert"] = 100 * value
    for value in range(1, 100):
        cardinals[f"{names[value]}tausend"] = 1000 * value
    for table in (cardinals, ordinals):
        table |= {_ascii(word): value for word, value in table.items()}
    return cardinals, ordinals


def dictated_digits(words: str) -> str:
    """Digits of English number words as a telephone number is dictated: "eight hundred five" → "8005"."""
    digits, tens = "", 0
    for word in words.replace("-", " ").split():
        unit = _ENGLISH.get(word)
        if tens and unit is not None and 0 < unit < 10:
            digits += str(tens + unit)
            tens = 0
            continue
        digits += str(tens) if tens else ""
        tens = _ENGLISH_TENS.get(word, 0)
        digits += str(unit) if unit is not None else {"hundred": "00", "thousand": "000"}.get(word, "")
    return digits + (str(tens) if tens else "")


def read_german(word: str) -> int | None:
    """The number a German word stands for: "vier" → 4."""
    known = _german()[0].get(word)
    return known if known is not None else _read_compound(word)


def _read_compound(word: str) -> int | None:
    """ "tausendzweihundert", "zweihundertfünfzig": a multiple of a thousand or a hundred and what is less."""
    for unit, size in (("tausend", 1000), ("hundert", 100)):
        before, found, after = word.partition(unit)
        if found and (before or after):
            many = 1 if before in ("", "ein") else read_german(before)
            rest = 0 if after in ("", "und") else read_german(after.removeprefix("und"))
            return None if many is None or rest is None or rest >= size else many * size + rest
    return None


def fold_numbers(tokens: list[Token], language: str) -> list[Token]:
    """Tokens with number words, ordinals ("11th", "3." in German) and grouped digits ("5,000") joined into one each."""
    folded: list[Token] = []
    i = 0
    read = _read_german if language == "de" else _read_english
    while i < len(tokens):
        token = tokens[i]
        if token.value is not None:
            i = _join_digits(tokens, i, folded, language)
            continue
        if token.low.endswith("ish") and token.low[:-3].rstrip("-") in _ENGLISH:  # "sevenish"
            value = _ENGLISH[token.low[:-3].rstrip("-")]
            folded.append(Token(token.low[:-3], token.start, token.end - 3, token.glued, value, spelled=True))
            folded.append(Token("ish", token.end - 3, token.end, glued=True))
            i += 1
            continue
        found = read(tokens, i) if token.low[0].isalpha() else None
        if found is None:
            folded.append(token)
            i += 1
            continue
        value, ordinal, end = found
        last = tokens[end - 1]
        low = " ".join(part.low for part in tokens[i:end])
        folded.append(Token(low, token.start, last.end, token.glued, value, ordinal, spelled=True))
        i = end
    return folded


def _join_digits(tokens: list[Token], i: int, folded: list[Token], language: str) -> int:
    token = tokens[i]
    j = i + 1
    comma = "." if language == "de" else ","
    while (
        token.digits <= 3
        and j + 1 < len(tokens)
        and tokens[j].low == comma
        and tokens[j].glued
        and tokens[j + 1].digits == 3
        and tokens[j + 1].glued
        and (token.value or 0) < 1_000_000
    ):
        value = (token.value or 0) * 1000 + (tokens[j + 1].value or 0)
        token = Token(str(value), token.start, tokens[j + 1].end, token.glued, value, digits=3)
        j += 2
    if j < len(tokens) and tokens[j].glued and tokens[j].low in _SUFFIXES:
        token = Token(
            token.low, token.start, tokens[j].end, token.glued, token.value, ordinal=True, digits=token.digits
        )
        j += 1
    folded.append(token)
    return j


def _read_english(tokens: list[Token], i: int) -> tuple[int, bool, int] | None:
    """(value, ordinal, end) of the longest English number starting at token i."""
    total = current = 0
    last = ""
    start = i
    while i < len(tokens):
        word = tokens[i].low
        if last and word == "-" and tokens[i].glued and i + 1 < len(tokens) and tokens[i + 1].glued:
            if last == "tens" and (tokens[i + 1].low in _ENGLISH or tokens[i + 1].low in _ENGLISH_ORDINALS):
                i += 1
                continue
            break
        if word == "and" and last in ("hundred", "thousand") and i + 1 < len(tokens):
            if tokens[i + 1].low in _ENGLISH or tokens[i + 1].low in _ENGLISH_TENS:
                i += 1
                continue
            break
        if word in _ENGLISH_TENS and last in ("", "hundred", "thousand"):
            current, last = current + _ENGLISH_TENS[word], "tens"
        elif word in _ENGLISH and (last in ("", "hundred", "thousand") or (last == "tens" and 0 < _ENGLISH[word] < 10)):
            current, last = current + _ENGLISH[word], "unit"
        elif word == "hundred" and (last == "unit" or (last == "tens" and current == 20)):
            current, last = current * 100, "hundred"
        elif word == "thousand" and last in ("unit", "tens", "hundred"):
            total, current, last = total + current * 1000, 0, "thousand"
        elif word in _ENGLISH_ORDINALS and (last == "" or (last == "tens" and 0 < _ENGLISH_ORDINALS[word] < 10)):
            return total + current + _ENGLISH_ORDINALS[word], True, i + 1
        elif word == "dozen" and last in ("", "unit"):
            return (current or 1) * 12, False, i + 1
        else:
            break
        i += 1
    return (total + current, False, i) if i > start and last else None


def _read_german(tokens: list[Token], i: int) -> tuple[int, bool, int] | None:
    """(value, ordinal, end) of a German number at token i; "fünf und zwanzig" as recognisers write it included."""
    cardinals, ordinals = _german()
    word = tokens[i].low
    if word in ordinals:
        return ordinals[word], True, i + 1
    value = 1 if word in _GERMAN_ARTICLES else cardinals.get(word, _read_compound(word))
    if value is None:
        return None
    if 0 < value < 10 and i + 2 < len(tokens) and tokens[i + 1].low == "und":
        tens = tokens[i + 2].low
        base = cardinals.get(tens, 0)
        if 20 <= base < 100 and base % 10 == 0:
            return base + value, False, i + 3
        base = ordinals.get(tens, 0)
        if 20 <= base < 100 and base % 10 == 0:
            return base + value, True, i + 3
    # An article counts as a number only before a noun that is counted; the grammar decides that.
    return None if word in _GERMAN_ARTICLES else (value, False, i + 1)
