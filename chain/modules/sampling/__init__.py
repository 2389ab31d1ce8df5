"""Rounds, tickets, checks and epoch proofs."""
