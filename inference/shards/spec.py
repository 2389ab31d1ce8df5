"""Name a slice of a model."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ShardSpec:
    """Layers [start, end) of the model with this root."""

    model_root: bytes
    start: int
    end: int

    def __str__(self) -> str:
        return f"{self.model_root.hex()[:12]}[{self.start}:{self.end}]"
