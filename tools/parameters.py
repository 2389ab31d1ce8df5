"""Write genesis/<network>/parameters.json from chain/parameters.py: what a chain of that kind begins with.

`python -m tools.parameters` writes them; `--check` fails if a file differs.
"""

import json
import sys
from dataclasses import fields
from pathlib import Path

from chain.json_form import to_json
from chain.parameters import PARAMETER_SETS, ParameterSet

GENESIS = Path(__file__).resolve().parent.parent / "genesis"


def text_of(parameters: ParameterSet) -> str:
    """Return the file's text."""
    document = {field.name: to_json(getattr(parameters, field.name)) for field in fields(parameters)}
    return json.dumps(document, indent=2) + "\n"


def main() -> int:
    """Write or compare every file and return the exit status."""
    differing = 0
    for name, parameters in PARAMETER_SETS.items():
        path = GENESIS / name / "parameters.json"
        if "--check" in sys.argv:
            if not path.exists() or path.read_text() != text_of(parameters):
                print(f"{path.relative_to(GENESIS.parent)} differs: run python -m tools.parameters")
                differing += 1
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text_of(parameters))
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main())
