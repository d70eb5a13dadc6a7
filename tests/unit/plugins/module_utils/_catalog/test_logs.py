# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Log groups, metric filters, deliveries, exports and what hosts ship, as a catalogue declares them."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from ansible_collections.kumawatch.monitoring.plugins.module_utils._aws import (
    log_deliveries_model,
    log_filters_model,
    log_groups_model,
)
from ansible_collections.kumawatch.monitoring.plugins.module_utils._aws.log_pattern import parse
from ansible_collections.kumawatch.monitoring.plugins.module_utils._catalog import logs
from ansible_collections.kumawatch.monitoring.plugins.module_utils._errors import InputError

from .log_catalogue import AURORA, BALANCER, POSTGRES, Entry, Newest, catalogue, discovery, many, taken

SHARED = "/production/load-balancer/prod"
OWN = "name: api, load_balancer: prod, database: prod-db"
FOUND = discovery(api={"load_balancer": BALANCER, "database": POSTGRES})


def groups(text: str = "", found: Entry | None = None) -> dict[str, Entry]:
    made = logs.groups(catalogue(text) if text else catalogue(), discovery() if found is None else found)
    taken("cloudwatch_log_groups", "log_groups", made)
    assert len(log_groups_model.desired(made, Newest())) == len(made)
    return {entry["name"]: entry for entry in made}


def filters(text: str = "", found: Entry | None = None) -> dict[tuple[str, str], Entry]:
    made = logs.metric_filters(catalogue(text) if text else catalogue(), discovery() if found is None else found)
    taken("cloudwatch_log_metric_filters", "metric_filters", made)
    desired = log_filters_model.desired(made, Newest())
    log_filters_model.check(desired, [], frozenset())
    result = {(entry["log_group"], entry["name"]): entry for entry in made}
    assert len(result) == len(made)
    for entry in made:  # The samples are what the pattern takes, whomever it was narrowed for.
        pattern = parse(entry["pattern"])
        for sample in entry.get("test", ()):
            match = pattern.match(sample["line"])
            assert (match is not None) == sample["match"], (entry["name"], sample["line"])
            if match is not None:
                assert {key: match.value(key) for key in sample.get("values", {})} == sample.get("values", {})
    return result


# -- log groups -------------------------------------------------------------------------------------------------------


def test_every_source_is_a_log_group() -> None:
    made = groups()
    assert list(made) == [
        "/production/api/app", "/production/api/batch", "/production/api/audit", SHARED, f"{SHARED}/connection",
        "/aws/rds/instance/prod-db/postgresql", "/production/shop/access", "/production/shop/container",
        "/production/shop/all", "/aws/rds/cluster/orders/slowquery",
    ]  # fmt: skip
    assert made["/production/api/app"] == {
        "name": "/production/api/app", "class": "standard", "retention_days": 30, "transformer": [],
        "anomaly_detector": {"state": "present", "evaluation_minutes": 5},
        "tags": {"environment": "production", "service": "api", "owner": "payments"},
    }  # fmt: skip
    audit = made["/production/api/audit"]
    assert (audit["class"], audit["retention_days"]) == ("infrequent_access", 3653)
    assert not {"transformer", "anomaly_detector"} & set(audit), "only the standard class has them"
    assert made["/production/shop/container"]["transformer"] == [{"parseJSON": {}}, {"parseJSON": {"source": "log"}}]
    assert made["/production/shop/all"]["transformer"] == [], "Docker's own driver wraps nothing"
    assert made["/production/shop/access"]["anomaly_detector"] == {"state": "absent"}


def test_a_group_that_services_share_is_there_once_and_kept_as_long_as_one_of_them_wants() -> None:
    shared = groups()[SHARED]
    assert shared["retention_days"] == 90
    assert shared["deletion_protection"] is True
    assert shared["tags"] == {"environment": "production"}, "it is no one's"
    cheap = "logs: {sources: [{load_balancer: true, class: infrequent_access}]}"
    both = f"[{{{OWN}, {cheap}}}, {{name: shop, load_balancer: prod, logs: {{sources: [{{load_balancer: true}}]}}}}]"
    found = discovery(api={"load_balancer": BALANCER}, shop={"load_balancer": BALANCER})
    assert groups(both, found)[SHARED]["class"] == "standard"
    assert groups(f"[{{{OWN}, {cheap}}}]", FOUND)[SHARED]["class"] == "infrequent_access"


