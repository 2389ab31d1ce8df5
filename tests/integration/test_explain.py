"""Whoever has only the explanation of a unit can compute every number of it again."""

from pathlib import Path
from typing import Any

import pytest

from chain.errors import Code
from chain.modules.jobs.types import JobStatus
from chain.modules.rates.rules import Q, ceil_div, negln32
from chain.modules.sampling.types import QueryExplainRequest
from chain.parameters import LOCALNET
from tests.support.network import BOND, CHECKERS, Network, new_network, short

METHOD = "ostraka.sampling.v1.Query/Explain"
FULL = 1_000
PARAMETERS = short(rates={"reputation_full": FULL, "rent_denominator": 1_000_000})


def explained(net: Network, job_id: int, stage: int) -> dict[str, int]:
    lines = net.chain.query(QueryExplainRequest(job_id, 0, stage), METHOD).lines
    assert len({line.name for line in lines}) == len(lines)
    assert all(line.formula for line in lines)
    return {line.name: int(line.value) for line in lines}


def recomputed(found: dict[str, int]) -> dict[str, int]:
    """Every derived number, from those above it alone."""
    n: dict[str, Any] = dict(found)
    share = n["r denominator"] * 65_536
    rest = (n["r denominator"] - n["r numerator"]) * n["rho"]
    least = max(n["S_floor"], 4 * (n["G_max"] + n["F_job"] + 2 * (n["R"] + n["k"])))
    top = n["lambda_1"] + ceil_div(
        (n["lambda_new"] - n["lambda_1"]) * (n["reputation full"] - min(n["reputation"], n["reputation full"])),
        n["reputation full"],
    )
    both = n["lambda"] + ceil_div(min(n["lambda"], Q) * n["lambda_2"], Q)
    charge = n["lambda_1"] + ceil_div(min(n["lambda_1"], Q) * n["lambda_2"], Q)
    budget, second = n["budget"], n["lambda_2"]
    affordable = budget - second if budget >= Q + second else budget * Q // (Q + second)
    return {
        "R": ceil_div(2 * n["work"], 1_000),
        "V_e": max(n["V"], n["R"]),
        "fees": n["fee(Commit)"] + n["fee(Reveal)"],
        "k": ceil_div(n["work"], 20_000) + n["fees"],
        "L_req": max(0, ceil_div(Q * n["m"] * (n["R"] + n["V_e"]), n["D_target"]) - n["R"]),
        "S": max(least, min(n["S_cap"], ceil_div(4 * n["L_req"], 3))),
        "L": n["S"] - n["S"] // 4,
        "D": ceil_div(Q * n["m"] * (n["R"] + n["V_e"]), n["R"] + n["L"]),
        "V_max": n["D_cap"] * (n["R"] + n["L"]) // (Q * n["m"]) - n["R"],
        "-ln(1 - D)": negln32(n["D"]),
        "lambda_1": ceil_div(n["-ln(1 - D)"] * share, rest),
        "lambda_2": ceil_div(negln32(1 << 31) * share, rest),
        "lambda(D_cap)": ceil_div(negln32(n["D_cap"]) * share, rest),
        "budget": charge + Q * n["R"] // (2 * n["k"]),
        "lambda_new": max(n["lambda_1"], min(n["lambda(D_cap)"], affordable)),
        "lambda": top,
        "K": ceil_div(n["k"] * charge, Q),
        "rent": ceil_div(n["S"] * n["lock_blocks"], 1_000_000),
        "tau": ceil_div(n["R"] + n["K"] + n["rent"], 20),
        "escrow": n["R"] + n["K"] + n["rent"] + n["tau"],
        "load": ceil_div(n["work"] * min(Q, ceil_div(both * n["heaviest"], Q)), Q),
        "capacity": n["speed"] * n["check window"],
        "canary rate": min(Q, ceil_div(2 * n["canary spacing"] * n["k"] * Q, n["S"])),
    }


