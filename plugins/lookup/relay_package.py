# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The package of the relay's Lambda functions, built on the controller."""

from __future__ import annotations

DOCUMENTATION = r"""
name: relay_package
short_description: The package of the relay's Lambda functions
version_added: 0.2.0
author:
  - The Kumawatch engineers (@kumawatch)
description:
  - Builds the package of the functions that the role P(kumawatch.monitoring.alert_channel#role) makes, and returns the
    path of the file. The same sources make the same bytes on every machine, so that nothing is uploaded that is there.
  - It is built in check mode as well, since it is needed to say whether the functions would change.
options:
  _terms:
    description:
      - The directory to keep packages in, each under a name with a digest of what is in it. C(kumawatch) in the user's
        cache directory if it is not given.
    type: list
    elements: path
"""

EXAMPLES = r"""
- name: Say where the package is
  ansible.builtin.debug:
    msg: "{{ lookup('kumawatch.monitoring.relay_package') }}"
"""

RETURN = r"""
_raw:
  description: The path of the package.
  type: list
  elements: str
"""

from pathlib import Path
from typing import Any

from ansible.errors import AnsibleError
from ansible.plugins.lookup import LookupBase

from ansible_collections.kumawatch.monitoring.plugins.module_utils._relay.package import build, cache_directory, keep


class LookupModule(LookupBase):
    """The lookup."""

    def run(self, terms: list[Any], variables: Any = None, **kwargs: Any) -> list[str]:
        """Build it, and return its path."""
        directory = Path(str(terms[0])).expanduser() if terms else cache_directory()
        try:
            return [str(keep(build(), directory))]
        except OSError as error:
            raise AnsibleError(
                f"The package of the relay cannot be written to {directory} ({error.strerror}): set XDG_CACHE_HOME to "
                f"a directory that can be written to."
            ) from None
