# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the overlay takes hold of MiniStack.

It reaches for private names, so that MiniStack's version is pinned exactly; tests/lab/test_aws_private_names.py says
which.
"""

from __future__ import annotations

from typing import Any

from ministack import app
from ministack.services import ec2, lambda_svc

from lab.aws.monitoring import Monitoring


def install(monitoring: Monitoring, port: int) -> None:
    """Put our parts in the places of MiniStack's."""
    app.SERVICE_HANDLERS["monitoring"] = monitoring.handle
    reset_too(monitoring)
    answering_function_urls(port)
    detailed_monitoring()


def reset_too(monitoring: Monitoring) -> None:
    """Let MiniStack's reset empty ours as well."""
    original = app._reset_all_state

    def reset() -> None:
        original()
        monitoring.reset()

    app._reset_all_state = reset


def answering_function_urls(port: int) -> None:
    """Let the URL of a function that the API returns be one that answers on this machine."""

    def id_of(url: str) -> str:
        return url.rstrip("/").rpartition("/")[2] if "/_aws/lambda-url/" in url else original_id(url)

    original_id = lambda_svc._function_url_id
    original_create = lambda_svc._create_function_url_config
    lambda_svc._function_url_id = id_of

    def create(name: str, data: dict[str, Any], qualifier: str | None) -> Any:
        answer = original_create(name, data, qualifier)
        if answer[0] != 201:
            return answer
        configuration = lambda_svc._function_urls.get(lambda_svc._url_config_key(name, qualifier))
        configuration["FunctionUrl"] = (
            f"http://127.0.0.1:{port}/_aws/lambda-url/{original_id(configuration['FunctionUrl'])}/"
        )
        return lambda_svc.json_response(configuration, status=201)

    lambda_svc._create_function_url_config = create


def detailed_monitoring() -> None:
    """EC2: MonitorInstances, UnmonitorInstances, and Monitoring in RunInstances."""
    original = ec2._ACTION_MAP["RunInstances"]

    def run(p: Any) -> Any:
        before = set(ec2._instances.keys())
        answer = original(p)
        if str(ec2._p(p, "Monitoring.Enabled")).lower() == "true":
            for id in set(ec2._instances.keys()) - before:
                ec2._instances[id]["Monitoring"] = {"State": "enabled"}
            status, headers, body = answer
            shown = b"<monitoring><state>%s</state></monitoring>"
            answer = status, headers, body.replace(shown % b"disabled", shown % b"pending")
        return answer

    def switch(name: str, now: str, then: str) -> Any:
        def act(p: Any) -> Any:
            ids = ec2._parse_member_list(p, "InstanceId")
            if not ids:
                return ec2._error("MissingParameter", "The request must contain the parameter InstanceId", 400)
            for id in ids:
                if id not in ec2._instances:
                    return ec2._error("InvalidInstanceID.NotFound", f"The instance ID '{id}' does not exist", 400)
            items = ""
            for id in ids:
                ec2._instances[id]["Monitoring"] = {"State": then}
                items += f"<item><instanceId>{id}</instanceId><monitoring><state>{now}</state></monitoring></item>"
            return ec2._xml(200, f"{name}Response", f"<instancesSet>{items}</instancesSet>")

        return act

    ec2._ACTION_MAP["RunInstances"] = run
    ec2._ACTION_MAP["MonitorInstances"] = switch("MonitorInstances", "pending", "enabled")
    ec2._ACTION_MAP["UnmonitorInstances"] = switch("UnmonitorInstances", "disabling", "disabled")
