"""Write the two constant tables of the numeric version, for the referee and for the engine.

    exp2.bin   EXP2[i] = round(2^30 * 2^(-i/4096))                i < 4096     u32, little-endian
    sig.bin    SIG[i]  = round(2^28 * sigmoid((i - 32768)/2048))  i < 65536    u32, little-endian; ends 0 and 2^28

Both are constants of the protocol: the files are shipped and hash-checked, and this command only shows where they come
from. It computes with 50 decimal digits, so no rounding depends on the machine. `python tools/tables.py` writes what is
missing and fails where an existing file differs.
"""

import sys
from decimal import ROUND_HALF_EVEN, Context, Decimal, localcontext
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PLACES = (
    ROOT / "chain/modules/disputes/referee/tables",
    ROOT / "inference/numerics/tables",
)


def exp2_table() -> bytes:
    """Return EXP2 as bytes."""
    step = Decimal(2).ln() / 4096
    return b"".join(_entry((1 << 30) * (-step * i).exp()) for i in range(4096))


def sig_table() -> bytes:
    """Return SIG as bytes."""
    inner = [_entry((1 << 28) / (1 + (Decimal(32768 - i) / 2048).exp())) for i in range(1, 65535)]
    return b"".join([bytes(4), *inner, (1 << 28).to_bytes(4, "little")])


def _entry(value: Decimal) -> bytes:
    return int(value.to_integral_value(ROUND_HALF_EVEN)).to_bytes(4, "little")


def main() -> int:
    """Write or compare the tables at both places; return the exit status."""
    with localcontext(Context(prec=50)):
        tables = {"exp2.bin": exp2_table(), "sig.bin": sig_table()}
    wrong = 0
    for place in PLACES:
        place.mkdir(parents=True, exist_ok=True)
        for name, data in tables.items():
            path = place / name
            if not path.exists():
                path.write_bytes(data)
                print(f"wrote {path.relative_to(ROOT)}")
            elif path.read_bytes() != data:
                print(f"{path.relative_to(ROOT)} differs", file=sys.stderr)
                wrong = 1
    return wrong


if __name__ == "__main__":
    sys.exit(main())
