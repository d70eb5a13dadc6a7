# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Dashboards: bodies compared as data, marks and tags, and what CloudWatch says of a widget."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.kumawatch.monitoring.plugins.module_utils._aws import dashboards_model as model
from ansible_collections.kumawatch.monitoring.plugins.module_utils._aws.bulk import reconcile
from ansible_collections.kumawatch.monitoring.plugins.module_utils._aws.dashboards import Dashboards
from ansible_collections.kumawatch.monitoring.plugins.module_utils._errors import KumawatchError
from tests.unit.plugins.module_utils._aws.account import Account, refused

TEXT = {"type": "text", "x": 0, "y": 0, "width": 24, "height": 2, "properties": {"markdown": "# Übersicht\nmehr"}}
METRIC = {"type": "metric", "properties": {"title": "CPU", "metrics": [["AWS/EC2", "CPUUtilization"]], "period": 60}}
BODY = {"widgets": [TEXT, METRIC]}


class Board(Account):
    """Dashboards with their tags. ``index``: what the tagging API of this Region knows of them."""

    def __init__(self, *names: str, index: dict[str, dict[str, str]] | None = None, **options: Any) -> None:
        self.bodies = {name: json.dumps(BODY) for name in names}
        self.tags: dict[str, dict[str, str]] = {name: {} for name in names}
        self.index = index
        self.messages: list[dict[str, str]] = []
        super().__init__(
            {
                "ListDashboards": self._list,
                "GetDashboard": self._get,
                "PutDashboard": self._put,
                "DeleteDashboards": self._delete,
                "GetResources": self._resources,
                "ListTagsForResource": lambda ResourceARN: {"Tags": self._shown(self.tags[ResourceARN[4:]])},  # noqa: N803
                "TagResource": self._tag,
                "UntagResource": self._untag,
            },
            **options,
        )

    @staticmethod
    def _shown(tags: dict[str, str]) -> list[dict[str, str]]:
        return [{"Key": key, "Value": value} for key, value in tags.items()]

    def _list(self, NextToken: str | None = None) -> dict[str, Any]:  # noqa: N803
        names = sorted(self.bodies)
        half = (len(names) + 1) // 2
        page = names[half:] if NextToken else names[:half]
        entries = [{"DashboardName": name, "DashboardArn": f"arn:{name}"} for name in page]
        return {"DashboardEntries": entries, "NextToken": None if NextToken else "2"}

    def _get(self, DashboardName: str) -> dict[str, Any]:  # noqa: N803
        if DashboardName not in self.bodies:
            raise refused("ResourceNotFound")
        return {"DashboardBody": self.bodies[DashboardName], "DashboardArn": f"arn:{DashboardName}"}

    def _put(self, DashboardName: str, DashboardBody: str, Tags: Any = ()) -> dict[str, Any]:  # noqa: N803
        if DashboardName not in self.bodies:
            self.tags[DashboardName] = {tag["Key"]: tag["Value"] for tag in Tags}
        self.bodies[DashboardName] = DashboardBody
        return {"DashboardValidationMessages": self.messages}

    def _delete(self, DashboardNames: list[str]) -> dict[str, Any]:  # noqa: N803
        assert len(DashboardNames) <= 100
        if set(DashboardNames) - set(self.bodies):
            raise refused("ResourceNotFound")
        for name in DashboardNames:
            del self.bodies[name]
        return {}

    def _resources(self, **_: Any) -> dict[str, Any]:
        return {
            "ResourceTagMappingList": [
                {"ResourceARN": f"arn:{name}", "Tags": self._shown(tags)}
                for name, tags in (self.tags if self.index is None else self.index).items()
                if tags
            ]
        }

    def _tag(self, ResourceARN: str, Tags: list[dict[str, str]]) -> dict[str, Any]:  # noqa: N803
        self.tags[ResourceARN[4:]].update({tag["Key"]: tag["Value"] for tag in Tags})
        return {}

    def _untag(self, ResourceARN: str, TagKeys: list[str]) -> dict[str, Any]:  # noqa: N803
        for key in TagKeys:
            del self.tags[ResourceARN[4:]][key]
        return {}


def run(
    account: Board, *entries: dict[str, Any], owner: str | None = "m", purge: bool = False, check: bool = False
) -> Any:
    kind = Dashboards(entries)
    kind.owner, kind.purge = owner, purge
    return reconcile(account, kind, check_mode=check, sleep=lambda _: None)  # type: ignore[arg-type]


# -- bodies -----------------------------------------------------------------------------------------------------------

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.sampled_from([0.5, 1.0]) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner, max_size=3),
    max_leaves=8,
)


