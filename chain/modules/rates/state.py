"""What the rates module stores."""

from chain.modules.rates.types import Checkers, CheckWindow, Params, Reputation
from chain.store.collections import ADDRESS, HASH, U64, Item, KeySet, Map, pair

PARAMS = Item("rates", b"params", Params)
"""The parameters; never removed."""
CHECK_WINDOW = Item("rates", b"check_window", CheckWindow)
"""What the sampling module's windows leave for checks; never removed."""
CHECKERS: Map[bytes, Checkers] = Map("rates", b"checkers/", HASH, Checkers)
"""model_root → what was seen of its checkers; stays, as the model does."""
REPUTATIONS: Map[tuple[bytes, bytes], Reputation] = Map("rates", b"reputation/", pair(ADDRESS, HASH), Reputation)
"""(operator, model_root) → its reputation; removed when time has left nothing of it."""
FADES: KeySet[tuple[int, tuple[bytes, bytes]]] = KeySet("rates", b"fades/", pair(U64, pair(ADDRESS, HASH)))
"""(height, key) of every reputation: when nothing is left of it; removed with it."""