def test_keys_that_contradict_each_other_are_refused() -> None:
    own = "{name: %s, load_balancer: prod, logs: {kms_key: 'arn:aws:kms:a:b:key/%s', sources: [{load_balancer: true}]}}"
    found = discovery(api={"load_balancer": BALANCER}, shop={"load_balancer": BALANCER})
    with pytest.raises(InputError) as error:
        groups(f"[{own % ('api', 1)}, {own % ('shop', 2)}]", found)
    assert str(error.value) == (
        f"services 'api' and 'shop' share the log group '{SHARED}' and declare different logs.kms_key: declare the "
        f"same for both."
    )
    same = groups(f"[{own % ('api', 1)}, {own % ('shop', 1)}]", found)
    assert same[SHARED]["kms_key_arn"] == "arn:aws:kms:a:b:key/1"


@pytest.mark.parametrize(
    ("service", "expected"),
    [
        ("Zahlungen ü", "/production/Zahlungen/app-"),
        ("a/b", "/production/a-b/app-"),
        ("注文", "/production/x/app-"),
        ("a b", "/production/a-b/app-"),
    ],
)
def test_names_have_what_log_groups_take(service: str, expected: str) -> None:
    text = (
        f"[{{name: '{service}', logs: {{sources: [{{file: /a}}]}}}}, {{name: a-b, logs: {{sources: [{{file: /a}}]}}}}]"
    )
    names = list(groups(text, discovery(api={})))
    assert len(names) == 2, "nobody has the other's"
    assert names[0].startswith(expected)


def test_a_service_that_goes_takes_its_own_logs_with_it_and_no_others() -> None:
    text = (
        f"[{{{OWN}, state: absent, logs: {{sources: [{{file: /a}}, {{load_balancer: true}}, {{database: true}}]}}}},"
        f" {{name: shop, state: paused, logs: {{sources: [{{file: /a}}]}}}}]"
    )
    made = groups(text, FOUND)
    assert made["/production/api/app"] == {"name": "/production/api/app", "state": "absent"}
    assert set(made) == {"/production/api/app", "/production/shop/app"}
    assert "state" not in made["/production/shop/app"]
    assert {group for group, _name in filters(text, FOUND)} == {"/production/shop/app"}


# -- metric filters ---------------------------------------------------------------------------------------------------


def test_every_format_counts_what_it_has() -> None:
    made = filters()
    names: dict[str, list[str]] = {}
    for group, name in made:
        names.setdefault(group, []).append(name.removeprefix("kumawatch-"))
    balancer = ["requests", "4xx", "5xx", "502_balancer", "502_application"]
    assert names == {
        "/production/api/app": ["api-errors", "api-declined", "api-upload"],
        "/production/api/batch": ["api-errors"],
        SHARED: [*(f"api-{name}" for name in balancer), *(f"shop-{name}" for name in balancer)],
        "/aws/rds/instance/prod-db/postgresql": ["api-errors", "api-query_time"],
        "/production/shop/access": [f"shop-{name}" for name in ("requests", "4xx", "5xx", "502")],
        "/production/shop/container": ["shop-errors"],
        "/production/shop/all": ["shop-errors"],
        "/aws/rds/cluster/orders/slowquery": ["shop-query_time", "shop-query_time-2"],
    }


def test_a_metric_bears_the_service_and_what_is_counted() -> None:
    made = filters()
    errors = made["/production/api/app", "kumawatch-api-errors"]
    assert (errors["metric_namespace"], errors["metric_name"], errors["metric_value"], errors["default_value"]) == (
        "Kumawatch/production", "api/errors", "1", "0",
    )  # fmt: skip
    assert made["/production/api/batch", "kumawatch-api-errors"]["metric_name"] == "api/errors", "they add up"
    assert made[SHARED, "kumawatch-shop-requests"]["metric_name"] == "shop/load-balancer/requests"
    assert made["/production/shop/access", "kumawatch-shop-requests"]["metric_name"] == "shop/requests", (
        "a request that passes through both is not two"
    )
    slow = [entry for (_group, name), entry in made.items() if name.startswith("kumawatch-shop-query_time")]
    assert {entry["metric_name"] for entry in slow} == {"shop/database/query_time"}
    assert {(entry["default_value"], entry["unit"]) for entry in slow} == {("", "Seconds")}
    assert made["/production/shop/container", "kumawatch-shop-errors"]["apply_on_transformed_logs"] is True
    assert made["/production/shop/all", "kumawatch-shop-errors"]["apply_on_transformed_logs"] is False


