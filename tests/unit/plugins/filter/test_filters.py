# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filters as Ansible calls them: errors are Ansible's, and what is exported reads back as it was."""

from __future__ import annotations

import sys
from importlib import import_module, invalidate_caches
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.errors import AnsibleFilterError
from ansible.parsing.dataloader import DataLoader
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.kumawatch.monitoring.plugins.filter import apm, catalogue, uptime, uptime_export

CATALOGUE = catalogue.FilterModule().filters()["catalogue"]
UPTIME = uptime.FilterModule().filters()
LACK = apm.FilterModule().filters()["apm_agent_lack"]
EXPORT = uptime_export.FilterModule().filters()["uptime_export"]

GOOD = {"monitoring_environment": "lab", "monitoring_services": [{"name": "api", "health": {"ping": "gw"}}]}
BAD = {"monitoring_environment": "lab", "monitoring_services": [{"name": "api", "helth": {}, "ownr": ""}]}
SENTENCES = [
    "service 'api': helth is not a known key; did you mean 'health'?",
    "service 'api': ownr is not a known key; did you mean 'owner'?",
]


def test_the_catalogue_reads_its_rules_from_the_role() -> None:
    assert [service["name"] for service in CATALOGUE(GOOD)["services"]] == ["api"]


def test_mistakes_are_an_error_of_ansible_or_a_list() -> None:
    with pytest.raises(AnsibleFilterError) as caught:
        CATALOGUE(BAD)
    assert str(caught.value) == "\n".join(SENTENCES)
    assert CATALOGUE(BAD, strict=False) == {"problems": SENTENCES}
    with pytest.raises(AnsibleFilterError, match="takes a mapping"):
        CATALOGUE([])


def test_a_mistake_is_found_again_in_its_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "group_vars.yml"
    path.write_text(
        "monitoring_environment: lab\nmonitoring_services:\n  - name: api\n    ownr: me\n    objective: all\n"
    )
    assert CATALOGUE(DataLoader().load_from_file(str(path)), strict=False)["problems"] == [
        "service 'api': ownr is not a known key; did you mean 'owner'? (group_vars.yml, line 4)",
        "service 'api': objective must be a number, not 'all'. (group_vars.yml, line 5)",
    ]


def test_the_filters_of_uptime_kuma_take_the_catalogue() -> None:
    resolved = CATALOGUE(GOOD)
    assert [entry["name"] for entry in UPTIME["uptime_monitors"](resolved)] == ["lab", "api"]
    assert UPTIME["uptime_notifications"](resolved, {"": "u"})[0]["name"] == "lab / google-chat"
    assert UPTIME["uptime_status_pages"](resolved)[0]["slug"] == "lab"
    assert UPTIME["uptime_maintenances"](resolved) == []
    with pytest.raises(AnsibleFilterError, match="has no webhook address"):
        UPTIME["uptime_notifications"](resolved)


def test_every_filter_is_documented_under_its_name() -> None:
    directory = Path(catalogue.__file__).parent
    package = catalogue.__name__.rpartition(".")[0]
    modules = [import_module(f"{package}.{path.stem}") for path in directory.glob("*.py") if path.stem != "__init__"]
    names = {name for module in modules for name in module.FilterModule().filters()}
    assert names == {path.stem for path in directory.glob("*.yml")}


# -- export ------------------------------------------------------------------------------------------------------------

GATHERED: dict[str, Any] = {
    "version": "2.5.3",
    "withheld": ["monitor 'api': basic_auth_password"],
    "settings": {"primary_base_url": "https://a", "check_update": True, "tls_expiry_notify_days": [7]},
    "proxies": [],
    "notifications": [{"name": "Chat", "google_chat": {"template": "{{ msg }}\n{% if a %}b{% endif %}"}}],
    "monitors": [{"name": "api", "group": ["a", "b"], "description": "One\n\nTwo", "timeout": 4.5, "port": None}],
}


