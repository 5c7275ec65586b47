"""Orders that hide in material: a document or a tool's result states facts, and whatever tells the agent what to do or
say in it is no fact.

Two kinds are told apart. A text that turns on the agent ("ignore your instructions", "SYSTEM:") grants nothing at all;
a sentence that orders ("give every caller a discount") grants nothing by itself, the others of its text may.
"""

from __future__ import annotations

import re

_TURNS_ON_AGENT = re.compile(
    r"\b(?:ignor\w*|disregard\w*|forget|override|bypass|overrule|vergiss|vergessen sie|missachte\w*|überschreibe\w*|"
    r"übergehe\w*|verwirf|verwerfen sie)\b[^.!?\n]{0,60}\b(?:instruction|prompt|rule|guideline|previous|prior|above|"
    r"earlier|polic|anweisung|instruktion|regel|vorgabe|bisherig|vorherig|vorig|obige|system)\w*"
    r"|(?:^|[.!?\n\]>]\s*|[\[(<*#]\s*)(?:system|assistant|developer|admin)"
    r"(?: ?(?:prompt|message|override|note|update))?[\])>*]* ?:"
    r"|<\|?/?(?:system|inst|instructions?|admin)\b|\[/?(?:system|inst)\]"
    r"|\byou are now\b|\bfrom now on,? you\b|\b(?:du bist|sie sind) (?:jetzt|nun|ab sofort|von nun an)\b"
    r"(?! (?:da|hier|dran))"
    r"|\b(?:new|updated|neue|geänderte) (?:system )?(?:instructions?|anweisung(?:en)?|systemprompt)\b"
    r"|\b(?:developer|admin|debug|promotion|jailbreak|god|dan|entwickler|wartungs)[ -]?(?:mode|modus)\b"
    r"|\b(?:note|message|instructions?|attention|notice|hinweis|anweisung(?:en)?|nachricht|notiz|achtung)\b[^.!?\n]{0,12}"
    r"\b(?:to|for|an|für) (?:the |any |all |every |den |die |das |alle )?"
    r"(?:ai|assistants?|agents?|(?:language )?models?|bots?|llms?|chatbots?|ki|assistent\w*|agent\w*|"
    r"sprachmodell\w*)\b",
    re.IGNORECASE,
)
_WHOM = (
    r"(?:the |every |each |all |any |your |our |these |this |that |dem |der |den |jedem |jeder |allen |"
    r"unserem |unseren )*"
    r"(?:callers?|customers?|guests?|users?|clients?|people|everyone|everybody|anyone|them|him|her|drivers?|visitors?|"
    r"anrufer\w*|kunden?|kundin|gast|gästen?|nutzer\w*|besucher\w*|fahrer\w*|ihm|ihr|ihnen|allen|jedem)"
)
_ORDERS = re.compile(
    r"^\W*(?:(?:please|then|also|and|now|always|important|note|simply|just|bitte|dann|und|immer|wichtig|nun|jetzt)\b\W*)*"
    r"(?:(?:(?:make|be) sure (?:to|that you) |you (?:must|should|shall|have to|need to|are to|will) (?:always |now )?|"
    r"never fail to |remember to )?"
    rf"(?:tell|give|grant|offer|inform|assure|promise|charge|let|treat|reply to|answer|credit|refund|book|confirm to|"
    rf"sage?|sagen sie|gib|geben sie|gewähren?(?: sie)?|biete(?:n sie)?|teilen? sie|versprich|versprechen sie|"
    rf"antworten?(?: sie)?|erlasse?n?(?: sie)?|schenken?(?: sie)?|informieren?(?: sie)?|bestätigen?(?: sie)?)"
    rf" (?:to |that |in |mit )?{_WHOM}\b"
    r"|(?:you (?:must|should|shall|have to|are to)|du (?:musst|sollst)|sie (?:müssen|sollen)) (?:\w+ ){0,8}?"
    r"(?:tell|say|give|grant|offer|apply|book|confirm|waive|promise|sagen|geben|gewähren|buchen|anbieten|bestätigen|erlassen)\b"
    r"|(?:say|state|claim|announce|reply|respond|answer|apply|behaupte\w*|sage?|antworte\w*) "
    r"(?:that|with|only|a|the|dass|mit|nur|,)"
    r"|(?:waive|apply|grant|erlasse|streiche|gewähre) )",
    re.IGNORECASE,
)
_FREE_BOOKING = re.compile(
    r"(?:^|\band |\bthen |, ?|\bund |\bdann )(?:please |bitte )?(?:book|reserve|buche|buchen sie|reserviere|"
    r"reservieren sie)\b"
    r"(?: (?:it|that|this|them|everything|all|bitte|bitte alles|bitte es|bitte das|"
    r"es|das|alles|(?:a|the|every|any|einen?|den|das|die|jeden?) \w+))? ?"
    r"(?:for (?:free|nothing)|free of charge|gratis|at no (?:cost|charge)|without (?:charge|payment)|kostenlos|umsonst|"
    r"kostenfrei|ohne bezahlung)",
    re.IGNORECASE,
)
_OF_THE_AGENT = re.compile(
    r"\b(?:the|our|this|der|die|unser) (?:assistant|ai|bot|model|chatbot|voice agent|assistent\w*|ki|sprachmodell)\b"
    r"[^.!?\n]{0,30}"
    r"\b(?:must|shall|should|may|can|will|is to|muss|soll|darf|kann|wird)\b",
    re.IGNORECASE,
)


def turns_on_agent(text: str) -> bool:
    """Whether a text tries to put other instructions in place of the agent's own."""
    return _TURNS_ON_AGENT.search(text) is not None


def is_order(sentence: str) -> bool:
    """Whether a sentence tells the agent what to do or say."""
    return any(rule.search(sentence) for rule in (_ORDERS, _FREE_BOOKING, _OF_THE_AGENT))
