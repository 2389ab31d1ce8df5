"""What the models module stores."""

from chain.modules.models.types import Model
from chain.store.codec import record
from chain.store.collections import HASH, NAME, Map


@record
class NameEntry:
    """The model of a name."""

    model_root: bytes


MODELS: Map[bytes, Model] = Map("models", b"root/", HASH, Model)
"""model_root → the model; stays."""
NAMES: Map[str, NameEntry] = Map("models", b"name/", NAME, NameEntry)
"""Name (hashed) → its model; stays."""
