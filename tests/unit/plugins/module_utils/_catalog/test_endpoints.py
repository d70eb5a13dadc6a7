# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Health services of hosts: what the catalogue may declare, every mistake in its words, and what each host is given."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.kumawatch.monitoring.plugins.module_utils._catalog.catalogue import CatalogueError, resolve
from ansible_collections.kumawatch.monitoring.plugins.module_utils._catalog.endpoints import (
    COMMON,
    TYPES,
    endpoints,
    group_name,
)
from ansible_collections.kumawatch.monitoring.plugins.module_utils._errors import InputError

ROOT = Path(__file__).parents[5]
SPEC = ROOT / "roles" / "catalogue" / "meta" / "argument_specs.yml"
OPTIONS = yaml.safe_load(SPEC.read_text())["argument_specs"]["main"]["options"]
GROUPS = {"all": ["a1", "a2", "b1", "localhost"], "two": ["a1", "a2"], "one": ["b1"], "none": [], "here": ["localhost"]}


def catalogue(*services: dict[str, Any], groups: dict[str, list[str]] | None = GROUPS) -> dict[str, Any]:
    return resolve({"monitoring_environment": "test", "monitoring_services": list(services)}, OPTIONS, groups)


def service(name: str = "shop", hosts: str | None = "one", /, **endpoint: Any) -> dict[str, Any]:
    return {"name": name, **({"hosts": hosts} if hosts else {}), "health": {"endpoint": endpoint}}


def monitors(*services: dict[str, Any]) -> dict[str, dict[str, Any]]:
    found = catalogue(*services)["services"]
    return {check["name"]: check["options"] for service in found for check in service["checks"]}


