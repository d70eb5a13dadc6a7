# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Deliveries of vended logs: three objects of one entry, made and taken down in the order that AWS wants."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from ansible_collections.kumawatch.monitoring.plugins.module_utils._aws import log_deliveries_model as model
from ansible_collections.kumawatch.monitoring.plugins.module_utils._aws.bulk import reconcile
from ansible_collections.kumawatch.monitoring.plugins.module_utils._aws.errors import ApiError, Fate
from ansible_collections.kumawatch.monitoring.plugins.module_utils._aws.log_deliveries import Deliveries
from ansible_collections.kumawatch.monitoring.plugins.module_utils._errors import KumawatchError
from tests.unit.plugins.module_utils._aws.account import Account, refused

ARN = "arn:aws:logs:eu-central-1:123456789012:"
BALANCER = "arn:aws:elasticloadbalancing:eu-central-1:123456789012:loadbalancer/app/prod-api/50dc6c495c0c9188"
GROUP = f"{ARN}log-group:/p/load-balancer/prod-api"
BUCKET = "arn:aws:s3:::logs/alb"
ENTRY: dict[str, Any] = {
    "name": "p-api-access", "source_arn": BALANCER, "log_type": "ALB_ACCESS_LOGS",
    "destinations": [{"type": "logs", "arn": GROUP, "output_format": "json"}, {"arn": BUCKET}],
}  # fmt: skip


class Vended(Account):
    """Sources, destinations and deliveries, which refuse what is out of order."""

    def __init__(self, **options: Any) -> None:
        self.sources: dict[str, dict[str, Any]] = {}
        self.destinations: dict[str, dict[str, Any]] = {}
        self.deliveries: dict[str, dict[str, Any]] = {}
        self.tags: dict[str, dict[str, str]] = {}
        self.numbers = itertools.count()
        super().__init__(
            {
                "DescribeDeliverySources": lambda **_: {"deliverySources": list(self.sources.values())},
                "DescribeDeliveryDestinations": lambda **_: {"deliveryDestinations": list(self.destinations.values())},
                "DescribeDeliveries": lambda **_: {"deliveries": list(self.deliveries.values())},
                "PutDeliverySource": self._source,
                "PutDeliveryDestination": self._destination,
                "CreateDelivery": self._deliver,
                "UpdateDeliveryConfiguration": lambda id, **sent: self.deliveries[id].update(sent),
                "DeleteDeliverySource": self._delete_source,
                "DeleteDeliveryDestination": self._delete_destination,
                "DeleteDelivery": lambda id: self.deliveries.pop(id),
                "GetResources": lambda **_: {"ResourceTagMappingList": []},
                "ListTagsForResource": lambda resourceArn: {"tags": self.tags.get(resourceArn, {})},  # noqa: N803
                "TagResource": lambda resourceArn, tags: self.tags.setdefault(resourceArn, {}).update(tags),  # noqa: N803
                "UntagResource": lambda resourceArn, tagKeys: [  # noqa: N803
                    self.tags[resourceArn].pop(key) for key in tagKeys
                ],
            },
            **options,
        )

    def _tag(self, arn: str, tags: dict[str, str] | None) -> str:
        self.tags.setdefault(arn, {}).update(tags or {})
        return arn

    def _source(self, name: str, resourceArn: str, logType: str, tags: Any = None) -> dict[str, Any]:  # noqa: N803
        arn = self._tag(f"{ARN}delivery-source:{name}", tags)
        self.sources[name] = {"name": name, "arn": arn, "resourceArns": [resourceArn], "logType": logType}
        return {}

    def _destination(self, name: str, tags: Any = None, **sent: Any) -> dict[str, Any]:
        arn = self._tag(f"{ARN}delivery-destination:{name}", tags)
        self.destinations[name] = {"outputFormat": "plain", **sent, "name": name, "arn": arn}
        return {"deliveryDestination": self.destinations[name]}

    def _deliver(self, tags: Any = None, **sent: Any) -> dict[str, Any]:
        if sent["deliverySourceName"] not in self.sources:
            raise refused("ResourceNotFoundException")
        ident = f"d{next(self.numbers)}"
        arn = self._tag(f"{ARN}delivery:{ident}", tags)
        path = sent.get("s3DeliveryConfiguration", {}).get("suffixPath")
        if path:
            sent["s3DeliveryConfiguration"]["suffixPath"] = f"AWSLogs/{{account-id}}/ALB/{path}"
        self.deliveries[ident] = {"recordFields": ["time", "type", "elb"], **sent, "id": ident, "arn": arn}
        return {}

    def _delete_source(self, name: str) -> dict[str, Any]:
        if any(item["deliverySourceName"] == name for item in self.deliveries.values()):
            raise refused("ConflictException")
        del self.sources[name]
        return {}

    def _delete_destination(self, name: str) -> dict[str, Any]:
        arn = self.destinations[name]["arn"]
        if any(item["deliveryDestinationArn"] == arn for item in self.deliveries.values()):
            raise refused("ConflictException")
        del self.destinations[name]
        return {}


