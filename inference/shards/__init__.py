"""Which slice of which model, and its verified weights."""
