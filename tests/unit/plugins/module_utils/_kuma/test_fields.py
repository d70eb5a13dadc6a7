# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tables of what each Uptime Kuma version knows are consistent, and the functions over them right."""

from __future__ import annotations

import re

import pytest

from ansible_collections.kumawatch.monitoring.plugins.module_utils._kuma import fields
from ansible_collections.kumawatch.monitoring.plugins.module_utils._kuma.fields import (
    MONITOR_FIELDS,
    MONITOR_TYPES,
    REFERENCES,
    SETTINGS,
    UNSET,
    Field,
)

V123 = (1, 23, 17)
V253 = (2, 5, 3)
TYPES = {"str", "int", "float", "bool", "list", "dict", "json"}


@pytest.mark.parametrize("table", [MONITOR_FIELDS, SETTINGS, REFERENCES], ids=["monitors", "settings", "references"])
def test_options_and_wire_keys_are_unique(table: tuple[Field, ...]) -> None:
    assert len({f.option for f in table}) == len(table)
    assert len({f.wire for f in table}) == len(table)
    assert len({f.read_key for f in table}) == len(table)


def test_no_option_is_both_a_field_and_a_reference() -> None:
    assert not {f.option for f in MONITOR_FIELDS} & {r.option for r in REFERENCES}


@pytest.mark.parametrize("field", MONITOR_FIELDS + SETTINGS, ids=lambda f: f.option)
def test_each_row_is_well_formed(field: Field) -> None:
    assert re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", field.option)
    assert field.type in TYPES
    assert field.doc.endswith(".")
    assert field.doc[0].isupper()
    assert field.types <= MONITOR_TYPES.keys()
    assert (field.type == "list") == bool(field.elements)
    assert not field.order_matters or field.type == "list"
    assert field.choices_since.keys() <= set(field.choices)
    assert field.wire_values.keys() <= set(field.choices)
    assert field.type_defaults.keys() <= MONITOR_TYPES.keys()
    assert field.until is None or field.until > field.since
    for value in (field.default, *field.type_defaults.values()):
        if value is UNSET or field.default is None:
            continue
        if field.choices:
            assert value in field.choices
        assert fields.normal(field, value) == value


def test_secrets_are_marked() -> None:
    names = re.compile("password|secret|token|_key$|connection_string|headers")
    public = {"oauth_token_url", "oauth_auth_method"}
    assert {f.option for f in MONITOR_FIELDS + SETTINGS if names.search(f.option)} - public <= {
        f.option for f in MONITOR_FIELDS + SETTINGS if f.secret
    }


def test_gaps_name_options() -> None:
    for gap in fields.GAPS:
        field = fields.field_for(gap.option)
        assert gap.missing in ("read", "edit")
        assert gap.until is None or gap.until > field.since
    assert len({(g.option, g.missing) for g in fields.GAPS}) == len(fields.GAPS)
    wires = {f.wire for f in MONITOR_FIELDS} | {r.wire for r in REFERENCES}
    assert wires | {"notificationIDList"} >= fields.RESET_IF_OMITTED


def test_gaps_depend_on_the_version() -> None:
    delay = fields.field_for("screenshot_delay")
    assert not fields.is_readable(delay, (2, 4, 0))
    assert not fields.is_editable(delay, (2, 4, 0))
    assert fields.is_readable(delay, (2, 5, 0))
    assert fields.is_editable(delay, (2, 5, 0))
    assert delay.readable
    assert delay.editable
    username = fields.field_for("snmp_v3_username")
    assert not username.readable
    assert not username.editable
    assert not fields.is_readable(username, V253)
    status = fields.field_for("manual_status")
    assert not status.readable
    assert status.editable


@pytest.mark.parametrize("kind", MONITOR_TYPES.values(), ids=lambda t: t.name)
def test_each_type_requires_options_it_has(kind: fields.MonitorType) -> None:
    references = {r.option for r in REFERENCES if kind.name in r.types}
    options = {f.option for f in fields.fields_of(kind.name, V253)} | references
    assert set(kind.required) <= options
    for option, value, others in kind.required_when:
        assert value in fields.field_for(option).choices
        assert {option, *others} <= options
    assert kind.doc.endswith(".")
    # On the first release that has the type it can be used at all.
    assert set(kind.required) <= {f.option for f in fields.fields_of(kind.name, kind.since)} | references


def test_all_33_types_of_2_5_3_are_there() -> None:
    assert len(MONITOR_TYPES) == 33
    assert {t.name for t in MONITOR_TYPES.values() if fields.is_known(t, V123)} == {
        "http",
        "keyword",
        "json-query",
        "port",
        "ping",
        "dns",
        "docker",
        "push",
        "group",
        "real-browser",
        "steam",
        "gamedig",
        "mqtt",
        "kafka-producer",
        "sqlserver",
        "postgres",
        "mysql",
        "mongodb",
        "redis",
        "radius",
        "grpc-keyword",
        "tailscale-ping",
    }


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("2.5.3", (2, 5, 3)),
        ("1.23.17", (1, 23, 17)),
        ("2.1.0-beta.1", (2, 1, 0)),
        ("2.0.0-dev.0", (2, 0, 0)),
        ("v2.4", (2, 4, 0)),
    ],
)
def test_parse_version(text: str, version: tuple[int, int, int]) -> None:
    assert fields.parse_version(text) == version


