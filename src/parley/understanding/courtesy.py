"""Lines that are about the talk itself: taking leave, asking who is speaking, taking up what the agent has offered."""

from __future__ import annotations

import re

_CLAUSE = re.compile(r"[.!?;,]+|\b(?:and|und)\b")
_OPENS = re.compile(
    r"^(?:(?:ok(?:ay)?|alright|all right|right|great|perfect|super|lovely|cool|good|fine|well|so|no|yes|oh|ah|haha|"
    r"alles klar|gut|prima|toll|na|ja|nein|dann|also) )+(?=\S)"
)
_CLOSES = {
    "en": re.compile(
        r"(?:ok(?:ay)?|alright|all right|right|great|perfect|super|wonderful|lovely|brilliant|awesome|cool|good|"
        r"nice|fine|"
        r"excellent|well|so|then|now|no|nope|yes|sure|very|really|again|"
        r"(?:that|this|it)(?:'s| is| was| sounds)? (?:all|it|everything|great|perfect|good|fine|lovely|wonderful|"
        r"helpful|"
        r"very helpful|very kind)(?: (?:i|we) (?:needed|wanted|need))?(?: to know)?(?: for (?:now|today))?|"
        r"(?:that'll|that will) be all|nothing else|i'm (?:good|fine|done|all set)|we're (?:good|done|all set)|"
        r"(?:many )?thanks?(?: you)?(?: (?:a lot|so much|very much|again|for (?:the|your) \w+|for everything|"
        r"kindly))*|"
        r"thank you(?: (?:so much|very much|again|for (?:the|your) \w+|for everything|kindly|a lot))*|thx|cheers|ta|"
        r"much appreciated|appreciate (?:it|that)|you(?:'ve| have) been (?:very |a great )?(?:helpful|kind|help)|"
        r"(?:good ?|bye[- ]?)?bye(?:[- ]bye)?(?: (?:now|then|for now))?|see you(?: (?:then|soon|later|tomorrow|"
        r"there|\w+day))?|"
        r"(?:have|you have|enjoy) (?:a |your )?(?:good|nice|great|lovely|wonderful)? ?(?:day|one|evening|night|"
        r"weekend|"
        r"afternoon)|good ?night|take care|talk (?:to you )?(?:soon|later)|until then|later|you too|likewise|"
        r"same to you)"
    ),
    "de": re.compile(
        r"(?:ok(?:ay)?|gut|alles klar|alles gut|super|prima|perfekt|toll|klasse|wunderbar|schön|sehr|bestens|"
        r"na dann|also|"
        r"dann|nein|nö|ja|so|"
        r"das (?:war|wär|wäre|ist|wars|war's)(?:s|'s)?(?: dann| schon| auch)*(?: (?:alles|es|super|toll|nett|"
        r"sehr nett))?(?: "
        r"(?:für heute|was ich (?:wissen wollte|brauche|brauchte)))?|mehr (?:brauche|wollte) ich nicht|sonst nichts|"
        r"nichts mehr|(?:besten |vielen |herzlichen |lieben )?dank(?:e)?(?: (?:schön|sehr|ihnen|nochmals?|"
        r"für (?:die|den|das|ihre|ihren|alles)(?: \w+)?))*|merci|(?:auf )?wieder(?:sehen|hören|schauen)|"
        r"tschüss?i?|tschau|"
        r"ciao|servus|bis (?:dann|bald|morgen|später|nachher|\w+tag)|"
        r"(?:ich wünsche )?(?:ihnen )?(?:noch )?(?:einen |eine |ein )?(?:schöne[ns]?|angenehme[ns]?) (?:noch |abend|"
        r"tag|wochenende|nacht|feierabend|nachmittag|mittag)(?: noch)?|gute nacht|ebenso|ihnen auch|gleichfalls)"
    ),
}
_LEAVES = {
    "en": re.compile(
        r"\b(?:bye|good ?bye|see you|good ?night|take care|talk (?:to you )?(?:soon|later)|have a (?:good|nice|"
        r"great|lovely)|"
        r"enjoy your (?:day|evening|weekend))\b"
    ),
    "de": re.compile(
        r"\b(?:tschüss?i?|tschau|ciao|servus|wieder(?:sehen|hören|schauen)|bis (?:dann|bald|morgen|später|"
        r"nachher)|gute nacht|"
        r"(?:schöne[ns]?|angenehme[ns]?) (?:abend|tag|wochenende|feierabend))\b"
    ),
}
_DONE = {
    "en": re.compile(
        r"\b(?:that'?s|that is|that was|that will be|that'll be) (?:all|it|everything)\b|\bnothing else\b"
    ),
    "de": re.compile(
        r"\bdas (?:war|wär|wäre|ist|wars|war's)'?s?(?: (?:dann|schon|auch))* (?:alles|es)\b|\bdas wars\b|\bdas war's\b"
    ),
}
_WHO = {
    "en": re.compile(
        r"(?:^|[,.!?] *)(?:wait|so|and|but|sorry|hang on|tell me|hey)?,? ?(?:are you|r u|am i (?:talking|speaking|"
        r"chatting) (?:to|"
        r"with)|is (?:this|that)) (?:really |actually |even |just |like )?(?:a |an )?(?:real )?(?:robot|bot|"
        r"chatbot|machine|"
        r"computer|ai|a\.i\.|recording|person|human|human being|real|automated)(?: or (?:a |"
        r"an )?(?:real )?\w+)?[ ?!.]*$"
    ),
    "de": re.compile(
        r"(?:^|[,.!?] *)(?:moment|und|aber|sagen sie mal|hey)?,? ?(?:sind sie|bist du|ist das|spreche ich|"
        r"rede ich)(?: hier| denn| "
        r"etwa| überhaupt| jetzt)*(?: mit)? (?:ein |eine |einem |einer )?(?:echte[rnm]? |"
        r"richtige[rnm]? )?(?:roboter|bot|chatbot|"
        r"maschine|computer|ki|mensch|person|menschen|automat|bandansage|echt)(?: oder (?:ein |eine |einem |einer )?"
        r"(?:echte[rnm]? )?\w+)?[ ?!.]*$"
    ),
}
_OFFERS_NOTE = re.compile(
    r"take your details|pass (?:the|your|this) question on|pass (?:it|that|this) on to (?:a|our)|shall i pass|"
    r"take a message|your name and telephone number for it|"
    r"kontaktdaten aufnehmen|frage (?:gern )?an einen kollegen weiter|an einen kollegen weitergeben|"
    r"nachricht aufnehmen|"
    r"soll sich ein kollege",
    re.IGNORECASE,
)
_OFFERS_PERSON = re.compile(
    r"shall i (?:hand you over|connect you|put you through|transfer you)|soll ich sie (?:an einen kollegen übergeben|"
    r"verbinden|durchstellen|weiterverbinden)",
    re.IGNORECASE,
)