def run(
    account: Vended, *entries: dict[str, Any], owner: str | None = "m", purge: bool = False, check: bool = False
) -> Any:
    kind = Deliveries(entries)
    kind.owner, kind.purge = owner, purge
    return reconcile(account, kind, check_mode=check, sleep=lambda _: None)  # type: ignore[arg-type]


def one(**change: Any) -> dict[str, Any]:
    """The entry with its first destination changed."""
    return {**ENTRY, "destinations": [{**ENTRY["destinations"][0], **change}]}


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ({**ENTRY, "name": "a b"}, "log delivery 'a b': name takes 1 to 60 letters, digits, hyphens and underscores"),
        ({**ENTRY, "name": "ä"}, "name takes 1 to 60 letters"),
        ({**ENTRY, "source_arn": "prod-api"}, "source_arn must be an ARN, which begins with arn:, not 'prod-api'"),
        (
            {**ENTRY, "log_type": "ALB_ACCES_LOGS"},
            "is nothing that a load balancer logs: did you mean 'ALB_ACCESS_LOGS'?",
        ),
        (one(arn=None, type=None), "destinations has one without arn and type: give its arn"),
        (one(arn="bucket"), "destinations.arn must be an ARN, which begins with arn:, not 'bucket'"),
        (one(type="s3"), f"destinations.type is s3, and arn '{GROUP}' is not of that kind"),
        (one(name="a/b"), "destinations.name takes 1 to 60 letters"),
        (one(suffix_path="x"), "destinations.suffix_path is for buckets, and 'p-api-access-logs' is none"),
        (one(record_fields=["a", "b", "a"]), "destinations.record_fields has 'a' twice"),
        (one(record_fields=[]), "destinations.record_fields has 0 fields, and there may be 1 to 128"),
        ({**ENTRY, "ignore": ["record_field"]}, "no option of a log delivery: did you mean 'record_fields'?"),
    ],
)
def test_what_cannot_be_right_is_named_before_anything_is_read(entry: dict[str, Any], said: str) -> None:
    account = Vended()
    with pytest.raises(KumawatchError) as caught:
        run(account, entry)
    assert said in str(caught.value)
    assert not account.calls


def test_a_log_has_one_source() -> None:
    with pytest.raises(
        KumawatchError, match="entry 'p-api-access' is a source of the same ALB_ACCESS_LOGS, and there may"
    ):
        run(Vended(), ENTRY, {**ENTRY, "name": "other"})


def test_entries_that_share_a_destination_agree_on_it() -> None:
    other = {**one(name="shared"), "name": "other", "log_type": "ALB_CONNECTION_LOGS"}
    assert not run(Vended(), one(name="shared"), other).failures
    other["destinations"] = [{**other["destinations"][0], "output_format": "plain"}]
    with pytest.raises(
        KumawatchError, match="destination 'shared' is declared otherwise by entry 1: give it another name"
    ):
        run(Vended(), one(name="shared"), other)


def test_what_is_new_needs_its_ends() -> None:
    with pytest.raises(KumawatchError, match="source x is new and lacks source_arn and log_type: add it"):
        run(Vended(), {"name": "x"})
    with pytest.raises(KumawatchError, match="destination p-api-access-s3 is new and lacks arn"):
        run(Vended(), {**ENTRY, "destinations": [{"type": "s3"}]})
    with pytest.raises(KumawatchError, match=r"record_fields needs botocore 1\.35\.12"):
        run(Vended(unknown=("CreateDelivery.recordFields",)), one(record_fields=["a"]))


def test_one_entry_makes_all_three_and_is_then_unchanged() -> None:
    account = Vended()
    outcome = run(account, {**ENTRY, "tags": {"service": "api"}})
    assert not outcome.failures
    assert [change.label for change in outcome.plan.create] == [
        "destination p-api-access-logs", "destination p-api-access-s3", "p-api-access to p-api-access-logs",
        "p-api-access to p-api-access-s3", "source p-api-access",
    ]  # fmt: skip
    assert account.destinations["p-api-access-logs"]["outputFormat"] == "json"
    assert set(map(str, account.tags.values())) == {str({"service": "api", "managed-by": "m"})}
    assert len(account.tags) == 5
    assert not run(account, {**ENTRY, "tags": {"service": "api"}}).plan.changed
    # What everything in a log group is called is the log group.
    assert not run(account, one(arn=f"{GROUP}:*"), check=True).plan.update


