# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the name of a class says, and the formulas of parameter groups."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.kumawatch.monitoring.plugins.module_utils._aws import discovery_classes as classes
from ansible_collections.kumawatch.monitoring.plugins.module_utils._aws.discovery_classes import GIB, Size


# As AWS lists them on its page of instance classes.
@pytest.mark.parametrize(
    ("name", "vcpus", "gibibytes"),
    [
        ("db.t3.micro", 2, 1),
        ("db.t4g.small", 2, 2),
        ("db.t3.medium", 2, 4),
        ("db.t3.2xlarge", 8, 32),
        ("db.t2.small", 1, 2),
        ("db.t2.medium", 2, 4),
        ("db.m3.large", 2, 7.5),
        ("db.m5.large", 2, 8),
        ("db.m7g.large", 2, 8),
        ("db.m6gd.16xlarge", 64, 256),
        ("db.m8g.48xlarge", 192, 768),
        ("db.m6g.medium", 1, 4),
        ("db.r4.large", 2, 15.25),
        ("db.r4.16xlarge", 64, 488),
        ("db.r5.24xlarge", 96, 768),
        ("db.r6idn.xlarge", 4, 32),
        ("db.r7g.large", 2, 16),
        ("db.x1.16xlarge", 64, 976),
        ("db.x1e.xlarge", 4, 122),
        ("db.x2g.large", 2, 32),
        ("db.x2idn.16xlarge", 64, 1024),
        ("db.x2iedn.xlarge", 4, 128),
        ("db.x2iezn.2xlarge", 8, 256),
        ("db.z1d.large", 2, 16),
        ("db.r5.large.tpc1.mem2x", 2, 32),
        ("db.r5.6xlarge.tpc2.mem4x", 24, 768),
        ("m7g.large", 2, 8),
        ("c6gd.xlarge", 4, 8),
        ("m5.metal", None, None),
        ("c7i.metal-48xl", 192, 384),
        ("db.serverless", None, None),
        ("db.t3.24xlarge", None, None),
        ("large", None, None),
        ("", None, None),
    ],
)
def test_the_size_of_a_class(name: str, vcpus: int | None, gibibytes: float | None) -> None:
    expected = None if vcpus is None or gibibytes is None else Size(vcpus, int(gibibytes * GIB))
    assert classes.size_of(name) == expected


def test_vcpus_are_known_where_memory_is_not() -> None:
    assert classes.size_of("g5.2xlarge") is None
    assert classes.vcpus_of("g5.2xlarge") == 8
    assert classes.vcpus_of("m5.metal") is None
    assert classes.vcpus_of("nonsense") is None


@pytest.mark.parametrize(("capacity", "vcpus", "gibibytes"), [(0.5, 1, 1), (4, 1, 8), (5, 2, 10), (256, 64, 512)])
def test_the_size_of_a_serverless_database(capacity: float, vcpus: int, gibibytes: int) -> None:
    assert classes.serverless(capacity) == Size(vcpus, gibibytes * GIB)


# From AWS's documentation or from databases in use; ours may be a little lower, and never higher by more than 4 %.
@pytest.mark.parametrize(
    ("engine", "name", "real"),
    [
        ("postgres", "db.m7g.large", 823),
        ("aurora-postgresql", "db.t3.medium", 420),
        ("aurora-postgresql", "db.r4.large", 1600),
        ("aurora-postgresql", "db.r5.4xlarge", 5000),
        ("mysql", "db.t2.small", 150),
        ("aurora-mysql", "db.r5.large", 1000),
        ("aurora-mysql", "db.r5.xlarge", 2000),
        ("aurora-mysql", "db.r5.4xlarge", 4000),
    ],
)
def test_the_connections_of_a_class_are_near_to_real_ones(engine: str, name: str, real: int) -> None:
    ours = classes.max_connections(engine, classes.size_of(name), {})
    assert ours is not None
    assert 0.9 * real <= ours <= 1.04 * real


@pytest.mark.parametrize(
    ("engine", "expected"),
    [
        ("postgres", 820),
        ("mysql", 621),
        ("mariadb", 310),
        ("oracle-se2", 792),
        ("oracle-ee-cdb", 792),
        ("sqlserver-ex", 32767),
        ("db2-se", None),
        ("", None),
    ],
)
def test_the_connections_of_engines_of_8_gibibytes(engine: str, expected: int | None) -> None:
    assert classes.max_connections(engine, classes.size_of("db.m5.large"), {}) == expected


@pytest.mark.parametrize(
    ("engine", "parameters", "expected"),
    [
        ("postgres", {"max_connections": "200"}, 200),
        ("postgres", {"max_connections": "{DBInstanceClassMemory/19062784}"}, 410),
        ("postgres", {"work_mem": "1"}, 820),
        ("oracle-ee", {"processes": "500"}, 500),
        ("sqlserver-se", {"user connections": "0"}, 32767),
        ("sqlserver-se", {"user connections": "300"}, 300),
        ("postgres", {"max_connections": "LEAST({DBInstanceClassMemory/no},5000)"}, None),
        ("mysql", {"max_connections": "SUM(100, DBInstanceVCPU*50)"}, 200),
    ],
)
def test_what_a_parameter_group_sets_wins(engine: str, parameters: dict[str, str], expected: int | None) -> None:
    assert classes.max_connections(engine, classes.size_of("db.m5.large"), parameters) == expected


def test_connections_without_a_size_are_only_known_where_no_formula_needs_it() -> None:
    assert classes.max_connections("postgres", None, {}) is None
    assert classes.max_connections("postgres", None, {"max_connections": "77"}) == 77


def test_a_serverless_database_that_may_pause_takes_2000_connections() -> None:
    size = classes.serverless(64)
    assert classes.max_connections("aurora-postgresql", size, {}, min_capacity=0.5) == 2000
    assert classes.max_connections("aurora-postgresql", size, {}, min_capacity=1) == 5000
    assert classes.max_connections("aurora-postgresql", size, {"max_connections": "9000"}, min_capacity=0) == 9000


@pytest.mark.parametrize(
    ("formula", "value"),
    [
        ("100", 100),
        (" GREATEST({log(8)*45},{log(4)*1000}) ", 2000),
        ("{DBInstanceClassMemory*3/4}", 75),
        ("SUM({1},{2},-3+6)", None),
        ("SUM({1},{2},6-3)", 6),
        ("least(1,2)", 1),
    ],
)
def test_formulas(formula: str, value: float | None) -> None:
    if value is None:
        with pytest.raises(ValueError):
            classes.evaluate(formula, {"DBInstanceClassMemory": 100})
    else:
        assert classes.evaluate(formula, {"DBInstanceClassMemory": 100}) == value


@pytest.mark.parametrize(
    "formula", ["", "__import__('os')", "1/0", "x", "'a'", "{", "LEAST()", "[1]", "log(1,2,3)", "(" * 300, "log(0)"]
)
def test_what_is_no_formula_is_refused(formula: str) -> None:
    with pytest.raises(ValueError):
        classes.evaluate(formula, {})


@given(st.text())
def test_any_text_is_a_formula_or_a_value_error(text: str) -> None:
    try:
        assert isinstance(classes.evaluate(text, {}), float)
    except ValueError:
        pass
