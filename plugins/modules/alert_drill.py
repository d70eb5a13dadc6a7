#!/usr/bin/python
# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Send a test alert down every path to the chat, and name the link that broke."""

from __future__ import annotations

DOCUMENTATION = r"""
module: alert_drill
short_description: Send a test alert down every path to the chat, and name the link that broke
version_added: 0.2.0
description:
  - Sends one marked test alert to each severity topic of an alert channel, to its front door, and from Uptime Kuma, all
    at once, and waits until the relay has written down that each stands in the chat.
  - For each that has not arrived in time it looks at every link of the path and says which one broke. The topic, the
    subscription, the queue, the event source, the relay, the chat or the dead letters; the front door and Uptime Kuma
    before them.
  - The tests are posted as such. They wake nobody, and open no incident.
author:
  - The Kumawatch engineers (@kumawatch)
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
attributes:
  check_mode:
    description: Can run in check_mode and return changed status prediction without modifying target.
    support: full
    details: Nothing is sent in check mode.
  diff_mode:
    description: Returns details on what has changed in diff mode.
    support: none
  idempotent:
    description: When run twice in a row outside check mode, with the same arguments, the second invocation indicates no
      change.
    support: none
    details: Each run sends another drill.
options:
  environment:
    description: The environment whose alert channel it is, as the role P(kumawatch.monitoring.alert_channel#role) was
      given it.
    type: str
    required: true
  severities:
    description: The topics to send to. None of them if empty.
    type: list
    elements: str
    choices: [critical, warning, info]
    default: [critical, warning, info]
  front_door_url:
    description: Address of the front door. Nothing is sent to it if this is not set.
    type: str
  front_door_token:
    description: The token that the front door asks for.
    type: str
  uptime_kuma:
    description: The Uptime Kuma whose notifications are tested. None is if this is not set.
    type: dict
    suboptions:
      url:
        description: Address of the server.
        type: str
        required: true
      username:
        description: User to log in as.
        type: str
      password:
        description: Password of the user.
        type: str
      token:
        description: Token of an earlier login, instead of the password.
        type: str
      headers:
        description: HTTP headers to send, for a proxy that asks for them.
        type: dict
      validate_certs:
        description: Whether the server's certificate must be valid.
        type: bool
        default: true
      ca_path:
        description: File with the certificate authority to trust, instead of the system's.
        type: path
      managed_by:
        description: The mark of the notifications to test. C(kumawatch-) and O(environment) if not set.
        type: str
      notifications:
        description: Names of the notifications to test, whatever their mark.
        type: list
        elements: str
  timeout:
    description: Seconds within which every test has to be in the chat.
    type: float
    default: 60
  patience:
    description: Seconds for which one call of AWS is tried again while it is throttled or cannot be reached.
    type: float
    default: 20
requirements:
  - boto3 >= 1.35
  - botocore >= 1.35
  - python-socketio and aiohttp for O(uptime_kuma)
seealso:
  - module: kumawatch.monitoring.alert_redrive
"""

EXAMPLES = r"""
- name: See whether alerts arrive
  kumawatch.monitoring.alert_drill:
    region: eu-central-1
    environment: production
    uptime_kuma:
      url: https://kuma.example.com
      username: admin
      password: "{{ vault_kuma_password }}"

- name: The path of critical alarms alone
  kumawatch.monitoring.alert_drill:
    environment: production
    severities: [critical]
    timeout: 30
"""

RETURN = r"""
msg:
  description: How many paths arrived, or which did not and why.
  returned: always
  type: str
  sample: "drill 20261127T063000-4f1c: 4 of 4 paths arrived, the slowest in 3.2 s"
drill:
  description: What the drill is called in the chat.
  returned: always
  type: str
  sample: 20261127T063000-4f1c
paths:
  description: The paths.
  returned: when not in check mode
  type: list
  elements: dict
  contains:
    path:
      description: The path.
      type: str
      sample: topic critical
    arrived:
      description: Whether the test is in the chat.
      type: bool
    seconds:
      description: After how many seconds it was there.
      type: float
    link:
      description: The link that broke. V(Uptime Kuma), V(front door), V(topic), V(subscription), V(queue),
        V(event source), V(relay), V(chat) or V(dead letters). Empty if it arrived.
      type: str
    error:
      description: What was found there, and what to do.
      type: str
"""

import secrets
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.kumawatch.monitoring.plugins.module_utils._aws import drill_model as model
from ansible_collections.kumawatch.monitoring.plugins.module_utils._aws.drill import Account, knock
from ansible_collections.kumawatch.monitoring.plugins.module_utils._aws.session import Aws
from ansible_collections.kumawatch.monitoring.plugins.module_utils._errors import KumawatchError
from ansible_collections.kumawatch.monitoring.plugins.module_utils._google_chat.webhook import redact
from ansible_collections.kumawatch.monitoring.plugins.module_utils._kuma import drill as kuma
from ansible_collections.kumawatch.monitoring.plugins.module_utils._kuma.bulk import require_libraries
from ansible_collections.kumawatch.monitoring.plugins.module_utils._kuma.client import Connection