def test_each_pattern_of_a_format_is_tried_once_and_those_of_the_catalogue_wherever_they_are() -> None:
    made = filters()
    assert len(made[SHARED, "kumawatch-api-requests"]["test"]) > 10, "narrowed"
    assert len(made[SHARED, "kumawatch-shop-requests"]["test"]) > 10, "not narrowed"
    assert "test" not in made["/production/shop/all", "kumawatch-shop-errors"], "as /production/api/batch"
    assert made["/production/api/app", "kumawatch-api-declined"]["test"] == [
        {"line": '{"event": "declined"}', "match": True}, {"line": '{"event": "ok"}', "match": False},
    ]  # fmt: skip


def test_services_that_share_a_load_balancer_count_their_own_requests() -> None:
    made = filters()
    own = made[SHARED, "kumawatch-api-5xx"]["pattern"]
    assert BALANCER["target_groups"][0]["arn"] in own  # type: ignore[index]
    assert "targetgroup" not in made[SHARED, "kumawatch-shop-5xx"]["pattern"], "it names none, and so has all"


def test_dimensions_take_the_place_of_the_default_and_values_have_none() -> None:
    upload = filters()["/production/api/app", "kumawatch-api-upload"]
    assert (upload["dimensions"], upload["metric_value"], upload["unit"]) == (
        {"Country": "$.country"},
        "$.bytes",
        "Bytes",
    )
    assert "default_value" not in upload


def test_only_what_is_declared_is_counted() -> None:
    text = f"[{{{OWN}, logs: {{sources: [{{load_balancer: true, counts: [requests, latency]}}]}}}}]"
    assert [name for _group, name in filters(text, FOUND)] == ["kumawatch-api-requests", "kumawatch-api-latency"]
    none = f"[{{{OWN}, logs: {{sources: [{{load_balancer: true, counts: []}}]}}}}]"
    assert filters(none, FOUND) == {}


def test_names_that_run_together_are_told_apart() -> None:
    source = "logs: {sources: [{load_balancer: true}], patterns: [{name: %s, pattern: x}]}"
    text = f"[{{name: a, load_balancer: prod, {source % 'b-c'}}}, {{name: a-b, load_balancer: prod, {source % 'c'}}}]"
    found = discovery(a={"load_balancer": BALANCER}, **{"a-b": {"load_balancer": BALANCER}})
    assert sum(name.startswith("kumawatch-a-b-c") for _group, name in filters(text, found)) == 2


def test_a_log_group_that_is_full_leaves_out_what_does_not_fit_and_says_so() -> None:
    services = ", ".join(f"{{name: s{number}, load_balancer: prod, logs: {{sources: [{{load_balancer: true}}]}}}}"
                         for number in range(21))  # fmt: skip
    found = discovery(**{f"s{number}": {"load_balancer": BALANCER} for number in range(21)})
    assert len(filters(f"[{services}]", found)) == 100
    said = logs.omissions(catalogue(f"[{services}]"), found)
    assert said[0] == (
        f"service 's20': does not count 'requests' in the log group '{SHARED}', which has 100 metric filters, which is "
        f"what CloudWatch takes."
    )
    regexes = ", ".join(f"{{name: p{number}, pattern: '%a{number}%'}}" for number in range(6))
    text = f"[{{name: api, hosts: a, logs: {{sources: [{{file: /a}}], patterns: [{regexes}]}}}}]"
    assert len(filters(text)) == 1 + 5
    assert "has 5 metric filters with regular expressions" in logs.omissions(catalogue(text))[0]


def test_without_discovery_there_is_what_needs_none() -> None:
    assert {group for group, _name in filters("", {})} == {
        "/production/api/app", "/production/api/batch", "/production/shop/access", "/production/shop/container",
        "/production/shop/all",
    }  # fmt: skip
    assert groups("", {}) and logs.deliveries(catalogue()) == logs.exports(catalogue()) == []


