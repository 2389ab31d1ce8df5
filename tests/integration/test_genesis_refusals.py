"""A chain does not begin with parameters under which lying pays or money could leave too early."""

import pytest

from chain.genesis import build_genesis, validate
from chain.json_form import to_json
from chain.parameters import LOCALNET, PARAMETER_SETS, ParameterSet
from tests.support.network import genesis_model, header, short


def judge(parameters: ParameterSet, **options: object) -> None:
    state = build_genesis(parameters, {}, beacon_keys=(), **options)  # type: ignore[arg-type]
    validate(state, chain_id="test-chain", block_max_gas=parameters.block_max_gas)


@pytest.mark.parametrize("name", sorted(PARAMETER_SETS))
def test_the_published_parameters_are_accepted(name: str) -> None:
    judge(PARAMETER_SETS[name])


@pytest.mark.parametrize(
    ("module", "changes", "says"),
    [
        ("workers", {"unbonding_blocks": 2_192}, "2192 <= 240 + 4 + 20 + 600 + 2(4 + 2*32 + 20 + 20 + 556) = 2192"),
        ("jobs", {"expiry_blocks": 448}, "2400 <= 448 + 4 + 20 + 600"),
        ("disputes", {"clock_blocks": 61}, "<= sampling.params.dispute_blocks does not hold: 564 > 556"),
        ("rates", {"multiple": 1}, "m >= 2 is broken: m = 1"),
        ("rates", {"coalition_numerator": 2}, "0 < r <= 1/2 is broken: r = 2/2"),
        ("rates", {"bond_floor": 1}, "S_floor >= 4(G_max + F_job) is broken: 1 < 4(200 + 200)"),
        ("rates", {"fulfilled": 44_000}, "lambda_2 = "),
        ("rates", {"fulfilled": 40_000}, "m (rho_min - r) >= (1 - r) rho_min is broken"),
        ("rates", {"lock_blocks": 351}, "rent is charged for 351 blocks, S is held for 352"),
        ("sampling", {"epoch_blocks": 21}, "epoch_blocks is a multiple of round_blocks"),
        ("sampling", {"commit_blocks": 0}, "sampling.params.commit_blocks is 0"),
        ("plans", {"max_stages": 0}, "plans.params.max_stages is 0"),
        ("plans", {"max_tokens": 1_023}, "1023 < 1024"),
        ("jobs", {"max_tokens": 70_000}, "jobs.params.max_tokens is 70000"),
        ("workers", {"min_bond": 0}, "workers.params.min_bond is 0"),
    ],
)
def test_a_genesis_that_breaks_an_inequality_is_refused_with_its_numbers(
    module: str, changes: dict[str, int], says: str
) -> None:
    with pytest.raises(ValueError, match=r".") as refusal:
        judge(short(LOCALNET, **{module: changes}))
    assert says in str(refusal.value)


def test_a_genesis_model_out_of_bounds_is_refused() -> None:
    judge(LOCALNET, models=[genesis_model()])
    with pytest.raises(ValueError, match=r"models\.tiny: hidden_size"):
        judge(LOCALNET, models=[to_json(genesis_model(model=header(hidden_size=100)))])


def test_a_parameter_that_is_missing_or_unknown_is_named() -> None:
    state = build_genesis(LOCALNET, {}, beacon_keys=())
    del state["rates"]["params"]["multiple"]
    with pytest.raises(ValueError, match=r"rates\.params\.multiple is missing"):
        validate(state, chain_id="test-chain")
    state = build_genesis(LOCALNET, {}, beacon_keys=())
    state["jobs"]["params"]["colour"] = 1
    with pytest.raises(ValueError, match=r"jobs\.params\.colour is unknown"):
        validate(state, chain_id="test-chain")
