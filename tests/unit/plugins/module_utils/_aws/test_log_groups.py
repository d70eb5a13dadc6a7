# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Log groups: checked before anything is written, read in bulk, brought to what is declared call by call."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ansible_collections.kumawatch.monitoring.plugins.module_utils._aws import log_groups_model as model
from ansible_collections.kumawatch.monitoring.plugins.module_utils._aws.bulk import reconcile
from ansible_collections.kumawatch.monitoring.plugins.module_utils._aws.log_groups import LogGroups
from ansible_collections.kumawatch.monitoring.plugins.module_utils._aws.log_policies import ResourcePolicies
from ansible_collections.kumawatch.monitoring.plugins.module_utils._aws.log_transformer import PROCESSORS, within
from ansible_collections.kumawatch.monitoring.plugins.module_utils._errors import KumawatchError
from tests.unit.plugins.module_utils._aws.account import Account, refused

ARN = "arn:aws:logs:eu-central-1:123456789012:log-group:"
KEY = "arn:aws:kms:eu-central-1:123456789012:key/1"
PROTECTION = {
    "Name": "mask", "Version": "2021-06-01",
    "Statement": [
        {"Sid": "a", "DataIdentifier": ["x"], "Operation": {"Audit": {"FindingsDestination": {}}}},
        {"Sid": "d", "DataIdentifier": ["x"], "Operation": {"Deidentify": {"MaskConfig": {}}}},
    ],
}  # fmt: skip
DOCKER = [{"parseJSON": {}}, {"parseJSON": {"source": "log"}}, {"deleteKeys": {"withKeys": ["log"]}}]


