"""Print lines, functions and docstring share per package and the longest files: a mirror, not a gate."""

import ast
import statistics
from pathlib import Path

from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("chain", "inference", "localnet", "tests", "benchmarks", "tools")


def docstring_lines(tree: ast.AST) -> int:
    """Return how many source lines are docstrings."""
    total = 0
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            total += (node.end_lineno or node.lineno) - node.lineno + 1
    return total


def main() -> None:
    """Print the table."""
    table = Table("package", "files", "lines", "median", "longest", "docstrings", title="size")
    for package in PACKAGES:
        rows = []
        docs = 0
        for path in sorted((ROOT / package).rglob("*.py")):
            if "wire" in path.parts:
                continue
            text = path.read_text()
            rows.append((text.count("\n"), path))
            docs += docstring_lines(ast.parse(text))
        if not rows:
            continue
        lines = sum(count for count, _ in rows)
        longest = max(rows)
        table.add_row(
            package,
            str(len(rows)),
            f"{lines:,}",
            str(int(statistics.median(count for count, _ in rows))),
            f"{longest[1].relative_to(ROOT)} {longest[0]}",
            f"{100 * docs // max(lines, 1)} %",
        )
    Console().print(table)


if __name__ == "__main__":
    main()
