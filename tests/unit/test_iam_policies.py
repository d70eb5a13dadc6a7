# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The IAM policies: made of the calls in the code, as narrow as AWS lets them be, and up to date."""

from __future__ import annotations

import importlib.util
import json
import re
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest

from tools import common, iam_policies

PHASES = sorted(iam_policies.PHASES)


EVERYWHERE = iam_policies.Scope()
LONGEST_ENVIRONMENT = 31
"""Characters of the longest name of an environment that the alert channel takes."""


def statements(phase: str, scope: iam_policies.Scope = EVERYWHERE) -> list[dict[str, Any]]:
    return iam_policies.policy(phase, scope)["Statement"]


def listed(value: Any) -> list[str]:
    return value if isinstance(value, list) else [value]


@pytest.mark.parametrize("phase", PHASES)
def test_the_written_policy_is_that_of_the_code(phase: str) -> None:
    path = iam_policies.DOCS / f"{phase}.json"
    assert path.read_text(encoding="utf-8") == iam_policies.render(phase), "run make generate"


@pytest.mark.parametrize("phase", PHASES)
def test_a_policy_is_as_short_as_aws_takes_it_and_says_each_action_once(phase: str) -> None:
    document = iam_policies.policy(phase)
    assert iam_policies.size(document) <= iam_policies.LIMIT
    named = [action for statement in document["Statement"] for action in listed(statement["Action"])]
    assert len(named) == len(set(named))
    assert not [action for action in named if "*" in action]


@pytest.mark.parametrize("phase", PHASES)
def test_a_narrowed_policy_fits_as_well(phase: str) -> None:
    """With the longest that an environment, a Region and a partition are called."""
    scope = iam_policies.Scope("aws-us-gov", "ap-southeast-7", "123456789012", "e" * LONGEST_ENVIRONMENT)
    assert "kumawatch-eee" in json.dumps(iam_policies.policy(phase, scope))
    assert iam_policies.size(iam_policies.policy(phase, scope)) <= iam_policies.LIMIT
    # White space is not counted: what is printed is the same document, indented.
    assert json.loads(iam_policies.render(phase, scope)) == iam_policies.policy(phase, scope)


def test_what_a_part_leaves_out_another_has() -> None:
    """The parts of a phase together are what its roles and playbooks call."""
    for names in (("phase2-channel", "phase2-functions"), ("phase3-logs", "phase3-report")):
        called: set[tuple[str, str]] = set()
        for phase in names:
            for name in iam_policies.used(iam_policies.PHASES[phase]):
                short = name.rpartition(".")[2]
                if (phase, short) not in iam_policies.PARTS and name.startswith("kumawatch.monitoring."):
                    called |= iam_policies.operations_of_module(short) if "kuma_" not in short else set()
                called |= {
                    (service, one) for service, listed in iam_policies.OTHERS.get(name, {}).items() for one in listed
                }
        services = {service for service, _operation in called}
        assert services <= {service for phase in names for service in iam_policies.PHASES[phase]["services"]}, names


@pytest.mark.parametrize("phase", PHASES)
def test_what_writes_everywhere_is_confined_by_a_condition(phase: str) -> None:
    loose = [
        action
        for statement in statements(phase)
        if statement["Resource"] == "*" and "Condition" not in statement
        for action in listed(statement["Action"])
        if not re.match(r"[\w-]+:(Describe|Get|List)", action)
    ]
    # Subscriptions, saved queries, resource policies and what an account has one of cannot be named in a policy, and a
    # test writes nothing.
    unnamed = (
        r"sns:|logs:(Put|Delete)(QueryDefinition|ResourcePolicy)|logs:TestMetricFilter"
        r"|xray:Update(IndexingRule|TraceSegmentDestination)|application-signals:StartDiscovery"
    )
    assert [action for action in loose if not re.match(unnamed, action)] == []


_NOT_OURS_TO_NAME = "Dashboard|QueryDefinition|ResourcePolicy"


def test_what_is_deleted_is_ours_by_name_or_by_mark() -> None:
    for phase in PHASES:
        for statement in statements(phase):
            for action in listed(statement["Action"]):
                if re.search(r":(Delete|Schedule|Detach)", action) and not re.search(_NOT_OURS_TO_NAME, action):
                    ours = all("kumawatch" in resource for resource in listed(statement["Resource"]))
                    assert ours or "kumawatch" in json.dumps(statement.get("Condition", {})), action