def closing(message: str, language: str) -> str:
    """ "goodbye" for a line that only takes leave, with whatever thanks stand before it, or says that it was all;
    "thanks" for one that is nothing but thanks; "" for any other."""
    lowered = " ".join(message.lower().replace("’", "'").split())
    code = "de" if language == "de" else "en"
    clauses = [_OPENS.sub("", clause.strip()) for clause in _CLAUSE.split(lowered) if clause and clause.strip()]
    if "?" in lowered or not clauses or not all(_CLOSES[code].fullmatch(clause) for clause in clauses):
        return ""
    if _LEAVES[code].search(lowered) or _DONE[code].search(lowered):
        return "goodbye"
    return "thanks" if re.search(r"\b(?:thank|thx|cheers|appreciat|dank|merci)", lowered) else ""


def takes_leave(message: str, language: str) -> bool:
    """Whether a closing line says good-bye, not only that this was all: "that's it" may end a list of details."""
    return _LEAVES["de" if language == "de" else "en"].search(message.lower().replace("’", "'")) is not None


def asks_who_speaks(message: str, language: str) -> bool:
    """Whether a line asks if a machine is speaking. "Are you a robot, give me a person" wants a person."""
    return _WHO["de" if language == "de" else "en"].search(message.lower().replace("’", "'")) is not None


def offered(previous: str) -> str:
    """What the agent's last line offers: "lead_capture" to take a question down, "escalation" to bring in a person."""
    if _OFFERS_PERSON.search(previous):
        return "escalation"
    return "lead_capture" if _OFFERS_NOTE.search(previous) else ""
