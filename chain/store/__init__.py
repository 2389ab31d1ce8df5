"""Versioned, authenticated key-value state and typed views of it."""
