#!/usr/bin/python
# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reconcile the status pages of an Uptime Kuma server."""

from __future__ import annotations

DOCUMENTATION = r"""
module: kuma_status_pages
short_description: Reconcile all status pages of an Uptime Kuma server in one task
version_added: 0.1.0
description:
  - Brings the status pages of an Uptime Kuma server, with their groups and incidents, to what is declared. One task
    and one login, whatever the number of pages.
  - A page is known by its slug.
  - Only what is declared is compared. Options that are not set are left as they are on the server; a list that is set
    is exact, in its order.
  - The mark of ownership is a comment at the end of the page's own CSS.
  - Works with Uptime Kuma 1.23 and with the releases of 2.x. An option that the server does not know yet is refused,
    with the release that brought it.
author:
  - The Kumawatch engineers (@kumawatch)
extends_documentation_fragment:
  - kumawatch.monitoring.kuma
  - kumawatch.monitoring.kuma.bulk
  - kumawatch.monitoring.kuma.attributes
options:
  status_pages:
    description: The status pages, in any order.
    type: list
    elements: dict
    required: true
    suboptions:
      slug:
        description: Last part of the page's address, C(/status/SLUG). Small letters, digits and hyphens.
        type: str
        required: true
      title:
        description: Title of the page. Needed for a new one.
        type: str
      description:
        description: Text above the groups, in Markdown.
        type: str
      icon:
        description:
          - The logo, as an address that browsers can load, or as a PNG image in the form V(data:image/png;base64,...).
          - The server stores an image under a name of its own choice. It is fetched and compared by its content, so
            that nothing changes while the image is the same.
          - An empty string takes the logo away.
        type: str
      icon_file:
        description: The logo, as a PNG file on the host where the module runs. Compared by its content.
        type: path
      theme:
        description: Colours of the page.
        type: str
        choices: [auto, light, dark]
      auto_refresh_interval:
        description: Seconds after which the page loads anew; V(0) for never. Needs Uptime Kuma 2.0.
        type: int
      show_tags:
        description: Whether the tags of the monitors are shown. The mark of ownership is one of them.
        type: bool
      domain_names:
        description:
          - Host names under which the page is served at the root.
          - A domain has one page. One that belongs to a page which is not declared is refused, not taken away from it.
        type: list
        elements: str
      custom_css:
        description: CSS of the page.
        type: str
      footer_text:
        description: Text below the groups, in Markdown.
        type: str
      show_powered_by:
        description: Whether the page names Uptime Kuma.
        type: bool
      show_certificate_expiry:
        description: Whether the page shows for how long certificates are still valid.
        type: bool
      show_only_last_heartbeat:
        description: Whether only the last heartbeat of each monitor is shown. Needs Uptime Kuma 2.1.
        type: bool
      rss_title:
        description: Title of the RSS feed. Needs Uptime Kuma 2.1.
        type: str
      analytics:
        description: Who counts the visitors. An empty dictionary for nobody.
        type: dict
        suboptions:
          type:
            description:
              - The kind of analytics.
              - Before Uptime Kuma 2.1 there is only V(google); V(rybbit) needs 2.5.
            type: str
            choices: [google, matomo, plausible, rybbit, umami]
          id:
            description: Site or measurement ID; for V(plausible) the domain names.
            type: str
          script_url:
            description: Address of the script, for all but V(google).
            type: str
      groups:
        description:
          - The groups of the page, in their order. Their monitors are shown, everything else on the server is not.
          - An empty list empties the page.
        type: list
        elements: dict
        suboptions:
          name:
            description: Heading of the group.
            type: str
            required: true
          monitors:
            description:
              - The monitors of the group, in their order. Each is a name that only one monitor has, or a list of names
                from the outermost group to the monitor, or a dictionary.
              - The dictionary has the keys C(monitor), a name or list of names as above; C(show_url), whether the name
                is a link to what is monitored (default V(false)); C(custom_url), an address to link to instead, which
                needs Uptime Kuma 2.0.
            type: list
            elements: raw
            default: []
      incidents:
        description:
          - The incidents that are pinned to the page, each known by its title. Others are unpinned; an empty list
            unpins all.
          - Before Uptime Kuma 2.1 a page has one at most.
        type: list
        elements: dict
        suboptions:
          title:
            description: Title of the incident.
            type: str
            required: true
          content:
            description: What happened, in Markdown.
            type: str
            required: true
          style:
            description: Colour of its box.
            type: str
            choices: [info, warning, danger, primary, light, dark]
            default: warning
      state:
        description: Whether the page is to be there.
        type: str
        choices: [present, absent]
        default: present
      ignore:
        description:
          - Options of this entry to set when the page is created and to leave alone afterwards.
        type: list
        elements: str
  pending_monitors:
    description:
      - Monitors that an earlier task of the same run would have created, as RV(ignore:created) of
        M(kumawatch.monitoring.kuma_monitors) names them, or as lists of names.
      - Looked at in check mode only, so that pages with these monitors can be predicted.
    type: list
    elements: raw
    default: []
  pending_deleted_monitors:
    description:
      - Monitors that an earlier task of the same run would have deleted, as RV(ignore:deleted) of
        M(kumawatch.monitoring.kuma_monitors) names them.
      - Looked at in check mode only. A monitor that is deleted disappears from its pages by itself.
    type: list
    elements: raw
    default: []
seealso:
  - module: kumawatch.monitoring.kuma_monitors
  - module: kumawatch.monitoring.kuma_maintenances
"""

