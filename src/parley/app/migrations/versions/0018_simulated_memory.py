"""A simulated call keeps what its persona needs to go on in another process."""

from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE simulated_calls ADD COLUMN memory jsonb")
