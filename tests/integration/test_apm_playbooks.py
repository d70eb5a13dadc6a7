# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbooks of phase 4 that need no host: the comparison, and the trial whose measurements it takes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
Play = Callable[..., subprocess.CompletedProcess[str]]

INVENTORY: dict[str, Any] = {
    "all": {
        "vars": {
            "ansible_connection": "local",
            "ansible_python_interpreter": "{{ ansible_playbook_python }}",
            "monitoring_environment": "staging",
            "monitoring_services": [
                {"name": "api", "hosts": "api_hosts", "apm": {"language": "python", "requests_per_minute": 60}},
                {"name": "shop", "hosts": "shop_hosts"},
            ],
        },
        "hosts": {"localhost": None},
        "children": {"api_hosts": {"hosts": {"one": None, "two": None}}, "shop_hosts": {"hosts": {"two": None}}},
    }
}


@pytest.fixture
def play(tmp_path: Path) -> Play:
    inventory = tmp_path / "hosts.yml"
    inventory.write_text(yaml.safe_dump(INVENTORY))

    def run(playbook: str, *words: str, **variables: Any) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [
                str(Path(sys.executable).with_name("ansible-playbook")),
                "--inventory",
                str(inventory),
                str(ROOT / "playbooks" / playbook),
                "--extra-vars",
                json.dumps(variables),
                *words,
            ],
            cwd=ROOT,
            env={**os.environ, "PWD": str(tmp_path), "ANSIBLE_NOCOLOR": "1"},
            capture_output=True,
            text=True,
            timeout=300,
        )

    return run