class Groups(Account):
    """Log groups and what belongs to them, by name."""

    def __init__(self, *names: str, mark: str = "m", **options: Any) -> None:
        self.groups: dict[str, dict[str, Any]] = {}
        self.tags: dict[str, dict[str, str]] = {}
        self.transformers: dict[str, Any] = {}
        self.indexes: dict[str, str] = {}
        self.policies: dict[str, str] = {}
        self.detectors: dict[str, dict[str, Any]] = {}
        self.index: dict[str, dict[str, str]] | None = {}
        super().__init__({}, **options)
        for name in names:
            self._create(name, tags={"managed-by": mark} if mark else {})
        self.answers = {
            "DescribeLogGroups": self._describe,
            "CreateLogGroup": lambda logGroupName, **sent: self._create(logGroupName, **sent),  # noqa: N803
            "DeleteLogGroup": lambda logGroupName: self.groups.pop(logGroupName),  # noqa: N803
            "PutRetentionPolicy": lambda logGroupName, retentionInDays: self.groups[logGroupName].update(  # noqa: N803
                retentionInDays=retentionInDays
            ),
            "DeleteRetentionPolicy": lambda logGroupName: self.groups[logGroupName].pop("retentionInDays"),  # noqa: N803
            "AssociateKmsKey": lambda logGroupName, kmsKeyId: self.groups[logGroupName].update(  # noqa: N803
                kmsKeyId=kmsKeyId
            ),
            "DisassociateKmsKey": lambda logGroupName: self.groups[logGroupName].pop("kmsKeyId"),  # noqa: N803
            "PutLogGroupDeletionProtection": lambda logGroupIdentifier, deletionProtectionEnabled: self.groups[  # noqa: N803
                logGroupIdentifier
            ].update(deletionProtectionEnabled=deletionProtectionEnabled),
            "GetResources": self._resources,
            "ListTagsForResource": lambda resourceArn: {"tags": self.tags[resourceArn.removeprefix(ARN)]},  # noqa: N803
            "TagResource": lambda resourceArn, tags: self.tags[resourceArn.removeprefix(ARN)].update(tags),  # noqa: N803
            "UntagResource": lambda resourceArn, tagKeys: [  # noqa: N803
                self.tags[resourceArn.removeprefix(ARN)].pop(key) for key in tagKeys
            ],
            "GetTransformer": lambda logGroupIdentifier: {  # noqa: N803
                "transformerConfig": self._get(self.transformers, logGroupIdentifier)
            },
            "PutTransformer": lambda logGroupIdentifier, transformerConfig: self.transformers.update(  # noqa: N803
                # AWS says what it fills in.
                {logGroupIdentifier: [
                    {name: {**({"source": "@message"} if name == "parseJSON" else {}), **value}
                     for name, value in one.items()}
                    for one in transformerConfig
                ]}
            ),
            "DeleteTransformer": lambda logGroupIdentifier: self.transformers.pop(logGroupIdentifier),  # noqa: N803
            "DescribeIndexPolicies": self._describe_indexes,
            "PutIndexPolicy": lambda logGroupIdentifier, policyDocument: self.indexes.update(  # noqa: N803
                {logGroupIdentifier: policyDocument}
            ),
            "DeleteIndexPolicy": lambda logGroupIdentifier: self.indexes.pop(logGroupIdentifier),  # noqa: N803
            "GetDataProtectionPolicy": lambda logGroupIdentifier: {  # noqa: N803
                "policyDocument": self.policies.get(logGroupIdentifier)
            },
            "PutDataProtectionPolicy": lambda logGroupIdentifier, policyDocument: self.policies.update(  # noqa: N803
                {logGroupIdentifier: policyDocument}
            ),
            "DeleteDataProtectionPolicy": lambda logGroupIdentifier: self.policies.pop(logGroupIdentifier),  # noqa: N803
            "ListLogAnomalyDetectors": lambda **_: {"anomalyDetectors": list(self.detectors.values())},
            "CreateLogAnomalyDetector": self._detect,
            "UpdateLogAnomalyDetector": self._update,
            "DeleteLogAnomalyDetector": lambda anomalyDetectorArn: self.detectors.pop(anomalyDetectorArn),  # noqa: N803
        }  # fmt: skip

    def _create(self, name: str, tags: dict[str, str] | None = None, **sent: Any) -> dict[str, Any]:
        self.groups[name] = {"logGroupName": name, "arn": f"{ARN}{name}:*", "logGroupClass": "STANDARD", **sent}
        self.tags[name] = dict(tags or {})
        return {}

    def _describe(self, limit: int, nextToken: str = "0", logGroupNamePrefix: str = "") -> dict[str, Any]:  # noqa: N803
        items = [self.groups[name] for name in sorted(self.groups) if name.startswith(logGroupNamePrefix)]
        start = int(nextToken)
        more = {"nextToken": str(start + limit)} if start + limit < len(items) else {}
        return {"logGroups": items[start : start + limit], **more}

    def _resources(self, **_: Any) -> dict[str, Any]:
        if self.index is None:
            raise refused("AccessDeniedException")
        return {
            "ResourceTagMappingList": [
                {"ResourceARN": ARN + name, "Tags": [{"Key": k, "Value": v} for k, v in tags.items()]}
                for name, tags in {**self.tags, **self.index}.items()
            ]
        }

    @staticmethod
    def _get(store: dict[str, Any], name: str) -> Any:
        if name not in store:
            raise refused("ResourceNotFoundException")
        return store[name]

    def _describe_indexes(self, logGroupIdentifiers: list[str]) -> dict[str, Any]:  # noqa: N803
        (name,) = logGroupIdentifiers
        of_account = {"source": "ACCOUNT", "policyDocument": '{"Fields": ["requestId"]}'}
        own = [{"source": "LOG_GROUP", "policyDocument": self.indexes[name]}] if name in self.indexes else []
        return {"indexPolicies": [of_account, *own]}

    def _detect(self, logGroupArnList: list[str], tags: dict[str, str], **sent: Any) -> dict[str, Any]:  # noqa: N803
        arn = f"arn:detector/{len(self.detectors)}"
        made = {"anomalyDetectorArn": arn, "logGroupArnList": logGroupArnList, "anomalyDetectorStatus": "INITIALIZING"}
        self.detectors[arn] = {
            "evaluationFrequency": "FIVE_MIN",
            "anomalyVisibilityTime": 21,
            **made,
            **sent,
            "t": tags,
        }
        return {"anomalyDetectorArn": arn}

    def _update(self, anomalyDetectorArn: str, enabled: bool, **sent: Any) -> dict[str, Any]:  # noqa: N803
        status = "TRAINING" if enabled else "PAUSED"
        self.detectors[anomalyDetectorArn].update(anomalyDetectorStatus=status, **sent)
        return {}