def test_parse_version_refuses_what_is_none() -> None:
    with pytest.raises(ValueError, match=r"^'nightly' is not a version of Uptime Kuma\.$"):
        fields.parse_version("nightly")


def test_version_text() -> None:
    assert fields.version_text((2, 5, 0)) == "2.5.0"


@pytest.mark.parametrize(
    ("info", "version"),
    [
        ({"version": "2.5.3", "dbType": "sqlite"}, (2, 5, 3)),
        ({"version": "2.0.0", "dbType": "mariadb"}, (2, 0, 0)),
        ({"version": "1.23.17"}, (1, 23, 17)),
        ({"version": "2.0.0-dev.0"}, (1, 23, 1)),
        ({"version": "2.0.0"}, (1, 23, 1)),
    ],
)
def test_dialect_is_the_version_of_the_schema(info: dict[str, str], version: tuple[int, int, int]) -> None:
    assert fields.dialect(info) == version


def test_fields_of_a_type_on_a_version() -> None:
    def options(kind: str, version: tuple[int, int, int]) -> set[str]:
        return {f.option for f in fields.fields_of(kind, version)}

    assert "bearer_token" not in options("http", (2, 3, 2))
    assert "bearer_token" in options("http", (2, 4, 0))
    assert "conditions" not in options("dns", V123)
    assert "conditions" in options("dns", (2, 0, 0))
    assert "keyword" not in options("http", V253)


def test_the_lowest_interval_fell_to_one_second() -> None:
    interval = fields.field_for("interval")
    assert fields.limits(interval, V123) == (20, 2073600)
    assert fields.limits(interval, (2, 0, 2)) == (20, 2073600)
    assert fields.limits(interval, (2, 1, 0)) == (1, 2073600)
    assert fields.limits(interval, V253) == (1, None)
    assert fields.limits(fields.field_for("port"), V253) == (0, 65535)
    assert fields.limits(fields.field_for("url"), V253) == (None, None)


def test_defaults_are_the_web_page_s() -> None:
    http = fields.defaults("http", V253)
    assert (http["interval"], http["retry_interval"], http["timeout"]) == (60, 60, 48)
    assert http["accepted_status_codes"] == ["200-299"]
    assert http["auth_method"] == "none"
    assert "url" not in http
    assert fields.defaults("websocket-upgrade", V253)["accepted_status_codes"] == ["1000"]
    assert fields.defaults("dns", V253)["dns_resolver"] == "1.1.1.1"
    assert fields.defaults("dns", V253)["port"] == 53
    assert fields.defaults("ntp", V253)["retry_interval"] == 300
    assert "conditions" not in fields.defaults("http", V123)


def test_defaults_follow_what_is_declared() -> None:
    values = fields.defaults("http", V253, {"interval": 30})
    assert "interval" not in values
    assert values["retry_interval"] == 30
    assert values["timeout"] == 24
    assert fields.defaults("http", V253, {"interval": 300})["timeout"] == 48
    assert fields.defaults("ping", V253, {"interval": 5})["timeout"] == 10
    assert fields.defaults("http", V253, {"timeout": 5}).keys().isdisjoint({"timeout"})
    dns = fields.defaults("globalping", V253, {"subtype": "dns"})
    assert (dns["protocol"], dns["port"]) == ("UDP", 53)
    assert "port" not in fields.defaults("globalping", V253, {"subtype": "http"})
    assert fields.defaults("globalping", V253)["protocol"] == "ICMP"


def test_missing_options() -> None:
    assert fields.missing_options("keyword", {"url": "https://example.com"}) == ["keyword"]
    assert fields.missing_options("group", {}) == []
    assert fields.missing_options("http", {"url": "https://example.com", "auth_method": "mtls"}) == [
        "tls_certificate",
        "tls_key",
    ]
    snmp = {"hostname": "h", "snmp_oid": "1.3", "json_path": "$", "expected_value": "1"}
    assert fields.missing_options("snmp", {**snmp, "snmp_version": "3"}) == ["snmp_v3_username"]
    assert fields.missing_options("snmp", {**snmp, "snmp_version": "2c"}) == ["radius_password"]
    assert fields.missing_options("rabbitmq", {"rabbitmq_nodes": [], "rabbitmq_username": ""}) == [
        "rabbitmq_nodes",
        "rabbitmq_username",
        "rabbitmq_password",
    ]
    assert fields.missing_options("port", {"hostname": "h", "port": 0}) == []


