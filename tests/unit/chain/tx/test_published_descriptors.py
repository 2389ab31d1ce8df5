"""Our own text of the Cosmos services against the descriptors of a foreign library, field by field."""

import importlib
import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.write_published_descriptors import FILES

VECTORS = Path(__file__).parents[3] / "vectors" / "cosmos_descriptors.json"
PUBLISHED: dict[str, dict[str, list[Any]]] = json.loads(VECTORS.read_text())


def ours() -> dict[str, dict[str, list[Any]]]:
    found: dict[str, dict[str, list[Any]]] = {}
    for name in FILES:
        file = importlib.import_module(f"chain.wire.{name}_pb2").DESCRIPTOR
        waiting = list(file.message_types_by_name.values())
        while waiting:
            message = waiting.pop()
            found[message.full_name] = {field.name: field for field in message.fields}
            waiting += message.nested_types
        for service in file.services_by_name.values():
            found[service.full_name] = {
                method.name: [method.input_type.full_name, method.output_type.full_name] for method in service.methods
            }
    return found


OURS = ours()


@pytest.mark.parametrize("name", sorted(OURS))
def test_every_field_and_method_of_ours_is_the_published_one(name: str) -> None:
    published = PUBLISHED[name]
    for part, own in OURS[name].items():
        if isinstance(own, list):
            assert published[part] == own
        else:
            number, kind, label = published[part]
            assert (own.number, own.type, own.is_repeated) == (number, kind, label == 3), part
