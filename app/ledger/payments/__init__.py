"""Payments in the ledger: what was tried, what the providers said of it, and what is still to do.

Owned tables: nothing here is ever made again from facts, and nothing here is personal data or a
secret. Every transaction on a payment locks the checkout of its order first.
"""
