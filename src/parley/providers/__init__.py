"""Vendors and local models: one file per capability, each an adapter of a port in `parley.inference.ports`.

Owns the translation between a vendor's wire and the house's vocabulary, errors included. Refuses to know tenants,
settings or the database: keys and directories are handed in. Only `app` enters, file by file, so that a vendor that is
not used is never imported.
"""