def run(
    account: Groups, *entries: dict[str, Any], owner: str | None = "m", purge: bool = False, check: bool = False
) -> Any:
    kind = LogGroups(entries)
    kind.owner, kind.purge = owner, purge
    return reconcile(account, kind, check_mode=check, sleep=lambda _: None)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"name": "a b"}, "log group 'a b': name takes 1 to 512 letters, digits and"),
        ({"name": "x" * 513}, "name takes 1 to 512 letters"),
        (
            {"retention_days": 31},
            "log group '/g': retention_days 31 is not offered: the nearest are 14 and 30, and 0 keeps",
        ),
        ({"retention_days": 45}, "the nearest are 30 and 60"),
        ({"retention_days": 9999}, "the nearest are 3288 and 3653"),
        ({"retention_days": -1}, "the nearest are 1 and 3"),
        ({"kms_key_arn": "alias/x"}, "kms_key_arn must be the ARN of a key, which begins with arn:, not 'alias/x'"),
        ({"tags": {"managed-by": "x"}}, "tags has 'managed-by', which is the mark of ownership"),
        ({"index_fields": [str(n) for n in range(21)]}, "index_fields has 21 fields, and there may be 20"),
        ({"index_fields": [""]}, "index_fields has a name of 0 characters"),
        ({"data_protection_policy": {"Name": "x"}}, "data_protection_policy lacks Version and Statement"),
        (
            {"data_protection_policy": {**PROTECTION, "Statement": PROTECTION["Statement"][:1]}},
            "must be two statements",
        ),
        (
            {"anomaly_detector": {"pattern": "{ $.a"}},
            "log group '/g': anomaly_detector: pattern is not understood at its",
        ),
        ({"anomaly_detector": {"visibility_days": 6}}, "anomaly_detector.visibility_days must be from 7 to 90, not 6"),
        ({"class": "infrequent_access", "transformer": DOCKER}, "transformer is for log groups of the class standard"),
        (
            {"class": "delivery", "anomaly_detector": {}},
            "anomaly_detector is for log groups of the class standard, not",
        ),
        (
            {"ignore": ["retention"]},
            "ignore names 'retention', which is no option of a log group: did you mean 'retention_",
        ),
        (
            {"transformer": [{"addKeys": {"entries": [{"key": "a", "value": "b"}]}}]},
            "begins with addKeys: begin with a",
        ),
        (
            {"transformer": [{"parseJson": {}}]},
            "transformer[0] is 'parseJson', which is no processor: did you mean 'parseJSON'",
        ),
        ({"transformer": ["parseJSON"]}, "transformer[0] must be one processor with what it takes"),
        ({"transformer": [{"parseJSON": {"src": "x"}}]}, "transformer[0]: parseJSON does not take 'src': "),
        ({"transformer": [{"grok": {}}]}, "transformer[0]: grok lacks match: add it"),
        ({"transformer": [{"parseJSON": {}}, {"parseWAF": {}}]}, "transformer[1] is parseWAF, which must be the first"),
        ({"transformer": [{"parseJSON": None}] * 21}, "transformer has 21 processors, and there may be 20"),
        (
            {"transformer": [{"parseJSON": {}}, {"typeConverter": {"entries": [{"key": "a", "type": "int"}]}}]},
            "transformer[1]: typeConverter.entries[0].type 'int' is none: there is integer, double, string, boolean",
        ),
        (
            {"transformer": [{"parseJSON": {}}, {"deleteKeys": {"withKeys": []}}]},
            "withKeys must be a list of 1 to 5 keys",
        ),
        (
            {"transformer": [{"parseJSON": {}}, {"addKeys": {"entries": []}}]},
            "addKeys.entries must be a list of 1 to 5",
        ),
    ],
)
def test_what_cannot_be_right_is_named_before_anything_is_read(change: dict[str, Any], said: str) -> None:
    account = Groups()
    with pytest.raises(KumawatchError) as caught:
        run(account, {"name": "/g", **change})
    assert said in str(caught.value)
    assert not account.calls


