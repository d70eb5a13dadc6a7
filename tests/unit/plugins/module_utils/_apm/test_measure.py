# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the collectors' counters to the file of a trial, and on into the evaluation."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.kumawatch.monitoring.plugins.module_utils._apm import measure
from ansible_collections.kumawatch.monitoring.plugins.module_utils._catalog.catalogue import CatalogueError
from tests.unit.plugins.module_utils._apm.examples import evaluated

RUN: dict[str, Any] = {
    "started": "2026-11-20T10:00:00Z", "seconds": 3600.0, "source": "staging", "baseline_p95_ms": 20.0, "p95_ms": 21.0,
    "span_bytes": 0,
}  # fmt: skip


def told(sent: int, lost: int = 0, full: int = 0, refused: int = 0, size: int = 600, suffix: str = "_total") -> str:
    """What a collector tells, in Prometheus' format, with some that does not matter."""
    labels = 'service_instance_id="a",service_name="otelcol-contrib"'
    return f"""# HELP otelcol_exporter_sent_spans{suffix} Number of spans successfully sent to destination. [alpha]
# TYPE otelcol_exporter_sent_spans{suffix} counter
otelcol_exporter_sent_spans{suffix}{{exporter="otlphttp/xray-traces",{labels}}} {sent}
otelcol_exporter_sent_spans{suffix}{{exporter="otlphttp/newrelic",{labels}}} {sent - lost - full}
otelcol_exporter_send_failed_spans{suffix}{{exporter="otlphttp/newrelic",{labels}}} {lost}
otelcol_exporter_enqueue_failed_spans{suffix}{{exporter="otlphttp/newrelic",{labels}}} {full}
otelcol_exporter_queue_size{{exporter="otlphttp/newrelic",{labels}}} 4
otelcol_receiver_refused_spans{suffix}{{receiver="otlp",{labels},transport="http"}} {refused}
otelcol_processor_batch_batch_send_size_sum{{processor="batch",{labels}}} {sent}
otelcol_processor_batch_batch_send_size_bytes_sum{{processor="batch",{labels}}} {sent * size}
otelcol_processor_batch_batch_send_size_bytes_bucket{{processor="batch",le="10",{labels}}} 1
otelcol_process_uptime{suffix}{{{labels}}} 1.5e+03
"""


def refused(before: list[str], after: list[str], backends: list[str], **run: Any) -> list[str]:
    with pytest.raises(CatalogueError) as caught:
        measure.trial(before, after, backends, {**RUN, **run})
    return [str(problem) for problem in caught.value.problems]


@pytest.mark.parametrize("suffix", ["", "_total"])
def test_what_has_grown_on_all_hosts_is_what_was_sent_and_lost(suffix: str) -> None:
    before = [told(1000, suffix=suffix), told(0, suffix=suffix)]
    after = [told(61_000, lost=30, suffix=suffix), told(40_000, full=20, refused=50, suffix=suffix)]
    found = measure.trial(before, after, ["xray", "newrelic"], RUN)
    assert found["backends"] == {
        "xray": {"p95_ms": 21.0, "spans_sent": 100_050, "spans_arrived": 100_000, "bytes": 60_000_000},
        "newrelic": {"p95_ms": 21.0, "spans_sent": 100_050, "spans_arrived": 99_950, "bytes": 59_970_000},
    }
    assert found["baseline"] == {"p95_ms": 20.0}


def test_the_evaluation_takes_it() -> None:
    found = measure.trial([told(0)], [told(100_000, lost=100)], ["xray", "newrelic"], RUN)
    result = {entry["name"]: entry["trial"] for entry in evaluated(found)["candidates"]}
    assert result["newrelic"]["spans_lost_percent"] == 0.1
    assert (result["xray"]["overhead_percent"], result["xray"]["gb_a_day"]) == (5.0, 1.44)


def test_bytes_can_be_given_where_nobody_tells_them() -> None:
    quiet = "\n".join(line for line in told(1000).splitlines() if "batch" not in line)
    assert refused([""], [quiet], ["xray"]) == [
        "the trial: the collectors do not tell bytes; set apm_telemetry to detailed and run the role, or give "
        "trial_span_bytes."
    ]
    found = measure.trial([""], [quiet], ["xray"], {**RUN, "span_bytes": 900})
    assert found["backends"]["xray"]["bytes"] == 900_000


def test_what_cannot_make_a_trial_is_refused() -> None:
    assert refused([told(500)], [told(100)], ["xray"])[0] == (
        "the trial: collector 1 was started anew while it was measured; try again."
    )
    assert refused([told(0)], [told(100)], ["datadog"]) == [
        "the trial: nothing was sent to 'datadog'; the collectors send to newrelic and xray."
    ]
    assert refused([told(0)], [told(100)], ["xray"], p95_ms=0) == [
        "the trial needs trial_p95_ms, the 95th percentile of the time of requests in milliseconds."
    ]
