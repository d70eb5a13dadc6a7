# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the CloudWatch agent does on a host and on a fleet, and that alarms and dashboards look for just that."""

from __future__ import annotations

import json
import re
from typing import Any

import boto3
import pytest
from botocore.validate import ParamValidator

from ansible_collections.kumawatch.monitoring.plugins.module_utils._catalog import agent, agent_config, alarms
from ansible_collections.kumawatch.monitoring.plugins.module_utils._catalog.dashboards import dashboards
from ansible_collections.kumawatch.monitoring.plugins.module_utils._catalog.series import Omissions
from ansible_collections.kumawatch.monitoring.plugins.module_utils._errors import InputError

from .log_catalogue import Entry, catalogue

SERVICES = """
- {name: api, hosts: api_hosts, mounts: [/, /data], logs: {sources: [{file: /var/log/api.log}, {docker: api}]}}
- {name: batch, hosts: api_hosts, mounts: [/, /scratch]}
- {name: quiet, hosts: quiet-1, agent: absent}
- {name: gone, hosts: api_hosts, state: absent, mounts: [/old]}
- {name: shop, instance_tags: {service: shop}, fleet: true, logs: {sources: [{file: /var/log/shop.log}]}}
"""
NAMED = {"region": "eu-central-1", "devices": ["nvme0n1"], "interfaces": ["ens5"]}


def made(settings: Entry | None = None, groups: list[str] | None = None, host: str = "api-1") -> Entry:
    given = {**NAMED, **(settings or {})}
    return agent_config.configuration(catalogue(SERVICES), host, ["api_hosts"] if groups is None else groups, given)


def sent(document: Entry) -> set[tuple[str, frozenset[str]]]:
    """What an agent with this configuration sends: the names of metrics with the names of their dimensions.

    By the agent's own rules: what is appended, what each plugin adds, what is rolled up and dropped.
    """
    adds = {"disk": {"path", "device", "fstype"}, "diskio": {"name"}, "net": {"interface"}}
    metrics = document["metrics"]
    instance = set(metrics.get("append_dimensions", {})) or {"host"}
    result = set()
    for plugin, section in metrics["metrics_collected"].items():
        for name in section["measurement"]:
            full = f"{plugin}_{name}"
            dimensions = instance | adds.get(plugin, set())
            if full not in section.get("drop_original_metrics", ()):
                result.add((full, frozenset(dimensions)))
            for rolled in metrics.get("aggregation_dimensions", ()):
                if set(rolled) < dimensions:
                    result.add((full, frozenset(rolled)))
    return result


def test_the_lean_choice_is_eleven_metrics_and_one_more_for_each_further_mount_and_kind() -> None:
    document = made()
    assert sent(document) == {(name, frozenset({"InstanceId", *extra})) for name, extra in agent.METRICS.items()}, (
        "all that is told of, with the dimensions that are told of, and nothing else"
    )
    assert document["metrics"]["metrics_collected"] == {
        "mem": {"measurement": ["used_percent"]},
        "swap": {"measurement": ["used_percent"]},
        "netstat": {"measurement": ["tcp_established"]},
        "disk": {
            "measurement": ["used_percent", "inodes_free"],
            "resources": ["/", "/data", "/scratch"],
            "drop_original_metrics": ["disk_used_percent", "disk_inodes_free"],
        },
        "diskio": {"measurement": ["reads", "writes", "read_time", "write_time"], "resources": ["nvme0n1"]},
        "net": {"measurement": ["bytes_sent", "bytes_recv"], "resources": ["ens5"]},
    }
    assert document["agent"] == {"metrics_collection_interval": 60, "region": "eu-central-1"}


