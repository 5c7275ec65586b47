"""Whose it is, and who may: tenants, users, login, API keys, vendor credentials, audit.

Owns every question of identity and permission. Refuses to know what an agent or a conversation is. Enter through
`Access` (a request → a `Principal` and a tenant), `Login` (credentials → tokens) and `Businesses` (the verbs on
tenants and their people); routes of other rooms take the `May…` aliases as parameters.
"""

from parley.tenants.access import (
    Access,
    AccessHere,
    MayChat,
    MayManage,
    MayPlatform,
    MayRead,
    MayTrain,
    MayWrite,
    SignedIn,
    access_of,
)
from parley.tenants.audit import record as record_audit
from parley.tenants.businesses import Businesses
from parley.tenants.login import Login
from parley.tenants.principal import Principal, levels_of
from parley.tenants.quota import Quota
from parley.tenants.regions import region_of
from parley.tenants.routes import Language, Name, TenantFilter
from parley.tenants.routes import router as tenant_routes
from parley.tenants.store import Tenant, bump_knowledge_revision, bump_prompts_revision, find_first_tenant, get_tenant

__all__ = [
    "Access",
    "AccessHere",
    "Businesses",
    "Language",
    "Login",
    "MayChat",
    "MayManage",
    "MayPlatform",
    "MayRead",
    "MayTrain",
    "MayWrite",
    "Name",
    "Principal",
    "Quota",
    "SignedIn",
    "Tenant",
    "TenantFilter",
    "access_of",
    "bump_knowledge_revision",
    "bump_prompts_revision",
    "find_first_tenant",
    "get_tenant",
    "levels_of",
    "record_audit",
    "region_of",
    "tenant_routes",
]