EXAMPLES = r"""
- name: A page for customers
  kumawatch.monitoring.kuma_status_pages:
    api_url: https://kuma.example.com
    api_username: admin
    api_password: "{{ vault_kuma_password }}"
    status_pages:
      - slug: production
        title: Example status
        description: What we run for **you**.
        theme: auto
        domain_names: [status.example.com]
        show_tags: false
        groups:
          - name: Services
            monitors:
              - [production, api]
              - monitor: [production, shop]
                show_url: true
          - name: Infrastructure
            monitors: [dns, mail]

- name: Tell about an incident
  kumawatch.monitoring.kuma_status_pages:
    api_url: https://kuma.example.com
    api_token: "{{ kuma_token }}"
    status_pages:
      - slug: production
        incidents:
          - title: Payments are slow
            content: Our provider works on it.
            style: warning

- name: No incident any more, and no page that is not declared here
  kumawatch.monitoring.kuma_status_pages:
    api_url: https://kuma.example.com
    api_token: "{{ kuma_token }}"
    status_pages:
      - slug: production
        title: Example status
        incidents: []
    purge: true
"""

RETURN = r"""
msg:
  description: How many were created, updated, deleted and unchanged, or what was wrong.
  returned: always
  type: str
  sample: "1 created, 1 updated, 0 deleted, 4 unchanged"
created:
  description: The pages that were created, by their slugs.
  returned: always
  type: list
  elements: str
  sample: [production]
updated:
  description: The pages that were changed.
  returned: always
  type: list
  elements: str
deleted:
  description: The pages that were deleted.
  returned: always
  type: list
  elements: str
unchanged:
  description: The declared pages that were as declared.
  returned: always
  type: list
  elements: str
unmanaged:
  description: The pages on the server that are neither declared nor deleted.
  returned: always
  type: list
  elements: str
adopted:
  description: Those of RV(updated) that had no mark of ownership before.
  returned: always
  type: list
  elements: str
failures:
  description: The pages that could not be changed, with the reason. The others were.
  returned: always
  type: list
  elements: dict
  contains:
    name:
      description: The page.
      type: str
    error:
      description: What was wrong with it.
      type: str
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.kumawatch.monitoring.plugins.module_utils._contract import entry_args, ownership_args
from ansible_collections.kumawatch.monitoring.plugins.module_utils._kuma.argspec import connection_args
from ansible_collections.kumawatch.monitoring.plugins.module_utils._kuma.bulk import run
from ansible_collections.kumawatch.monitoring.plugins.module_utils._kuma.status_pages import StatusPages


def page_args() -> dict[str, object]:
    """What one page takes."""
    return {
        **entry_args(),
        "slug": {"type": "str", "required": True},
        "title": {"type": "str"},
        "description": {"type": "str"},
        "icon": {"type": "str"},
        "icon_file": {"type": "path"},
        "theme": {"type": "str", "choices": ["auto", "light", "dark"]},
        "auto_refresh_interval": {"type": "int"},
        "show_tags": {"type": "bool"},
        "domain_names": {"type": "list", "elements": "str"},
        "custom_css": {"type": "str"},
        "footer_text": {"type": "str"},
        "show_powered_by": {"type": "bool"},
        "show_certificate_expiry": {"type": "bool"},
        "show_only_last_heartbeat": {"type": "bool"},
        "rss_title": {"type": "str"},
        "analytics": {
            "type": "dict",
            "options": {
                "type": {"type": "str", "choices": ["google", "matomo", "plausible", "rybbit", "umami"]},
                "id": {"type": "str"},
                "script_url": {"type": "str"},
            },
        },
        "groups": {
            "type": "list",
            "elements": "dict",
            "options": {
                "name": {"type": "str", "required": True},
                "monitors": {"type": "list", "elements": "raw", "default": []},
            },
        },
        "incidents": {
            "type": "list",
            "elements": "dict",
            "options": {
                "title": {"type": "str", "required": True},
                "content": {"type": "str", "required": True},
                "style": {
                    "type": "str",
                    "choices": ["info", "warning", "danger", "primary", "light", "dark"],
                    "default": "warning",
                },
            },
        },
    }


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            **connection_args(),
            **ownership_args(),
            "status_pages": {
                "type": "list",
                "elements": "dict",
                "required": True,
                "options": page_args(),
                "mutually_exclusive": [("icon", "icon_file")],
            },
            "pending_monitors": {"type": "list", "elements": "raw", "default": []},
            "pending_deleted_monitors": {"type": "list", "elements": "raw", "default": []},
        },
        supports_check_mode=True,
    )
    pending = {name: value for name, value in module.params.items() if name.startswith("pending_")}
    run(module, StatusPages(module.params["status_pages"], **(pending if module.check_mode else {})))


if __name__ == "__main__":
    main()
