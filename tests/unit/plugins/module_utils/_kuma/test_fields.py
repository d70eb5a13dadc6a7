# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tables of what each Uptime Kuma version knows are consistent, and the functions over them right."""
from __future__ import annotations

import re

import pytest

from ansible_collections.kumawatch.monitoring.plugins.module_utils._kuma import fields
from ansible_collections.kumawatch.monitoring.plugins.module_utils._kuma.fields import (
    MONITOR_FIELDS,
    MONITOR_TYPES,
    REFERENCES,
    SETTINGS,
    UNSET,
    Field,
)

V123 = (1, 23, 17)
V253 = (2, 5, 3)
TYPES = {"str", "int", "float", "bool", "list", "dict", "json"}


@pytest.mark.parametrize("table", [MONITOR_FIELDS, SETTINGS, REFERENCES], ids=["monitors", "settings", "references"])
def test_options_and_wire_keys_are_unique(table: tuple[Field, ...]) -> None:
    assert len({f.option for f in table}) == len(table)
    assert len({f.wire for f in table}) == len(table)
    assert len({f.read_key for f in table}) == len(table)


def test_no_option_is_both_a_field_and_a_reference() -> None:
    assert not {f.option for f in MONITOR_FIELDS} & {r.option for r in REFERENCES}


@pytest.mark.parametrize("field", MONITOR_FIELDS + SETTINGS, ids=lambda f: f.option)
def test_each_row_is_well_formed(field: Field) -> None:
    assert re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", field.option)
    assert field.type in TYPES
    assert field.doc.endswith(".")
    assert field.doc[0].isupper()
    assert field.types <= MONITOR_TYPES.keys()
    assert (field.type == "list") == bool(field.elements)
    assert not field.order_matters or field.type == "list"
    assert field.choices_since.keys() <= set(field.choices)
    assert field.wire_values.keys() <= set(field.choices)
    assert field.type_defaults.keys() <= MONITOR_TYPES.keys()
    assert field.until is None or field.until > field.since
    for value in (field.default, *field.type_defaults.values()):
        if value is UNSET or field.default is None:
            continue
        if field.choices:
            assert value in field.choices
        assert fields.normal(field, value) == value


def test_secrets_are_marked() -> None:
    names = re.compile("password|secret|token|_key$|connection_string|headers")
    public = {"oauth_token_url", "oauth_auth_method"}
    assert {f.option for f in MONITOR_FIELDS + SETTINGS if names.search(f.option)} - public <= {
        f.option for f in MONITOR_FIELDS + SETTINGS if f.secret
    }
