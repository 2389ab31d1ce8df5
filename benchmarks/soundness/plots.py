"""The plots of a run."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .catalogue import BRIBED
from .measure import Result
from .people import NUM_CHECKERS
from .report import by_scope
from .strategies import Scope

COLOURS = {"honesty is better": "#2a7f62", "undecided": "#8c8c8c", "it pays": "#b5322e"}


def _colour(one: Result) -> str:
    return COLOURS["undecided"] if one.scope == Scope.HONEST else COLOURS[one.verdict]


def plot(folder: Path, results: Sequence[Result], curves: dict[str, Any]) -> list[Path]:
    """Write the plots and return their files."""
    import matplotlib as mpl

    mpl.use("svg")
    import matplotlib.pyplot as plt

    mpl.rcParams["svg.hashsalt"] = "ostraka"
    folder.mkdir(parents=True, exist_ok=True)
    written: list[Path] = []

    def save(figure: Any, name: str) -> None:
        path = folder / f"{name}.svg"
        figure.tight_layout()
        figure.savefig(path, metadata={"Date": None})
        plt.close(figure)
        written.append(path)

    parts = by_scope(results)
    if parts:
        sizes = [len(rows) for rows in parts.values()]
        figure, panels = plt.subplots(
            len(parts), 1, figsize=(9, 0.36 * len(results) + 1.6 * len(parts)), sharex=True, squeeze=False,
            gridspec_kw={"height_ratios": sizes},
        )  # fmt: skip
        for axes, (scope, rows) in zip(panels[:, 0], parts.items(), strict=True):
            axes.barh([one.strategy for one in rows], [one.advantage for one in rows],
                      xerr=[one.error for one in rows], color=[_colour(one) for one in rows])  # fmt: skip
            axes.set_xscale("symlog", linthresh=0.1)
            axes.axvline(0, color="black", linewidth=0.8)
            axes.invert_yaxis()
            axes.set_title(scope.value, fontsize=10)
        panels[-1, 0].set_xlabel("profit less that of honesty, R per round (95 %)")
        save(figure, "strategies")

    figure, axes = plt.subplots(figsize=(7, 4.5))
    for curve in curves["coalition"]:
        axes.plot(*zip(*curve["points"], strict=True), label=curve["label"] + ", exact")
    found = {one.strategy: one for one in results}
    sweep = [found[one.name] for one in BRIBED if one.name in found]
    if len(sweep) == len(BRIBED):
        at = [index / NUM_CHECKERS for index in range(len(sweep))]
        per_lie = [one.advantage * one.rounds / max(1, one.counts["forged"]) for one in sweep]
        errors = [one.error * one.rounds / max(1, one.counts["forged"]) for one in sweep]
        axes.errorbar(at, per_lie, errors, fmt="ko", markersize=3, label=f"V = 2 R, simulated, {NUM_CHECKERS} checkers")
    axes.axvline(1 / 3, color="grey", linestyle=":", label="declared r")
    axes.axhline(0, color="black", linewidth=0.8)
    axes.set_yscale("symlog", linthresh=1)
    axes.set_xlabel("share of the checkers that is for sale")
    axes.set_ylabel("advantage of a lie, R")
    axes.legend(fontsize=8)
    save(figure, "coalition")

    figure, pair = plt.subplots(1, 2, figsize=(10, 4.2), sharey=True)
    for axes, name in zip(pair, ("localnet", "mainnet"), strict=True):
        found = curves[f"value_{name}"]
        for curve in found["curves"]:
            axes.plot(*zip(*curve["points"], strict=True), label=curve["label"])
        axes.axvline(found["V_max"], color="black", linestyle=":", label="V_max: beyond, jobs are refused")
        axes.axhline(0, color="black", linewidth=0.8)
        axes.set_xscale("symlog", linthresh=1)
        axes.set_xlim(left=0)
        axes.set_yscale("symlog", linthresh=1)
        axes.set_title(name)
        axes.set_xlabel("V, R")
        axes.legend(fontsize=8)
    pair[0].set_ylabel("advantage of a lie, R")
    save(figure, "value")

    figure, axes = plt.subplots(figsize=(7, 4.2))
    for curve in curves["multiple"]:
        axes.plot(*zip(*curve["points"], strict=True), label=curve["label"])
    axes.axvline(2, color="grey", linestyle=":", label="m = 2; genesis refuses less")
    axes.axhline(0, color="black", linewidth=0.8)
    axes.set_yscale("symlog", linthresh=1)
    axes.set_xlabel("m")
    axes.set_ylabel("advantage of a lie with a share r bought, R")
    axes.legend(fontsize=8)
    save(figure, "multiple")

    figure, pair = plt.subplots(1, 2, figsize=(10, 4.2))
    for axes, found, name in zip(
        pair, curves["bond"], ("advantage of a lie with a share r bought, R", "λ1"), strict=True
    ):
        for curve in found:
            axes.plot(*zip(*curve["points"], strict=True), label=curve["label"])
        axes.set_xscale("log")
        axes.set_xlabel("S, R; a smaller S is refused where a curve begins")
        axes.set_ylabel(name)
        axes.legend(fontsize=8)
    pair[0].set_yscale("symlog", linthresh=1)
    pair[1].set_yscale("log")
    save(figure, "bond")
    return written