def test_what_is_left_out_is_said() -> None:
    text = """
    - {name: api, load_balancer: prod, database: db, logs: {sources: [{load_balancer: true}, {database: true}]}}
    - {name: old, database: db, logs: {sources: [{database: true}]}}
    - {name: mix, database: db, logs: {sources: [{database: true, log_types: [error]}]}}
    - {name: nowhere, logs: {sources: [{file: /a, class: infrequent_access}]}}
    """
    found = discovery(
        old={"database": {**POSTGRES, "engine": "oracle-ee"}}, mix={"database": POSTGRES},
    )  # fmt: skip
    assert logs.omissions(catalogue(text), found) == [
        "service 'api': has no logs of its load balancer, since it was not found.",
        "service 'api': has no logs of its database, since it was not found.",
        "service 'old': has no logs of its database, since those of the engine 'oracle-ee' are not known.",
        "service 'mix': has no log 'error' of its database: the engine postgres has postgresql.",
        "service 'nowhere': has no metrics of the log group '/production/nowhere/app', since its class is "
        "infrequent_access.",
        "service 'nowhere': has logs of files or containers, and neither hosts nor instance_tags say where they are.",
    ]


# -- deliveries and exports -------------------------------------------------------------------------------------------


def test_a_load_balancer_delivers_each_log_once_whoever_shares_it() -> None:
    made = logs.deliveries(catalogue(), discovery(), "example-logs", "/alb/")
    taken("cloudwatch_log_deliveries", "deliveries", made)
    assert len({item.key for item in log_deliveries_model.desired(made, Newest())}) == 10
    assert [(entry["name"], entry["log_type"]) for entry in made] == [
        ("kumawatch-production-prod-access", "ALB_ACCESS_LOGS"),
        ("kumawatch-production-prod-connection", "ALB_CONNECTION_LOGS"),
    ]
    assert made[0] == {
        "name": "kumawatch-production-prod-access",
        "source_arn": BALANCER["arn"],
        "log_type": "ALB_ACCESS_LOGS",
        "destinations": [
            {
                "type": "logs",
                "arn": f"arn:aws:logs:eu-central-1:123456789012:log-group:{SHARED}",
                "output_format": "json",
            },
            {"type": "s3", "arn": "arn:aws:s3:::example-logs/alb", "output_format": "json"},
        ],
        "tags": {"environment": "production"},
    }
    assert [len(entry["destinations"]) for entry in logs.deliveries(catalogue(), discovery())] == [1, 1]


def test_a_load_balancer_writes_to_the_bucket_itself_once_whoever_shares_it() -> None:
    made = logs.attributes(catalogue(), discovery(), "example-logs", "/alb/")
    taken("elb_access_logs", "load_balancers", made)
    log = {"enabled": True, "bucket": "example-logs", "prefix": "alb"}
    assert made == [{"load_balancer": BALANCER["arn"], "access_logs": log, "connection_logs": log}]
    (off,) = logs.attributes(catalogue(), discovery(), "example-logs", enabled=False)
    assert off["access_logs"] == {"enabled": False, "bucket": "example-logs", "prefix": ""}
    assert logs.attributes(catalogue(), discovery()) == logs.attributes(catalogue(), {}, "example-logs") == []


def test_the_format_of_a_load_balancers_log_is_written_as_it_is_read() -> None:
    text = "[{name: %s, load_balancer: prod, logs: {sources: [{load_balancer: true, format: %s}]}}]"
    found = discovery(api={"load_balancer": BALANCER}, shop={"load_balancer": BALANCER})
    assert logs.deliveries(catalogue(text % ("api", "alb")), found)[0]["destinations"][0]["output_format"] == "plain"
    both = text % ("api", "alb") + "\n" + text % ("shop", "alb-json")
    with pytest.raises(InputError) as error:
        logs.deliveries(catalogue(both.replace("]\n[", ", ")), found)
    assert str(error.value) == (
        "services 'api' and 'shop' share the load balancer 'prod' and declare its log in the formats alb and alb-json: "
        "declare the same for both."
    )