def test_what_botocore_is_too_old_for_is_refused() -> None:
    unknown = ("PutTransformer", "PutIndexPolicy", "PutLogGroupDeletionProtection")
    for change, version in (
        ({"transformer": DOCKER}, "1.35.67"),
        ({"index_fields": ["a"]}, "1.35.67"),
        ({"deletion_protection": True}, "1.41.3"),
    ):
        with pytest.raises(KumawatchError, match=f"log group '/g': {next(iter(change))} needs botocore {version}"):
            run(Groups(unknown=unknown), {"name": "/g", **change})
    assert not run(Groups(unknown=unknown), {"name": "/g", "transformer": [], "index_fields": []}, check=True).failures


FULL: dict[str, Any] = {
    "name": "/g", "retention_days": 30, "kms_key_arn": KEY, "deletion_protection": True, "tags": {"service": "Größe"},
    "transformer": DOCKER, "index_fields": ["b", "a"], "data_protection_policy": PROTECTION,
    "anomaly_detector": {"evaluation_minutes": 15, "pattern": "ERROR", "visibility_days": 30, "enabled": False},
}  # fmt: skip


def test_all_is_made_and_then_unchanged() -> None:
    account = Groups()
    outcome = run(account, FULL)
    assert not outcome.failures
    assert account.groups["/g"] == {
        "logGroupName": "/g", "arn": f"{ARN}/g:*", "logGroupClass": "STANDARD", "kmsKeyId": KEY,
        "deletionProtectionEnabled": True, "retentionInDays": 30,
    }  # fmt: skip
    assert account.tags["/g"] == {"service": "Größe", "managed-by": "m"}
    assert json.loads(account.indexes["/g"]) == {"Fields": ["a", "b"]}
    (detector,) = account.detectors.values()
    assert detector["anomalyDetectorStatus"] == "PAUSED"
    assert detector["detectorName"] == "/g", "by which alarms know what it finds"
    assert (detector["logGroupArnList"], detector["filterPattern"]) == ([f"{ARN}/g"], "ERROR")
    account.calls.clear()
    assert run(account, FULL).plan.unchanged == ("/g",)
    assert not account.made("TagResource", "PutTransformer", "CreateLogAnomalyDetector")


def test_all_goes_where_it_is_declared_empty() -> None:
    account = Groups()
    assert not run(account, FULL).failures
    bare = {
        "name": "/g", "retention_days": 0, "kms_key_arn": "", "deletion_protection": False, "tags": {},
        "transformer": [], "index_fields": [], "data_protection_policy": {}, "anomaly_detector": {"state": "absent"},
    }  # fmt: skip
    outcome = run(account, bare)
    assert not outcome.failures
    assert (account.transformers, account.indexes, account.policies, account.detectors) == ({}, {}, {}, {})
    assert account.tags["/g"] == {"managed-by": "m"}
    assert account.groups["/g"].keys() == {"logGroupName", "arn", "logGroupClass", "deletionProtectionEnabled"}
    assert not run(account, bare).plan.changed


def test_a_detector_is_changed_in_what_is_declared() -> None:
    account = Groups()
    assert not run(account, FULL).failures
    outcome = run(account, {"name": "/g", "anomaly_detector": {"enabled": True, "visibility_days": 7}})
    assert sorted(outcome.plan.update[0].differences) == [
        "anomaly_detector.enabled",
        "anomaly_detector.visibility_days",
    ]
    (detector,) = account.detectors.values()
    assert (detector["anomalyDetectorStatus"], detector["anomalyVisibilityTime"]) == ("TRAINING", 7)
    assert detector["filterPattern"] == "ERROR"