@given(JSON, JSON)
def test_two_bodies_are_the_same_when_their_json_is(one: Any, other: Any) -> None:
    def canonical(value: Any) -> str:
        text = json.dumps(value, sort_keys=True)
        return json.dumps(json.loads(text, parse_int=float), sort_keys=True)

    assert model.same(one, other) == (canonical(one) == canonical(other))
    assert model.same(one, json.loads(json.dumps(one)))


def test_the_way_it_is_written_is_no_change() -> None:
    account = Board("d")
    account.bodies["d"] = json.dumps(BODY, indent=4, sort_keys=True, ensure_ascii=True)
    account.tags["d"] = {"managed-by": "m"}
    assert run(account, {"name": "d", "body": BODY}).plan.unchanged == ("d",)
    assert run(account, {"name": "d", "body": json.dumps(BODY)}).plan.unchanged == ("d",)
    turned = {"widgets": [METRIC, TEXT]}
    assert set(run(account, {"name": "d", "body": turned}, check=True).plan.update[0].differences) == {"body"}
    assert not account.made("PutDashboard")


def test_what_is_sent_is_compact_and_readable() -> None:
    account = Board()
    run(account, {"name": "d", "body": json.dumps(BODY, indent=2)})
    (sent,) = account.made("PutDashboard")
    assert sent["DashboardBody"] == json.dumps(BODY, ensure_ascii=False, separators=(",", ":"))
    assert "Übersicht" in sent["DashboardBody"]


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ({"name": "über", "body": BODY}, "dashboard 'über': name takes up to 255 letters"),
        ({"name": "d" * 256, "body": BODY}, "name takes up to 255"),
        ({"name": "d", "body": "{"}, "dashboard 'd': body is no JSON (Expecting property name"),
        ({"name": "d", "body": []}, "body must be a mapping with a list of widgets"),
        ({"name": "d", "body": {"widgets": {}}}, "body must be a mapping with a list of widgets"),
        ({"name": "d", "body": {"widgets": [TEXT] * 501}}, "body has 501 widgets, more than 500"),
        (
            {"name": "d", "body": {"widgets": [{**TEXT, "properties": {"markdown": "x" * 1_000_000}}]}},
            "bytes, more than",
        ),
        (
            {"name": "d", "body": {"widgets": [METRIC, {**METRIC, "type": "grapf"}]}},
            "widget 2 ('CPU') has the type 'grapf'",
        ),
        ({"name": "d", "body": {"widgets": [{"type": "text"}]}}, "widget 1 has no properties"),
        ({"name": "d", "body": {"widgets": ["x"]}}, "widget 1 is no mapping"),
        (
            {"name": "d", "body": {"widgets": [{**TEXT, "x": 12}]}},
            "widget 1 ('# Übersicht') reaches beyond the 24 columns",
        ),
        (
            {"name": "d", "body": {"widgets": [{**TEXT, "height": 0}]}},
            "has height 0: give a whole number from 1 to 1000",
        ),
        ({"name": "d", "body": {"widgets": [{**METRIC, "x": 0}]}}, "has only one of x and y"),
        ({"name": "d", "body": BODY, "tags": {"managed-by": "x"}}, "tags has 'managed-by', which is the mark"),
        ({"name": "d", "body": BODY, "ignore": ["bdy"]}, "ignore names 'bdy'"),
    ],
)
def test_what_cannot_be_right_is_named(entry: dict[str, Any], said: str) -> None:
    with pytest.raises(KumawatchError) as caught:
        run(Board(), entry)
    assert said in str(caught.value)


def test_a_new_dashboard_needs_a_body() -> None:
    with pytest.raises(KumawatchError, match="dashboard 'd' is new and has no body: add it"):
        run(Board(), {"name": "d"})


# -- marks and tags ---------------------------------------------------------------------------------------------------


def test_a_new_dashboard_is_tagged_with_its_put() -> None:
    account = Board()
    outcome = run(account, {"name": "d", "body": BODY, "tags": {"owner": "payments"}})
    assert not outcome.failures
    assert account.tags["d"] == {"owner": "payments", "managed-by": "m"}
    assert not account.made("TagResource")
    assert not run(account, {"name": "d", "body": BODY, "tags": {"owner": "payments"}}).plan.changed


def test_an_older_botocore_tags_afterwards() -> None:
    account = Board(unknown=("PutDashboard.Tags",))
    outcome = run(account, {"name": "d", "body": BODY})
    assert not outcome.failures
    assert "Tags" not in account.made("PutDashboard")[0]
    assert account.tags["d"] == {"managed-by": "m"}