def hosts(*services: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return endpoints(catalogue(*services), GROUPS)


def checks(*services: dict[str, Any], host: str = "b1") -> list[dict[str, Any]]:
    result: list[dict[str, Any]] = hosts(*services)[host]["health_endpoint_checks"]
    return result


# -- the health service itself knows the same checks


@pytest.fixture(name="package")
def package_fixture(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(ROOT / "roles" / "health_endpoint" / "files" / "kumawatch_health" / "src"))
    from kumawatch_health import config

    yield config
    for name in [name for name in sys.modules if name.split(".")[0] == "kumawatch_health"]:
        del sys.modules[name]


def test_the_catalogue_takes_what_the_health_service_takes(package: Any) -> None:
    assert set(COMMON) == set(package.COMMON)
    assert {kind: set(needed) for kind, (needed, _taken) in TYPES.items()} == {
        kind: {key for key, option in options.items() if option.required} for kind, options in package.KINDS.items()
    }
    assert {kind: {*needed, *taken} for kind, (needed, taken) in TYPES.items()} == {
        kind: set(options) for kind, options in package.KINDS.items()
    }
    declared = OPTIONS["monitoring_services"]["options"]["health"]["options"]["endpoint"]["options"]["checks"][
        "options"
    ]
    assert set(declared) == {*COMMON, *(key for needed, taken in TYPES.values() for key in (*needed, *taken))}
    assert declared["type"]["choices"] == list(TYPES)
    words = {str: "str", int: "int", bool: "bool", list: "list", dict: "dict", (int, float): "float"}
    for key, option in [*package.COMMON.items(), *(pair for kind in package.KINDS.values() for pair in kind.items())]:
        assert declared[key]["type"] == words[option.kind], key


def test_the_health_service_takes_what_a_host_is_given(package: Any) -> None:
    entries = {
        "postgresql": {"dsn": "postgresql://u:${P}@db/x", "query": "SELECT 2", "value": {"warn": 1, "fail": 2.5}},
        "mysql": {"dsn": "mysql://u:${P}@db/x"},
        "redis": {"url": "redis://c/0", "replica_lag": {"warn": 30}},
        "rabbitmq": {"url": "amqp://mq/", "queue": "q", "messages": {"fail": 5}},
        "http": {"url": "http://x/", "status_codes": ["200-299", 401], "headers": {"Authorization": "Bearer ${P}"}},
        "tcp": {"host": "m", "port": 25},
        "tls": {"host": "m", "days": {"warn": 21, "fail": 7}},
        "dns": {"hostname": "x", "expected": ["192.0.2.1"]},
        "disk": {"path": "/srv"},
        "process": {"process": "x", "count": {"fail": 1, "below": True}},
        "docker": {"container": "x"},
        "command": {"command": ["/bin/x", "--hours", "26"], "warn_codes": [1]},
    }
    assert set(entries) == set(TYPES)
    declared = [
        {"name": kind, "type": kind, "timeout": 1, "latency": {"warn": 0.5}, "critical": False, **entry}
        for kind, entry in entries.items()
    ]
    given = hosts(service("my shop", checks=declared), {**service("other"), "depends_on": ["site", "port", "name"]},
                  {"name": "site", "health": {"url": "https://x/", "ignore_tls": True}},
                  {"name": "port", "health": {"url": "tcp://x:5"}},
                  {"name": "name", "health": {"dns": {"name": "x"}}})["b1"]  # fmt: skip
    text = yaml.safe_dump({
        "service": given["health_endpoint_service"],
        "listen": {"host": given["health_endpoint_host"], "port": given["health_endpoint_port"]},
        "deadline": given["health_endpoint_deadline"],
        "checks": given["health_endpoint_checks"],
    })  # fmt: skip
    parsed = package.parse(text, {"P": "secret"})
    assert parsed.groups == {"my-shop", "other"}
    assert len(parsed.checks) == len(TYPES) + 3


# -- monitors


def test_a_service_on_one_host_has_a_monitor_of_its_name() -> None:
    options = monitors(service())["shop"]
    assert (options["type"], options["url"]) == ("http", "http://b1:8085/health/shop")
    options = monitors(
        {**service(port=81), "hosts": "a1", "health": {"endpoint": {}, "interval": 30, "keyword": "pass"}}
    )
    assert options["shop"]["url"] == "http://a1:8085/health/shop"
    assert (options["shop"]["type"], options["shop"]["interval"]) == ("keyword", 30)


def test_a_service_on_several_hosts_has_a_monitor_for_each() -> None:
    found = monitors(service("my shop", "two", port=81, address="{host}.example.com"))
    assert {name: options["url"] for name, options in found.items()} == {
        "my shop a1": "http://a1.example.com:81/health/my-shop",
        "my shop a2": "http://a2.example.com:81/health/my-shop",
    }
    assert monitors(service("shop", "none")) == {}


def test_an_address_of_ipv6_is_written_in_brackets() -> None:
    assert monitors(service(address="2001:db8::1"))["shop"]["url"] == "http://[2001:db8::1]:8085/health/shop"


def test_what_health_says_itself_is_asked_instead() -> None:
    own = {**service("shop", "two"), "health": {"endpoint": {}, "url": "https://shop.example.com/health"}}
    assert {name: options["url"] for name, options in monitors(own).items()} == {
        "shop": "https://shop.example.com/health"
    }
    assert set(hosts(own)) == {"a1", "a2"}
    own["health"] = {"endpoint": {}, "monitor": {"type": "push"}}
    assert monitors(own)["shop"]["type"] == "push"


# -- hosts


def test_each_host_is_given_what_its_services_declare() -> None:
    database = {"name": "database", "type": "tcp", "host": "db", "port": 5432}
    shop = {**service("shop", "two", checks=[database], deadline=2), "description": "The shop"}
    assert hosts(shop) == {
        host: {
            "health_endpoint_state": "present",
            "health_endpoint_service": "shop",
            "health_endpoint_description": "The shop",
            "health_endpoint_host": "::",
            "health_endpoint_port": 8085,
            "health_endpoint_deadline": 2,
            "health_endpoint_checks": [{**database, "name": "shop.database", "groups": ["shop"]}],
        }
        for host in ("a1", "a2")
    }


def test_services_on_one_host_share_a_health_service_by_groups() -> None:
    check = {"name": "disk", "type": "disk", "groups": ["disks"]}
    given = hosts(service("shop", "two", checks=[check]), service("admin", "a1", checks=[check]))
    assert [(one["name"], one["groups"]) for one in given["a1"]["health_endpoint_checks"]] == [
        ("shop.disk", ["shop", "disks"]),
        ("admin.disk", ["admin", "disks"]),
    ]
    assert (given["a1"]["health_endpoint_service"], given["a2"]["health_endpoint_service"]) == ("a1", "shop")


def test_this_machine_and_services_without_an_endpoint_are_left_alone() -> None:
    assert hosts(service("shop", "here"), {"name": "x", "hosts": "one", "health": {"url": "https://x/"}}) == {}


def test_a_host_whose_services_are_all_gone_loses_its_health_service() -> None:
    gone = {**service("shop", "two"), "state": "absent"}
    given = hosts(gone, service("admin", "a1"))
    assert (given["a1"]["health_endpoint_state"], given["a2"]["health_endpoint_state"]) == ("present", "absent")
    assert given["a1"]["health_endpoint_service"] == "admin"


@pytest.mark.parametrize(
    ("health", "expected"),
    [
        ({"url": "https://x/h"}, {"type": "http", "url": "https://x/h", "status_codes": ["200"]}),
        ({"url": "https://x/h", "accepted_status_codes": ["401"]}, {"type": "http", "status_codes": ["401"]}),
        ({"url": "https://x/h", "ignore_tls": True}, {"type": "http", "verify": False}),
        ({"url": "https://x/h", "keyword": "open"}, {"type": "http", "keyword": "open"}),
        ({"url": "https://x/h", "json": {"path": "$.s", "expected": 1}}, {"type": "http", "url": "https://x/h"}),
        ({"url": "tcp://x:5"}, {"type": "tcp", "host": "x", "port": 5}),
        ({"dns": {"name": "x", "resolver": "9.9.9.9"}}, {"type": "dns", "hostname": "x", "resolver": "9.9.9.9"}),
        ({"url": "https://x/h", "method": "DELETE"}, None),
        ({"url": "https://x/h", "monitor": {"body": "x"}}, None),
        ({"ping": "x"}, None),
        (None, None),
    ],
)
def test_what_a_service_depends_on_is_checked_too(
    health: dict[str, Any] | None, expected: dict[str, Any] | None
) -> None:
    other = {"name": "other one", **({"health": health} if health else {})}
    found = checks({**service(), "depends_on": ["other one"]}, other)
    if expected is None:
        assert found == []
        return
    assert [(one["name"], one["critical"], one["groups"]) for one in found] == [
        ("depends-on.other-one", False, ["shop"])
    ]
    assert found[0] == {**found[0], **expected}
    assert checks({**service(dependencies=False), "depends_on": ["other one"]}, other) == []
    assert checks({**service(), "depends_on": ["other one"]}, {**other, "state": "paused"}) == []


def test_what_several_depend_on_is_checked_once_for_all() -> None:
    needs = {"depends_on": ["x"]}
    found = checks({**service("a"), **needs}, {**service("b"), **needs}, {"name": "x", "health": {"url": "https://x/"}})
    assert [(one["name"], one["groups"]) for one in found] == [("depends-on.x", ["a", "b"])]


@pytest.mark.parametrize(
    ("name", "group"),
    [("api", "api"), ("My shop!", "My-shop"), ("a/b", "a-b"), ("日本", "service"), ("v1.2_x", "v1.2_x")],
)
def test_a_group_is_called_after_its_service(name: str, group: str) -> None:
    assert group_name(name) == group


# -- mistakes

CHECK = "service 'shop': health.endpoint.checks[db]"


@pytest.mark.parametrize(
    ("check", "sentence"),
    [
        ({"type": "tcp", "host": "x"}, f"{CHECK} of type 'tcp' needs port."),
        ({"type": "process"}, f"{CHECK} of type 'process' needs process, pid_file or command_line."),
        ({"type": "disk", "url": "http://x/"},
         f"{CHECK}.url has no meaning for type 'disk', only for redis, rabbitmq and http."),
        ({"type": "postgres", "dsn": "postgresql://x/y"},
         f"{CHECK}.type must be postgresql, mysql, redis, rabbitmq, http, tcp, tls, dns, disk, process, docker or "
         f"command, not 'postgres' (did you mean 'postgresql'?)."),
        ({"type": "disk", "tiemout": 1}, f"{CHECK}.tiemout is not a known key; did you mean 'timeout'?"),
        ({"type": "disk", "timeout": "soon"}, f"{CHECK}.timeout must be a number, not 'soon'."),
        ({"type": "disk", "timeout": 0}, f"{CHECK}.timeout must be greater than 0, not 0."),
        ({"type": "tcp", "host": "x", "port": 70000}, f"{CHECK}.port must be between 1 and 65535, not 70000."),
        ({"type": "postgresql", "dsn": "postgresql://u:hunter2@x/y"},
         f"{CHECK}.dsn holds a secret, and the catalogue holds none: write ${{NAME}} there and give NAME its value in "
         f"health_endpoint_secrets, from Ansible Vault."),
        ({"type": "http", "url": "http://x/", "headers": {"X-Api-Key": "hunter2"}},
         f"{CHECK}.headers.X-Api-Key holds a secret, and the catalogue holds none: write ${{NAME}} there and give NAME "
         f"its value in health_endpoint_secrets, from Ansible Vault."),
    ],
)  # fmt: skip
def test_a_mistake_in_a_check_is_named(check: dict[str, Any], sentence: str) -> None:
    with pytest.raises(CatalogueError) as caught:
        catalogue(service(checks=[{"name": "db", **check}]))
    assert str(caught.value) == sentence


@pytest.mark.parametrize(
    ("declared", "sentence"),
    [
        (service("shop", None), "service 'shop': health.endpoint needs the service's 'hosts', on which it is to run."),
        (service(port=0), "service 'shop': health.endpoint.port must be between 1 and 65535, not 0."),
        (service(deadline=-1), "service 'shop': health.endpoint.deadline must be greater than 0, not -1."),
        (service(prot=1), "service 'shop': health.endpoint.prot is not a known key; did you mean 'port'?"),
        (service(checks=[{"name": "a b", "type": "disk"}]),
         "service 'shop': health.endpoint.checks[a b].name must consist of letters, digits, dots, hyphens and "
         "underscores, not 'a b'."),
        (service(checks=[{"name": "a", "type": "disk"}] * 2),
         "service 'shop': health.endpoint.checks[a]: the name is there twice; give each check a name of its own."),
        ({"name": "shop", "checks": [{"name": "x", "url": "https://x/", "endpoint": {}}]},
         "service 'shop': checks[x].endpoint is not a known key; known are "),
    ],
)  # fmt: skip
def test_a_mistake_in_an_endpoint_is_named(declared: dict[str, Any], sentence: str) -> None:
    with pytest.raises(CatalogueError) as caught:
        catalogue(declared)
    assert str(caught.value).startswith(sentence)
    assert "\n" not in str(caught.value)


def test_services_on_one_host_must_agree() -> None:
    with pytest.raises(InputError) as caught:
        hosts(service("shop", "two"), service("admin", "a2", port=81))
    assert str(caught.value) == (
        "service 'admin': health.endpoint.port is 81, and 8085 for service 'shop' on the same host 'a2'; declare the "
        "same, for they share one health service."
    )
    with pytest.raises(InputError) as caught:
        hosts(service("a b"), service("a-b"))
    assert str(caught.value) == (
        "service 'a-b': on host 'b1' it would be '/health/a-b', which is service 'a b'; rename one of them."
    )
