"""The vocabulary between the product and whoever computes an answer: messages, events, ports, errors, usage.

Modules are entered directly. `ports` holds the small Protocols a vendor file implements; `chat`, `facts` and `usage`
hold what travels through them; `errors` is what an adapter may raise; `fallback` (with its `breaker`) and
`metered` wrap a port in the same port; `speech` is what hears and speaks; `scripted` and `scripted_speech` hold doubles
that fail when a script is left unconsumed. Nothing here knows a database, a web framework or a vendor.
"""
