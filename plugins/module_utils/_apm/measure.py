# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the collectors' own counters, before and after, to the file of a trial. Pure.

A collector tells in Prometheus' format what each of its exporters has sent, failed to send and had no room for, and
what its receiver refused. Several backends get the same spans, so that what differs between them is theirs.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from .._catalog.catalogue import CatalogueError
from .._catalog.spec import Checker, Place, listed
from .trial import FORMAT

_LINE = re.compile(r"^otelcol_(\w+?)(?:_total)?\{(.*)\} (\S+)$")
_LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')
#: What counts: spans by exporter, and spans and bytes of the host as a whole. Bytes are told at the level ``detailed``.
_BY_EXPORTER = ("exporter_sent_spans", "exporter_send_failed_spans", "exporter_enqueue_failed_spans")
_REFUSED = "receiver_refused_spans"
_BYTES = "processor_batch_batch_send_size_bytes_sum"
_BATCHED = "processor_batch_batch_send_size_sum"

Counters = dict[tuple[str, str], float]


def counters(text: str) -> Counters:
    """The counters of a collector by name and exporter; those of the host have no exporter."""
    result: Counters = {}
    for line in text.splitlines():
        found = _LINE.match(line)
        if not found or found[1] not in (*_BY_EXPORTER, _REFUSED, _BYTES, _BATCHED):
            continue
        labels = dict(_LABEL.findall(found[2]))
        # otlphttp/xray-traces, otlp/gateway: the name of the backend, without the signal.
        exporter = labels.get("exporter", "").partition("/")[2].removesuffix("-traces")
        key = (found[1], exporter if found[1] in _BY_EXPORTER else "")
        result[key] = result.get(key, 0.0) + float(found[3])
    return result


def trial(
    before: Sequence[str],
    after: Sequence[str],
    backends: Sequence[str],
    run: Mapping[str, Any],
) -> dict[str, Any]:
    """The file of a trial.

    :param before: what the collectors told at the beginning, a text for each host.
    :param after: what they told at the end, in the same order.
    :param backends: the names of the backends that were tried, which are those of the candidates.
    :param run: ``started``, ``seconds``, ``source``, ``baseline_p95_ms`` and ``p95_ms``; ``span_bytes`` where the
        collectors do not tell bytes, 0 otherwise.
    :raises CatalogueError: what was told cannot make a trial.
    """
    checker = Checker()
    place = Place("the trial")
    grown: Counters = {}
    for position, (first, last) in enumerate(zip(before, after, strict=True), 1):
        started, ended = counters(first), counters(last)
        for key, value in ended.items():
            increase = value - started.get(key, 0.0)
            if increase < 0:
                checker.report(f"{place}: collector {position} was started anew while it was measured; try again.")
                break
            grown[key] = grown.get(key, 0.0) + increase
    for name in ("baseline_p95_ms", "p95_ms"):
        if not run[name] > 0:
            checker.report(f"{place} needs trial_{name}, the 95th percentile of the time of requests in milliseconds.")
    refused = grown.get((_REFUSED, ""), 0.0)
    batched, size = grown.get((_BATCHED, ""), 0.0), grown.get((_BYTES, ""), 0.0)
    span_bytes = float(run.get("span_bytes") or (size / batched if batched else 0.0))
    if not span_bytes:
        checker.report(
            f"{place}: the collectors do not tell bytes; set apm_telemetry to detailed and run the role, or give "
            "trial_span_bytes."
        )
    measured: dict[str, Any] = {}
    for backend in backends:
        sent, failed, full = (grown.get((name, backend), 0.0) for name in _BY_EXPORTER)
        if not sent:
            known = sorted({exporter for name, exporter in grown if exporter})
            checker.report(
                f"{place}: nothing was sent to '{backend}'; the collectors send to "
                f"{listed(known) if known else 'nobody'}."
            )
            continue
        measured[backend] = {
            "p95_ms": run["p95_ms"],
            "spans_sent": round(sent + failed + full + refused),
            "spans_arrived": round(sent),
            "bytes": round(sent * span_bytes),
        }
    if checker.problems:
        raise CatalogueError(checker.problems)
    return {
        "format": FORMAT,
        "started": run["started"],
        "seconds": run["seconds"],
        "source": run["source"],
        "baseline": {"p95_ms": run["baseline_p95_ms"]},
        "backends": measured,
    }
