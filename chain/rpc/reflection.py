"""Descriptors of every service, so that grpcurl and its like can list and call them."""

import importlib
import pkgutil
from collections.abc import Iterable

from google.protobuf import descriptor_pool

import chain.wire


def load_descriptors() -> None:
    """Import all generated modules, which enters them into protobuf's default pool."""
    for module in pkgutil.walk_packages(chain.wire.__path__, f"{chain.wire.__name__}."):
        if module.name.endswith("_pb2"):
            importlib.import_module(module.name)


def undescribed(methods: Iterable[str]) -> list[str]:
    """Return those of `<service>/<Method>` that no descriptor names; reflection cannot serve them."""
    load_descriptors()
    pool = descriptor_pool.Default()
    missing = []
    for path in sorted(methods):
        service, _, method = path.partition("/")
        try:
            known = pool.FindServiceByName(service).methods_by_name
        except KeyError:
            missing.append(path)
            continue
        if method not in known:
            missing.append(path)
    return missing