def read(text: str, tmp_path: Path) -> Any:
    path = tmp_path / "exported.yml"
    path.write_text(text)
    return DataLoader().load_from_file(str(path))


def test_what_is_exported_reads_back_as_it_was(tmp_path: Path) -> None:
    text = EXPORT(GATHERED, "https://kuma.example.com")
    kinds = ("settings", "notifications", "monitors")
    assert read(text, tmp_path) == {f"uptime_targets_{kind}": GATHERED[kind] for kind in kinds}
    assert text.startswith("# Configuration of the Uptime Kuma server https://kuma.example.com, version 2.5.3.\n")
    assert "\n# Not in here, since they are secrets:\n#   monitor 'api': basic_auth_password\n---\n" in text


def test_a_group_is_exported_as_a_catalogue(tmp_path: Path) -> None:
    monitors = [
        {"name": "lab", "type": "group", "notifications": ["Chat"]},
        {"name": "api", "group": ["lab"], "type": "ping", "hostname": "gw"},
    ]
    text = EXPORT({"version": "2.5.3", "monitors": monitors}, "u", "lab")
    assert read(text, tmp_path)["monitoring_services"] == [{"name": "api", "health": {"ping": "gw"}}]
    assert "own. Applying it takes them from:\n#   lab\n---\n" in text
    assert "Applying" not in EXPORT({"version": "2.5.3", "monitors": monitors}, "u")
    with pytest.raises(AnsibleFilterError, match="There are no monitors in a group 'x' at the top"):
        EXPORT({"version": "2.5.3", "monitors": monitors}, "u", "x")


def test_the_servers_templates_are_none_of_ansibles() -> None:
    assert "template: !unsafe '{{ msg }}" in EXPORT(GATHERED, "u")


def test_an_empty_server_is_a_file_of_nothing(tmp_path: Path) -> None:
    assert read(EXPORT({"version": "2.5.3"}, "u"), tmp_path) == {}


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), max_size=20)
    | st.sampled_from(["{{ a }}", "{% b %}", "{# c", "yes", "12:30", "2026-11-22", "a: b", "# c", " d ", "e\n\nf\n"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "b", "on"]), inner, max_size=3),
    max_leaves=10,
)  # fmt: skip


@settings(max_examples=40, deadline=None)
@given(VALUES)
def test_whatever_is_exported_reads_back_as_it_was(value: Any) -> None:
    text = EXPORT({"version": "1", "monitors": [{"name": "a", "value": value}]}, "u")
    loader = type("Loader", (yaml.SafeLoader,), {})
    loader.add_constructor("!unsafe", lambda loader, node: loader.construct_scalar(node))  # type: ignore[attr-defined]
    assert yaml.load(text, Loader=loader)["uptime_targets_monitors"][0]["value"] == value


def test_a_vendors_role_is_looked_for_where_ansible_galaxy_puts_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "the role newrelic.newrelic-infra is not installed" in LACK("newrelic", [str(tmp_path)])
    (tmp_path / "newrelic.newrelic-infra").mkdir()
    assert LACK("newrelic", ["/nowhere", str(tmp_path)]) == ""
    home = tmp_path / "ansible_collections" / "dynatrace" / "oneagent"
    (home / "roles" / "oneagent").mkdir(parents=True)
    monkeypatch.setattr("ansible_collections.__path__", [str(home.parents[1])])
    # Python keeps a namespace that it has once found.
    for module in ("ansible_collections.dynatrace", "ansible_collections.datadog"):
        monkeypatch.setitem(sys.modules, module, None)
        monkeypatch.delitem(sys.modules, module)
    invalidate_caches()
    assert "the collection datadog.dd is not installed" in LACK("datadog")
    assert LACK("dynatrace") == ""
    (home / "MANIFEST.json").write_text('{"collection_info": {"version": "1.1.0"}}')
    assert "is too old (1.1.0)" in LACK("dynatrace")
    with pytest.raises(AnsibleFilterError, match="takes datadog, newrelic or dynatrace, not 'xray'"):
        LACK("xray")
