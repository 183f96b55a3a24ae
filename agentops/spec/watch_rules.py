"""The rules of `deploy.watch`, as the rest of the program has them, and what in them does not go together."""

from __future__ import annotations

from collections.abc import Iterator

from agentops.diagnostics import Diagnostic, Severity, Where
from agentops.spec.model.project import DeploySpec, WatchSpec
from agentops.spec.tree import Map, key_place, value_place
from agentops.watch_rules import WATCH_DISPOSITION, WATCH_LATENCY, WatchLimit, WatchRule


def read_watch(deploy: DeploySpec | None, tree: Map, problems: list[Diagnostic]) -> tuple[WatchRule, ...] | None:
    """One rule for each bound of each metric; None when one is wrong, which is then among the `problems`.

    tree: the environment's block, which has the places of what `deploy` was read from
    """
    rules: list[WatchRule] = []
    wrong: list[Diagnostic] = []
    for metric, spec in ((deploy.watch if deploy else None) or {}).items():
        written = tree["deploy"]["watch"]
        if (problem := _contradiction(metric, spec)) is not None:
            wrong.append(_diagnostic(metric, *problem, place=key_place(written.marks[metric])))
        for limit, amount in _bounds(spec):
            if (problem := _misfit(metric, limit, amount)) is not None:
                place = value_place(written[metric].marks[limit.value])
                wrong.append(_diagnostic(f"{metric}.{limit.value}", *problem, place=place))
            else:
                share = float(amount.rstrip("%")) / 100 if isinstance(amount, str) else amount
                rules.append(WatchRule(metric, limit, share, spec.answer))
    problems += wrong
    return None if wrong else tuple(rules)


def _bounds(spec: WatchSpec) -> Iterator[tuple[WatchLimit, float | str]]:
    for limit in WatchLimit:
        amount = getattr(spec, limit.value)
        if amount is not None:
            yield limit, amount


def _contradiction(metric: str, spec: WatchSpec) -> tuple[str, str, str] | None:
    if not any(_bounds(spec)):
        return "has no bound", "one of " + ", ".join(WatchLimit), f"such as {metric}: {{{_example(metric)}}}"
    if spec.answer is not None and not metric.startswith(WATCH_DISPOSITION):
        return "has an answer", "`answer` with disposition.NAME only", "take `answer` out"
    return None


def _misfit(metric: str, limit: WatchLimit, amount: float | str) -> tuple[str, str, str] | None:
    """What is wrong with the amount for this metric."""
    if metric != WATCH_LATENCY:
        if isinstance(amount, str):
            return None
        return f"is {amount:g}", "a share such as 5%", f"write {amount:g}%"
    if isinstance(amount, str):
        return f"is {amount}", "milliseconds", f"write a number: {_example(metric)}"
    if limit in (WatchLimit.DROP, WatchLimit.LEAST):
        return f"is {amount:g}", "rise_at_most or at_most", "a latency that falls is no reason to go back"
    return None


def _example(metric: str) -> str:
    return "rise_at_most: 300" if metric == WATCH_LATENCY else "drop_at_most: 5%"


def _diagnostic(name: str, found: str, expected: str, hint: str, *, place: Where) -> Diagnostic:
    return Diagnostic("watch-rule", Severity.ERROR, f"deploy.watch.{name} {found}", hint, place, expected)
