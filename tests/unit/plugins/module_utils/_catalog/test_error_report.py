# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the daily error report reads, out of the catalogue; and that the function takes it."""

from __future__ import annotations

import json

from ansible_collections.kumawatch.monitoring.plugins.module_utils._catalog.error_report import error_report
from ansible_collections.kumawatch.monitoring.plugins.module_utils._catalog.log_formats import FORMATS
from ansible_collections.kumawatch.monitoring.plugins.module_utils._error_report.config import read_config
from tests.unit.plugins.module_utils._catalog.log_catalogue import catalogue, discovery


def test_each_service_with_its_groups_and_how_they_tell_errors() -> None:
    made = error_report(catalogue(), discovery(), "production-logs", 3, 14)
    config = read_config(json.dumps(made))
    assert (config.dashboard, config.top, config.days, config.partition) == ("production-logs", 3, 14, "aws")
    api = next(service for service in config.services if service.name == "api")
    assert api.owner == "payments"
    groups = {group.name: group for group in api.groups}
    assert groups["/production/api/app"].format == "json"
    assert groups["/aws/rds/instance/prod-db/postgresql"].format == "postgresql"
    balancer = groups["/production/load-balancer/prod"]
    assert balancer.target_groups == ("arn:aws:elasticloadbalancing:eu-central-1:123456789012:targetgroup/api/1",)
    # What nothing can be said of is left out: the handshakes of a load balancer, slow queries.
    assert not [name for name in groups if "connection" in name]
    assert "mysql-slow" not in config.formats
    for name, form in config.formats.items():
        assert form.errors == FORMATS[name].errors
        assert form.access == FORMATS[name].access
        assert bool(form.target_group) == name.startswith("alb")


def test_nothing_is_read_of_a_catalogue_without_logs() -> None:
    config = read_config(json.dumps(error_report({**catalogue("[{name: a}]")})))
    assert config.services == ()
    assert config.formats == {}
