"""What a receptionist writes down: settings, reservations, leads, listings, incidents, declared tools."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

RESERVATIONS = """
CREATE TABLE frontdesk_settings (
  tenant_id text COLLATE "C" PRIMARY KEY REFERENCES tenants ON DELETE CASCADE,
  settings jsonb NOT NULL,
  updated_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE reservations (
  id text COLLATE "C" PRIMARY KEY,
  tenant_id text COLLATE "C" NOT NULL REFERENCES tenants ON DELETE CASCADE,
  reference text COLLATE "C" NOT NULL,
  kind text NOT NULL CHECK (kind IN ('table', 'room', 'viewing')),
  status text NOT NULL
    CHECK (status IN ('requested', 'held', 'confirmed', 'cancelled', 'expired', 'completed', 'no_show')),
  name text NOT NULL DEFAULT '',
  phone text,
  email text,
  date date NOT NULL,
  time time,
  starts_at timestamptz NOT NULL,
  ends_at timestamptz NOT NULL CHECK (ends_at > starts_at),
  party_size integer NOT NULL CHECK (party_size > 0),
  nights integer CHECK (nights > 0),
  property_id text,
  tables text[] NOT NULL DEFAULT '{}',
  notes text NOT NULL DEFAULT '',
  conversation_id text COLLATE "C",
  idempotency_key text COLLATE "C",
  hold_expires_at timestamptz,
  revision integer NOT NULL DEFAULT 0,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  cancelled_at timestamptz,
  UNIQUE (tenant_id, reference),
  UNIQUE (tenant_id, idempotency_key)
);
CREATE INDEX ix_reservations_tenant_id ON reservations (tenant_id, id);
CREATE INDEX ix_reservations_date ON reservations (tenant_id, date, id);
CREATE INDEX ix_reservations_phone ON reservations (tenant_id, phone, id) WHERE phone IS NOT NULL;
-- What takes up room: the one index that availability reads.
CREATE INDEX ix_reservations_taken ON reservations (tenant_id, starts_at) WHERE status IN ('held', 'confirmed');
CREATE INDEX ix_reservations_held ON reservations (tenant_id, hold_expires_at) WHERE status = 'held';
"""

RECORDS = """
CREATE TABLE leads (
  id text COLLATE "C" PRIMARY KEY,
  tenant_id text COLLATE "C" NOT NULL REFERENCES tenants ON DELETE CASCADE,
  name text NOT NULL DEFAULT '',
  phone text,
  email text,
  intent text NOT NULL DEFAULT '',
  property_id text,
  budget numeric CHECK (budget >= 0),
  currency text,
  notes text NOT NULL DEFAULT '',
  conversation_id text COLLATE "C",
  status text NOT NULL DEFAULT 'new' CHECK (status IN ('new', 'contacted', 'qualified', 'won', 'lost')),
  score integer NOT NULL CHECK (score BETWEEN 0 AND 100),
  reasons jsonb NOT NULL DEFAULT '[]',
  contacts integer NOT NULL DEFAULT 1,
  history jsonb NOT NULL DEFAULT '[]',
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  UNIQUE (tenant_id, phone),
  UNIQUE (tenant_id, email)
);
CREATE INDEX ix_leads_tenant_id ON leads (tenant_id, id);

CREATE TABLE listings (
  id text COLLATE "C" PRIMARY KEY,
  tenant_id text COLLATE "C" NOT NULL REFERENCES tenants ON DELETE CASCADE,
  property_id text NOT NULL,
  title text NOT NULL,
  kind text NOT NULL CHECK (kind IN ('rent', 'buy')),
  city text NOT NULL DEFAULT '',
  street text NOT NULL DEFAULT '',
  rooms numeric CHECK (rooms >= 0),
  bedrooms integer CHECK (bedrooms >= 0),
  bathrooms numeric CHECK (bathrooms >= 0),
  area_m2 numeric CHECK (area_m2 > 0),
  price numeric CHECK (price >= 0),
  currency text NOT NULL DEFAULT 'EUR',
  features text[] NOT NULL DEFAULT '{}',
  available_from date,
  status text NOT NULL DEFAULT 'available' CHECK (status IN ('available', 'reserved', 'sold', 'let', 'withdrawn')),
  description text NOT NULL DEFAULT '',
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  UNIQUE (tenant_id, property_id)
);
CREATE INDEX ix_listings_tenant_id ON listings (tenant_id, id);
CREATE INDEX ix_listings_price ON listings (tenant_id, kind, price) WHERE status = 'available';

CREATE TABLE incidents (
  id text COLLATE "C" PRIMARY KEY,
  tenant_id text COLLATE "C" NOT NULL REFERENCES tenants ON DELETE CASCADE,
  kind text NOT NULL,
  severity text NOT NULL CHECK (severity IN ('low', 'medium', 'high', 'critical')),
  status text NOT NULL DEFAULT 'open' CHECK (status IN ('open', 'acknowledged', 'closed')),
  conversation_id text COLLATE "C",
  excerpt text NOT NULL DEFAULT '',
  evidence jsonb NOT NULL DEFAULT '{}',
  location text,
  notes text NOT NULL DEFAULT '',
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  UNIQUE (tenant_id, conversation_id, kind)
);
CREATE INDEX ix_incidents_tenant_id ON incidents (tenant_id, id);

CREATE TABLE tools (
  id text COLLATE "C" PRIMARY KEY,
  tenant_id text COLLATE "C" NOT NULL REFERENCES tenants ON DELETE CASCADE,
  name text NOT NULL,
  description text NOT NULL,
  parameters jsonb NOT NULL,
  url text NOT NULL,
  method text NOT NULL CHECK (method IN ('GET', 'POST', 'PUT', 'PATCH', 'DELETE')),
  header_names text[] NOT NULL DEFAULT '{}',
  sealed_headers bytea,
  timeout_seconds real NOT NULL CHECK (timeout_seconds > 0 AND timeout_seconds <= 20),
  is_active boolean NOT NULL DEFAULT true,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  UNIQUE (tenant_id, name)
);
CREATE INDEX ix_tools_tenant_id ON tools (tenant_id, id);
"""

LOOKUPS = """
CREATE OR REPLACE FUNCTION find_owner(kind text, wanted text) RETURNS TABLE (tenant_id text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF kind NOT IN ('users', 'api_keys', 'agents', 'knowledge_documents', 'conversations', 'reservations', 'leads',
                  'listings', 'incidents', 'tools') THEN
    RAISE EXCEPTION 'unknown kind %', kind;
  END IF;
  RETURN QUERY EXECUTE format('SELECT tenant_id FROM %I WHERE id = $1', kind) USING wanted;
END $$;
"""

TENANT_TABLES = ("frontdesk_settings", "reservations", "leads", "listings", "incidents", "tools")
OWNED_BY_ID = ("reservations", "leads", "listings", "incidents", "tools")


def _run(script: str) -> None:
    """Several statements at once, as they stand: `%` and `:` mean nothing to the driver here."""
    raw = op.get_bind().connection.driver_connection
    assert raw is not None
    raw.execute(script)


def upgrade() -> None:
    for script in (RESERVATIONS, RECORDS):
        _run(script)
    own = "tenant_id = current_setting('parley.tenant', true)"
    for table in TENANT_TABLES:
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY own_tenant ON {table} TO parley_app USING ({own}) WITH CHECK ({own})")
        op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO parley_app")
    _let_platform_look_up()


def _let_platform_look_up() -> None:
    for table in OWNED_BY_ID:
        op.execute(f"CREATE POLICY look_up ON {table} FOR SELECT TO parley_lookup USING (true)")
        op.execute(f"GRANT SELECT (tenant_id, id) ON {table} TO parley_lookup")
    _run(LOOKUPS)
