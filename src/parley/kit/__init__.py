"""Product-free tools. Nothing here knows what an agent, a tenant's business or a conversation is.

A vocabulary of modules, entered directly: `errors`, `clock`, `ids`, `db`, `events`, `jobs`, `secrets`, `log`, `web`,
`files`. Anything that needs a word from the product belongs to a room above.
"""
