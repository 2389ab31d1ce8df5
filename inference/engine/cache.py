"""Keys and values of one session, grown in pages up to the session's capacity."""

import torch

PAGE = 256
"""Positions added at a time at first; later growth doubles."""


class CacheFull(RuntimeError):
    """A session was fed more positions than it was opened for."""


class LayerCache:
    """One layer's quantised keys, key scales and values, in the types that attention multiplies.

    Keys and values are integers below 2^15 kept in float64, whose products and sums stay exact below 2^53. A last
    column of ones behind the values makes the sum of weights come out of the same product.
    """

    __slots__ = ("keys", "scales", "values")

    def __init__(self, heads: int, head_size: int) -> None:
        self.keys = torch.empty(heads, 0, head_size, dtype=torch.float64)
        self.scales = torch.empty(heads, 1, 0, dtype=torch.int64)
        self.values = torch.empty(heads, 0, head_size + 1, dtype=torch.float64)

    def grow(self, old: int, room: int) -> None:
        """Make room for `room` positions, keeping the first `old`."""
        heads, _, size = self.keys.shape
        keys = torch.zeros(heads, room, size, dtype=torch.float64)
        scales = torch.zeros(heads, 1, room, dtype=torch.int64)
        values = torch.ones(heads, room, size + 1, dtype=torch.float64)
        keys[:, :old] = self.keys[:, :old]
        scales[:, :, :old] = self.scales[:, :, :old]
        values[:, :old] = self.values[:, :old]
        self.keys, self.scales, self.values = keys, scales, values


class Session:
    """One job on this shard: how far it is, and its cache."""

    __slots__ = ("_room", "capacity", "layers", "position")

    def __init__(self, capacity: int, layers: int, heads: int, head_size: int) -> None:
        self.capacity = capacity
        """Most positions this session may hold."""
        self.position = 0
        """Positions processed so far."""
        self.layers = [LayerCache(heads, head_size) for _ in range(layers)]
        self._room = 0

    def reserve(self, count: int) -> None:
        """Make room for `count` more positions. Raises: CacheFull."""
        needed = self.position + count
        if needed > self.capacity:
            raise CacheFull(f"position {needed} exceeds the session's {self.capacity}")
        if needed > self._room:
            room = min(max(PAGE, 2 * self._room, -(-needed // PAGE) * PAGE), self.capacity)
            for layer in self.layers:
                layer.grow(self.position, room)
            self._room = room

    def __len__(self) -> int:
        return self.position