def test_only_what_is_declared_is_asked_for_group_by_group() -> None:
    account = Groups(*[f"/g/{number}" for number in range(120)])
    entries = [{"name": f"/g/{number}", "tags": {}} for number in range(120)]
    entries[3]["transformer"] = []
    assert not run(account, *entries).plan.changed
    assert [operation for operation, _ in account.calls].count("DescribeLogGroups") == 3
    assert sorted({operation for operation, _ in account.calls}) == [
        "DescribeLogGroups",
        "GetResources",
        "GetTransformer",
    ]
    assert len(account.made("GetTransformer")) == len(account.made("GetResources")) == 1


def test_no_tags_are_read_where_nobody_wants_them() -> None:
    account = Groups("/g", mark="")
    assert not run(account, {"name": "/g"}, owner=None).plan.changed
    assert [operation for operation, _ in account.calls] == ["DescribeLogGroups"]


def test_an_index_that_lags_behind_is_not_believed() -> None:
    account = Groups("/g")
    account.index = {"/g": {}}
    assert not run(account, {"name": "/g"}).plan.changed
    account.index = None
    assert not run(account, {"name": "/g"}).plan.changed


def test_the_class_is_for_ever() -> None:
    account = Groups("/g")
    account.groups["/g"]["logGroupClass"] = "INFREQUENT_ACCESS"
    with pytest.raises(
        KumawatchError, match="log group '/g': class is infrequent_access and cannot become standard: name"
    ):
        run(account, {"name": "/g", "class": "standard"})
    assert not run(account, {"name": "/g", "class": "standard", "ignore": ["class"]}).plan.changed
    with pytest.raises(
        KumawatchError, match="index_fields is for log groups of the class standard, not infrequent_access"
    ):
        run(account, {"name": "/g", "index_fields": ["a"]})
    assert not run(account, {"name": "/new", "class": "infrequent_access"}).failures
    assert account.groups["/new"]["logGroupClass"] == "INFREQUENT_ACCESS"


def test_a_purge_takes_ours_only_and_nothing_that_is_protected() -> None:
    account = Groups("/mine", "/protected")
    account.groups["/protected"]["deletionProtectionEnabled"] = True
    account._create("/theirs", tags={"managed-by": "x"})
    account._create("/plain")
    outcome = run(account, purge=True)
    assert [change.label for change in outcome.plan.delete] == ["/mine", "/protected"]
    assert [failure["name"] for failure in outcome.failures] == ["/protected"]
    assert (
        "protected against deletion: declare it with deletion_protection: false first" in outcome.failures[0]["error"]
    )
    assert sorted(account.groups) == ["/plain", "/protected", "/theirs"]
    with pytest.raises(KumawatchError, match="belongs to managed_by 'x', not to 'm'"):
        run(account, {"name": "/theirs"})


def test_what_has_no_mark_is_adopted() -> None:
    account = Groups("/g", mark="")
    outcome = run(account, {"name": "/g"})
    assert [change.label for change in outcome.plan.update if change.adopted] == ["/g"]
    assert account.tags["/g"] == {"managed-by": "m"}


def test_what_cannot_be_made_does_not_stop_the_others() -> None:
    account = Groups()
    create = account.answers["CreateLogGroup"]

    def limited(logGroupName: str, **sent: Any) -> dict[str, Any]:  # noqa: N803
        if logGroupName == "/b":
            raise refused("LimitExceededException")
        return create(logGroupName=logGroupName, **sent)

    account.answers["CreateLogGroup"] = limited
    outcome = run(account, {"name": "/a"}, {"name": "/b"}, {"name": "/c"})
    assert [failure["name"] for failure in outcome.failures] == ["/b"]
    assert sorted(account.groups) == ["/a", "/c"]