@pytest.fixture
def collector() -> Iterator[str]:
    """What tells counters as a collector does; each time it is asked, a thousand spans more."""
    asked: list[int] = []

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_arguments: Any) -> None:
            pass

        def do_GET(self) -> None:
            asked.append(1)
            sent = 1000 * len(asked)
            text = (
                f'otelcol_exporter_sent_spans_total{{exporter="otlphttp/xray-traces"}} {sent}\n'
                f'otelcol_exporter_sent_spans_total{{exporter="otlphttp/newrelic"}} {sent - 10 * len(asked)}\n'
                f'otelcol_exporter_send_failed_spans_total{{exporter="otlphttp/newrelic"}} {10 * len(asked)}\n'
            ).encode()
            self.send_response(200)
            self.send_header("content-length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/metrics"
    server.shutdown()
    server.server_close()


@pytest.mark.slow
def test_a_trial_is_measured_and_its_figures_are_in_the_comparison(play: Play, collector: str, tmp_path: Path) -> None:
    measured = play(
        "trial_apm.yml",
        trial_hosts="one",
        trial_metrics_url=collector,
        trial_seconds=1,
        trial_baseline_p95_ms=20,
        trial_p95_ms=21,
        trial_span_bytes=700,
        apm_backends=[{"type": "xray", "region": "eu-central-1"}, {"type": "newrelic", "key": "molecule"}],
    )
    assert measured.returncode == 0, measured.stdout
    trial = json.loads((tmp_path / "apm-trial.json").read_text())
    assert trial["backends"]["newrelic"]["spans_sent"] == 1000
    assert trial["backends"]["newrelic"]["spans_arrived"] == 990

    wanted = {
        "apm_evaluation_trial": str(tmp_path / "apm-trial.json"),
        "apm_evaluation_gates": [{"spans_lost_percent": 0.5}],
    }
    first = play("evaluate_apm.yml", **wanted)
    assert first.returncode == 0, first.stdout
    found = json.loads((tmp_path / "apm-evaluation.json").read_text())
    assert found["usage"]["hosts"] == 2
    assert found["ranking"] == [["xray"]]
    assert found["conclusion"] in " ".join(first.stdout.split())
    assert found["conclusion"].endswith("is the only one that passes all gates.")
    assert "<h1>Which APM for staging?</h1>" in (tmp_path / "apm-evaluation.html").read_text()
    assert (tmp_path / "apm-evaluation.md").read_text().startswith("# Which APM for staging?\n")
    again = play("evaluate_apm.yml", **wanted)
    assert "changed=0" in again.stdout, again.stdout


@pytest.mark.slow
def test_check_mode_writes_nothing_and_a_mistake_is_one_sentence(play: Play, tmp_path: Path) -> None:
    checked = play("evaluate_apm.yml", "--check")
    assert checked.returncode == 0, checked.stdout
    assert "changed=1" in checked.stdout
    wrong = play("evaluate_apm.yml", apm_evaluation_compare=["xrey"])
    assert wrong.returncode != 0
    assert (
        "apm_evaluation_compare names 'xrey', which is no candidate (did you mean 'xray'?)"
        in wrong.stdout + wrong.stderr
    )
    assert "Traceback" not in wrong.stdout + wrong.stderr
    assert list(tmp_path.glob("apm-*")) == []


@pytest.mark.slow
def test_phase_4_is_left_out_where_no_backend_is_named(play: Play) -> None:
    nothing = play("apm.yml")
    assert nothing.returncode == 0, nothing.stdout
    assert "names no backend for traces (apm_backends)" in " ".join(nothing.stdout.split())
    assert "changed=0" in nothing.stdout
    wrong = play("apm.yml", "--check", apm_backends=[{"type": "newrelic"}], ansible_become=False)
    assert wrong.returncode != 0
    assert "backend 'newrelic' needs 'key': keep it in Ansible Vault." in wrong.stdout + wrong.stderr


FRONT_END: dict[str, Any] = {
    "sample": 0.5,
    "datadog": {"application": "0a1b2c3d-0000-4000-8000-00000000000f", "client_token": "pub" + "0123456789abcdef" * 2},
    "otlp": {"endpoint": "https://otlp.example.com"},
}


@pytest.mark.slow
def test_what_goes_into_pages_is_predicted_written_and_left_alone(play: Play, tmp_path: Path) -> None:
    services = [{"name": "shop", "apm": {"rum": FRONT_END}}, {"name": "api"}]
    checked = play("rum.yml", "--check", "--diff", monitoring_services=services)
    assert checked.returncode == 0, checked.stdout
    assert "changed=2" in checked.stdout
    assert not (tmp_path / "rum").exists()
    first = play("rum.yml", monitoring_services=services)
    assert first.returncode == 0 and "changed=2" in first.stdout, first.stdout
    assert sorted(path.name for path in (tmp_path / "rum").iterdir()) == [
        "rum.json",
        "shop-datadog.html",
        "shop-otlp.html",
        "shop-otlp.mjs",
    ]
    index = json.loads((tmp_path / "rum/rum.json").read_text())
    assert [entry["file"] for entry in index] == ["shop-datadog.html", "shop-otlp.html"]
    assert (tmp_path / "rum/shop-datadog.html").read_text() == index[0]["html"]
    assert "shop, otlp: shop-otlp.mjs is bundled by the front end" in " ".join(first.stdout.split())
    again = play("rum.yml", monitoring_services=services)
    assert again.returncode == 0 and "changed=0" in again.stdout, again.stdout


@pytest.mark.slow
def test_a_key_that_is_not_for_browsers_is_one_sentence_and_nothing_is_written(play: Play, tmp_path: Path) -> None:
    key = "fedcba9876543210" * 2
    front_end = {**FRONT_END, "datadog": {**FRONT_END["datadog"], "client_token": key}}
    wrong = play("rum.yml", monitoring_services=[{"name": "shop", "apm": {"rum": front_end}}])
    said = " ".join((wrong.stdout + wrong.stderr).split())
    assert wrong.returncode != 0
    assert "service 'shop': apm.rum.datadog.client_token looks like an API key of Datadog" in said
    assert key not in said and "Traceback" not in said
    assert not (tmp_path / "rum").exists()
    nobody = play("rum.yml")
    assert nobody.returncode == 0 and "changed=0" in nobody.stdout, nobody.stdout
    assert "No service of environment 'staging' declares a web front end (apm.rum)." in " ".join(nobody.stdout.split())
