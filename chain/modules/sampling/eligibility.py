"""Who may check a unit, as it stands when a round closes."""

from collections.abc import Iterable

from chain.modules.jobs import keeper as jobs
from chain.modules.jobs.types import Job, Unit
from chain.modules.rates import keeper as rates
from chain.modules.sampling import rules
from chain.modules.sampling.types import Snapshot
from chain.modules.workers import keeper as workers
from chain.modules.workers.rules import free_bond, is_active
from chain.store.overlay import Reader


def find_eligible(
    store: Reader,
    taken: Snapshot,
    models: dict[bytes, list[rules.Candidate]],
    job: Job,
    units: Iterable[Unit],
    barred: frozenset[bytes] = frozenset(),
) -> list[rules.Eligible] | None:
    """Return E_u of each unit without those `barred`, or None if one of them cannot be checked safely now.

    Those barred count among the enrolled, so that nobody is left alone by having others barred. `models` remembers
    candidates, so that a close reads each worker once.
    """
    if job.model_root not in models:
        models[job.model_root] = _candidates(store, taken, job.model_root)
    operators = frozenset(unit.operator for unit in jobs.units_of(store, job))
    total = sum(entry.weight for entry in taken.entries)
    others = (entry for entry in taken.entries if job.model_root in entry.models and entry.operator not in operators)
    enrolled = sum(entry.weight for entry in others)
    current, candidates, without = rates.params(store), models[job.model_root], operators | barred
    drawn: list[rules.Eligible] = []
    for unit in units:
        bond = unit.terms.bond
        found = rules.eligible(current, candidates, bond, without, len(taken.entries), total, enrolled)
        if found is None:
            return None
        drawn.append(found)
    return drawn


def _candidates(store: Reader, taken: Snapshot, model_root: bytes) -> list[rules.Candidate]:
    found: list[rules.Candidate] = []
    for index, entry in enumerate(taken.entries):
        if model_root not in entry.models:
            continue
        worker = workers.find_worker(store, entry.operator)
        if worker is not None and is_active(worker):
            found.append(rules.Candidate(index, entry.operator, entry.weight, free_bond(worker)))
    return found
