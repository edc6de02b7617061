"""The gate: metrics and floors in, complaints out.

`floors.json` maps the name of each metric to its floor. A metric whose name ends in `_lost` is better small: its
entry is a ceiling. Floors are raised where they were beaten, and lowered only by name.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

FLOORS = Path(__file__).with_name("floors.json")

ROOM = 0.005
"""How far below the measured value a new floor lies: a rule more or less that catches a few lines of one set."""
LOSS_ROOM = 0.15
"""Likewise for a ceiling, as a share of the measured loss, as losses differ by powers of ten..."""
LEAST_LOSS_ROOM = 0.0001
"""...and at least this: one short line in the smallest set."""


def read_floors(path: Path = FLOORS) -> dict[str, float]:
    """The floors of a file; none if it is not there."""
    if not path.exists():
        return {}
    floors: dict[str, float] = json.loads(path.read_text(encoding="utf-8"))
    return floors


def complaints(metrics: Mapping[str, float], floors: Mapping[str, float]) -> list[str]:
    """One line for each metric that misses its floor, has none, or was not measured though its set was."""
    sets = {name.split(".")[0] for name in metrics}
    found = []
    for name in sorted(metrics.keys() | {name for name in floors if name.split(".")[0] in sets}):
        if name not in metrics:
            found.append(f"{name} was not measured; its floor is {floors[name]:.4f}")
        elif name not in floors:
            found.append(f"{name} is {metrics[name]:.4f} and has no floor; --update-floors sets one")
        elif is_loss(name) and metrics[name] > floors[name]:
            found.append(f"{name} is {metrics[name]:.4f}, above its ceiling of {floors[name]:.4f}")
        elif not is_loss(name) and metrics[name] < floors[name]:
            found.append(f"{name} is {metrics[name]:.4f}, below its floor of {floors[name]:.4f}")
    return found


def raised(metrics: Mapping[str, float], floors: Mapping[str, float]) -> dict[str, float]:
    """The floors after these metrics: tighter where they allow it, never looser."""
    new = dict(floors)
    for name, value in metrics.items():
        floor = _floor(name, value)
        if name in floors:
            floor = min(floor, floors[name]) if is_loss(name) else max(floor, floors[name])
        new[name] = floor
    return dict(sorted(new.items()))


def lowered(floors: Mapping[str, float], orders: Mapping[str, float]) -> dict[str, float]:
    """The floors with some of them replaced on demand. Raises KeyError for a name that has none."""
    if unknown := [name for name in orders if name not in floors]:
        raise KeyError(f"{unknown[0]} has no floor")
    return {**floors, **orders}


def is_loss(name: str) -> bool:
    """Whether a metric is better small."""
    return name.endswith("_lost")


def write_floors(floors: Mapping[str, float], path: Path = FLOORS) -> None:
    """Write the floors in order of their names."""
    path.write_text(json.dumps(dict(sorted(floors.items())), indent=1) + "\n", encoding="utf-8")


def _floor(name: str, value: float) -> float:
    if is_loss(name):
        return round(value + max(value * LOSS_ROOM, LEAST_LOSS_ROOM), 5)
    return round(max(0.0, value - ROOM), 4)
