# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules of composite alarms are read as CloudWatch reads them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.kumawatch.monitoring.plugins.module_utils._aws.alarm_rule import (
    LONGEST,
    RuleError,
    is_arn,
    name_of,
    names,
    parse,
    same,
)

ARN = "arn:aws-cn:cloudwatch:cn-north-1:123456789012:alarm:prod/api: cpu"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ALARM(a)", ["a"]),
        ('ALARM("a b")', ["a b"]),
        ("ALARM( a ) AND OK(b)", ["a", "b"]),
        ('NOT (ALARM("a") OR INSUFFICIENT_DATA("b, c"))', ["a", "b, c"]),
        ("TRUE", []),
        ("false OR ALARM(x)", ["x"]),
        ("AT_LEAST(2, ALARM, (a, b, c)) AND NOT ALARM(m)", ["a", "b", "c", "m"]),
        ('AT_LEAST(50%, NOT OK, ("a", "b"))', ["a", "b"]),
        ('AT_LEAST("50%", OK, ("a", "b"))', ["a", "b"]),
        ("ALARM(a) OR ALARM(a)", ["a"]),
        (f'ALARM("{ARN}")', ["prod/api: cpu"]),
        (r'ALARM("say \"hi\"")', ['say "hi"']),
        ('ALARM("Überlast – Köln 💥")', ["Überlast – Köln 💥"]),
        ("ALARM(AND)", ["AND"]),
        ("ALARM(a)\nAND\n\tALARM(b)", ["a", "b"]),
    ],
)
def test_rules_that_cloudwatch_takes(text: str, expected: list[str]) -> None:
    assert list(parse(text, "cn-north-1").names) == expected


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "ends where ALARM, OK, INSUFFICIENT_DATA, AT_LEAST, NOT, TRUE, FALSE or '(' should follow"),
        ("ALARM(a) OK(b)", "has 'OK' at character 10, where AND, OR or the end should be"),
        ("ALARM(a) and OK(b)", "has 'and' at character 10, where AND, OR or the end should be (write AND in capitals)"),
        ("Alarm(a)", "(write ALARM in capitals)"),
        ("ALARM(a", "ends where ')' should follow"),
        ('ALARM("a', "quotation mark at character 7 that is not closed"),
        ("ALARM()", "has ')' at character 7, where the name of an alarm should be"),
        ('ALARM(" ")', "where the name of an alarm should be"),
        ("ALARM(a b)", "has 'b' at character 9, where ')' should be"),
        ("(ALARM(a)", "ends where ')' should follow"),
        ("ALARM(a))", "has ')' at character 9"),
        ("ALARM(a) AND", "ends where"),
        ("cpu", "has 'cpu' at character 1"),
        ("AT_LEAST(3, ALARM, (a, b))", "asks for AT_LEAST 3 of 2 alarms: give 1 to 2"),
        ("AT_LEAST(0, ALARM, (a, b))", "give 1 to 2"),
        ("AT_LEAST(101%, ALARM, (a, b))", "give 1 to 100%"),
        ("AT_LEAST(2, ALARM(a), ALARM(b))", "where ',' should be"),
        ("AT_LEAST(two, ALARM, (a, b))", "where how many alarms"),
        ("AT_LEAST(2, FIRING, (a, b))", "where ALARM, OK or INSUFFICIENT_DATA should be"),
        ("(" * 150 + "ALARM(a)" + ")" * 150, "nested more than 100 levels"),
        ("NOT " * 1000 + "ALARM(a)", "nested more than 100 levels"),
        (" OR ".join(f"ALARM(a{number})" for number in range(101)), "names 101 alarms, and CloudWatch takes 100"),
        (" OR ".join(["TRUE"] * 501), "has 501 elements"),
        ("ALARM(" + "a" * LONGEST + ")", "has 10247 characters, and CloudWatch takes 10240"),
    ],
)
def test_rules_that_it_does_not_take(text: str, complaint: str) -> None:
    with pytest.raises(RuleError) as caught:
        parse(text)
    assert complaint in str(caught.value)
    assert names(text) == ()


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("ALARM(a)", 'ALARM("a")', True),
        ("ALARM(a) AND OK(b)", '( ALARM("a") )  AND\n OK(b)', True),
        ("ALARM(a) AND (OK(b) AND OK(c))", "ALARM(a) AND OK(b) AND OK(c)", True),
        ('ALARM("prod/api: cpu")', f'ALARM("{ARN}")', True),
        ("TRUE", "true", True),
        ("AT_LEAST(2, ALARM, (a, b, c))", "AT_LEAST(2,ALARM,(c,b,a))", True),
        ("ALARM(a)", "OK(a)", False),
        ("ALARM(a) AND OK(b)", "ALARM(a) OR OK(b)", False),
        ("ALARM(a) AND (OK(b) OR OK(c))", "(ALARM(a) AND OK(b)) OR OK(c)", False),
        ("NOT ALARM(a) AND OK(b)", "NOT (ALARM(a) AND OK(b))", False),
        ("AT_LEAST(2, ALARM, (a, b, c))", "AT_LEAST(2, NOT ALARM, (a, b, c))", False),
        ("what is this", "what is this", True),
        ("what is this", "ALARM(a)", False),
    ],
)
def test_rules_are_compared_by_meaning(one: str, other: str, expected: bool) -> None:
    assert same(one, other, "cn-north-1") is expected
    assert same(other, one, "cn-north-1") is expected


def test_alarms_of_another_region_stay_arns() -> None:
    rule = parse(f'ALARM("{ARN}") OR ALARM(b)', "eu-central-1")
    assert (rule.names, rule.elsewhere) == (("b",), (ARN,))
    assert name_of(ARN, "eu-central-1") == ARN
    assert name_of(ARN) == "prod/api: cpu"
    assert is_arn(ARN)
    assert not is_arn("arn of nothing")


_NAME = st.text(st.characters(blacklist_categories=["Cs", "Cc"]), min_size=1, max_size=8).filter(str.strip)
_LEAF = st.tuples(st.sampled_from(["ALARM", "OK", "INSUFFICIENT_DATA"]), _NAME)
_TREE = st.recursive(
    _LEAF,
    lambda inner: st.tuples(st.sampled_from(["AND", "OR"]), inner, inner) | st.tuples(st.just("NOT"), inner),
    max_leaves=12,
)


def _written(tree: tuple, space: str) -> str:  # type: ignore[type-arg]
    operator = tree[0]
    if operator in ("AND", "OR"):
        return f"({_written(tree[1], space)}{space}{operator}{space}{_written(tree[2], space)})"
    if operator == "NOT":
        return f"NOT{space}{_written(tree[1], space)}"
    quoted = tree[1].replace("\\", "\\\\").replace('"', '\\"')
    return f'{operator}({space}"{quoted}"{space})'


def _leaves(tree: tuple) -> list[str]:  # type: ignore[type-arg]
    if tree[0] in ("AND", "OR", "NOT"):
        return [name for part in tree[1:] for name in _leaves(part)]
    return [tree[1]]


@given(_TREE)
def test_whatever_the_names_and_spaces_a_rule_is_the_same(tree: tuple) -> None:  # type: ignore[type-arg]
    one, other = _written(tree, " "), _written(tree, "\n\t ")
    assert same(one, other)
    assert list(parse(one).names) == list(dict.fromkeys(_leaves(tree)))