@pytest.mark.parametrize("value", [0, 1_000_000])
def test_every_number_follows_from_those_above_it(tmp_path: Path, value: int) -> None:
    with new_network(tmp_path, parameters=PARAMETERS) as net:
        job = net.drawn_job(value=value)
        for unit in net.units(job.job_id):
            found = explained(net, job.job_id, unit.stage)
            again = recomputed(found)
            assert {name: found[name] for name in again} == again
            assert (found["V"], found["rho"], found["reputation"]) == (value, LOCALNET.rates.fulfilled, 0)
            assert (found["S"], found["lambda"], found["escrow"]) == (
                unit.terms.bond,
                unit.terms.rate,
                unit.terms.fee + unit.terms.check_charge + unit.terms.rent + unit.terms.treasury,
            )
            assert found["W"] == 2 * BOND
            limits = [min(1 << 256, ceil_div(found["lambda"] * BOND << 224, 2 * BOND))] * 2
            assert [number for name, number in found.items() if name.startswith("T ")] == limits
        assert sum(explained(net, job.job_id, stage)["escrow"] for stage in range(3)) == job.escrow
        assert explained(net, job.job_id, 0)["pending"] == sum(
            explained(net, job.job_id, stage)["load"] for stage in range(3)
        )


def test_a_settled_units_money_is_explained_to_the_last_uostr(tmp_path: Path) -> None:
    with new_network(tmp_path, parameters=PARAMETERS) as net:
        job = net.drawn_job()
        net.commit_all(job)
        units = net.units(job.job_id)
        while net.check_of(units[0]).phase.name != "REVEAL":
            net.run_to_phase_end(units[0])
        net.reveal_all(job)
        net.open_all(job)
        assert net.job(job.job_id).status == JobStatus.FINAL
        charged = 0
        for unit in net.units(job.job_id):
            n = explained(net, job.job_id, unit.stage)
            assert n["R_actual"] == ceil_div(2 * n["work done"], 1_000)
            looks = [rate + ceil_div(min(rate, Q) * n["lambda_2"], Q) for rate in (n["lambda"], n["lambda_1"])]
            assert n["k of it"] == n["fees"] + ceil_div((n["k"] - n["fees"]) * n["work done"], n["work"]) < n["k"]
            more = max(0, min(looks[0], Q * n["|E_u|"]) - looks[1])
            assert n["additional"] == ceil_div(n["k of it"] * more, Q)
            assert n["extra"] == min(n["R_actual"] // 2, n["additional"]) > 0
            assert n["added"] == min(n["additional"] - n["extra"], n["R"] - n["R_actual"])
            assert n["paid"] == n["R_actual"] - n["extra"] + n["rent"] == unit.paid
            assert n["pooled"] == n["K"] + n["extra"] + n["added"]
            assert n["taxed"] == ceil_div(n["R_actual"] + n["K"] + n["rent"], 20)
            assert n["charged"] == n["paid"] + n["pooled"] + n["taxed"] == unit.charged
            charged += n["charged"]
        assert charged == net.job(job.job_id).paid
        epoch = net.check_of(units[0]).epoch
        duty = net.duties(CHECKERS[0]).duties[0]
        net.chain.run_until(duty.open_from - 1)
        net.ok(net.chain.send(CHECKERS[0].hot, net.proof_message(CHECKERS[0], epoch)))
        known = net.planned_job()
        n = explained(net, known.job_id, 0)
        assert 0 < n["reputation"] < FULL
        assert n["lambda_1"] < n["lambda"] < n["lambda_new"]
        assert recomputed(n)["lambda"] == n["lambda"]


def test_a_unit_that_does_not_exist_is_not_explained(tmp_path: Path) -> None:
    with new_network(tmp_path, parameters=PARAMETERS) as net:
        answer = net.chain.app.answer(f"/{METHOD}", b"\x08\x01")
        assert Code(answer.code) == Code.UNKNOWN_JOB
