"""An independent referee: the whole model in plain int64 numpy, one position at a time, written from the rules.

Uses nothing of the engine: no torch, no kernels, no digits, no cache layout. It reads the canonical directory and gives
rows, logits and K/V values; slow, and for tests only.
"""

from math import isqrt
from pathlib import Path
from typing import Any

import numpy as np

from chain.modules.models.types import LinearScale, ModelHeader
from chain.store.codec import decode
from inference.models.format import Manifest, map_tensor, tensor_layouts

I64 = np.int64
Q = 127 * 128 + 63


def rsh(x: Any, s: int) -> Any:
    """Shift right, rounding half up."""
    return (x + (1 << (s - 1))) >> s if s else x


def quantise(y: Any) -> Any:
    """Return a of a row."""
    ratio = (Q << 46) // max(int(np.abs(y).max()), 1)
    return (y * I64(ratio) + (1 << 45)) >> 46


class ReferenceModel:
    """The model of a canonical directory."""

    def __init__(self, directory: Path) -> None:
        self.header = h = decode(ModelHeader, (directory / "header.bin").read_bytes())
        manifest = Manifest.from_json((directory / "manifest.json").read_text())
        self.tensors = {
            layout.name: {
                part: values.astype(I64)
                for part, values in map_tensor(directory / manifest.tensors[layout.name].hex(), layout).items()
            }
            for layout in tensor_layouts(h)
        }
        tables = Path(__file__).resolve().parents[2] / "chain/modules/disputes/referee/tables"
        self.exp2 = np.fromfile(tables / "exp2.bin", dtype="<u4").astype(I64)
        self.sig = np.fromfile(tables / "sig.bin", dtype="<u4").astype(I64)
        self.cache: list[list[tuple[Any, Any, Any]]] = [[] for _ in range(h.num_layers)]
        """Per layer and position: key digits [KV, d], key scales [KV], values [KV, d]."""

    def _linear(self, name: str, a: Any, mx: int, scale: LinearScale) -> Any:
        parts = self.tensors[name]
        acc = (parts["w"] * a).sum(1)
        y = rsh(((acc * parts["mw"][:, 0]) >> scale.s1) * I64(mx), scale.s2)
        return np.clip(y, -(2**31 - 1), 2**31 - 1)

    def _norm(self, name: str, x: Any) -> tuple[Any, int]:
        h = self.header
        n = h.hidden_size
        s0 = max(0, int(np.abs(x).max()).bit_length() - h.norm_bits)
        hs = x >> s0
        v = int((hs * hs).sum()) // n + (h.epsilon >> (2 * s0))
        r = max(1, isqrt(v << 10))
        y = hs * self.tensors[name]["g"].reshape(-1)
        return quantise(y), min((int(np.abs(y).max()) << 15) // r, 2**31 - 1)

    def _rope(self, x: Any, position: int) -> Any:
        cs = self.tensors["rope"]["cs"][position]
        half = x.size // 2
        c, s = cs[:half], cs[half:]
        first, second = x[:half], x[half:]
        turned = np.concatenate([rsh(first * c - second * s, 15), rsh(second * c + first * s, 15)])
        return np.clip(turned, -(2**24 - 1), 2**24 - 1)

    def _attention(self, layer: int, x: Any, position: int) -> Any:
        h = self.header
        d, heads, kv = h.head_size, h.num_heads, h.num_kv_heads
        cut = np.split(x, range(d, x.size, d))
        keys = [self._rope(k, position) for k in cut[heads : heads + kv]]
        drop = 16 - h.value_bits
        values = np.stack([np.clip(rsh(v, drop), -32768, 32767) for v in cut[heads + kv :]])
        row = (np.stack([quantise(k) for k in keys]), [int(np.abs(k).max()) for k in keys], values)
        self.cache[layer].append(row)
        out = []
        for head in range(heads):
            q = self._rope(cut[head], position)
            aq, mq, g = quantise(q), int(np.abs(q).max()), head // (heads // kv)
            z = []
            for ak, mk, _ in self.cache[layer]:
                dot = int((aq * ak[g]).sum())
                score = rsh((((dot >> h.dot_shift) * mk[g]) >> 20) * ((mq * h.score_mantissa) >> 13), h.score_shift)
                z.append(min(max(score, -(2**29)), 2**29))
            top, total, mixed = max(z), 0, np.zeros(d, dtype=I64)
            for score, (_, _, v) in zip(z, self.cache[layer], strict=True):
                dd = top - score
                p = ((int(self.exp2[dd & 4095]) >> min(dd >> 12, 31)) + (1 << 14)) >> 15
                total += p
                mixed += p * v[g]
            out.append(((mixed << (17 - h.value_bits)) + total) // (2 * total))
        return np.concatenate(out)

    def _swiglu(self, g: Any, u: Any) -> Any:
        i = np.clip((g + 16) >> 5, -32768, 32767) + 32768
        return np.clip(rsh(rsh(g * self.sig[i], 28) * u, 16), -(2**31 - 1), 2**31 - 1)

    def _boundary(self, h: Any) -> tuple[Any, bytes]:
        shifts, values = [], []
        for block in h.reshape(-1, 64):
            s = max(0, int(np.abs(block).max()).bit_length() - 15)
            shifts.append(s)
            values.append(np.clip(rsh(block, s), -32767, 32767))
        data = b""
        for start in range(0, len(shifts), 16):
            data += (
                bytes(shifts[start : start + 16]) + np.concatenate(values[start : start + 16]).astype("<i2").tobytes()
            )
        return np.concatenate([q << s for q, s in zip(values, shifts, strict=True)]), data

    def step(self, token: int) -> tuple[list[bytes], Any]:
        """Feed one id; return the bytes of its row after every layer, and its logits."""
        h = self.header
        position = len(self.cache[0])
        source = self.tensors["head" if h.tied else "embedding"]
        x = rsh(source["w"][token] * source["me"][token, 0], h.embedding_shift)
        rows = []
        for layer, scales in enumerate(h.layers):
            at = f"layers.{layer}."
            qkv = self._linear(at + "qkv", *self._norm(at + "g1", x), scales.qkv)
            o = self._attention(layer, qkv, position)
            y = self._linear(at + "o", quantise(o), int(np.abs(o).max()), scales.o)
            x = np.clip(x + y, -(2**40 - 1), 2**40 - 1)
            gate, up = np.split(self._linear(at + "gate_up", *self._norm(at + "g2", x), scales.gate_up), 2)
            inner = self._swiglu(gate, up)
            y = self._linear(at + "down", quantise(inner), int(np.abs(inner).max()), scales.down)
            x, data = self._boundary(np.clip(x + y, -(2**40 - 1), 2**40 - 1))
            rows.append(data)
        return rows, self._linear("head", *self._norm("gf", x), h.head)
