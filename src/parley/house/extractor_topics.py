"""What a dispatcher's question is about, in English and German."""

from __future__ import annotations

import re


def _any(*parts: str) -> re.Pattern[str]:
    return re.compile("|".join(parts), re.IGNORECASE)


TOPICS = {
    "location": _any(
        r"\bwhere\b(?!.*\b(?:unload|deliver to)\b)",
        r"\b(?:your|the|exact|current|nearest)\b.{0,25}\b(?:location|position|city|town|exit|highway|mile marker|"
        r"whereabouts)\b",
        r"(?<!delivery )(?<!drop )(?<!drop-off )\blocat(?:ion|ed)\b",
        r"\b(?:which|what) (?:city|town|state|highway|road|exit|area|street)\b",
        r"\bwhereabouts\b",
        r"\b(?:which|what) (?:truck ?stop|rest area|plaza|station|terminal|warehouse|facility|location|side of)\b",
        r"\bare you (?:in|near|at|around|on|still (?:in|near|at|on)) (?!the (?:road|way)|(?:a|the|your|any) (?:dock|"
        r"door|bay)|schedule|time|track|"
        r"a safe|safe|line)",
        r"\bconfirm you'?re (?:in|at|near|on)\b",
        r"\bmile ?marker\b",
        r"\bhow far\b",
        r"\b(?:you'?re|you are) (?:at|in|near) the?\b",
        r"\bwo\b(?! ?(?:bei|mit|ran|rum))",
        r"\bstandort\b",
        r"\bposition\b",
        r"\bwelche[rm]? (?:stadt|autobahn|ausfahrt|kilometer)\b",
        r"^\W*near\b.*\?",
        r"\bnear [A-Z]\w+.*\?",
        r"\bon I-\d+.*\?",
    ),
    "eta": _any(
        r"\beta\b",
        r"\b(?:estimated|expected|new|projected|your) (?:time of )?arrival\b",
        r"\barriv(?:e|al|ing)\b",
        r"\bwhen (?:do|will|should|would|can|are|did) you\b.{0,60}\b(?:there|arriv|get|be|make|reach|deliver|"
        r"land|in|expect|figure)",
        r"\bnew (?:time|eta)\b|\bwhat(?:'s| is) the time\b",
        r"\bdeliver\w*\b.{0,20}\b(?:today|tomorrow|tonight|morning|afternoon|(?:mon|tues|wednes|thurs|fri|satur|"
        r"sun)day)\b",
        r"\bwhat time\b(?!.{0,12}\b(?:did|was|were|have)\b)",
        r"\b\d{1,2}(?::\d\d)? ?(?:uhr|[ap]\.?m\b|o'clock)",
        r"\bhow (?:soon|long (?:until|till|before|to get))\b",
        r"\bwhen\b.{0,40}\b(?:there|receiver|consignee|destination|delivery)\b",
        r"\bon track for\b",
        r"\b(?:good|set|okay|ok) for (?:the|your)\b",
        r"\bappointment\b",
        r"\bdelivery (?:time|window|slot)\b",
        r"\b(?:make|reach|in|into|there) .{0,30}\b(?:by|at|before|around) (?:\d{1,2}|noon|midnight)\b",
        r"\bmake (?:your|the|it by)\b.{0,20}(?:appointment|time|window)?",
        r"\byou'?ll (?:arrive|deliver|be there)\b",
        r"\bwann\b(?!.{0,40}\b(?:weg|los)\b).{0,60}\b(?:ein\b|an(?:kommen|kunft)?|da|dort|bist|sind|schaff|"
        r"rechnen|erreich)",
        r"\bankunft",
        r"\bum wie ?viel uhr\b",
        r"^\W*(?:at |around |about |so |gegen |by )?(?:\d{1,2}|one|two|three|four|five|six|seven|eight|nine|ten|"
        r"eleven|twelve)(?::\d\d| thirty| fifteen| forty[- ]five)?\s*(?:[ap]\.?m\.?|uhr|o'clock)?\s*\?",
    ),
    "delay": _any(
        r"\bdelay",
        r"\b(?:issues?|(?<!no )problems?|trouble|holding you|slowing you|hold[- ]?ups?|setbacks?|how late|running late|"
        r"late\b|behind schedule|what happened|everything (?:ok|okay|alright|going)|anything (?:wrong|slow))",
        r"\bon (?:schedule|time|track)\b",
        r"\bverspät",
        r"\bverzöger",
        r"\bprobleme?\b",
        r"\bim zeitplan\b",
        r"\bpünktlich\b",
        r"\bwhy\b",
        r"\bwarum\b",
        r"\bbehinderung",
        r"\bwas ist los\b|\bgrund\b",
        r"\bslow\w* you\b",
    ),
    "status": _any(
        r"\bstatus\b",
        r"\bupdate\b",
        r"\bhow(?:'?s| is| are) (?:it|things|everything|the (?:load|trip|run|drive)|load|your (?:trip|run|load))",
        r"\bhow\b.{0,20}\bcoming along\b",
        r"\bwhat'?s (?:going on|up)\b",
        r"\bare you (?:still )?(?:driving|moving|rolling|on the road|loaded|empty|there|parked)\b",
        r"\bhave you (?:arrived|delivered|left|picked)\b",
        r"\bwie (?:ist|sieht|läuft|steht)\b",
        r"\bstand\b",
        r"\bfahren sie\b|\bfährst du\b",
        r"\bare you at\b",
        r"\bdelivery done\b",
        r"\bhow'?s\b",
    ),
    "unloading": _any(
        r"\bunload",
        r"\b(?:door|dock|bay)\b",
        r"\blumper",
        r"\bdetention\b",
        r"\bget(?:ting)? you in\b",
        r"\bhow long\b",
        r"\bempty\b",
        r"\bdelivered\b|\bdelivery done\b",
        r"\bablad|\bentlad|\bausgeladen|\brampe\b|\btor\b",
    ),
    "pod": _any(
        r"\bp\.?o\.?d\.?(?:'?s)?\b",
        r"\bproofs? of delivery\b",
        r"\bpaper ?work\b",
        r"\b(?:signed|get|sign|photos?|pictures?|pics?|scan|copy|copies|send|upload|text)\b.{0,25}\b(?:bills?|bols?|"
        r"receipts?|"
        r"papers|documents|docs|delivery (?:receipt|ticket|paper))\b",
        r"\b(?:signed|get|sign|photo of)\b.{0,25}\bdelivery\b",
        r"\bsignature\b",
        r"\bbills? (?:of lading )?signed\b",
        r"\bb\.?o\.?l\.?\b",
        r"\blieferschein",
        r"\bablief\w*",
        r"\bfrachtbrief",
        r"\bcmr\b",
        r"\bquittung\b",
        r"\bliefernachweis",
        r"\bunterschr\w*",
        r"\bzustellnachweis|\blieferbeleg|\bpapiere\b|\bempfangsbestätigung",
    ),
    "safety": _any(
        r"\bsafe(?:ly|ty)?\b(?! ?(?:travels|trip|drive|driving|out there|team|desk|department))",
        r"\bout of (?:danger|the (?:truck|road|way|traffic))\b",
        r"\bare you (?:all ?right|ok|okay|alright|good|fine)\b",
        r"\bis every(?:one|body|thing) (?:ok|okay|all ?right|alright|safe|fine)\b",
        r"\bin sicherheit\b",
        r"\bsicheren? (?:ort|stelle|platz|entfernung)\b",
        r"\bout of traffic\b",
        r"\b(?:sind sie|bist du) (?:sicher|okay|ok|in ordnung|außer gefahr)\b",
        r"\bgeht(?:'?s| es) (?:ihnen|dir|euch|allen)\b",
        r"\balle in sicherheit\b",
        r"\bin danger\b",
        r"\bdanger\b|\bgefahr\b",
        r"\boff the (?:road|highway)\b",
    ),
    "injury": _any(
        r"\binjur",
        r"\bhurt\b",
        r"\bmedical (?:attention|help|assistance)\b",
        r"\bneed (?:an ambulance|medical)",
        r"\bverletz",
        r"\bambulance\b",
        r"\bbleed",
        r"\bbreathing\b",
        r"\batmet\b|\bkrankenwagen\b|\brettungswagen\b|\bschmerzen\b",
        r"\bunverletzt\b",
    ),
    "load": _any(
        r"^\W*(?:and|how about|what about) (?:the|your) (?:load|cargo|freight|trailer|product)\W*\?",
        r"\b(?:load|cargo|freight|trailer|shipment|goods|product)\b.{0,30}\b(?:secure|secured|ok|okay|all ?right|"
        r"alright|"
        r"safe|intact|fine|shift|shifted|damaged?|stable|sealed|good|lost|affected|still on|still strapped|spill)",
        r"\b(?:secure|intact|shift|damage|damaged|spill)\b.{0,25}\b(?:load|cargo|freight|trailer|shipment)\b",
        r"\b(?:what|how) about the (?:load|cargo|freight|trailer)\b",
        r"\bhow'?s the (?:load|cargo|freight|trailer)\b.{0,15}\?",
        r"\bladung\b|\bfracht\b|\bauflieger\b",
        r"\bware\b.{0,20}\b(?:sicher|beschädigt|okay)",
    ),
}
"""Topic → how an agent asks for it."""

INVERSE_LOAD = re.compile(
    r"\b(?:shift|spill|damage|damaged|lost|fall(?:en)?|affected|leak|verrutscht|beschädigt|verloren|ausgelaufen)",
    re.IGNORECASE,
)
"""A question about the load whose "no" is good news."""

UNSAFE_QUESTION = re.compile(r"\b(?:in (?:any )?danger|danger|gefahr|blocking|unsafe)\b", re.IGNORECASE)
