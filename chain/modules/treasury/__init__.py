"""What the community holds, and the check pool."""