def _watched(found: Entry) -> set[tuple[str, frozenset[str]]]:
    """What of the agent's the alarms and the dashboards look for, with its dimensions."""
    whole = catalogue(SERVICES)
    result = set()
    for entry in alarms.alarms(whole, found):
        if entry.get("namespace") == agent.NAMESPACE:
            result.add((entry["metric"], frozenset(entry["dimensions"])))
        for one in entry.get("metrics") or ():
            query = one.get("metric_stat") or {}
            if query.get("namespace") == agent.NAMESPACE:
                result.add((query["metric"], frozenset(query["dimensions"])))
            result |= _selected(one.get("expression") or "")
    for board in dashboards(whole, found):
        for widget in board.get("body", {}).get("widgets", ()):
            for line in widget["properties"].get("metrics", ()):
                texts = [part for part in line if isinstance(part, str)]
                if texts and texts[0] == agent.NAMESPACE:
                    result.add((texts[1], frozenset(texts[2::2])))
                for part in line:
                    if isinstance(part, dict):
                        result |= _selected(part.get("expression") or "")
    return result


def _selected(query: str) -> set[tuple[str, frozenset[str]]]:
    found = re.findall(r"MAX\((\w+)\) FROM SCHEMA\(CWAgent, ([^)]*)\)", query)
    return {(metric, frozenset(dimensions.split(", "))) for metric, dimensions in found}


@pytest.mark.parametrize("grouped", [False, True])
def test_what_alarms_and_dashboards_look_for_is_what_the_agent_sends(grouped: bool) -> None:
    instances = [
        {"id": "i-1", "name": "api-1", "state": "running", "nitro": True, "volumes": [],
         **({"autoscaling_group": "api"} if grouped else {})}
    ]  # fmt: skip
    found = {"services": {"api": {"instances": instances}}, "account": "123456789012", "region": "eu-central-1",
             "partition": "aws"}  # fmt: skip
    looked_for = _watched(found)
    assert {name for name, _dimensions in looked_for} == {agent.MEMORY, agent.DISK}
    assert looked_for <= sent(made({"grouped": grouped}))
    # Even where nobody chose it.
    assert looked_for <= sent(made({"grouped": grouped, "metrics": ["swap"]}))


def test_what_is_not_chosen_is_not_sent_unless_an_alarm_watches_it() -> None:
    declared = "[{name: api, hosts: api_hosts, alarms: {memory: false, disk: false}}]"
    document = agent_config.configuration(catalogue(declared), "h", ["api_hosts"], {"metrics": ["swap"]})
    assert document["metrics"]["metrics_collected"] == {"swap": {"measurement": ["used_percent"]}}
    assert "aggregation_dimensions" not in document["metrics"], "there is nothing to roll up"


def test_devices_and_interfaces_that_nobody_names_are_left_out() -> None:
    collected = made({"devices": [], "interfaces": []})["metrics"]["metrics_collected"]
    assert not {"diskio", "net"} & set(collected), "the agent would take all of them"


def test_devices_are_those_of_the_mounts_that_are_watched() -> None:
    mounted = {"/": "nvme0n1p1", "/data": "nvme1n1", "/scratch": "nvme1n1", "/boot": "nvme0n1p2"}
    document = made({"devices": [], "mounted": mounted})
    assert document["metrics"]["metrics_collected"]["diskio"]["resources"] == ["nvme0n1p1", "nvme1n1"]


def test_a_host_that_is_no_instance_says_its_name() -> None:
    document = made({"mode": "onPremise", "grouped": True})
    assert sent(document) == {(name, frozenset({"host", *extra})) for name, extra in agent.METRICS.items()}
    text = json.dumps(document)
    assert "{local_hostname}" in text
    assert "instance_id" not in text, "it would be i-UNKNOWN on all of them"
    assert "aws:" not in text, "there is no metadata to take it from"


def test_logs_are_those_of_the_hosts_services() -> None:
    files = made()["logs"]["logs_collected"]["files"]["collect_list"]
    assert [item["log_group_name"] for item in files] == ["/production/api/app", "/production/api/container"]
    assert agent_config.reads_containers(made())
    assert not agent_config.reads_containers({"agent": {}})
    elsewhere = agent_config.configuration(catalogue(SERVICES), "x", [], {})
    assert "logs" not in elsewhere
    assert elsewhere["metrics"]["metrics_collected"]["disk"]["resources"] == ["/"]


