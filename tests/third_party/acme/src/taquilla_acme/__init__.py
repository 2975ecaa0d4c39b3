"""Acme for Taquilla. Knows Acme and the contract of payment methods, and nothing else."""

from taquilla_acme.method import Acme, AcmeConfig

__all__ = ["Acme", "AcmeConfig"]
