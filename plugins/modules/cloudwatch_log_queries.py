#!/usr/bin/python
# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reconcile the saved queries of Logs Insights."""

from __future__ import annotations

DOCUMENTATION = r"""
module: cloudwatch_log_queries
short_description: Reconcile all saved queries of Logs Insights in one task
version_added: 0.2.0
description:
  - Brings the saved queries of CloudWatch Logs Insights to what is declared, in a folder of ours.
  - A query is known by its whole name, in which slashes make folders. Queries bear no tags, so those in O(folder)
    are ours, and O(purge) deletes no others.
  - Only what is declared is compared. Options that are not set are left as they are.
author:
  - The Kumawatch engineers (@kumawatch)
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - kumawatch.monitoring.aws.bulk
  - kumawatch.monitoring.aws.attributes
options:
  folder:
    description:
      - The folder that all O(queries) are in, without it being in their names. It has the name of O(managed_by) if
        this is not set.
      - Empty for none. Then names are as they are declared, and nothing can be purged.
    type: str
  queries:
    description: The queries, in any order.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: Name in the folder, such as V(api/top errors). With the folder it has up to 255 characters.
        type: str
        required: true
      query:
        description: The query, up to 10,000 characters. Needed for a new one.
        type: str
      log_groups:
        description: The log groups that are chosen with it. What is set is exact. Empty for none, as where the
          query names them.
        type: list
        elements: str
      language:
        description:
          - What it is written in.
          - V(sql) and V(ppl) need botocore 1.35.72.
        type: str
        choices: [logs_insights, sql, ppl]
      parameters:
        description:
          - What is asked for when it is run. The query has their names in double braces, which in a playbook belong
            between C({% raw %}) and C({% endraw %}). What is set is exact.
          - Needs botocore 1.42.77.
        type: list
        elements: dict
        suboptions:
          name:
            description: Name of the parameter, of letters, digits and V(_).
            type: str
            required: true
          default:
            description: What it is where nothing is given.
            type: str
          description:
            description: What it is for.
            type: str
      state:
        description: Whether the query is saved.
        type: str
        choices: [present, absent]
        default: present
      ignore:
        description: Names of options that are set on creation, and never compared or changed again.
        type: list
        elements: str
seealso:
  - module: kumawatch.monitoring.cloudwatch_log_groups
"""

EXAMPLES = r"""
- name: The queries of a catalogue, and nothing else in our folder
  kumawatch.monitoring.cloudwatch_log_queries:
    region: eu-central-1
    managed_by: kumawatch-production
    purge: true
    queries: "{{ monitoring_log_queries }}"

- name: Two queries, shown as payments/api/top errors and payments/api/one request
  kumawatch.monitoring.cloudwatch_log_queries:
    managed_by: payments
    queries:
      - name: api/top errors
        log_groups: [/production/api/app]
        query: |
          filter level = "ERROR"
          | stats count(*) as errors by message
          | sort errors desc
          | limit 20
      - name: api/one request
        log_groups: [/production/api/app, /production/api/access]
        query: '{% raw %}fields @timestamp, @message | filter trace_id = "{{trace}}" | sort @timestamp{% endraw %}'
        parameters:
          - name: trace
            description: The trace id, as the card shows it

- name: Remove one
  kumawatch.monitoring.cloudwatch_log_queries:
    managed_by: payments
    queries:
      - name: api/top errors
        state: absent
"""

RETURN = r"""
msg:
  description: What was done, or in check mode is to be done, in one line; on failure the reason.
  returned: always
  type: str
  sample: 1 created, 1 updated, 0 deleted, 3 unchanged
created:
  description: The queries that were created.
  returned: when the queries were read
  type: list
  elements: str
  sample: [kumawatch-production/api/top errors]
updated:
  description: The queries that were changed.
  returned: when the queries were read
  type: list
  elements: str
deleted:
  description: The queries that were deleted.
  returned: when the queries were read
  type: list
  elements: str
unchanged:
  description: The declared queries that were as declared.
  returned: when the queries were read
  type: list
  elements: str
unmanaged:
  description: The queries that are neither declared nor deleted.
  returned: when the queries were read
  type: list
  elements: str
adopted:
  description: Always empty, as queries bear no mark.
  returned: when the queries were read
  type: list
  elements: str
failures:
  description: The queries that could not be changed, with the reason. The others were.
  returned: when the queries were read
  type: list
  elements: dict
  contains:
    name:
      description: The query.
      type: str
    error:
      description: What was wrong with it.
      type: str
"""

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.kumawatch.monitoring.plugins.module_utils._aws.bulk import aws_args, run
from ansible_collections.kumawatch.monitoring.plugins.module_utils._aws.log_queries import Queries
from ansible_collections.kumawatch.monitoring.plugins.module_utils._aws.log_queries_model import LANGUAGES
from ansible_collections.kumawatch.monitoring.plugins.module_utils._contract import entry_args


def argument_spec() -> dict[str, Any]:
    """The options of the module, besides amazon.aws's own."""
    parameter = {
        "name": {"type": "str", "required": True},
        "default": {"type": "str"},
        "description": {"type": "str"},
    }
    query = {
        "name": {"type": "str", "required": True},
        "query": {"type": "str"},
        "log_groups": {"type": "list", "elements": "str"},
        "language": {"type": "str", "choices": list(LANGUAGES)},
        "parameters": {"type": "list", "elements": "dict", "options": parameter},
        **entry_args(),
    }
    return {
        **aws_args(),
        "folder": {"type": "str"},
        "queries": {"type": "list", "elements": "dict", "required": True, "options": query},
    }


def main() -> None:
    """Run the module."""
    module = AnsibleAWSModule(argument_spec=argument_spec(), supports_check_mode=True)
    run(module, Queries(module.params["queries"], module.params["folder"]))


if __name__ == "__main__":
    main()