def from_uptime_kuma(options: Mapping[str, Any], environment: str, drill: str, timeout: float) -> list[model.Path]:
    """Test the notifications of an Uptime Kuma; a path for each."""
    connection = Connection(
        url=options["url"],
        username=options["username"],
        password=options["password"],
        token=options["token"],
        headers=options["headers"] or {},
        validate_certs=options["validate_certs"],
        ca_path=options["ca_path"],
        timeout=timeout,
        wait=min(timeout, 10.0),
    )
    began = time.monotonic()
    managed_by = options["managed_by"] or f"kumawatch-{environment}"
    try:
        sent = kuma.send(connection, drill, options["notifications"], managed_by, timeout)
    except KumawatchError as error:
        return [model.Path("Uptime Kuma", broken=(model.KUMA, str(error)))]
    took = round(time.monotonic() - began, 1)
    if not sent:
        reason = f"it has no notification that is managed by {managed_by}: run the role uptime_targets."
        return [model.Path("Uptime Kuma", broken=(model.KUMA, reason))]
    paths = []
    for each in sent:
        path = model.Path(f"Uptime Kuma: {each.name}")
        if each.relayed:
            path.severity, path.item = "info", f"{each.drill}/kuma"
        if each.error:
            link = model.DOOR if each.relayed else model.CHAT
            said = redact(each.error, "").rstrip(".")[:300]
            path.broken = (link, f"Uptime Kuma was refused there ({said}): run the role uptime_targets.")
        elif not each.relayed:
            path.seconds = took
        paths.append(path)
    return paths


def send(params: Mapping[str, Any], account: Account, drill: str) -> list[model.Path]:
    """Send a test down every path at once."""
    topics = [model.Path(f"topic {severity}", severity) for severity in dict.fromkeys(params["severities"])]
    door = [model.Path("front door", "info")] if params["front_door_url"] else []
    work: list[Callable[[], None]] = [partial(account.publish, path, drill) for path in topics]
    address, token = params["front_door_url"], params["front_door_token"] or ""
    work += [partial(knock, path, address, token, f"{drill}-door", params["timeout"]) for path in door]
    with ThreadPoolExecutor(len(work) + 1) as pool:
        tested = None
        if params["uptime_kuma"]:
            tested = pool.submit(
                from_uptime_kuma, params["uptime_kuma"], params["environment"], drill, params["timeout"]
            )
        for future in [pool.submit(each) for each in work]:
            future.result()
        return [*topics, *door, *(tested.result() if tested is not None else [])]


def drill_through(params: Mapping[str, Any], account: Account, names: model.Names, drill: str) -> list[model.Path]:
    """Send, watch, and look for what broke."""
    since = time.time()
    paths = send(params, account, drill)
    items = account.watch(paths, drill, params["timeout"])
    missing = [path for path in paths if path.waiting]
    if missing:
        severities = sorted({path.severity for path in missing})
        seen = account.evidence(severities, drill, since)
        for path in missing:
            path.broken = model.verdict(path, items.get(path.item), seen, names)
    return paths


def main() -> None:
    """Run the module."""
    module = AnsibleAWSModule(
        argument_spec={
            "environment": {"type": "str", "required": True},
            "severities": {
                "type": "list",
                "elements": "str",
                "choices": list(model.SEVERITIES),
                "default": list(model.SEVERITIES),
            },
            "front_door_url": {"type": "str"},
            "front_door_token": {"type": "str", "no_log": True},
            "uptime_kuma": {
                "type": "dict",
                "options": {
                    "url": {"type": "str", "required": True},
                    "username": {"type": "str"},
                    "password": {"type": "str", "no_log": True},
                    "token": {"type": "str", "no_log": True},
                    "headers": {"type": "dict", "no_log": True},
                    "validate_certs": {"type": "bool", "default": True},
                    "ca_path": {"type": "path"},
                    "managed_by": {"type": "str"},
                    "notifications": {"type": "list", "elements": "str"},
                },
            },
            "timeout": {"type": "float", "default": 60},
            "patience": {"type": "float", "default": 20},
        },
        supports_check_mode=True,
    )
    params = module.params
    if params["uptime_kuma"]:
        require_libraries(module)
    drill = f"{time.strftime('%Y%m%dT%H%M%S', time.gmtime())}-{secrets.token_hex(2)}"
    if module.check_mode:
        module.exit_json(changed=True, drill=drill, msg=f"drill {drill} would be sent")
    names = model.Names(params["environment"])
    try:
        paths = drill_through(params, Account(Aws(module, params["patience"]), names), names, drill)
    except KumawatchError as error:
        module.fail_json(msg=f"The drill could not be held: {error}", drill=drill)
    result = {
        "changed": True,
        "drill": drill,
        "msg": model.summary(drill, paths, params["timeout"]),
        "paths": [
            {
                "path": path.name,
                "arrived": path.broken is None,
                "seconds": path.seconds,
                "link": path.broken[0] if path.broken else "",
                "error": path.broken[1] if path.broken else "",
            }
            for path in paths
        ],
    }
    if any(path.broken for path in paths):
        module.fail_json(**result)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
