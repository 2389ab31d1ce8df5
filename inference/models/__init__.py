"""Canonical models: format, conversion, and one complete file per architecture."""
