"""Write tests/vectors/cosmos_descriptors.json: field numbers of Cosmos messages as cosmpy bundles them.

Two copies of `cosmos.*` descriptors cannot share a process, so this runs in an environment of its own, which has cosmpy
and not our code:

    python -m venv /tmp/oracle && /tmp/oracle/bin/pip install cosmpy==0.12.2
    /tmp/oracle/bin/python tests/support/write_published_descriptors.py > tests/vectors/cosmos_descriptors.json
"""

import importlib
import json

FILES = (
    "cosmos.auth.v1beta1.auth",
    "cosmos.auth.v1beta1.query",
    "cosmos.bank.v1beta1.bank",
    "cosmos.bank.v1beta1.query",
    "cosmos.bank.v1beta1.tx",
    "cosmos.base.abci.v1beta1.abci",
    "cosmos.base.node.v1beta1.query",
    "cosmos.base.query.v1beta1.pagination",
    "cosmos.base.tendermint.v1beta1.query",
    "cosmos.base.v1beta1.coin",
    "cosmos.crypto.ed25519.keys",
    "cosmos.crypto.secp256k1.keys",
    "cosmos.tx.v1beta1.service",
    "cosmos.tx.v1beta1.tx",
)


def described(message: object) -> dict[str, list[object]]:
    fields = message.fields  # type: ignore[attr-defined]
    return {field.name: [field.number, field.type, field.label] for field in fields}


def main() -> None:
    found: dict[str, object] = {}
    for name in FILES:
        module = importlib.import_module(f"cosmpy.protos.{name}_pb2")
        waiting = list(module.DESCRIPTOR.message_types_by_name.values())
        while waiting:
            message = waiting.pop()
            found[message.full_name] = described(message)
            waiting += message.nested_types
        for service in module.DESCRIPTOR.services_by_name.values():
            found[service.full_name] = {
                method.name: [method.input_type.full_name, method.output_type.full_name] for method in service.methods
            }
    print(json.dumps(found, indent=1, sort_keys=True))


if __name__ == "__main__":
    main()
