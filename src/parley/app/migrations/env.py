"""Alembic's entry: runs on the connection `parley.app.migrate` hands over, as the login user (not as `parley_app`)."""

from alembic import context

from parley.app.migrate import metadata

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata, transaction_per_migration=True)
with context.begin_transaction():
    context.run_migrations()
