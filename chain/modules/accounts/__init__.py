"""Accounts: keys, numbers, sequences."""
