# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table for a terminal."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from ansible_collections.kumawatch.monitoring.plugins.module_utils._summary.digest import Incident, Service, digest
from ansible_collections.kumawatch.monitoring.plugins.module_utils._summary.table import table

NOW = datetime(2026, 11, 22, 7, 0, tzinfo=UTC)


def test_the_table_word_for_word() -> None:
    lasting, past = Incident(NOW - timedelta(minutes=12)), Incident(NOW - timedelta(hours=9), NOW - timedelta(hours=8))
    services = [
        Service("決済", "up", 99.9, 1.0, 0.9999, 0.99853, response_ms=230.4, certificate_days=6, incidents=(past,)),
        Service("api", "down", None, 0.99, 1.0, 1.0, incidents=(lasting,)),
        Service("old", "paused"),
    ]
    assert table(digest("production", services, NOW)) == (
        "Daily status: production, Sun 22 November 2026, 07:00 UTC\n"
        "1 of 3 services is below its objective, 1 down now; 2 incidents in 24 h, 1 h 12 min of downtime · "
        "1 certificate expires within 21 days · 1 paused.\n"
        "\n"
        "Service  State                Objective  30 d      7 d      24 h   Budget            Response\n"
        "決済     below its objective  99.9 %     99.853 %  99.99 %  100 %  63.6 of 43.2 min  230 ms\n"
        "api      down for 12 min                 100 %     100 %    99 %\n"
        "old      paused                          –         –        –\n"
        "\n"
        "Incidents of the last 24 h\n"
        "  api  since 06:48, 12 min so far\n"
        "  決済  Sat 22:00 to Sat 23:00, 1 h\n"
        "\n"
        "Certificates that expire within 21 days\n"
        "  決済  expires in 6 days\n"
    )


def test_nothing_is_left_out() -> None:
    services = [Service(f"s{number:04d}", "up") for number in range(1_000)]
    made = table(digest("production", services, NOW))
    assert all(service.name in made for service in services)


def test_a_server_without_services() -> None:
    assert table(digest("lab", [], NOW)) == (
        "Daily status: lab, Sun 22 November 2026, 07:00 UTC\nNo service is declared; no incident in 24 h.\n"
    )
