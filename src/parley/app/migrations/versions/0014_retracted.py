"""Tools that ran for words which turned out to be half a sentence: which line each run answered, and how to undo it."""

from parley.app.migrations.isolation import run

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run(
        """
ALTER TABLE tool_runs
  ADD COLUMN question_id text COLLATE "C",
  ADD COLUMN standing text NOT NULL DEFAULT 'stands' CHECK (standing IN ('stands', 'retracted', 'undone')),
  ADD COLUMN undo jsonb;
"""
    )
