"""The streams over which a carrier hands us the sound of a call, and recordings."""

from parley.app.migrations.isolation import hold_apart, run

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

STREAMS = """
-- One per call under way: the hashed one-time secret of the stream that is to come, or the process that has taken it.
CREATE TABLE call_streams (
  call_id text COLLATE "C" PRIMARY KEY REFERENCES call_records ON DELETE CASCADE,
  tenant_id text COLLATE "C" NOT NULL REFERENCES tenants ON DELETE CASCADE,
  token_hash text COLLATE "C" UNIQUE,
  expires_at timestamptz NOT NULL,
  holder integer
);
CREATE INDEX ix_call_streams_tenant_id ON call_streams (tenant_id, call_id);
"""


def upgrade() -> None:
    run(STREAMS)
    hold_apart("call_streams")
