"""Refuse what import contracts cannot see in consensus code: floats, true division, set order, hash and id, clocks,
and changes to records, which may be shared.

Consensus code is everything that runs inside a block: `chain/` without the node's own processes. A finding names file
and line; there are no exceptions and no suppression comments.
"""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CONSENSUS = (
    "chain/app.py",
    "chain/block.py",
    "chain/tx.py",
    "chain/context.py",
    "chain/module.py",
    "chain/errors.py",
    "chain/application.py",
    "chain/store",
    "chain/crypto",
    "chain/modules",
)
"""Files and folders that every node must execute alike."""
BANNED_CALLS = {
    "hash",
    "id",
    "float",
    "round",
    "globals",
    "locals",
    "vars",
    "eval",
    "exec",
    "input",
    "setattr",
    "delattr",
}
BANNED_NAMES = {
    "time.time",
    "time.monotonic",
    "time.perf_counter",
    "random.random",
    "os.environ",
    "os.getenv",
    "os.urandom",
}
BANNED_IMPORTS = {"random", "secrets", "datetime", "uuid", "numpy", "torch"}
CHANGEABLE = {"self", "cls", "ctx", "scratch", "overlay"}
"""Names of what may have its attributes assigned: views of state and an object's own. Records are never changed."""
NOT_EXECUTED_IN_BLOCKS = {"chain/crypto/keys.py", "chain/store/database.py"}
"""Key generation and file handling live here; blocks only verify. Imports are still judged by the import contracts."""


def findings(path: Path) -> Iterator[tuple[int, str]]:
    """Yield (line, reason) for everything in one file that could differ between two nodes."""
    tree = ast.parse(path.read_text())
    relaxed = path in {ROOT / name for name in NOT_EXECUTED_IN_BLOCKS}
    for node in ast.walk(tree):
        line = getattr(node, "lineno", 0)
        match node:
            case ast.Constant(value=float()) | ast.Constant(value=complex()):
                yield line, "a float"
            case ast.BinOp(op=ast.Div()) if not _is_path(node):
                yield line, "true division; use // or a rounding rule"
            case ast.AugAssign(op=ast.Div()):
                yield line, "true division; use //"
            case ast.Call(func=ast.Name(id=name)) if name in BANNED_CALLS:
                yield line, f"{name}()"
            case ast.Attribute(value=ast.Name(id=owner), attr=name) if f"{owner}.{name}" in BANNED_NAMES:
                yield line, f"{owner}.{name}"
            case ast.Attribute(ctx=ast.Store() | ast.Del(), value=owned) if not _is_changeable(owned):
                yield line, f"{ast.unparse(node)} is assigned; make another with dataclasses.replace"
            case ast.Attribute(attr="__setattr__" | "__delattr__"):
                yield line, "__setattr__; make another with dataclasses.replace"
            case ast.Import(names=names) if not relaxed:
                for alias in names:
                    if alias.name.split(".")[0] in BANNED_IMPORTS:
                        yield line, f"import {alias.name}"
            case ast.ImportFrom(module=str(module)) if not relaxed and module.split(".")[0] in BANNED_IMPORTS:
                yield line, f"import from {module}"
            case ast.For(iter=iterated) | ast.comprehension(iter=iterated) if _is_set(iterated):
                yield getattr(iterated, "lineno", line), "iteration over a set; sort it"
            case ast.ExceptHandler(type=None):
                yield line, "a bare except"


def _is_set(node: ast.expr) -> bool:
    match node:
        case ast.Set() | ast.SetComp():
            return True
        case ast.Call(func=ast.Name(id="set" | "frozenset")):
            return True
        case ast.BinOp(op=ast.BitAnd() | ast.BitOr() | ast.Sub() | ast.BitXor(), left=left, right=right):
            return _is_set(left) or _is_set(right)
    return False


def _is_changeable(owner: ast.expr) -> bool:
    return isinstance(owner, ast.Name) and owner.id in CHANGEABLE


def _is_path(node: ast.BinOp) -> bool:
    """Tell whether the division joins a path: its right side is text or names one."""
    right = node.right
    if isinstance(right, ast.Constant) and isinstance(right.value, str):
        return True
    return isinstance(right, ast.JoinedStr)


def main() -> int:
    """Print every finding and return the exit status."""
    count = 0
    for entry in CONSENSUS:
        place = ROOT / entry
        files = sorted(place.rglob("*.py")) if place.is_dir() else [place]
        for path in files:
            for line, reason in findings(path):
                print(f"{path.relative_to(ROOT)}:{line}: {reason}")
                count += 1
    print(f"determinism lint: {count} finding(s)")
    return 1 if count else 0


if __name__ == "__main__":
    sys.exit(main())
