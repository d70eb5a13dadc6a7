#!/usr/bin/python
# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bring the SNS topics of an account to what is declared."""

from __future__ import annotations

DOCUMENTATION = r"""
module: sns_topics
short_description: Declare the SNS topics of an account, with encryption, publishers and subscriptions
version_added: 0.2.0
description:
  - Brings topics to what is declared, all of them in one task.
  - Unlike M(community.aws.sns_topic) it encrypts topics, writes the policy from a list of who may publish, and sets the
    attributes of subscriptions other than those of queues.
  - What an entry does not name is left as it is. A list that it does name, such as O(topics[].subscriptions), is exact.
author:
  - The Kumawatch engineers (@kumawatch)
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - kumawatch.monitoring.aws.bulk
  - kumawatch.monitoring.aws.attributes
options:
  topics:
    description: The topics.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: Name of the topic. It is its identity.
        type: str
        required: true
      state:
        description: Whether the topic is to be there.
        type: str
        choices: [present, absent]
        default: present
      ignore:
        description: Options of this entry to set when the topic is created and to leave alone afterwards.
        type: list
        elements: str
      display_name:
        description: Name that the recipients of e-mail and SMS see.
        type: str
      kms_key:
        description:
          - The KMS key that encrypts what waits in the topic, by its ID, ARN or C(alias/…). Empty for none.
          - Services such as CloudWatch can publish to the topic only if the policy of the key lets them. That of AWS's
            own key V(alias/aws/sns) does not and cannot be changed.
        type: str
      publishers:
        description:
          - Who may publish, from which the policy of the topic is written. The topic's own account always may, as far
            as its IAM policies allow.
          - Services may only on behalf of this account. C(events.amazonaws.com) is the exception, since EventBridge
            does not say for whom it publishes to a topic.
        type: dict
        suboptions:
          services:
            description: Services, for example V(cloudwatch.amazonaws.com).
            type: list
            elements: str
            default: []
          accounts:
            description: Other accounts, by their 12 digits.
            type: list
            elements: str
            default: []
      policy:
        description: The policy of the topic in full, instead of O(topics[].publishers).
        type: dict
      subscriptions:
        description:
          - Who gets what is published. Others are unsubscribed.
          - An e-mail or web address has to confirm. Until then it counts as subscribed, and for e-mail a warning says
            that it has not.
          - A subscription that nobody has confirmed cannot be removed. AWS lets it expire after some days.
        type: list
        elements: dict
        suboptions:
          protocol:
            description: How it is delivered.
            type: str
            required: true
            choices: [application, email, email-json, firehose, http, https, lambda, sms, sqs]
          endpoint:
            description: Where to. An address, a number, or the ARN of a queue or function.
            type: str
            required: true
          raw:
            description: Whether the message goes out as it is, and not wrapped in the JSON of SNS.
            type: bool
          filter_policy:
            description: Only messages whose attributes match this. An empty mapping matches all.
            type: dict
      tags:
        description: Tags of the topic besides C(managed-by). Others are removed.
        type: dict
seealso:
  - module: community.aws.sns_topic
  - module: community.aws.sqs_queue
"""

EXAMPLES = r"""
- name: A topic that CloudWatch and another account may publish to
  kumawatch.monitoring.sns_topics:
    region: eu-central-1
    topics:
      - name: alerts-critical
        kms_key: alias/alerts
        publishers:
          services: [cloudwatch.amazonaws.com, events.amazonaws.com]
          accounts: ["210987654321"]
        subscriptions:
          - {protocol: email, endpoint: on-call@example.com}
          - {protocol: sqs, endpoint: "arn:aws:sqs:eu-central-1:123456789012:alerts"}

- name: Topics that are no longer declared go away
  kumawatch.monitoring.sns_topics:
    topics:
      - name: alerts-critical
    managed_by: kumawatch-production
    purge: true
"""

RETURN = r"""
msg:
  description: How many were created, updated, deleted and unchanged, or what was wrong.
  returned: always
  type: str
  sample: "1 created, 1 updated, 0 deleted, 4 unchanged"
created:
  description: The topics that were created, by their names.
  returned: always
  type: list
  elements: str
  sample: [alerts-critical]
updated:
  description: The topics that were changed.
  returned: always
  type: list
  elements: str
deleted:
  description: The topics that were deleted.
  returned: always
  type: list
  elements: str
unchanged:
  description: The declared topics that were as declared.
  returned: always
  type: list
  elements: str
unmanaged:
  description: The topics of the account that are neither declared nor deleted.
  returned: always
  type: list
  elements: str
adopted:
  description: The declared topics that existed without a mark and got ours.
  returned: always
  type: list
  elements: str
failures:
  description: The topics that could not be changed, with the reason. The others were.
  returned: always
  type: list
  elements: dict
  contains:
    name:
      description: The topic.
      type: str
    error:
      description: What was wrong with it.
      type: str
"""

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.kumawatch.monitoring.plugins.module_utils._aws.bulk import aws_args, run
from ansible_collections.kumawatch.monitoring.plugins.module_utils._aws.topics import Topics, topic_args


def main() -> None:
    """Run the module."""
    module = AnsibleAWSModule(
        argument_spec={
            **aws_args(),
            "topics": {"type": "list", "elements": "dict", "required": True, "options": topic_args()},
        },
        supports_check_mode=True,
    )
    run(module, Topics(module.params["topics"]))


if __name__ == "__main__":
    main()