def test_an_export_is_what_makes_it() -> None:
    account = Groups()
    assert not run(account, FULL).failures
    (detector,) = account.detectors.values()
    details = model.Details(DOCKER, ["a", "b"], PROTECTION, detector)
    item = model.actual(account.groups["/g"], account.tags["/g"], details)
    entry = model.exported(item, {"service": "Größe"})
    assert entry == {**FULL, "index_fields": ["a", "b"]}
    assert model.exported(model.actual({"logGroupName": "/g", "arn": "x"}, None, model.Details()), {}) == {"name": "/g"}


def test_processors_are_those_of_the_api() -> None:
    session = pytest.importorskip("botocore.session").get_session()
    shape = session.get_service_model("logs").shape_for("Processor")
    assert set(PROCESSORS) == set(shape.members)
    for name, kind in PROCESSORS.items():
        inner = shape.members[name]
        takes = kind.members or ("withKeys!" if kind.keys else "entries!")
        assert {word.rstrip("!") for word in takes.split()} == set(inner.members), name
        assert {word[:-1] for word in takes.split() if word.endswith("!")} == set(inner.required_members), name
        if kind.entries:
            entry = inner.members["entries"].member
            assert {word.rstrip("!") for word in kind.entries.split()} == set(entry.members), name
            assert {word[:-1] for word in kind.entries.split() if word.endswith("!")} == set(entry.required_members), (
                name
            )


def test_what_aws_fills_in_is_no_change() -> None:
    assert within([{"a": {}}], [{"a": {"source": "@message"}}])
    assert not within([{"a": {}}], [{"b": {}}])
    assert not within([{"a": {}}], [{"a": {}}, {"b": {}}])
    assert not within([{"a": {"x": 1}}], [{"a": {}}])


# -- resource policies


class Policies(Account):
    def __init__(self, **policies: Any) -> None:
        self.policies = {name: json.dumps(policy) for name, policy in policies.items()}
        super().__init__(
            {
                "DescribeResourcePolicies": lambda **_: {
                    "resourcePolicies": [
                        {"policyName": name, "policyDocument": text, "policyScope": "ACCOUNT"}
                        for name, text in self.policies.items()
                    ]
                },
                "PutResourcePolicy": lambda policyName, policyDocument: self.policies.update(  # noqa: N803
                    {policyName: policyDocument}
                ),
                "DeleteResourcePolicy": lambda policyName: self.policies.pop(policyName),  # noqa: N803
            }
        )


def run_policies(account: Policies, *entries: dict[str, Any], check: bool = False) -> Any:
    kind = ResourcePolicies(entries)
    return reconcile(account, kind, check_mode=check, sleep=lambda _: None)  # type: ignore[arg-type]


POLICY = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": ["logs:PutLogEvents", "logs:Create"]}]}


def test_resource_policies_are_compared_by_what_they_mean() -> None:
    same = {"Statement": {"Action": ["logs:Create", "logs:PutLogEvents"], "Effect": "Allow"}, "Version": "2012-10-17"}
    account = Policies(ours=POLICY, theirs=POLICY)
    assert run_policies(account, {"name": "ours", "policy": same}).plan.unmanaged == ("theirs",)
    assert not account.made("PutResourcePolicy")
    changed = {"Version": "2012-10-17", "Statement": {"Effect": "Deny", "Action": "logs:*"}}
    outcome = run_policies(account, {"name": "ours", "policy": changed}, {"name": "theirs", "state": "absent"})
    assert not outcome.failures
    assert {name: json.loads(text) for name, text in account.policies.items()} == {"ours": changed}


def test_resource_policies_that_cannot_be_right_are_named() -> None:
    for entry, said in (
        ({"name": "x"}, "resource policy 'x' is new and lacks policy: add it"),
        ({"name": "x", "policy": {"Version": "1"}}, "resource policy 'x': policy has no Statement"),
        ({"name": " ", "policy": POLICY}, "name is empty: give one"),
        ({"name": "x", "policy": {"Statement": ["x" * 5120]}}, "and there may be 5120: shorten it"),
    ):
        with pytest.raises(KumawatchError, match=said):
            run_policies(Policies(), entry)
