# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The alarm for the silence of Uptime Kuma: it looks at what the host gives, and takes silence for failure."""

from __future__ import annotations

import pytest

from ansible_collections.kumawatch.monitoring.plugins.module_utils._catalog.alarms import alarms
from ansible_collections.kumawatch.monitoring.plugins.module_utils._catalog.watcher import heartbeat, watcher_alarms
from ansible_collections.kumawatch.monitoring.plugins.module_utils._errors import InputError

from .log_catalogue import catalogue, discovery
from .test_alarms import TOPICS, checked


def test_it_looks_at_the_metric_that_the_host_gives() -> None:
    (entry,) = watcher_alarms(catalogue(), ["watch-1"], TOPICS)
    given = heartbeat("production", "watch-1")
    assert {name: entry[name] for name in given} == given
    assert given["dimensions"] == {"Host": "watch-1"}
    assert (entry["comparison"], entry["threshold"]) == ("LessThanThreshold", 1.0)


def test_silence_is_a_failure() -> None:
    (entry,) = watcher_alarms(catalogue(), ["watch-1"], TOPICS)
    assert entry["treat_missing_data"] == "breaching"
    assert entry["evaluation_periods"] == entry["datapoints_to_alarm"] == 5
    assert entry["period"] == 60


def test_it_is_told_of_where_what_is_critical_is() -> None:
    (entry,) = watcher_alarms(catalogue(), ["watch-1"], {"critical": "arn:1", "warning": "arn:2"})
    assert entry["alarm_actions"] == entry["ok_actions"] == ["arn:1"]
    (silent,) = watcher_alarms(catalogue(), ["watch-1"], {})
    assert silent["alarm_actions"] == []
    with pytest.raises(InputError, match="is no severity"):
        watcher_alarms(catalogue(), ["watch-1"], {"loud": "arn:1"})


def test_each_host_has_one_beside_all_others() -> None:
    entries = watcher_alarms(catalogue(), ["watch-1", "watch/1"], TOPICS)
    assert entries[0]["name"] == "production/uptime-kuma/watcher/watch-1/critical"
    checked([*alarms(catalogue(), discovery(), TOPICS), *entries])
    assert len({entry["name"] for entry in entries}) == 2
    assert watcher_alarms(catalogue(), [], TOPICS) == []


def test_its_tags_lead_to_the_runbook() -> None:
    (entry,) = watcher_alarms(catalogue(), ["watch-1"], TOPICS, tag_propagation=False)
    assert "tag_propagation" not in entry
    assert entry["tags"]["kind"] == "watcher"
    assert entry["tags"]["severity"] == "critical"
    assert entry["tags"]["runbook"].endswith("/watcher.md")
    assert entry["tags"]["runbook"] in entry["description"]
    assert len(entry["description"]) <= 1024
