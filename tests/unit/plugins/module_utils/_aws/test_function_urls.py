# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""URLs of functions: what is declared, what exists, which permissions come and go."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ansible_collections.kumawatch.monitoring.plugins.module_utils._aws import function_urls_model as model
from ansible_collections.kumawatch.monitoring.plugins.module_utils._aws.bulk import reconcile
from ansible_collections.kumawatch.monitoring.plugins.module_utils._aws.function_urls import FunctionUrls
from ansible_collections.kumawatch.monitoring.plugins.module_utils._errors import KumawatchError
from tests.unit.plugins.module_utils._aws.account import Account, refused

URL_STATEMENT = {
    "Sid": "FunctionURLAllowPublicAccess",
    "Effect": "Allow",
    "Principal": "*",
    "Action": "lambda:InvokeFunctionUrl",
    "Resource": "arn:aws:lambda:eu-central-1:123456789012:function:f",
    "Condition": {"StringEquals": {"lambda:FunctionUrlAuthType": "NONE"}},
}
INVOKE_STATEMENT = {
    "Sid": "mine",
    "Effect": "Allow",
    "Principal": {"AWS": "*"},
    "Action": "lambda:InvokeFunction",
    "Resource": "arn:aws:lambda:eu-central-1:123456789012:function:f",
    "Condition": {"Bool": {"lambda:InvokedViaFunctionUrl": "true"}},
}
OTHER_STATEMENTS = [
    {"Sid": "sns", "Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "lambda:InvokeFunction"},
    {**URL_STATEMENT, "Sid": "deny", "Effect": "Deny"},
    {**URL_STATEMENT, "Sid": "one", "Principal": {"AWS": "arn:aws:iam::123456789012:root"}},
    {**INVOKE_STATEMENT, "Sid": "from", "Condition": {**INVOKE_STATEMENT["Condition"], "StringEquals": {"a": "b"}}},  # type: ignore[dict-item]
    {**INVOKE_STATEMENT, "Sid": "open", "Condition": {}},
]


class Functions(Account):
    """Functions with their URLs and policies."""

    def __init__(self, *names: str) -> None:
        self.configs: dict[str, dict[str, Any]] = {}
        self.policies: dict[str, list[dict[str, Any]]] = {name: [] for name in names}
        super().__init__({
            "GetFunctionUrlConfig": self._get,
            "GetPolicy": self._policy,
            "CreateFunctionUrlConfig": self._create,
            "UpdateFunctionUrlConfig": self._update,
            "DeleteFunctionUrlConfig": lambda **place: self.configs.pop(self._name(**place)),
            "AddPermission": self._permit,
            "RemovePermission": self._forbid,
        })  # fmt: skip

    def _name(self, FunctionName: str, Qualifier: str = "", **_: Any) -> str:  # noqa: N803
        name = f"{FunctionName}:{Qualifier}" if Qualifier else FunctionName
        if name not in self.policies:
            raise refused("ResourceNotFoundException")
        return name

    def _get(self, **place: Any) -> dict[str, Any]:
        name = self._name(**place)
        if name not in self.configs:
            raise refused("ResourceNotFoundException")
        return {"FunctionUrl": f"https://{name}.example/", "FunctionArn": name, **self.configs[name]}

    def _policy(self, **place: Any) -> dict[str, Any]:
        statements = self.policies[self._name(**place)]
        if not statements:
            raise refused("ResourceNotFoundException")
        return {"Policy": json.dumps({"Statement": statements})}

    def _create(self, **sent: Any) -> dict[str, Any]:
        name = self._name(**sent)
        if name in self.configs:
            raise refused("ResourceConflictException")
        self.configs[name] = {key: value for key, value in sent.items() if key not in ("FunctionName", "Qualifier")}
        return {}

    def _update(self, **sent: Any) -> dict[str, Any]:
        config = self.configs[self._name(**sent)]
        config.update({key: value for key, value in sent.items() if key not in ("FunctionName", "Qualifier")})
        return {}

    def _permit(self, StatementId: str, Action: str, Principal: str, **sent: Any) -> dict[str, Any]:  # noqa: N803
        statements = self.policies[self._name(**sent)]
        if StatementId in [statement["Sid"] for statement in statements]:
            raise refused("ResourceConflictException")
        condition = {"Bool": {"lambda:InvokedViaFunctionUrl": "true"}} if "InvokedViaFunctionUrl" in sent else {
            "StringEquals": {"lambda:FunctionUrlAuthType": sent["FunctionUrlAuthType"]}
        }  # fmt: skip
        statements.append(
            {"Sid": StatementId, "Effect": "Allow", "Principal": Principal, "Action": Action, "Condition": condition}
        )
        return {}

    def _forbid(self, StatementId: str, **place: Any) -> dict[str, Any]:  # noqa: N803
        name = self._name(**place)
        kept = [statement for statement in self.policies[name] if statement["Sid"] != StatementId]
        if len(kept) == len(self.policies[name]):
            raise refused("ResourceNotFoundException")
        self.policies[name] = kept
        return {}

    def sids(self, name: str) -> list[str]:
        return sorted(statement["Sid"] for statement in self.policies[name])


def run(account: Functions, *entries: dict[str, Any], check: bool = False) -> tuple[Any, FunctionUrls]:
    kind = FunctionUrls(entries)
    return reconcile(account, kind, check_mode=check, sleep=lambda _: None), kind  # type: ignore[arg-type]


BOTH = ["kumawatch-function-url", "kumawatch-function-url-invoke"]


def test_a_public_url_needs_two_permissions() -> None:
    account = Functions("f")
    outcome, kind = run(account, {"function": "f", "auth": "none"})
    assert not outcome.failures
    assert account.sids("f") == BOTH
    assert kind.urls == {"f": "https://f.example/"}
    again, _ = run(account, {"function": "f", "auth": "none"})
    assert again.plan.unchanged == ("f",)


def test_permissions_are_known_by_what_they_say() -> None:
    account = Functions("f")
    account.configs["f"] = {"AuthType": "NONE"}
    account.policies["f"] = [URL_STATEMENT, INVOKE_STATEMENT]
    assert not run(account, {"function": "f", "auth": "none"})[0].plan.changed
    account.policies["f"] = [*OTHER_STATEMENTS, URL_STATEMENT]
    outcome, _ = run(account, {"function": "f", "auth": "none"})
    assert set(outcome.plan.update[0].differences) == {"public"}
    assert not account.made("UpdateFunctionUrlConfig")
    assert "kumawatch-function-url-invoke" in account.sids("f")
    assert "kumawatch-function-url" not in account.sids("f")


def test_a_statement_of_our_id_that_says_something_else_gives_way() -> None:
    account = Functions("f")
    account.policies["f"] = [{**URL_STATEMENT, "Sid": BOTH[0], "Principal": "123456789012"}]
    outcome, _ = run(account, {"function": "f", "auth": "none"})
    assert not outcome.failures
    assert account.sids("f") == BOTH


def test_a_url_that_is_no_longer_public_loses_its_permissions_and_no_others() -> None:
    account = Functions("f")
    account.configs["f"] = {"AuthType": "NONE", "InvokeMode": "BUFFERED"}
    account.policies["f"] = [*OTHER_STATEMENTS, URL_STATEMENT, INVOKE_STATEMENT]
    outcome, _ = run(account, {"function": "f", "auth": "iam"})
    assert not outcome.failures
    assert account.configs["f"]["AuthType"] == "AWS_IAM"
    assert account.sids("f") == sorted(statement["Sid"] for statement in OTHER_STATEMENTS)


def test_half_a_permission_is_neither() -> None:
    policy = json.dumps({"Statement": URL_STATEMENT})
    actual = model.actual(("f", ""), {"FunctionUrl": "https://f/", "AuthType": "AWS_IAM"}, policy)
    assert actual.properties["public"] is None
    assert not model.equal("public", None, False)
    assert not model.equal("public", None, True)


def test_deleting_takes_the_permissions_first() -> None:
    account = Functions("f")
    run(account, {"function": "f", "auth": "none"})
    outcome, kind = run(account, {"function": "f", "state": "absent"})
    assert not outcome.failures
    assert account.sids("f") == []
    operations = [operation for operation, _ in account.calls]
    assert operations.index("RemovePermission") < operations.index("DeleteFunctionUrlConfig")
    assert kind.urls == {}
    assert not run(account, {"function": "f", "state": "absent"}, {"function": "g", "state": "absent"})[0].plan.changed


def test_an_alias_has_a_url_of_its_own() -> None:
    account = Functions("f", "f:live")
    _, kind = run(account, {"function": "f", "auth": "iam"}, {"function": "f", "alias": "live", "auth": "none"})
    assert kind.urls == {"f": "https://f.example/", "f:live": "https://f:live.example/"}
    assert account.sids("f") == []
    assert account.sids("f:live") == BOTH


def test_what_of_cors_is_not_declared_stays() -> None:
    account = Functions("f")
    account.configs["f"] = {
        "AuthType": "AWS_IAM",
        "Cors": {"AllowOrigins": ["*"], "AllowMethods": ["GET"], "MaxAge": 5},
    }
    entry = {"function": "f", "cors": {"allow_methods": ["get"], "max_age": 0}}
    outcome, _ = run(account, entry)
    assert set(outcome.plan.update[0].differences) == {"cors.max_age"}
    assert account.configs["f"]["Cors"] == {"AllowOrigins": ["*"], "AllowMethods": ["GET"]}


def test_a_function_that_is_missing_is_planned_and_then_refused_by_name() -> None:
    entries = ({"function": "f", "auth": "none"}, {"function": "fehlt", "auth": "iam"})
    planned, kind = run(Functions("f"), *entries, check=True)
    assert [change.label for change in planned.plan.create] == ["f", "fehlt"]
    assert kind.urls == {}
    outcome, kind = run(Functions("f"), *entries)
    assert outcome.failures == [
        {"name": "fehlt", "error": "the function does not exist: create it first, or correct the name."}
    ]
    assert list(kind.urls) == ["f"]


def test_a_second_attempt_finds_what_the_first_has_made() -> None:
    account = Functions("f")
    create = account.answers["CreateFunctionUrlConfig"]

    def made_but_lost(**sent: Any) -> dict[str, Any]:
        create(**sent)
        account.answers["CreateFunctionUrlConfig"] = create
        raise lost()

    def lost() -> Exception:
        from ansible_collections.kumawatch.monitoring.plugins.module_utils._aws.errors import ApiError, Fate

        return ApiError("no answer", "ReadTimeoutError", Fate.LOST)

    account.answers["CreateFunctionUrlConfig"] = made_but_lost
    outcome, kind = run(account, {"function": "f", "auth": "none"})
    assert not outcome.failures
    assert account.sids("f") == BOTH
    assert list(kind.urls) == ["f"]


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ({"function": "arn:aws:lambda:x"}, "function must be the name of a function"),
        ({"function": "f", "alias": "3"}, "a version cannot have a URL"),
        ({"function": "f", "cors": {"max_age": 90000}}, "cors.max_age must be from 0 to 86400 seconds, not 90000"),
        ({"function": "f", "cors": {"allow_methods": ["OPTIONS"]}}, "cors.allow_methods has 'OPTIONS'"),
        ({"function": "f", "cors": {"allow_origins": ["example.com"]}}, "begin it with https:// or http://"),
        ({"function": "f", "ignore": ["corse"]}, "ignore names 'corse', which is no option of a function URL"),
    ],
)
def test_what_cannot_be_right_is_named(entry: dict[str, Any], said: str) -> None:
    with pytest.raises(KumawatchError) as caught:
        run(Functions("f"), entry)
    assert said in str(caught.value)


def test_a_new_url_says_who_may_call_it() -> None:
    with pytest.raises(KumawatchError, match=r"function 'f' has no URL yet: say who may call it: auth: none or iam\."):
        run(Functions("f"), {"function": "f"})


def test_what_botocore_is_too_old_for_is_refused() -> None:
    old = Account(unknown=("AddPermission.InvokedViaFunctionUrl",))
    with pytest.raises(KumawatchError, match=r"function 'f': auth none needs botocore 1\.40\.50"):
        model.desired([{"function": "f", "auth": "none"}], old)
    assert model.desired([{"function": "f", "auth": "iam"}], old)


@pytest.mark.parametrize("policy", [None, "", "no json", "[]", "{}"])
def test_a_policy_that_cannot_be_read_permits_nothing(policy: str | None) -> None:
    assert model.public_statements(policy) == ((), ())