@pytest.mark.parametrize(
    ("option", "value", "on_wire"),
    [
        ("auth_method", "none", None),
        ("auth_method", "basic", "basic"),
        ("ip_family", "auto", None),
        ("manual_status", "down", 0),
        ("manual_status", "up", 1),
        ("headers", {"A": "ü"}, '{"A": "ü"}'),
        ("headers", '{"A":1}', '{"A":1}'),
        ("headers", None, None),
        ("accepted_status_codes", ["200"], ["200"]),
        ("kafka_producer_sasl_options", {"mechanism": "None"}, {"mechanism": "None"}),
    ],
)
def test_to_wire(option: str, value: object, on_wire: object) -> None:
    assert fields.to_wire(fields.field_for(option), value) == on_wire


@pytest.mark.parametrize(
    ("option", "on_wire", "value"),
    [
        ("auth_method", None, "none"),
        ("manual_status", 0, "down"),
        ("headers", '{\n    "A": "1"\n}', {"A": "1"}),
        ("headers", "no json", "no json"),
        ("headers", None, ""),
        ("url", None, ""),
        ("expected_value", 5, "5"),
        ("port", "53", 53),
        ("port", None, None),
        ("timeout", 48, 48.0),
        ("upside_down", 1, True),
        ("upside_down", "0", False),
        ("upside_down", None, False),
        ("conditions", None, []),
    ],
)
def test_from_wire(option: str, on_wire: object, value: object) -> None:
    result = fields.from_wire(fields.field_for(option), on_wire)
    assert result == value
    assert type(result) is type(value)


@pytest.mark.parametrize(
    ("option", "one", "other"),
    [
        ("accepted_status_codes", ["200", "301"], ["301", "200"]),
        ("headers", {"A": "1", "B": "2"}, '{"B": "2",\n "A": "1"}'),
        ("body", "<a/>\n", "<a/>"),
        ("timeout", 5, 5.0),
        ("description", "", None),
        ("expected_value", "5", 5),
        ("auth_method", "none", None),
    ],
)
def test_what_means_the_same_compares_equal(option: str, one: object, other: object) -> None:
    field = fields.field_for(option)
    assert fields.normal(field, one) == fields.normal(field, other)


@pytest.mark.parametrize(
    ("option", "one", "other"),
    [
        ("rabbitmq_nodes", ["http://a", "http://b"], ["http://b", "http://a"]),
        ("accepted_status_codes", ["200", "301"], ["200"]),
        ("headers", {"A": "1"}, {"A": "2"}),
        ("upside_down", True, False),
        ("resend_interval", 0, None),
    ],
)
def test_what_does_not_mean_the_same_compares_unequal(option: str, one: object, other: object) -> None:
    field = fields.field_for(option)
    assert fields.normal(field, one) != fields.normal(field, other)


def server_json(version: tuple[int, int, int]) -> dict[str, object]:
    """A monitor as a server of that version shows it, each value recognisable."""
    shown: dict[str, object] = {f.read_key: f"value of {f.wire}" for f in MONITOR_FIELDS if fields.is_known(f, version)}
    shown |= {r.read_key: 7 for r in REFERENCES if fields.is_known(r, version)}
    return shown | {
        "id": 1,
        "name": "shop",
        "type": "http",
        "parent": None,
        "active": True,
        "notificationIDList": {"3": True},
        "childrenIDs": [],
        "pathName": "shop",
        "tags": [],
        "maintenance": False,
        "includeSensitiveData": True,
        "weight": 2000,
    }


@pytest.mark.parametrize("version", [(1, 23, 17), (2, 0, 0), (2, 1, 0), (2, 3, 0), (2, 4, 0), (2, 5, 3)])
def test_an_edit_payload_holds_every_writable_key_and_no_other(version: tuple[int, int, int]) -> None:
    payload = fields.edit_payload(server_json(version), version)
    writable = {f.wire for f in MONITOR_FIELDS if fields.is_known(f, version) and fields.is_readable(f, version)} | {
        r.wire for r in REFERENCES if fields.is_known(r, version)
    }
    assert payload.keys() == writable | {"id", "name", "type", "parent", "notificationIDList"}
    assert payload["url"] == "value of url"
    assert payload["proxyId"] == 7
    assert ("conditions" in payload) == (version >= (2, 0, 0))


def test_an_edit_payload_mends_the_lists_that_must_not_be_null() -> None:
    payload = fields.edit_payload({"id": 1, "conditions": None, "accepted_statuscodes": None}, V253)
    assert payload == {"id": 1, "conditions": [], "accepted_statuscodes": []}


def test_settings_never_saved_are_what_they_amount_to() -> None:
    found = fields.settings_from({"serverTimezone": "UTC", "checkUpdate": False}, V253)
    assert found["server_timezone"] == "UTC"
    assert found["check_update"] is False
    assert found["search_engine_index"] is False
    assert found["tls_expiry_notify_days"] == [7, 14, 21]
    assert found["primary_base_url"] == ""
    assert found["keep_data_period_days"] is None
    assert "dns_cache" not in found
    assert "dns_cache" in fields.settings_from({}, V123)
    assert "domain_expiry_notify_days" not in fields.settings_from({}, (2, 0, 2))