def test_tags_that_are_declared_are_exact_and_the_mark_stays() -> None:
    account = Board("d")
    account.tags["d"] = {"managed-by": "m", "old": "1", "owner": "x", "aws:cloudformation:stack": "s"}
    outcome = run(account, {"name": "d", "tags": {"owner": "payments"}})
    assert not outcome.failures
    assert account.tags["d"] == {"managed-by": "m", "owner": "payments", "aws:cloudformation:stack": "s"}
    assert not account.made("PutDashboard")
    run(account, {"name": "d", "tags": {}})
    assert account.tags["d"] == {"managed-by": "m", "aws:cloudformation:stack": "s"}


def test_adopting_tags_and_changes_nothing_else() -> None:
    account = Board("d")
    outcome = run(account, {"name": "d", "body": BODY})
    assert [change.adopted for change in outcome.plan.update] == [True]
    assert account.tags["d"] == {"managed-by": "m"}
    assert not account.made("PutDashboard")


def test_a_purge_reads_the_marks_of_what_the_index_does_not_know() -> None:
    account = Board("mine", "theirs", "free", index={"theirs": {"managed-by": "x"}})
    account.tags.update(mine={"managed-by": "m"}, theirs={"managed-by": "x"})
    outcome = run(account, purge=True)
    assert [change.label for change in outcome.plan.delete] == ["mine"]
    assert outcome.plan.unmanaged == ("free", "theirs")
    assert sorted(account.bodies) == ["free", "theirs"]
    asked = {parameters["ResourceARN"] for parameters in account.made("ListTagsForResource")}
    assert "arn:theirs" not in asked


def test_nothing_is_read_one_by_one_that_is_not_declared() -> None:
    account = Board("d", "a", "b")
    account.tags["d"] = {"managed-by": "m"}
    run(account, {"name": "d", "body": BODY}, check=True)
    assert [parameters["DashboardName"] for parameters in account.made("GetDashboard")] == ["d"]
    assert not account.made("ListTagsForResource")


def test_without_marks_no_tags_are_read() -> None:
    account = Board("d")
    assert run(account, {"name": "d", "body": BODY}, owner=None).plan.unchanged == ("d",)
    assert not account.made("GetResources", "ListTagsForResource")


def test_many_are_deleted_a_hundred_at_a_time() -> None:
    names = [f"d{number}" for number in range(250)]
    account = Board(*names)
    outcome = run(account, *({"name": name, "state": "absent"} for name in names), owner=None)
    assert not outcome.failures
    # They run side by side, in whatever order.
    assert sorted(len(parameters["DashboardNames"]) for parameters in account.made("DeleteDashboards")) == [
        50,
        100,
        100,
    ]
    assert not account.bodies


def test_what_somebody_else_has_deleted_meanwhile_holds_up_nothing() -> None:
    account = Board("a", "b")
    delete = account.answers["DeleteDashboards"]

    def beaten(DashboardNames: list[str]) -> dict[str, Any]:  # noqa: N803
        account.bodies.pop("a", None)
        return delete(DashboardNames=DashboardNames)

    account.answers["DeleteDashboards"] = beaten
    outcome = run(account, {"name": "a", "state": "absent"}, {"name": "b", "state": "absent"}, owner=None)
    assert not outcome.failures
    assert not account.bodies


# -- what CloudWatch says ---------------------------------------------------------------------------------------------


def test_what_cloudwatch_finds_is_said_of_the_widget() -> None:
    account = Board()
    message = (
        "CloudWatch refused PutDashboard (InvalidParameterInput: The dashboard body is invalid, there are 2 validation "
        'errors: [ { "dataPath": "/widgets/1/properties/metrics/0", "message": "Should have \\"region\\"." }, '
        '{ "dataPath": "/widgets/0", "message": "x" } ])'
    )

    def refuse(**_: Any) -> dict[str, Any]:
        error = refused("InvalidParameterInput")
        error.args = (message,)
        raise error

    account.answers["PutDashboard"] = refuse
    outcome = run(account, {"name": "d", "body": BODY})
    assert outcome.failures == [
        {
            "name": "d",
            "error": "CloudWatch does not take widget 2 ('CPU'): Should have \"region\" in properties.metrics.0, "
            "and 1 more.",
        }
    ]


def test_a_reservation_is_a_warning() -> None:
    account = Board()
    account.messages = [{"DataPath": "/widgets/0/properties", "Message": "Nothing to draw."}]
    outcome = run(account, {"name": "d", "body": BODY})
    assert not outcome.failures
    assert outcome.warnings == [
        "dashboard 'd': CloudWatch took it, but widget 1 ('# Übersicht'): Nothing to draw in properties."
    ]


@pytest.mark.parametrize("path", ["", "/", "/widgets/99/x", "/widgets/x", "/start"])
def test_any_path_is_told(path: str) -> None:
    assert "Falsch" in model.sentence([(path, "Falsch.")], BODY)
    assert "Falsch" in model.sentence([(path, "Falsch.")], "no mapping")
