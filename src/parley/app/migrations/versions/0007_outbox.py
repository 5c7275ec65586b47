"""Outgoing webhooks: who wants to hear of what, and what was sent."""

from parley.app.migrations.isolation import hold_apart, let_find_owner, run

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE webhook_subscriptions (
  id text COLLATE "C" PRIMARY KEY,
  tenant_id text COLLATE "C" NOT NULL REFERENCES tenants ON DELETE CASCADE,
  url text NOT NULL,
  events text[] NOT NULL,
  description text NOT NULL DEFAULT '',
  sealed_secret bytea NOT NULL,
  is_active boolean NOT NULL DEFAULT true,
  created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX ix_webhook_subscriptions_tenant_id ON webhook_subscriptions (tenant_id, id);

CREATE TABLE webhook_deliveries (
  id text COLLATE "C" PRIMARY KEY,
  tenant_id text COLLATE "C" NOT NULL REFERENCES tenants ON DELETE CASCADE,
  subscription_id text COLLATE "C" NOT NULL REFERENCES webhook_subscriptions ON DELETE CASCADE,
  event text NOT NULL,
  payload jsonb NOT NULL,
  status text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'retrying', 'delivered', 'dead')),
  attempts integer NOT NULL DEFAULT 0,
  response_status integer,
  error text,
  created_at timestamptz NOT NULL DEFAULT now(),
  last_attempt_at timestamptz,
  delivered_at timestamptz
);
CREATE INDEX ix_webhook_deliveries_tenant_id ON webhook_deliveries (tenant_id, id);
CREATE INDEX ix_webhook_deliveries_subscription_id ON webhook_deliveries (subscription_id);
CREATE INDEX ix_webhook_deliveries_created_at ON webhook_deliveries (tenant_id, created_at);
"""


def upgrade() -> None:
    run(TABLES)
    hold_apart("webhook_subscriptions", "webhook_deliveries")
    let_find_owner("webhook_subscriptions", "webhook_deliveries")
