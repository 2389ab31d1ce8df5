"""Live plans: who runs which layers."""
