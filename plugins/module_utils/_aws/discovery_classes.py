# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How large a class of instances is, and how many connections a database of a class takes. Pure.

RDS has no operation that says either. What a class has follows from its name: the size says how many vCPUs, the family
how much memory for each. The number of connections follows from a formula over the memory that every parameter group
has; the formulas of the default groups are here, others are read and given to :func:`max_connections`.
"""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

GIB = 1024**3

_CLASS = re.compile(
    r"(?:db\.)?(?P<family>(?P<letter>[a-z]+)(?P<generation>\d+)(?P<attributes>[a-z-]*))\.(?P<size>[a-z0-9-]+)"
    r"(?:\.tpc\d+)?(?:\.mem(?P<times>\d+)x)?"
)
_SIZE = re.compile(r"(?:metal-)?(?P<times>\d+)(?:xlarge|xl)")

#: GiB of memory for each vCPU, by family; by its letter where the family is not named.
_MEMORY = {
    "c": 2.0, "m": 4.0, "r": 8.0, "x": 16.0, "z": 8.0, "i": 8.0,
    "m3": 3.75, "r3": 7.625, "r4": 7.625, "c3": 1.875, "c4": 1.875,
    "x1": 15.25, "x1e": 30.5, "x2iedn": 32.0, "x2iezn": 32.0, "x8aedz": 32.0,
}  # fmt: skip

#: GiB of memory of a burstable instance, by size; those of the second generation have fewer vCPUs.
_BURSTABLE = {"nano": 0.5, "micro": 1, "small": 2, "medium": 4, "large": 8, "xlarge": 16, "2xlarge": 32}
_BURSTABLE_VCPUS = {"xlarge": 4, "2xlarge": 8}
_T2_SINGLE = frozenset({"nano", "micro", "small"})

ACU_BYTES = 2 * GIB
"""Memory of one capacity unit of Aurora Serverless v2."""

USABLE = 0.91
"""Share of an instance's memory that ``DBInstanceClassMemory`` is of: the rest is the system's and RDS's own. AWS does
not document it; databases in use show 0.91 to 0.93, and an alarm rather comes a little early than too late."""

_PAUSABLE_LIMIT = 2000
"""Connections of an Aurora PostgreSQL Serverless v2 whose smallest capacity is at most half a unit."""

_POSTGRES = "LEAST({DBInstanceClassMemory/9531392},5000)"
#: The formulas of the default parameter groups.
FORMULAS = {
    "postgres": _POSTGRES,
    "aurora-postgresql": _POSTGRES,
    "mysql": "{DBInstanceClassMemory/12582880}",
    "mariadb": "LEAST({DBInstanceClassMemory/25165760},12000)",
    "aurora-mysql": "GREATEST({log(DBInstanceClassMemory/805306368)*45},{log(DBInstanceClassMemory/8187281408)*1000})",
    "oracle": "LEAST({DBInstanceClassMemory/9868951},20000)",
    "sqlserver": "32767",
}

_PARAMETERS = {"oracle": "processes", "sqlserver": "user connections"}


@dataclass(frozen=True)
class Size:
    """What an instance has."""

    vcpus: int
    memory_bytes: int


def size_of(name: str) -> Size | None:
    """The size of a class such as ``db.m7g.large`` or ``m7g.large``; ``None`` where the name does not tell."""
    match = _CLASS.fullmatch(name)
    if match is None:
        return None
    size = match["size"]
    if match["letter"] == "t":
        if size not in _BURSTABLE:
            return None
        vcpus = 1 if match["family"] == "t2" and size in _T2_SINGLE else _BURSTABLE_VCPUS.get(size, 2)
        return Size(vcpus, int(_BURSTABLE[size] * GIB))
    count = _vcpus(size)
    per_vcpu = _MEMORY.get(match["family"], _MEMORY.get(match["letter"]))
    if count is None or per_vcpu is None:
        return None
    return Size(count, int(count * per_vcpu * GIB) * int(match["times"] or 1))


def vcpus_of(name: str) -> int | None:
    """The vCPUs of a class, also where nothing is known of its memory."""
    match = _CLASS.fullmatch(name)
    known = size_of(name)
    if known is not None or match is None:
        return known.vcpus if known else None
    return _vcpus(match["size"])


def _vcpus(size: str) -> int | None:
    small = {"medium": 1, "large": 2, "xlarge": 4}
    if size in small:
        return small[size]
    times = _SIZE.fullmatch(size)
    return 4 * int(times["times"]) if times else None


def serverless(max_capacity: float) -> Size:
    """The size of an Aurora Serverless v2 at its largest, in capacity units of 2 GiB each; 8 GiB come with a vCPU."""
    return Size(max(1, math.ceil(max_capacity / 4)), int(max_capacity * ACU_BYTES))


def family_of(engine: str) -> str:
    """The engine without its edition: ``oracle-se2`` is ``oracle``."""
    return engine if engine in FORMULAS else engine.split("-", maxsplit=1)[0]


def connections_parameter(engine: str) -> str:
    """The parameter that limits the connections of an engine."""
    return _PARAMETERS.get(family_of(engine), "max_connections")


def max_connections(
    engine: str, size: Size | None, parameters: Mapping[str, str], *, min_capacity: float | None = None
) -> int | None:
    """The connections that a database takes; ``None`` where nobody can tell.

    :param parameters: what the database's own parameter groups set.
    :param min_capacity: smallest capacity of a serverless database.
    """
    declared = parameters.get(connections_parameter(engine))
    # 0 is SQL Server's word for as many as there are.
    formula = declared if declared and declared != "0" else FORMULAS.get(family_of(engine))
    if formula is None:
        return None
    known = {"DBInstanceClassMemory": size.memory_bytes * USABLE, "DBInstanceVCPU": float(size.vcpus)} if size else {}
    try:
        value = int(evaluate(formula, known))
    except ValueError:
        return None
    if not declared and engine == "aurora-postgresql" and min_capacity is not None and min_capacity <= 0.5:
        value = min(value, _PAUSABLE_LIMIT)
    return value if value > 0 else None


_FUNCTIONS: dict[str, Callable[..., float]] = {
    "greatest": max,
    "least": min,
    "sum": lambda *values: sum(values),
    "log": math.log2,
}


def evaluate(formula: str, variables: Mapping[str, float]) -> float:
    """The value of a formula of a parameter group, such as ``LEAST({DBInstanceClassMemory/9531392},5000)``.

    :raises ValueError: it is none, or it has a variable whose value is not known.
    """
    text = formula.strip().replace("{", "(").replace("}", ")")
    try:
        return _value(ast.parse(text, mode="eval").body, variables)
    except (SyntaxError, ZeroDivisionError, OverflowError, RecursionError, MemoryError, TypeError) as error:
        raise ValueError(f"{formula!r} is not a formula that can be evaluated") from error


def _value(node: ast.expr, variables: Mapping[str, float]) -> float:
    if isinstance(node, ast.Constant) and isinstance(node.value, (int, float)):
        return float(node.value)
    if isinstance(node, ast.Name) and node.id in variables:
        return variables[node.id]
    if isinstance(node, ast.BinOp):
        left, right = _value(node.left, variables), _value(node.right, variables)
        if isinstance(node.op, ast.Mult):
            return left * right
        if isinstance(node.op, ast.Div):
            return left / right
        if isinstance(node.op, ast.Add):
            return left + right
        if isinstance(node.op, ast.Sub):
            return left - right
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and not node.keywords:
        function = _FUNCTIONS.get(node.func.id.lower())
        if function is not None:
            return float(function(*(_value(argument, variables) for argument in node.args)))
    raise ValueError("not a formula of RDS")
