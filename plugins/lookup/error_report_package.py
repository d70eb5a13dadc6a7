# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The package of the Lambda function that posts the daily error report, built on the controller."""

from __future__ import annotations

DOCUMENTATION = r"""
name: error_report_package
short_description: The package of the daily error report's Lambda function
version_added: 0.2.0
author:
  - The Kumawatch engineers (@kumawatch)
description:
  - Builds the package of the function that the role P(kumawatch.monitoring.cloudwatch_logs#role) makes, and returns the
    path of the file. The same sources and the same configuration make the same bytes on every machine.
  - It is built in check mode as well, since it is needed to say whether the function would change.
options:
  _terms:
    description:
      - What the report is about, as the filter P(kumawatch.monitoring.cloudwatch_error_report#filter) returns it.
    type: list
    elements: dict
    required: true
  directory:
    description:
      - The directory to keep packages in, each under a name with a digest of what is in it. C(kumawatch) in the user's
        cache directory if it is not given.
    type: path
"""

EXAMPLES = r"""
- name: Say where the package is
  ansible.builtin.debug:
    msg: "{{ lookup('kumawatch.monitoring.error_report_package', report) }}"
  vars:
    report:
      services:
        - name: api
          owner: payments
          runbook: https://wiki.example.com/runbooks/api
          groups:
            - {name: /production/api/app, format: postgres}
      formats:
        postgres:
          errors: "@message like /ERROR:/"
"""

RETURN = r"""
_raw:
  description: The path of the package.
  type: list
  elements: str
"""

import json
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleError
from ansible.plugins.lookup import LookupBase

from ansible_collections.kumawatch.monitoring.plugins.module_utils._error_report.config import read_config
from ansible_collections.kumawatch.monitoring.plugins.module_utils._error_report.handlers import CONFIG
from ansible_collections.kumawatch.monitoring.plugins.module_utils._errors import KumawatchError
from ansible_collections.kumawatch.monitoring.plugins.module_utils._relay.package import (
    ERROR_REPORT,
    build,
    cache_directory,
    keep,
)


class LookupModule(LookupBase):
    """The lookup."""

    def run(self, terms: list[Any], variables: Any = None, **kwargs: Any) -> list[str]:
        """Build it, and return its path."""
        self.set_options(var_options=variables, direct=kwargs)
        chosen = self.get_option("directory")
        directory = Path(str(chosen)).expanduser() if chosen else cache_directory()
        found = []
        for term in terms:
            config = json.dumps(term, sort_keys=True, ensure_ascii=False, default=str).encode("utf-8")
            try:
                # What the function could not use is better refused here than each morning there.
                read_config(config)
                found.append(str(keep(build(ERROR_REPORT, {CONFIG: config}), directory, "error-report")))
            except KumawatchError as error:
                raise AnsibleError(str(error)) from None
            except OSError as error:
                raise AnsibleError(
                    f"The package of the error report cannot be written to {directory} ({error.strerror}): set "
                    f"XDG_CACHE_HOME to a directory that can be written to."
                ) from None
        return found
