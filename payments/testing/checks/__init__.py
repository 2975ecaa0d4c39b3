"""The checks, by what they are about; `payments/testing/conformance.py` lists them all."""
