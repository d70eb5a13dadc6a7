#!/usr/bin/python
# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bring the Lambda functions of an account to what is declared."""

from __future__ import annotations

DOCUMENTATION = r"""
module: lambda_functions
short_description: Declare the Lambda functions of an account, with concurrency and event sources
version_added: 0.2.0
description:
  - Brings functions to what is declared, all of them in one task. Packages are uploaded only where they differ.
  - Unlike M(amazon.aws.lambda) it reserves concurrency, and waits for a role that was made a moment ago. Unlike
    M(amazon.aws.lambda_event) it brings all settings of an event source to what is declared, and predicts those of a
    function that does not exist yet.
  - What an entry does not name is left as it is. A list that it does name, such as O(functions[].event_sources), is
    exact.
author:
  - The Kumawatch engineers (@kumawatch)
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - kumawatch.monitoring.aws.bulk
  - kumawatch.monitoring.aws.attributes
options:
  functions:
    description: The functions.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: Name of the function. It is its identity.
        type: str
        required: true
      state:
        description: Whether the function is to be there. Its event sources go with it.
        type: str
        choices: [present, absent]
        default: present
      ignore:
        description: Options of this entry to set when the function is created and to leave alone afterwards.
        type: list
        elements: str
      zip_file:
        description: The package, a file where the task runs. A new function needs it.
        type: path
      handler:
        description: What is called in the package, for example V(relay.handler). A new function needs it.
        type: str
      runtime:
        description: What runs it, for example V(python3.13). A new function needs it.
        type: str
      architecture:
        description: The processor. A new function without it gets C(x86_64).
        type: str
        choices: [arm64, x86_64]
      role:
        description: ARN of the role that the function has. A new function needs it.
        type: str
      description:
        description: What the function is for.
        type: str
      timeout:
        description: Seconds that a call may take.
        type: int
      memory_size:
        description: Memory in MiB.
        type: int
      environment:
        description: Environment variables, exactly these. Everybody who may read the function sees them, so no secrets.
        type: dict
      reserved_concurrency:
        description:
          - How many calls may run at once. As many are kept for this function of those that the account has.
          - V(-1) reserves nothing and V(0) stops the function.
        type: int
      event_sources:
        description: What feeds the function. Others are disconnected.
        type: list
        elements: dict
        suboptions:
          arn:
            description: ARN of the queue.
            type: str
            required: true
          enabled:
            description: Whether it feeds.
            type: bool
            default: true
          batch_size:
            description: How many messages a call gets at most.
            type: int
            default: 10
          batch_window:
            description: Seconds to wait for a batch to fill.
            type: int
            default: 0
          report_failures:
            description: Whether the function's answer names the messages that failed, so that only these come again.
            type: bool
            default: false
      tags:
        description: Tags of the function besides C(managed-by). Others are removed.
        type: dict
seealso:
  - module: amazon.aws.lambda
  - module: amazon.aws.lambda_event
"""

EXAMPLES = r"""
- name: A function that reads a queue, one call at a time
  kumawatch.monitoring.lambda_functions:
    region: eu-central-1
    functions:
      - name: alerts-relay
        zip_file: build/relay.zip
        handler: relay.handler
        runtime: python3.13
        architecture: arm64
        role: arn:aws:iam::123456789012:role/alerts-relay
        timeout: 60
        reserved_concurrency: 1
        environment: {SPACE: operations}
        event_sources:
          - arn: arn:aws:sqs:eu-central-1:123456789012:alerts
            report_failures: true

- name: Stop it for now
  kumawatch.monitoring.lambda_functions:
    functions:
      - name: alerts-relay
        reserved_concurrency: 0
"""

RETURN = r"""
msg:
  description: How many were created, updated, deleted and unchanged, or what was wrong.
  returned: always
  type: str
  sample: "1 created, 1 updated, 0 deleted, 4 unchanged"
created:
  description: The functions that were created, by their names.
  returned: always
  type: list
  elements: str
  sample: [alerts-relay]
updated:
  description: The functions that were changed.
  returned: always
  type: list
  elements: str
deleted:
  description: The functions that were deleted.
  returned: always
  type: list
  elements: str
unchanged:
  description: The declared functions that were as declared.
  returned: always
  type: list
  elements: str
unmanaged:
  description: The functions of the account that are neither declared nor deleted.
  returned: always
  type: list
  elements: str
adopted:
  description: The declared functions that existed without a mark and got ours.
  returned: always
  type: list
  elements: str
failures:
  description: The functions that could not be changed, with the reason. The others were.
  returned: always
  type: list
  elements: dict
  contains:
    name:
      description: The function.
      type: str
    error:
      description: What was wrong with it.
      type: str
"""

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.kumawatch.monitoring.plugins.module_utils._aws.bulk import aws_args, run
from ansible_collections.kumawatch.monitoring.plugins.module_utils._aws.functions import Functions, function_args


def main() -> None:
    """Run the module."""
    module = AnsibleAWSModule(
        argument_spec={
            **aws_args(),
            "functions": {"type": "list", "elements": "dict", "required": True, "options": function_args()},
        },
        supports_check_mode=True,
    )
    run(module, Functions(module.params["functions"]))


if __name__ == "__main__":
    main()
