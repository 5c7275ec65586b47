"""Calls whose sound is ours that go on with a person."""

from parley.app.migrations.isolation import run

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run("""
-- The number that the carrier is to dial when it asks what comes next.
ALTER TABLE call_streams ADD COLUMN transfer_to text;
""")
