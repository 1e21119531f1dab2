"""Run by Alembic: migrates over the connection, and inside the transaction, that stores.migration hands over."""

from alembic import context  # noqa: TID253  Alembic itself imports this module, nothing else does

from aimd_server.stores.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,  # SQLite cannot alter a table in place
    transactional_ddl=True,
)
context.run_migrations()
