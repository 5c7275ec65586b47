"""What a thing, a person or a place is called, in the words that name it."""

from __future__ import annotations

import re

_NO_HEAD = frozenset(
    "i i'm i've i'd i'll it it's its my me we we're our you your he she they them this that there then next yes "
    "yeah yep no "
    "not oh okay ok sure well so and but or the a an please thanks thank hi hello hey um uh first second third last "
    "finally after before about right ich wir sie er es das der die den ja nein gut danke bitte hallo tag guten dann "
    "noch und aber also zuerst danach zuletzt mein meine meinen unser unsere unseren ein eine einen herr frau mr "
    "mrs ms "
    "monday tuesday wednesday thursday friday saturday sunday montag dienstag mittwoch donnerstag freitag samstag "
    "sonntag january february march april may june july august september october november december januar februar märz "
    "mai juni juli oktober dezember uhr am pm mann sohn tochter schwester bruder mutter vater freund freundin nachbar "
    "nachbarin zeuge zeugin fahrer beifahrer ende driver witness passenger owner just maybe only also plus now done "
    "from with at in on to for who what where when how is are was were has have had could can would let's "
    "delivered heading going wohl erst gegen vielleicht ungefähr etwa circa about around maybe probably hopefully "
    "early late "
    "bei beim von vom still with somebody someone jemand every jede jeden everyone".split()
)
_NAME = re.compile(r"[A-ZÄÖÜ][\w'&.-]*(?:\s(?:of|de|von|van|der|&)(?=\s[A-ZÄÖÜ])|\s[A-ZÄÖÜ][\w'&.-]*)*")


def proper_head(text: str) -> str:
    """The first name in a text, of a person, a place or a firm."""
    for match in _NAME.finditer(text):
        words = match.group().strip(" .,'-").split()
        while words and words[0].lower().strip(".,") in _NO_HEAD:
            words = words[1:]
        if words and all(word.lower().strip(".,") not in _NO_HEAD for word in words):
            return " ".join(words).strip(" .,")
    return ""


_LED = re.compile(
    r"^.*\b(?:get|got|like|order(?:ed)?|want(?:ed)?|need(?:ed)?|have|has|had|take|taking|takes|bought|buy|paid|pay|"
    r"send|"
    r"add|try|bring|lost|stole|stolen|missing|is|are|was|were|hätten?|habe|haben|hat|möchten?|nehmen?|brauchen?|"
    r"bräuchten?|will|wollen|bestellen?|bestellt|gern|gerne|gekauft|verschicken|dazu|noch|also|auch|plus|there's|"
    r"it's|just|then|dann|einmal|bekommen?|kriegen)\b\s*",
    re.IGNORECASE,
)
_SERVED = re.compile(
    r"^\W*(?:orders?|portions?|servings?|pieces?|pairs?|portionen?|stück|mal|x)\b(?:\s+(?:of|von))?\s*", re.I
)
_AFTER = re.compile(
    r"\s*(?:\||\b(?:please|bitte|since|seit|because|weil|which|who|but|aber|came|comes?|costs?|kostet|worth|is|are|was|"
    r"were|ist|sind|war|waren|if|wenn|when|too|as well|instead|today|tomorrow|heute|morgen|on|at|um|delivered|refused|"
    r"sein|haben|they're|it's)\b|[.;:!?(]).*$",
    re.IGNORECASE,
)
_DETERMINED = re.compile(
    r"^\W*(?:(?:for|für|of|on|the|an?|some|any|another|one|more|my|our|your|and|und|der|die|das|den|ein(?:e[nrms]?)?|"
    r"noch|mein\w*|unser\w*|etwas|je|bitte|please|weitere[ns]?|of|extra(?= large)|um|uh|yeah|yes|ja|äh|à|mit)\b\W*)+",
    re.IGNORECASE,
)
_NO_GOODS = re.compile(
    r"^(?:(?:more )?(?:people|persons?|guests?|nights?|days?|weeks?|months?|hours?|minutes?|years?|bedrooms?|o'?clock|"
    r"dollars?|bucks|percent|miles|times|adults?|kids?|children|seconds?|moment|things?|questions?|problems?|"
    r"appointments?|tables?|reservations?|delivery|pickup|calls?|favou?r|of (?:us|them|those)|personen|nächte|tage|"
    r"wochen|stunden|uhr|jahre|minuten|erwachsene|kinder|euro|tisch|termin|frage|problem|moment|reservierung|"
    r"lieferung|abholung|bestellung|gern|gerne|that|this|it|them|those|all|everything|nothing|else|das|alles|nichts|"
    r"me|you|us|i|we|ich|wir|sie|be|would|could|to|not|nicht|do|get|take-?out|order|sure|okay|thanks|danke|"
    r"guten|hello|hi|hallo|hey|um|uh|yeah|yes|ja|nein|no|around|about|grab|somebody|someone|getting|jemand|"
    r"(?:\w+ )?(?:manager|supervisor|human|person|representative|operator|agent|callback)|word with|chat|"
    r"mother|father|red light|light|bit|little|minute|lot|second|good|great|hold|second|while|letter|bisschen|"
    r"paar)\b|\W*$)",
    re.IGNORECASE,
)
_MOST_WORDS = 6


def goods_head(text: str) -> str:
    """What a thing is called: the words after its verb and its count, up to what is said of it."""
    for fragment in re.split(r"\|+", text):
        said = _LED.sub("", fragment)
        said = _SERVED.sub("", said.strip())
        said = _DETERMINED.sub("", said)
        said = _AFTER.sub("", said).strip(" ,.-–")
        said = re.sub(r"\s+(?:for|für|of|mit|with|and|und|from|von|zu|to|in|je|à)$", "", said, flags=re.IGNORECASE)
        if (
            said
            and not _NO_GOODS.match(said)
            and not said.endswith("'s")
            and len(said.split()) <= _MOST_WORDS
            and len(said) > 1
        ):
            return said
    return ""
