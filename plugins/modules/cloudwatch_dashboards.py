#!/usr/bin/python
# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reconcile the dashboards of CloudWatch."""

from __future__ import annotations

DOCUMENTATION = r"""
module: cloudwatch_dashboards
short_description: Reconcile all CloudWatch dashboards in one task
version_added: 0.2.0
description:
  - Brings the dashboards of CloudWatch to what is declared.
  - A dashboard is known by its name. Dashboards belong to an account, not to a Region.
  - A body is compared as the data that it is. Order of keys, blanks and ways to write a number are no changes, the
    order of widgets is one.
author:
  - The Kumawatch engineers (@kumawatch)
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - kumawatch.monitoring.aws.bulk
  - kumawatch.monitoring.aws.attributes
options:
  dashboards:
    description: The dashboards, in any order.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: Name of the dashboard, up to 255 letters, digits, hyphens and underscores.
        type: str
        required: true
      body:
        description:
          - What the dashboard shows, with its list of C(widgets), as data or as JSON text. The source that the
            console shows can be given as it is.
          - Up to 500 widgets and a million bytes.
          - Needed for a new dashboard.
        type: raw
      tags:
        description: Tags, beside the mark of ownership. What is set is exact. Empty for no others.
        type: dict
      state:
        description: Whether the dashboard exists.
        type: str
        choices: [present, absent]
        default: present
      ignore:
        description:
          - Names of options that are set on creation, and never compared or changed again. With V(body) people may go
            on with a dashboard in the console.
        type: list
        elements: str
notes:
  - CloudWatch lists names only, so one call is made for each declared dashboard to compare its body.
  - What CloudWatch takes with reservations, such as a widget that it cannot draw, is a warning that names the widget.
    What it does not take is the error of that dashboard.
  - The index of tags is that of a Region, and dashboards have none. If it does not know a dashboard, the dashboard's
    tags are asked for, with O(purge) of every dashboard.
seealso:
  - plugin: kumawatch.monitoring.cloudwatch_dashboards
    plugin_type: filter
"""

EXAMPLES = r"""
- name: The dashboards of a catalogue, and nothing else of ours
  kumawatch.monitoring.cloudwatch_dashboards:
    region: eu-central-1
    managed_by: kumawatch-production
    purge: true
    dashboards: "{{ monitoring_catalogue | kumawatch.monitoring.cloudwatch_dashboards(discovery) }}"

- name: One of one's own, as data
  kumawatch.monitoring.cloudwatch_dashboards:
    managed_by: payments
    dashboards:
      - name: payments
        body:
          widgets:
            - type: text
              x: 0
              y: 0
              width: 24
              height: 2
              properties:
                markdown: "# Payments"
            - type: metric
              x: 0
              y: 2
              width: 12
              height: 6
              properties:
                title: Payments declined
                region: eu-central-1
                stat: Sum
                period: 60
                metrics:
                  - [Shop, Declined, Currency, EUR]
        tags:
          owner: payments

- name: As the console shows its source, from then on in the hands of people
  kumawatch.monitoring.cloudwatch_dashboards:
    dashboards:
      - name: overview
        body: "{{ lookup('ansible.builtin.file', 'overview.json') }}"
        ignore: [body]
      - name: former
        state: absent
"""

RETURN = r"""
msg:
  description: What was done, or in check mode is to be done, in one line; on failure the reason.
  returned: always
  type: str
  sample: 1 created, 1 updated, 0 deleted, 3 unchanged
created:
  description: The dashboards that were created.
  returned: when the dashboards were read
  type: list
  elements: str
  sample: [production]
updated:
  description: The dashboards that were changed.
  returned: when the dashboards were read
  type: list
  elements: str
deleted:
  description: The dashboards that were deleted.
  returned: when the dashboards were read
  type: list
  elements: str
unchanged:
  description: The declared dashboards that were as declared.
  returned: when the dashboards were read
  type: list
  elements: str
unmanaged:
  description: The dashboards that are neither declared nor deleted.
  returned: when the dashboards were read
  type: list
  elements: str
adopted:
  description: Those of RV(updated) that had no mark of ownership before.
  returned: when the dashboards were read
  type: list
  elements: str
failures:
  description: The dashboards that could not be changed, with the reason. The others were.
  returned: when the dashboards were read
  type: list
  elements: dict
  contains:
    name:
      description: The dashboard.
      type: str
    error:
      description: What was wrong with it.
      type: str
"""

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.kumawatch.monitoring.plugins.module_utils._aws.bulk import aws_args, run
from ansible_collections.kumawatch.monitoring.plugins.module_utils._aws.dashboards import Dashboards
from ansible_collections.kumawatch.monitoring.plugins.module_utils._contract import entry_args


def argument_spec() -> dict[str, Any]:
    """The options of the module, besides amazon.aws's own."""
    dashboard = {
        "name": {"type": "str", "required": True},
        "body": {"type": "raw"},
        "tags": {"type": "dict"},
        **entry_args(),
    }
    return {
        **aws_args(),
        "dashboards": {"type": "list", "elements": "dict", "required": True, "options": dashboard},
    }


def main() -> None:
    """Run the module."""
    module = AnsibleAWSModule(argument_spec=argument_spec(), supports_check_mode=True)
    run(module, Dashboards(module.params["dashboards"]))


if __name__ == "__main__":
    main()