def test_a_policy_can_be_narrowed_to_one_environment() -> None:
    scope = iam_policies.Scope("aws-cn", "cn-north-1", "123456789012", "production")
    text = json.dumps([statements(phase, scope) for phase in PHASES])
    assert "arn:aws:" not in text
    assert "arn:aws-cn:sns:cn-north-1:123456789012:kumawatch-production-*" in text
    assert "arn:aws-cn:cloudwatch::123456789012:dashboard/*" in text, "dashboards have no Region"
    assert "arn:aws-cn:iam::123456789012:role/kumawatch-production-*" in text
    assert '"aws:ResourceTag/managed-by": "kumawatch-production*"' in text


def test_every_operation_that_the_code_calls_is_one_of_aws() -> None:
    loader = pytest.importorskip("botocore.session").get_session()
    for phase in PHASES:
        for service, operation in iam_policies.operations(phase):
            assert operation in loader.get_service_model(service).operation_names, (service, operation)


def _sources(name: str) -> str:
    """The source of a module or lookup of another collection, and of what of its collection it imports."""
    collection, short = name.rsplit(".", 1)
    found = importlib.util.find_spec(f"ansible_collections.{collection}.plugins")
    places = [Path(place) for place in (found.submodule_search_locations if found else None) or ()]
    texts = []
    for place in places:
        for kind in ("modules", "lookup"):
            path = place / kind / f"{short}.py"
            texts += [path.read_text(encoding="utf-8")] if path.exists() else []
        shared = next((one for one in ("iam", "s3") if f".{one}_" in name), None)
        for path in (place / "module_utils" / f"{shared}.py", *(place / "module_utils" / f"_{shared}").glob("*.py")):
            texts += [path.read_text(encoding="utf-8")] if path.exists() else []
    return "\n".join(texts)


@pytest.mark.parametrize("name", sorted(iam_policies.OTHERS))
def test_the_table_names_only_what_a_module_of_another_collection_calls(name: str) -> None:
    xform_name = pytest.importorskip("botocore").xform_name
    source = _sources(name)
    if not source:
        pytest.skip("the collection is not installed")
    unknown = [
        operation
        for operations in iam_policies.OTHERS[name].values()
        for operation in operations
        if xform_name(operation) not in source
    ]
    assert unknown == []


def test_only_modules_that_a_phase_uses_are_in_the_table() -> None:
    used = {name for phase in iam_policies.PHASES.values() for name in iam_policies.used(phase)}
    assert sorted(set(iam_policies.OTHERS) - used) == []


def test_every_rule_is_needed() -> None:
    needed = {action for phase in PHASES for action in iam_policies.actions(phase)}
    rules = [*iam_policies.REACHES, *(rule for rules in iam_policies.PHASE_REACHES.values() for rule in rules)]
    for pattern, _reach in rules:
        assert any(fnmatchcase(action, pattern) for action in needed), pattern


# -- the checks themselves ---------------------------------------------------------------------------------------------


def test_calls_are_found_by_their_literals(tmp_path: Path) -> None:
    path = tmp_path / "x.py"
    path.write_text(
        'aws.call("ec2", "MonitorInstances", InstanceIds=[])\n'
        'for item in self._aws.pages("sns", "ListTopics", "Topics"):\n    other.call("a", "b")\n'
    )
    assert set(iam_policies.calls(path)) == {("ec2", "MonitorInstances"), ("sns", "ListTopics")}
    path.write_text("\naws.call('ec2', operation)\n")
    with pytest.raises(common.Failure, match=r"^x\.py:2: write service and operation as literals"):
        list(iam_policies.calls(path))


def test_a_new_operation_that_writes_needs_a_rule() -> None:
    with pytest.raises(common.Failure, match=r"^route53:ChangeResourceRecordSets: say in"):
        iam_policies.reach("route53:ChangeResourceRecordSets")
    assert iam_policies.reach("route53:ListHostedZones") == iam_policies.ANYWHERE


def test_a_module_that_nobody_described_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(iam_policies, "used", lambda phase: {"amazon.aws.s3_object"})
    with pytest.raises(common.Failure, match=r"^amazon\.aws\.s3_object: say in"):
        iam_policies.operations("phase2-metrics")


def test_check_says_what_is_out_of_date(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(iam_policies, "DOCS", common.ROOT / ".cache" / "test-iam")
    assert iam_policies.main(["--check"]) == 1
    assert "out of date: run make generate" in capsys.readouterr().err
    assert iam_policies.main(["--print", "phase2-metrics", "--environment", "lab"]) == 0
    assert json.loads(capsys.readouterr().out)["Version"] == "2012-10-17"