@pytest.mark.parametrize(
    ("host", "groups", "names"),
    [
        ("api-1", ["api_hosts", "all"], ["api", "batch"]),
        ("api_hosts", [], ["api", "batch"]),
        ("api-1", ["all"], []),
        ("quiet-1", [], []),
    ],
)
def test_services_are_found_by_the_hosts_name_and_by_its_groups(host: str, groups: list[str], names: list[str]) -> None:
    found = agent_config.services_of(catalogue(SERVICES), host, groups)
    assert [service["name"] for service in found] == names


def test_a_service_of_all_hosts_is_that_of_each() -> None:
    assert agent_config.services_of(catalogue("[{name: api, hosts: all}]"), "any", ["ungrouped"])


def test_traces_are_taken_from_this_host_alone() -> None:
    document = made({"traces": ["otlp", "xray", "application_signals"]})
    assert document["traces"]["traces_collected"] == {
        "application_signals": {},
        "otlp": {"grpc_endpoint": "127.0.0.1:4317", "http_endpoint": "127.0.0.1:4318"},
        "xray": {"bind_address": "127.0.0.1:2000", "tcp_proxy": {"bind_address": "127.0.0.1:2000"}},
    }
    assert document["logs"]["metrics_collected"] == {"application_signals": {}}
    assert document["logs"]["logs_collected"], "the files are still there"
    assert "traces" not in made()


def test_what_else_is_wanted_is_laid_over_it() -> None:
    extra = {
        "agent": {"metrics_collection_interval": 30},
        "metrics": {"metrics_collected": {"statsd": {"service_address": ":8125"}}},
    }
    document = made({"extra": extra, "interval": 60, "run_as_user": "cwagent", "role_arn": "arn:aws:iam::1:role/agent"})
    assert document["agent"] == {
        "metrics_collection_interval": 30,
        "region": "eu-central-1",
        "run_as_user": "cwagent",
        "credentials": {"role_arn": "arn:aws:iam::1:role/agent"},
    }
    assert {"statsd", "mem"} <= set(document["metrics"]["metrics_collected"])


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"metrics": ["ram"]}, "metrics names 'ram', which is none of memory, swap, disk"),
        ({"traces": ["jaeger"]}, "traces names 'jaeger', which is none of otlp, xray, application_signals"),
        ({"interval": 0}, "agent.metrics_collection_interval must be from 1 to 172800, not 0."),
        ({"interval": 500_000}, "CloudWatch agent on 'api-1': agent.metrics_collection_interval must be from 1 to"),
        ({"extra": {"metrcs": {}}}, "metrcs is not a key that the agent knows; did you mean 'metrics'?"),
    ],
)
def test_mistakes_are_sentences(settings: Entry, sentence: str) -> None:
    with pytest.raises(InputError) as raised:
        made(settings)
    assert sentence in str(raised.value)


def test_an_expression_that_the_agent_cannot_read_is_told_with_its_place() -> None:
    declared = "[{name: api, hosts: h, logs: {sources: [{file: /a, multi_line_start: '^(?!  )'}]}}]"
    with pytest.raises(InputError, match=r"on 'h': .*collect_list\[0\].multi_line_start_pattern .* looks ahead"):
        agent_config.configuration(catalogue(declared), "h", [], {})


def test_the_same_is_always_the_same_text() -> None:
    text = agent_config.serialised(made())
    assert text == agent_config.serialised(json.loads(text))
    assert text.endswith("}\n")


# -- fleets -----------------------------------------------------------------------------------------------------------


