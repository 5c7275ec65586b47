"""What people say for usual options without naming them: "send me another one" for a replacement, "no rush" for low."""

from __future__ import annotations

import re
from collections.abc import Sequence

from parley.house.extractor_reading import negated_before

_SENSES: tuple[tuple[frozenset[str], re.Pattern[str]], ...] = tuple(
    (frozenset(names.split()), re.compile(rf"\b(?:{words})\b", re.IGNORECASE))
    for names, words in (
        (
            "damaged damage broken defective defect defekt beschädigt kaputt hardware",
            r"broke\w*|crack\w*|shatter\w*|dent\w*|scratch\w*|smash\w*|torn|ripped|bent|crushed|leak\w*|"
            r"(?:doesn'?t|won'?t|not|stopped) (?:work\w*|turn on|start|charge)|kaputt|zerbrochen|gerissen|zerkratzt|"
            r"verbeult|funktioniert nicht",
        ),
        ("missing fehlt fehlend incomplete", r"not in the (?:box|package)|wasn'?t in|left out|never got|short|fehl\w*"),
        (
            "late delayed delay delivery shipping lieferung verspätet",
            r"(?:hasn'?t|haven'?t|never|didn'?t|still not) (?:arrived?|come|shown? up|got(?:ten)?|receiv\w*|been "
            r"delivered)|still waiting|should have been here|tracking|noch nicht (?:da|angekommen|geliefert)",
        ),
        ("wrong incorrect falsch", r"not what i ordered|different (?:one|color|size|item)|instead of|falsch\w*"),
        (
            "billing payment invoice charge rechnung zahlung",
            r"charg\w*|bill\w*|invoic\w*|overcharg\w*|paid twice|credit card|abgebucht|rechnung|kontoauszug",
        ),
        (
            "account login access password konto zugang",
            r"log(?:ged)? in|sign in|locked out|password|passwort|"
            r"anmeld\w*",
        ),
        ("refund erstattung", r"(?:my )?money back|reimburs\w*|get (?:it|that) refunded|geld zurück|erstatt\w*"),
        (
            "replacement replace exchange ersatz umtausch",
            r"another one|(?:a )?new one|(?:bigger|smaller|larger|different|other) (?:one|size|color|colour)|"
            r"größere?s?|send (?:me )?(?:a new|another)|swap\w*|exchang\w*|ein(?:e|en)? neue\w*|"
            r"austausch\w*|umtausch\w*",
        ),
        (
            "small klein",
            r"too (?:tight|short|narrow)|(?:doesn'?t|won'?t|can'?t) (?:close|button|zip|get (?:it|them) (?:on|"
            r"closed))|pinch\w*|zu (?:eng|kurz|schmal)",
        ),
        ("large big groß", r"too (?:loose|baggy|long|wide)|swim\w* in|(?:falls|slips) off|zu (?:weit|lang|breit)"),
        ("speed slow performance geschwindigkeit", r"slow\w*|sluggish|laggy|takes (?:forever|ages)|langsam\w*"),
        ("price cost preis", r"(?:too |so )?expensive|pric[ey]+|costs? (?:too much|a fortune)|zu teuer|teuer"),
        ("repair reparatur maintenance", r"fix\w*|repair\w*|reparier\w*"),
        ("cancel cancellation kündigung stornierung", r"cancel\w*|call it off|kündig\w*|stornier\w*|absag\w*"),
        (
            "high urgent critical emergency hoch dringend sofort immediate",
            r"asap|as soon as possible|right (?:away|now)|immediate\w*|can'?t wait|very urgent|today|so schnell wie "
            r"möglich|sofort|dringend|eilt sehr",
        ),
        (
            "low niedrig gering",
            r"no (?:rush|hurry)|whenever|not (?:urgent|in a hurry)|can wait|takes? your time|eilt nicht|keine eile",
        ),
        ("daily täglich", r"every (?:single )?day|each day|jeden tag|once a day"),
        ("weekly wöchentlich", r"(?:once|twice|one time) a week|every week|jede woche|einmal (?:die|in der) woche"),
        ("monthly monatlich", r"(?:once|twice|one time) a month|every month|jeden monat|einmal im monat"),
        ("yearly annually jährlich", r"(?:once|twice) a year|every year|jedes jahr|einmal im jahr"),
        ("rarely seldom selten", r"hardly ever|now and then|once in a while|kaum|alle jubeljahre"),
        ("first erstbesuch erstmals", r"first time|never been|erste[ns]? mal|noch nie"),
        ("phone call telefon anruf", r"call me|give me a (?:call|ring)|ring me|anrufen|ruf\w* mich"),
        ("email mail", r"e-?mail\w*|write me|mailen"),
        ("text sms message", r"text(?:ing)?(?: me)?|whats ?app|sms"),
        ("buy purchase kaufen kauf", r"buy\w*|purchas\w*|kauf\w*|own(?:ing)?"),
        ("rent lease mieten miete", r"rent\w*|leas\w*|miet\w*"),
        ("wedding hochzeit", r"(?:getting |get )?married|bride|groom|engaged|heirat\w*"),
        ("birthday geburtstag", r"turn(?:s|ing) (?:\d+|\w+ty|\w+teen)|birthday|wird \d+"),
        (
            "business geschäftlich dienstlich",
            r"conference|meetings?\b|for work|work trip|client visit|geschäftlich|dienstreise|"
            r"messe|konferenz",
        ),
        ("leisure urlaub privat", r"vacation|sightseeing|getaway|weekend away|on holiday|urlaub"),
        ("morning vormittag morgens", r"before noon|before lunch|first thing|vormittags?|morgens"),
        ("afternoon nachmittag", r"after lunch|after noon|nach dem mittag\w*|nachmittags?"),
        ("evening abend abends", r"after work|at night|nach feierabend|abends?"),
        ("parent eltern elternteil", r"my (?:son|daughter|kid|child|boy|girl)s?|mein\w* (?:sohn|tochter|kind)"),
        ("illness sick krank krankheit", r"fever|sick|flu|stomach|cold|fieber|krank|erkältet|grippe"),
        ("drop leave abgeben", r"leave it|leave (?:the|my) (?:car|truck)|drop it (?:off)?|lass\w* (?:ihn|es|das auto)"),
        (
            "corporate firmenfeier business",
            r"company'?s? (?:\w+ ){0,2}(?:party|event|retreat|dinner|outing)|team (?:event|building)|office party",
        ),
        ("positive good satisfied happy zufrieden", r"happy|love\w*|great|excellent|pleased|super|toll|begeistert"),
        ("negative bad dissatisfied unhappy unzufrieden", r"terrible|awful|horrible|disappoint\w*|worst|schrecklich"),
    )
)


def meant(options: Sequence[str], text: str) -> str | None:
    """The one option that a text speaks of without naming it; None where it speaks of none or of several."""
    found = [option for option in options if _speaks_of(option, text)]
    return found[0] if len(found) == 1 else None


def _speaks_of(option: str, text: str) -> bool:
    words = {word.lower() for word in re.findall(r"[^\W\d_]+", option)}
    return any(
        not negated_before(text[: match.start()])
        for names, pattern in _SENSES
        if names & words
        for match in pattern.finditer(text)
    )
