#!/usr/bin/python
# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reconcile the URLs of Lambda functions."""

from __future__ import annotations

DOCUMENTATION = r"""
module: lambda_function_urls
short_description: Reconcile the URLs of Lambda functions in one task
version_added: 0.2.0
description:
  - Brings the URLs of Lambda functions, at which a function answers to HTTPS without a gateway, to what is declared,
    with the permissions that a public URL needs.
  - A URL is known by the function, and by the alias where it is that of an alias.
  - Only what is declared is compared. Options that are not set are left as they are.
author:
  - The Kumawatch engineers (@kumawatch)
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - kumawatch.monitoring.aws.attributes
options:
  function_urls:
    description: The URLs, in any order.
    type: list
    elements: dict
    required: true
    suboptions:
      function:
        description: Name of the function. It must exist.
        type: str
        required: true
      alias:
        description: The alias that the URL calls. If this is not set, the URL calls the function as it was last
          uploaded.
        type: str
      auth:
        description:
          - Who may call the URL. V(none) is everybody. Then the two permissions for this are added to the policy of the
            function or alias, C(lambda:InvokeFunctionUrl) and C(lambda:InvokeFunction) by way of the URL. The function
            itself must refuse what it does not want.
          - V(iam) is who signs the request and is permitted to by an IAM policy. Then the two permissions are taken
            away.
          - Needed for a new URL.
        type: str
        choices: [none, iam]
      invoke_mode:
        description: Whether the answer is sent when it is complete or while it is made. AWS takes V(buffered) for a
          new URL.
        type: str
        choices: [buffered, response_stream]
      cors:
        description: What pages of other origins may do with the URL. Lists that are set are exact; empty ones clear.
        type: dict
        suboptions:
          allow_credentials:
            description: Whether cookies and other credentials may be sent.
            type: bool
          allow_headers:
            description: Headers that requests may have.
            type: list
            elements: str
          allow_methods:
            description: Methods that requests may have, V(*) for all.
            type: list
            elements: str
          allow_origins:
            description: Origins that may call, such as V(https://www.example.com), or V(*).
            type: list
            elements: str
          expose_headers:
            description: Headers of the answer that pages may see.
            type: list
            elements: str
          max_age:
            description: Seconds, up to 86400, for which browsers keep what they were told of this.
            type: int
      state:
        description: Whether the URL exists. With V(absent), the permissions for everybody go as well.
        type: str
        choices: [present, absent]
        default: present
      ignore:
        description:
          - Names of options, C(cors.max_age) of nested ones, that are set on creation, and never compared or changed
            again.
        type: list
        elements: str
  patience:
    description:
      - Seconds for which one call is tried again while AWS throttles it or cannot be reached. A call whose answer is
        lost is not sent twice. What became of it is read, and it is made again only if it was not made.
    type: float
    default: 120
notes:
  - A URL has no tags and goes with its function. So there is no mark of ownership and no purge, and no URL is touched
    that is not declared here.
  - Two calls are made for each declared URL, and further ones only for what differs.
  - V(none) needs botocore 1.40.50.
requirements:
  - boto3 >= 1.35
  - botocore >= 1.35
"""

EXAMPLES = r"""
- name: A function that everybody can call
  kumawatch.monitoring.lambda_function_urls:
    region: eu-central-1
    function_urls:
      - function: kumawatch-production-front-door
        auth: none
  register: front_door

- name: Tell its address
  ansible.builtin.debug:
    msg: "{{ front_door.urls['kumawatch-production-front-door'] }}"

- name: For one page, for those who are permitted, and no more
  kumawatch.monitoring.lambda_function_urls:
    profile: production
    function_urls:
      - function: report
        alias: live
        auth: iam
        invoke_mode: response_stream
        cors:
          allow_origins: ["https://www.example.com"]
          allow_methods: [GET]
          max_age: 3600
      - function: former
        state: absent
"""

RETURN = r"""
msg:
  description: What was done, or in check mode is to be done, in one line; on failure the reason.
  returned: always
  type: str
  sample: 1 created, 0 updated, 0 deleted, 3 unchanged
urls:
  description: The addresses of the declared URLs that exist, by the name of the function, C(function:alias) of an
    alias.
  returned: when the URLs were read
  type: dict
  sample: {"kumawatch-production-front-door":
    "https://abcdefghijklmnopqrstuvwxyz012345.lambda-url.eu-central-1.on.aws/"}
created:
  description: The functions that got a URL.
  returned: when the URLs were read
  type: list
  elements: str
  sample: [kumawatch-production-front-door]
updated:
  description: The functions whose URLs were changed.
  returned: when the URLs were read
  type: list
  elements: str
deleted:
  description: The functions that lost their URLs.
  returned: when the URLs were read
  type: list
  elements: str
unchanged:
  description: The functions whose URLs were as declared.
  returned: when the URLs were read
  type: list
  elements: str
unmanaged:
  description: Always empty, as URLs that are not declared are not looked for.
  returned: when the URLs were read
  type: list
  elements: str
adopted:
  description: Always empty, as URLs bear no mark.
  returned: when the URLs were read
  type: list
  elements: str
failures:
  description: The functions whose URLs could not be changed, with the reason. The others were.
  returned: when the URLs were read
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

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.kumawatch.monitoring.plugins.module_utils._aws.bulk import run
from ansible_collections.kumawatch.monitoring.plugins.module_utils._aws.function_urls import FunctionUrls
from ansible_collections.kumawatch.monitoring.plugins.module_utils._aws.session import PATIENCE
from ansible_collections.kumawatch.monitoring.plugins.module_utils._contract import entry_args


def argument_spec() -> dict[str, Any]:
    """The options of the module, besides amazon.aws's own."""
    strings = {"type": "list", "elements": "str"}
    cors = {
        "allow_credentials": {"type": "bool"},
        "allow_headers": strings,
        "allow_methods": strings,
        "allow_origins": strings,
        "expose_headers": strings,
        "max_age": {"type": "int"},
    }
    entry = {
        "function": {"type": "str", "required": True},
        "alias": {"type": "str"},
        "auth": {"type": "str", "choices": ["none", "iam"]},
        "invoke_mode": {"type": "str", "choices": ["buffered", "response_stream"]},
        "cors": {"type": "dict", "options": cors},
        **entry_args(),
    }
    return {
        "patience": {"type": "float", "default": PATIENCE},
        "function_urls": {"type": "list", "elements": "dict", "required": True, "options": entry},
    }


def main() -> None:
    """Run the module."""
    module = AnsibleAWSModule(argument_spec=argument_spec(), supports_check_mode=True)
    run(module, FunctionUrls(module.params["function_urls"]))


if __name__ == "__main__":
    main()