def test_fleets_are_services_with_tags() -> None:
    (shop,) = agent_config.fleets(catalogue(SERVICES), {"region": "eu-central-1"})
    assert (shop["service"], shop["instance_tags"]) == ("shop", {"service": "shop"})
    assert re.fullmatch(r"AmazonCloudWatch-kumawatch-production-shop-[0-9a-f]{12}", shop["parameter"])
    assert shop["configuration"]["metrics"]["append_dimensions"] == {"InstanceId": "${aws:InstanceId}"}
    (other,) = agent_config.fleets(catalogue(SERVICES), {"region": "eu-central-1", "interval": 30})
    assert other["parameter"] != shop["parameter"], "a new configuration is a new name, which State Manager applies"


@pytest.mark.parametrize(
    ("groups", "grouped", "told"),
    [(["g", "g"], True, False), ([None, None], False, False), (["g", None], False, True), ([], False, False)],
)
def test_members_of_an_auto_scaling_group_say_so(groups: list[str | None], grouped: bool, told: bool) -> None:
    found = {"services": {"shop": {"instances": [{"id": "i", "autoscaling_group": group} for group in groups]}}}
    omissions = Omissions()
    (shop,) = agent_config.fleets(catalogue(SERVICES), {}, found, omissions)
    assert ("AutoScalingGroupName" in shop["configuration"]["metrics"]["append_dimensions"]) is grouped
    assert bool(omissions.sentences) is told


def test_the_template_is_what_systems_manager_takes() -> None:
    template = agent_config.stack(agent_config.fleets(catalogue(SERVICES)), "rate(1 day)", "1.300")
    assert template == agent_config.stack(agent_config.fleets(catalogue(SERVICES)), "rate(1 day)", "1.300")
    by_type: dict[str, list[Entry]] = {}
    for resource in template["Resources"].values():
        by_type.setdefault(resource["Type"], []).append(resource["Properties"])
    (parameter,) = by_type["AWS::SSM::Parameter"]
    install, configure = by_type["AWS::SSM::Association"]
    assert json.loads(parameter["Value"])["agent"]
    assert "{{" not in parameter["Value"], "it would be a reference to another parameter"
    assert install["Parameters"] == {"action": ["Install"], "name": ["AmazonCloudWatchAgent"], "version": ["1.300"]}
    (reference,) = configure["Parameters"]["optionalConfigurationLocation"]
    configure["Parameters"]["optionalConfigurationLocation"] = [
        template["Resources"][reference["Ref"]]["Properties"]["Name"]
    ]
    model = boto3.client("ssm", region_name="eu-central-1").meta.service_model
    for properties, operation in (
        (parameter, "PutParameter"), (install, "CreateAssociation"), (configure, "CreateAssociation")
    ):  # fmt: skip
        report = ParamValidator().validate(properties, model.operation_model(operation).input_shape)
        assert not report.has_errors(), report.generate_report()
        name = properties.get("AssociationName")
        assert name is None or re.fullmatch(r"[a-zA-Z0-9_\-.]{3,128}", name)
        assert properties.get("Targets", [{"Key": "tag:service", "Values": ["shop"]}]) == [
            {"Key": "tag:service", "Values": ["shop"]}
        ]


def test_a_configuration_that_is_too_large_for_a_parameter_is_told() -> None:
    sources = ", ".join(f"{{file: /var/log/{number}/application.log, name: s{number}}}" for number in range(60))
    declared = f"[{{name: shop, instance_tags: {{a: b}}, logs: {{sources: [{sources}]}}}}]"
    with pytest.raises(InputError, match=r"service 'shop': its configuration has .* bytes, and a parameter takes 8192"):
        agent_config.stack(agent_config.fleets(catalogue(declared)))
    few = agent_config.stack(agent_config.fleets(catalogue(declared.replace(", {file: /var/log/19/", "]}}]#"))))
    (parameter,) = [item for item in few["Resources"].values() if item["Type"] == "AWS::SSM::Parameter"]
    assert parameter["Properties"]["Tier"] == "Advanced"


def test_names_fit_however_long_they_are() -> None:
    name = agent_config.parameter_name("production", "ä" * 300, {"any": Any.__name__})
    assert re.fullmatch(r"[A-Za-z0-9_.-]{1,120}", name)
