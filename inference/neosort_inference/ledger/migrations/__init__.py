"""How the ledger's schema came to be, step by step: Alembic's revisions, run whenever an older ledger is opened."""
