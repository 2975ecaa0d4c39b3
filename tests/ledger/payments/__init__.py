"""Payments in the ledger, on SQLite and PostgreSQL alike."""
