#!/usr/bin/python
# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Send the dead letters of an alert channel again."""

from __future__ import annotations

DOCUMENTATION = r"""
module: alert_redrive
short_description: Send the dead letters of an alert channel again
version_added: 0.2.0
description:
  - Moves the alerts that could not be told from the dead letters back into the queue, and says how many there were.
    The relay then tells them as if they had just arrived.
  - It does so by a task of SQS, and waits for it. Where the endpoint knows no such tasks, one message after the other
    is sent again and then deleted.
author:
  - The Kumawatch engineers (@kumawatch)
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - kumawatch.monitoring.aws.attributes
attributes:
  diff_mode:
    support: none
options:
  environment:
    description: The environment whose alert channel it is. Names O(queue) and O(dead_letters) where they are not set.
    type: str
  queue:
    description: Name of the queue.
    type: str
  dead_letters:
    description: Name of the queue of its dead letters.
    type: str
  rate:
    description: At most so many a second. As fast as SQS likes if it is not set.
    type: int
  timeout:
    description: Seconds to wait.
    type: float
    default: 300
  patience:
    description: Seconds for which one call is tried again while it is throttled or cannot be reached.
    type: float
    default: 120
requirements:
  - boto3 >= 1.35
  - botocore >= 1.35
seealso:
  - module: kumawatch.monitoring.alert_drill
"""

EXAMPLES = r"""
- name: Tell what could not be told
  kumawatch.monitoring.alert_redrive:
    region: eu-central-1
    environment: production

- name: Any other queue, slowly
  kumawatch.monitoring.alert_redrive:
    queue: orders
    dead_letters: orders-dead
    rate: 5
"""

RETURN = r"""
msg:
  description: How many there were, or what was wrong.
  returned: always
  type: str
  sample: 12 dead letters were sent again
moved:
  description: How many were sent again, or in check mode lie there.
  returned: success
  type: int
  sample: 12
"""

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.kumawatch.monitoring.plugins.module_utils._aws.drill_model import Names
from ansible_collections.kumawatch.monitoring.plugins.module_utils._aws.redrive import count, find, move
from ansible_collections.kumawatch.monitoring.plugins.module_utils._aws.session import PATIENCE, Aws
from ansible_collections.kumawatch.monitoring.plugins.module_utils._errors import KumawatchError


def main() -> None:
    """Run the module."""
    module = AnsibleAWSModule(
        argument_spec={
            "environment": {"type": "str"},
            "queue": {"type": "str"},
            "dead_letters": {"type": "str"},
            "rate": {"type": "int"},
            "timeout": {"type": "float", "default": 300},
            "patience": {"type": "float", "default": PATIENCE},
        },
        required_one_of=[["environment", "queue"]],
        required_together=[["queue", "dead_letters"]],
        supports_check_mode=True,
    )
    params = module.params
    names = Names(params["environment"] or "")
    aws = Aws(module, params["patience"])
    try:
        queues = find(aws, params["queue"] or names.queue, params["dead_letters"] or names.dead)
        waiting = count(aws, queues.dead_url)
        if module.check_mode or not waiting:
            said = f"{_letters(waiting)} would be sent again" if waiting else "there are no dead letters"
            module.exit_json(changed=waiting > 0, moved=waiting, msg=said)
        moved = move(aws, queues, params["rate"], params["timeout"])
    except KumawatchError as error:
        module.fail_json(msg=str(error))
    module.exit_json(
        changed=moved > 0, moved=moved, msg=f"{_letters(moved)} {'was' if moved == 1 else 'were'} sent again"
    )


def _letters(number: int) -> str:
    return "1 dead letter" if number == 1 else f"{number} dead letters"


if __name__ == "__main__":
    main()
