# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is watched: read off what is made, with the line that would add the rest, and the line does add it."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from ansible_collections.kumawatch.monitoring.plugins.module_utils._report.coverage import TITLES, coverage, lacking

from .samples import BARE, FOUND_ON_AWS, OPTIONS, WHOLE, resolve


def covered(
    service: dict[str, Any], backends: tuple[str, ...] = ("xray",), traces: Any = None, **found: Any
) -> dict[str, Any]:
    """The coverage of one service, of which something was found."""
    catalogue = resolve({"monitoring_environment": "production", "monitoring_services": [service]}, OPTIONS)
    discovery = {
        "account": "123456789012", "partition": "aws", "region": "eu-central-1",
        "services": {"api": {"instances": [], **found}},
    }  # fmt: skip
    return coverage(catalogue, discovery, backends, traces)


def cells(found: dict[str, Any]) -> dict[str, dict[str, str]]:
    (service,) = found["services"]
    result: dict[str, dict[str, str]] = service["signals"]
    return result


def states(found: dict[str, Any]) -> dict[str, str]:
    return {key: cell["state"] for key, cell in cells(found).items()}


def test_a_service_that_declares_all_is_watched_whole() -> None:
    found = covered(WHOLE, **FOUND_ON_AWS)
    assert states(found) == dict.fromkeys(TITLES, "watched")
    assert (found["percent"], found["watched"], found["wanted"]) == (100.0, 14, 14)
    assert cells(found)["health"]["by"] == "1 monitor: http"
    assert cells(found)["cpu"]["by"] == "2 alarms: cpu"
    assert cells(found)["4xx"]["by"] == "counted in /production/load-balancer/prod"
    assert lacking(found, 100) == ""


def test_a_bare_service_lacks_all_but_what_it_cannot_have() -> None:
    found = covered(BARE, backends=())
    assert states(found) == {
        **dict.fromkeys(TITLES, "missing"), "database": "not applicable", "traces": "not applicable",
    }  # fmt: skip
    assert (found["percent"], found["watched"], found["wanted"]) == (0.0, 0, 12)
    assert all(cell["add"] for cell in cells(found).values() if cell["state"] == "missing")
    assert not any(cell["add"] for cell in cells(found).values() if cell["state"] != "missing")


#: What the lines that the report names leave open.
ANSWERS = {
    "HOST": "api.example.com", "GROUP": "api_hosts", "TEAM": "payments", "WIKI/PAGE": "wiki.example.com/api",
    "NAME": "prod", "PATTERN": "ERROR",
}  # fmt: skip


@pytest.mark.parametrize("key", [key for key in TITLES if key != "database"])
def test_the_line_that_is_named_adds_it(key: str) -> None:
    """Taken as it stands, with its words in capitals filled in, and what it names found in the account."""
    lines = cells(covered(BARE))[key]["add"]
    for word, answer in ANSWERS.items():
        lines = lines.replace(word, answer)
    declared = yaml.safe_load(lines)
    if key == "patterns":
        # A pattern is looked for in a log.
        declared["logs"]["sources"] = [{"file": "/var/log/api/app.log", "format": "text"}]
    found = {name: FOUND_ON_AWS[name] for name in ("instances", "load_balancer")}
    assert states(covered({**BARE, **declared}, **found))[key] == "watched"


def test_the_database_that_was_not_found_is_missing() -> None:
    cell = cells(covered({**BARE, "database": "prod-db"}))["database"]
    assert (cell["state"], cell["by"]) == ("missing", "no such database was found")


@pytest.mark.parametrize(
    ("declared", "key", "by"),
    [
        ({"alarms": {"cpu": False}}, "cpu", "alarms.cpu is false"),
        ({"alarms": {"io_latency": False}}, "io", "alarms.io_latency is false"),
        ({"apm": {"enabled": False}}, "traces", "apm.enabled is false"),
        ({"agent": "absent"}, "memory", "agent is absent"),
    ],
)
def test_what_is_switched_off_is_not_missing(declared: dict[str, Any], key: str, by: str) -> None:
    cell = cells(covered({**BARE, **declared}))[key]
    assert (cell["state"], cell["by"], cell["add"]) == ("off", by, "")


def test_what_speaks_no_http_has_no_requests() -> None:
    found = covered({**BARE, "health": {"tcp": {"host": "queue.example.com", "port": 5672}}})
    assert {states(found)[key] for key in ("4xx", "5xx", "502")} == {"not applicable"}


def test_what_application_signals_counts_is_watched_by_its_alarms() -> None:
    xray = {"region": "eu-central-1"}
    seen = {**BARE, "hosts": "api_hosts", "apm": {"slo": "application_signals"}}
    found = cells(covered(seen, traces=xray))
    assert (found["5xx"]["state"], found["4xx"]["state"]) == ("watched", "watched")
    assert found["5xx"]["by"] == "2 alarms: trace_faults"
    assert found["traces"]["by"] == "to xray; 5 alarms: trace_latency, trace_faults, trace_errors"
    assert cells(covered(seen))["5xx"]["state"] == "missing"
    off = {**seen, "alarms": {"trace_errors": False}}
    assert cells(covered(off, traces=xray))["4xx"]["state"] == "off"
    # What could not be watched in any case was not switched off.
    assert cells(covered(off))["4xx"]["state"] == "missing"
    assert cells(covered({**BARE, "alarms": {"errors_5xx": False}}, traces=xray))["5xx"]["state"] == "off"
    (service,) = covered({**seen, "objective": 90}, traces=xray)["services"]
    assert any(note.startswith("has no alarm slo_fast, since an objective of 90 %") for note in service["notes"])


def test_remarks_are_those_of_the_alarms() -> None:
    (service,) = covered(WHOLE, **FOUND_ON_AWS)["services"]
    assert (
        "has no alarm database_connections, since max_connections of the database 'prod-db' is not known."
        in (service["notes"])
    )


def test_absent_services_are_not_among_them() -> None:
    assert covered({**BARE, "state": "absent"})["services"] == []


def test_too_little_is_told_by_name_and_never_rounded_up() -> None:
    found = covered(BARE, backends=())
    assert lacking(found, 0) == ""
    told = lacking(found, 80)
    assert told.startswith(
        "0 % of what could be watched is, and report_fail_under asks for 80 %. Not watched: api (Health, "
    )
    some = {"percent": 99.9, "services": [], "signals": []}
    assert lacking({**some}, 100).startswith("99.9 % of what")


def test_a_thousand_services_are_listed_shortly() -> None:
    services = [{"name": f"s{number}"} for number in range(1000)]
    catalogue = resolve({"monitoring_environment": "production", "monitoring_services": services}, OPTIONS)
    told = lacking(coverage(catalogue, {}), 50)
    assert told.count("Health") == 5
    assert "; and of 995 more services." in told
