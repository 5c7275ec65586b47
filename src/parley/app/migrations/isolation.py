"""What every migration that adds a tenant's table does: row-level security, and look-up by id for the platform."""

from __future__ import annotations

from alembic import op

_OWN = "tenant_id = current_setting('parley.tenant', true)"


def run(script: str) -> None:
    """Several statements at once, as they stand: `%` and `:` mean nothing to the driver here."""
    raw = op.get_bind().connection.driver_connection
    assert raw is not None
    raw.execute(script)


def hold_apart(*tables: str) -> None:
    """Force row-level security: the application sees the rows of its transaction's tenant alone."""
    for table in tables:
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY own_tenant ON {table} TO parley_app USING ({_OWN}) WITH CHECK ({_OWN})")
        op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO parley_app")


def let_find_owner(*tables: str) -> None:
    """Let `find_owner` say which tenant a row of these tables belongs to, by its `id`."""
    for table in tables:
        op.execute(f"CREATE POLICY look_up ON {table} FOR SELECT TO parley_lookup USING (true)")
        op.execute(f"GRANT SELECT (tenant_id, id) ON {table} TO parley_lookup")