@pytest.mark.parametrize("operation", ["PutDeliverySource", "PutDeliveryDestination", "CreateDelivery"])
@pytest.mark.parametrize("done", [True, False])
def test_answers_that_are_lost_are_looked_up(operation: str, done: bool) -> None:
    account = Vended()
    act = account.answers[operation]
    lost: list[dict[str, Any]] = []

    def once(**sent: Any) -> dict[str, Any]:
        if lost:
            return act(**sent)
        lost.append(sent)
        if done:
            act(**sent)
        raise ApiError("lost.", fate=Fate.LOST)

    account.answers[operation] = once
    outcome = run(account, ENTRY)
    assert not outcome.failures
    assert (len(account.sources), len(account.destinations), len(account.deliveries)) == (1, 2, 2)


def test_what_a_delivery_passes_on_is_changed() -> None:
    account = Vended()
    bucket = {"arn": BUCKET, "suffix_path": "{yyyy}/{MM}", "record_fields": ["type", "elb", "time"]}
    entry = {**ENTRY, "destinations": [bucket]}
    assert not run(account, entry).failures
    assert not run(account, entry).plan.changed
    changed = {**bucket, "hive_compatible_path": True, "record_fields": ["elb", "time"]}
    assert not run(account, {**ENTRY, "destinations": [changed]}).failures
    (stored,) = account.deliveries.values()
    assert stored["recordFields"] == ["elb", "time"]
    # The path is sent as it is declared, not as AWS has completed it.
    assert stored["s3DeliveryConfiguration"] == {"suffixPath": "{yyyy}/{MM}", "enableHiveCompatiblePath": True}


def test_a_destination_moves_without_losing_its_format() -> None:
    account = Vended()
    assert not run(account, one()).failures
    assert not run(account, {"name": "p-api-access", "destinations": [{"type": "logs", "arn": f"{GROUP}-2"}]}).failures
    (stored,) = account.destinations.values()
    assert stored["deliveryDestinationConfiguration"]["destinationResourceArn"] == f"{GROUP}-2"
    assert stored["outputFormat"] == "json"


def test_a_list_of_destinations_is_exact_and_one_that_is_unset_is_left_alone() -> None:
    account = Vended()
    assert not run(account, ENTRY).failures
    assert not run(account, {"name": "p-api-access"}).plan.changed
    outcome = run(account, one())
    assert [change.label for change in outcome.plan.delete] == ["p-api-access to p-api-access-s3"]
    assert sorted(account.destinations) == ["p-api-access-logs", "p-api-access-s3"]


def test_a_source_goes_after_its_deliveries() -> None:
    account = Vended()
    assert not run(account, ENTRY).failures
    outcome = run(account, {"name": "p-api-access", "state": "absent", "destinations": [{"type": "logs"}]})
    assert not outcome.failures
    assert (account.sources, account.deliveries, list(account.destinations)) == ({}, {}, ["p-api-access-s3"])


def test_a_purge_takes_ours_only_in_the_order_of_their_dependencies() -> None:
    account = Vended()
    assert not run(account, ENTRY).failures
    theirs = {**ENTRY, "name": "theirs", "log_type": "ALB_CONNECTION_LOGS"}
    assert not run(account, theirs, owner="x").failures
    outcome = run(account, purge=True)
    assert not outcome.failures
    assert len(outcome.plan.delete) == 5
    assert (list(account.sources), len(account.deliveries), len(account.destinations)) == (["theirs"], 2, 2)
    with pytest.raises(KumawatchError, match="belongs to managed_by 'x', not to 'm'"):
        run(account, {"name": "theirs"})


def test_long_names_stay_apart() -> None:
    assert model.destination_name("a", "logs") == "a-logs"
    names = {model.destination_name(f"{'x' * 58}{end}", kind) for end in "ab" for kind in ("logs", "s3")}
    assert len(names) == 4
    assert {len(name) for name in names} == {60}


def test_an_export_is_what_makes_it() -> None:
    account = Vended()
    assert not run(account, ENTRY).failures
    (source,) = (model.source(item, {}) for item in account.sources.values())
    pairs = [
        (model.delivery(item, {}), model.destination(account.destinations[model.ends(item)[2]], {}))
        for item in account.deliveries.values()
    ]
    entry = model.exported(source, pairs, {"service": "api"})
    assert entry["destinations"][0] == {
        "name": "p-api-access-logs", "arn": GROUP, "output_format": "json", "record_fields": ["time", "type", "elb"],
    }  # fmt: skip
    again = Vended()
    assert not run(again, entry).failures
    assert (again.sources, again.destinations) == (account.sources, account.destinations)
    assert {model.ends(item) for item in again.deliveries.values()} == {pair[0].key for pair in pairs}
    assert not run(again, entry).plan.changed
