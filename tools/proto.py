"""Generate chain/wire from proto/: `python -m tools.proto`, or `--check` to compare without writing."""

import argparse
import filecmp
import importlib.resources
import os
import re
import sys
import tempfile
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
SOURCES = REPOSITORY / "proto"
GENERATED_SUFFIXES = ("_pb2.py", "_pb2.pyi", "_pb2_grpc.py")
SERVICE = re.compile(r"^service\s+\w+", re.MULTILINE)


def generate(sources: Path, out: Path) -> list[Path]:
    """Run protoc over every .proto under `sources` into `out` and return the files written, relative to `out`.

    Raises: RuntimeError if protoc refuses a file; its message is on stderr.
    """
    from grpc_tools import protoc  # only developers have it; everything else here works without

    well_known = str(importlib.resources.files("grpc_tools") / "_proto")
    names = sorted(str(path.relative_to(sources)) for path in sources.rglob("*.proto"))
    services = [name for name in names if SERVICE.search((sources / name).read_text("utf-8"))]
    out.mkdir(parents=True, exist_ok=True)
    common = ["protoc", f"-I{sources}", f"-I{well_known}"]
    if protoc.main([*common, f"--python_out={out}", f"--pyi_out={out}", *names]) != 0:
        raise RuntimeError("protoc failed")
    if services and protoc.main([*common, f"--grpc_python_out={out}", *services]) != 0:
        raise RuntimeError("protoc failed on services")
    _mark_packages(out, names)
    return generated_files(out)


def _mark_packages(out: Path, names: list[str]) -> None:
    """Write an __init__.py into every folder from `chain/wire` down that holds generated code."""
    for name in names:
        for folder in Path(name).parents:
            if len(folder.parts) < 2:  # `.` and `chain` are not generated
                continue
            marker = out / folder / "__init__.py"
            if not marker.exists():
                marker.write_text('"""Generated from proto/; never edited by hand."""\n', "utf-8")


def generated_files(root: Path) -> list[Path]:
    """List generated files and package markers under `root`/chain/wire, sorted, relative to `root`."""
    wire = root / "chain" / "wire"
    return sorted(
        path.relative_to(root)
        for path in wire.rglob("*")
        if path.name.endswith(GENERATED_SUFFIXES) or path.name == "__init__.py"
    )


def differences(expected: Path, actual: Path) -> list[str]:
    """Describe each generated file that is missing, left over or different in `actual`."""
    wanted, present = generated_files(expected), generated_files(actual)
    found = [f"missing: {path}" for path in wanted if path not in present]
    found += [f"left over: {path}" for path in present if path not in wanted]
    both = (path for path in wanted if path in present)
    found += [f"differs: {path}" for path in both if not filecmp.cmp(expected / path, actual / path, shallow=False)]
    return found


def main() -> int:
    """Generate, or with --check compare; exit 1 when generated code is out of date."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare only; write nothing")
    check: bool = parser.parse_args().check
    with tempfile.TemporaryDirectory(prefix="ostraka-proto-") as folder:
        fresh = Path(folder)
        written = generate(SOURCES, fresh)
        changed = differences(fresh, REPOSITORY)
        if check:
            for line in changed:
                print(line, file=sys.stderr)
            if changed:
                print("generated code is out of date: run `python -m tools.proto`", file=sys.stderr)
            return 1 if changed else 0
        for path in generated_files(REPOSITORY):
            if path not in written:
                (REPOSITORY / path).unlink()
        for path in written:
            target = REPOSITORY / path
            target.parent.mkdir(parents=True, exist_ok=True)
            if not target.exists() or not filecmp.cmp(fresh / path, target, shallow=False):
                # Order: replace whole files, so that a program importing meanwhile sees the old or the new one.
                partial = target.with_name(f".{target.name}.partial")
                partial.write_bytes((fresh / path).read_bytes())
                os.replace(partial, target)
    print(f"{len(written)} files in chain/wire, {len(changed)} changed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