@pytest.mark.parametrize("missing", ["account", "region"])
def test_without_account_or_region_there_is_no_address(missing: str) -> None:
    with pytest.raises(InputError, match=f"discovery has no {missing}"):
        logs.deliveries(catalogue(), {**discovery(), missing: ""})


def test_other_partitions_have_other_arns_and_long_names_are_cut() -> None:
    found = discovery(api={"load_balancer": {**BALANCER, "name": "b" * 32}})
    text = f"[{{{OWN}, logs: {{sources: [{{load_balancer: true}}]}}}}]"
    made = logs.deliveries(
        catalogue(text, monitoring_environment="ein sehr langer Name"), {**found, "partition": "aws-cn"}, "b"
    )
    assert len(made[0]["name"]) <= 60 and log_deliveries_model.desired(made, Newest())
    assert all(item["arn"].startswith("arn:aws-cn:") for item in made[0]["destinations"])


def test_databases_export_what_their_engine_has() -> None:
    assert logs.exports(catalogue(), discovery()) == [
        {"id": "prod-db", "kind": "instance", "engine": "postgres", "log_types": ["postgresql"]},
        {"id": "orders", "kind": "cluster", "engine": "aurora-mysql", "log_types": ["slowquery"]},
    ]
    text = f"[{{{OWN}, logs: {{sources: [{{database: true, log_types: [error]}}, {{database: true, name: b}}]}}}}]"
    found = discovery(api={"load_balancer": BALANCER, "database": AURORA})
    assert logs.exports(catalogue(text), found)[0]["log_types"] == ["error", "slowquery"], "each once"


# -- what hosts ship --------------------------------------------------------------------------------------------------


def test_the_agent_ships_files_and_containers() -> None:
    api, shop = logs.agent_files(catalogue())
    assert (api["service"], api["hosts"], shop["hosts"], shop["instance_tags"]) == (
        "api", "api_hosts", None, {"service": "shop"},
    )  # fmt: skip
    app, batch, audit = api["files"]
    assert app == {
        "file_path": "/var/log/api/app.log", "log_group_name": "/production/api/app",
        "log_stream_name": "{instance_id}/var-log-api-app.log", "log_group_class": "STANDARD", "retention_in_days": -1,
    }  # fmt: skip
    assert (batch["publish_multi_logs"], batch["multi_line_start_pattern"], batch["timestamp_format"]) == (
        True, "^BEGIN", "%H:%M:%S",
    )  # fmt: skip
    assert (audit["log_group_class"], audit["multi_line_start_pattern"][:3]) == ("INFREQUENT_ACCESS", r"^\[")
    _access, container = shop["files"]
    assert container["publish_multi_logs"] is True, "or the agent follows one container only"
    assert container["filters"] == [{"type": "include", "expression": '"tag":"shop"'}]
    assert {item["log_group_name"] for item in shop["files"]} == {
        "/production/shop/access",
        "/production/shop/container",
    }


@pytest.mark.parametrize("change", [{"state": "paused"}, {"state": "absent"}, {"agent": "absent"}, {"hosts": None}])
def test_nothing_is_shipped_where_nothing_could(change: Entry) -> None:
    declared: dict[str, Any] = {"name": "api", "hosts": "a", "logs": {"sources": [{"file": "/a"}]}, **change}
    assert logs.agent_files(catalogue(json.dumps([declared]))) == []
    assert (
        len(
            logs.agent_files(
                catalogue(json.dumps([{**declared, "hosts": "a", "state": "present", "agent": "optional"}]))
            )
        )
        == 1
    )


def test_what_goes_where_is_agreed() -> None:
    """The agent ships to groups that are made, and filters look into groups that are made."""
    made = set(groups())
    assert {item["log_group_name"] for one in logs.agent_files(catalogue()) for item in one["files"]} <= made
    assert {group for group, _name in filters()} <= made
    for entry in logs.deliveries(catalogue(), discovery()):
        assert entry["destinations"][0]["arn"].partition(":log-group:")[2] in made


def test_a_thousand_services_take_no_time() -> None:
    whole = many(1000)
    begin = time.process_time()
    made = logs.metric_filters(**whole)
    assert len(logs.groups(**whole)) == 2200
    assert time.process_time() - begin < 5
    assert len(made) > 4000
    assert sum(len(entry.get("test", ())) for entry in made) < 200, "samples are not repeated a thousand times"
