"""Passwords hashed in a moment: what bcrypt costs is shown in tests/tenants."""

from tests.quick_passwords import quick_passwords

__all__ = ["quick_passwords"]
