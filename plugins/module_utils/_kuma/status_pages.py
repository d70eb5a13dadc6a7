# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Status pages: what is declared, what exists, and the calls behind ``kuma_status_pages``.

A page's settings come with the login; its groups and incidents only over HTTP, one request a page, and so only for the
pages that are declared. After the login the server says nothing of pages any more: they are asked for one by one.

The functions are pure; what talks to the server is in :class:`StatusPages`.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path as File
from typing import Any

from .._errors import InputError, KumawatchError
from .._reconcile import ABSENT, Actual, Create, Delete, Desired, Update
from .bulk import Change, Kind
from .client import CallFailed, KumaClient
from .entries import Mark, add, given, ignored, known, listed, read, values
from .fields import V1_23, V2_0, V2_1, V2_5, Field, Version, is_known
from .paths import MonitorIndex, Path, label, pending_paths, remaining
from .state import State

#: The mark stands in the page's own CSS: every version has that field, and no visitor sees a comment in it.
MARK = Mark("/*", "*/")

FIELDS: tuple[Field, ...] = (
    Field("title", "title", "str", "Title of the page."),
    Field("description", "description", "str", "Text above the groups, in Markdown."),
    Field("theme", "theme", "str", "Colours.", choices=("auto", "light", "dark")),
    Field("auto_refresh_interval", "autoRefreshInterval", "int", "Seconds after which the page loads anew; 0: never.",
          since=V2_0, minimum=0),
    Field("show_tags", "showTags", "bool", "Whether the monitors' tags are shown."),
    Field("domain_names", "domainNameList", "list", "Host names under which the page is served.", elements="str"),
    Field("custom_css", "customCSS", "str", "CSS of the page."),
    Field("footer_text", "footerText", "str", "Text below the groups, in Markdown."),
    Field("show_powered_by", "showPoweredBy", "bool", "Whether the page names Uptime Kuma."),
    Field("show_certificate_expiry", "showCertificateExpiry", "bool", "Whether the days left of certificates show."),
    Field("show_only_last_heartbeat", "showOnlyLastHeartbeat", "bool", "Whether only the last heartbeat is shown.",
          since=V2_1),
    Field("rss_title", "rssTitle", "str", "Title of the RSS feed.", since=V2_1),
)  # fmt: skip

#: First release of each kind of analytics.
ANALYTICS: Mapping[str, Version] = {"google": V1_23, "matomo": V2_1, "plausible": V2_1, "rybbit": V2_5, "umami": V2_1}
INCIDENT_STYLES = ("info", "warning", "danger", "primary", "light", "dark")

#: Options besides those of the table, as ``ignore`` may name them.
OPTIONS = (*(item.option for item in FIELDS), "icon", "analytics", "groups", "incidents")

_SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_NO_ICON = "/icon.svg"  # what the server answers for a page without one
_PNG = b"\x89PNG\r\n\x1a\n"
_PNG_URL = "data:image/png;base64,"

#: Requests for pages under way at once.
WINDOW = 8


@dataclass(frozen=True)
class Image:
    """A logo that the server keeps itself. It renames what it is given, so logos are compared by their content."""

    data: bytes

    def __str__(self) -> str:
        return f"PNG image, {len(self.data)} bytes, sha256 {hashlib.sha256(self.data).hexdigest()[:16]}"

    @property
    def url(self) -> str:
        """The image as the server takes it."""
        return _PNG_URL + base64.b64encode(self.data).decode()


# -- what is declared -------------------------------------------------------------------------------------------------


def desired(
    entries: Sequence[Mapping[str, Any]],
    state: State,
    version: Version,
    index: MonitorIndex,
    images: Mapping[str, bytes] | None = None,
) -> list[Desired]:
    """The entries as the planner takes them, checked.

    :param index: the monitors that groups may name.
    :param images: the content of each ``icon_file``.
    :raises KumawatchError: an entry cannot be right; the message names it and the option.
    """
    existing = {page["slug"] for page in (state.status_pages or {}).values()}
    result = []
    for position, entry in enumerate(entries):
        slug = str(entry["slug"])
        who = f"status page '{slug}'"
        if not _SLUG.fullmatch(slug):
            raise InputError(f"{who}: slug must consist of small letters and digits, with single hyphens between them.")
        options = given(entry)
        leave = ignored(entry, OPTIONS, who, "status page")
        properties: dict[str, Any] = {}
        if options.get("state") != ABSENT:
            if slug not in existing and not options.get("title", "").strip():
                raise InputError(f"{who} does not exist yet and has no title: add one.")
            properties = _properties(options, version, index, images or {}, who)
        result.append(Desired(slug, slug, position, properties, options.get("state", "present"), leave))
    return result


def _properties(
    options: Mapping[str, Any], version: Version, index: MonitorIndex, images: Mapping[str, bytes], who: str
) -> dict[str, Any]:
    properties = values(options, FIELDS, version, who)
    if "title" in properties and not properties["title"].strip():
        raise InputError(f"{who}: title is empty: give it one.")
    if "custom_css" in properties:
        properties["custom_css"] = MARK.split(properties["custom_css"])[0]
    if "domain_names" in properties:
        properties["domain_names"] = sorted({name.strip() for name in properties["domain_names"] if name.strip()})
    if "icon" in options:
        properties["icon"] = _icon(options["icon"], who)
    elif "icon_file" in options:
        properties["icon"] = _image(images[options["icon_file"]], f"{who}: icon_file '{options['icon_file']}'")
    if "analytics" in options:
        properties["analytics"] = _analytics(options["analytics"], version, who)
    if "groups" in options:
        properties["groups"] = [_group(group, version, index, who) for group in options["groups"]]
    if "incidents" in options:
        properties["incidents"] = _incidents(options["incidents"], version, who)
    return properties


def _icon(text: str, who: str) -> str | Image:
    if not text.startswith("data:"):
        return "" if text == _NO_ICON else text
    try:
        data = base64.b64decode(text.removeprefix(_PNG_URL), validate=True) if text.startswith(_PNG_URL) else b""
    except binascii.Error:
        data = b""
    return _image(data, f"{who}: icon")


def _image(data: bytes, what: str) -> Image:
    if not data.startswith(_PNG):
        raise InputError(
            f"{what} is not a PNG image, the only kind that Uptime Kuma keeps: convert it, or give the URL of one."
        )
    return Image(data)


def _analytics(analytics: Mapping[str, Any], version: Version, who: str) -> dict[str, str]:
    options = {name: value for name, value in analytics.items() if value}
    if not options:
        return {}
    kind = options.get("type")
    if kind is None:
        raise InputError(f"{who}: analytics has no type: name one of {listed(sorted(ANALYTICS), 'or')}.")
    known(f"{who}: analytics type '{kind}'", ANALYTICS[kind], version)
    needed = ["id"] if kind == "google" else ["id", "script_url"]
    lacking = [name for name in needed if name not in options]
    if lacking:
        raise InputError(f"{who}: analytics of type '{kind}' needs {add(lacking)}")
    if kind == "google" and "script_url" in options:
        raise InputError(f"{who}: analytics of type 'google' takes no script_url: remove it.")
    return {name: str(options[name]) for name in ("type", *needed)}


def _group(group: Mapping[str, Any], version: Version, index: MonitorIndex, who: str) -> dict[str, Any]:
    name = str(group["name"])
    what = f"{who}: group '{name}'"
    if not name.strip():
        raise InputError(f"{who}: a group has an empty name: give it one.")
    monitors = [_monitor(monitor, version, index, what) for monitor in group.get("monitors") or ()]
    seen: set[Path] = set()
    for monitor in monitors:
        if monitor["monitor"] in seen:
            raise InputError(f"{what} names monitor '{label(monitor['monitor'])}' twice: remove one of them.")
        seen.add(monitor["monitor"])
    return {"name": name, "monitors": monitors}


def _monitor(monitor: Any, version: Version, index: MonitorIndex, what: str) -> dict[str, Any]:
    options = monitor if isinstance(monitor, Mapping) else {"monitor": monitor}
    unknown = sorted(set(options) - {"monitor", "show_url", "custom_url"})
    if unknown or not options.get("monitor"):
        wrong = f"has the unknown key '{unknown[0]}'" if unknown else "lacks the key 'monitor'"
        raise InputError(f"{what}: one of its monitors {wrong}: take monitor, show_url and custom_url.")
    path = index.path(options["monitor"], what)
    ident = index.ident(path, what)
    custom = str(options.get("custom_url") or "") or None
    show = _boolean(options.get("show_url"), custom is not None, f"{what}: show_url of monitor '{label(path)}'")
    if custom is not None:
        known(f"{what}: custom_url of monitor '{label(path)}'", V2_0, version)
        if not show:
            raise InputError(
                f"{what}: monitor '{label(path)}' has a custom_url and show_url: false, which hides it: remove one."
            )
        if ident is not None and custom == index.monitors[ident].get("url"):
            custom = None  # what the server shows anyway
    return {"monitor": path, "show_url": show, "custom_url": custom}


def _boolean(value: Any, default: bool, what: str) -> bool:
    if value is None:
        return default
    if isinstance(value, bool):
        return value
    word = str(value).strip().lower()
    if word not in ("true", "yes", "false", "no"):
        raise InputError(f"{what} is '{value}', neither true nor false: correct it.")
    return word in ("true", "yes")


def _incidents(incidents: Sequence[Mapping[str, Any]], version: Version, who: str) -> list[dict[str, str]]:
    result: list[dict[str, str]] = []
    for incident in incidents:
        title, content = str(incident["title"]), str(incident["content"])
        if not title.strip() or not content.strip():
            raise InputError(f"{who}: an incident needs a title and a content: add what is missing.")
        if any(other["title"] == title for other in result):
            raise InputError(f"{who}: incident '{title}' is declared twice: remove one of them.")
        result.append({"title": title, "content": content, "style": incident.get("style") or "warning"})
    if len(result) > 1:
        known(f"{who}: more than one incident", V2_1, version)
    return sorted(result, key=lambda item: item["title"])


def check_domains(entries: Iterable[Desired], state: State, leaving: Collection[str]) -> None:
    """Refuse a domain that two pages want: the server takes it silently from the one that has it.

    :param leaving: slugs of pages that will be deleted.
    """
    wanted: dict[str, str] = {}
    settled = set(leaving)
    for entry in entries:
        if entry.state == ABSENT or "domain_names" in entry.properties:
            settled.add(entry.label)
        for name in entry.properties.get("domain_names", ()):
            other = wanted.setdefault(name, entry.label)
            if other != entry.label:
                raise InputError(
                    f"domain_names: '{name}' is declared for status pages '{other}' and '{entry.label}': decide for "
                    "one."
                )
    for page in (state.status_pages or {}).values():
        for name in page.get("domainNameList") or ():
            if page["slug"] not in settled and wanted.get(name, page["slug"]) != page["slug"]:
                raise KumawatchError(
                    f"status page '{wanted[name]}': the domain '{name}' belongs to status page '{page['slug']}': "
                    f"remove it there first."
                )


# -- what exists ------------------------------------------------------------------------------------------------------


def actual(
    state: State,
    index: MonitorIndex,
    public: Mapping[str, Mapping[str, Any]],
    images: Mapping[str, bytes] | None = None,
) -> list[Actual]:
    """The pages on the server.

    :param public: by slug what the server tells everybody of a page: its groups and incidents.
    :param images: by slug the logos that were fetched.
    """
    logos = images or {}
    result = []
    for ident, page in (state.status_pages or {}).items():
        slug = page["slug"]
        properties = read(page, FIELDS)
        properties["custom_css"], owner = MARK.split(page.get("customCSS"))
        icon = page.get("icon") or ""
        properties["icon"] = Image(logos[slug]) if slug in logos else "" if icon == _NO_ICON else icon
        properties["analytics"] = _read_analytics(page)
        if slug in public:
            properties["groups"] = [
                {"name": group["name"], "monitors": _read_monitors(group["monitorList"], index)}
                for group in public[slug].get("publicGroupList") or ()
            ]
            properties["incidents"] = sorted(
                ({key: str(item[key]) for key in ("title", "content", "style")} for item in pinned(public[slug])),
                key=lambda item: item["title"],
            )
        result.append(Actual(slug, slug, ident, properties, owner))
    return result


def _read_analytics(page: Mapping[str, Any]) -> dict[str, str]:
    if page.get("googleAnalyticsId"):
        return {"type": "google", "id": str(page["googleAnalyticsId"])}
    kind = page.get("analyticsType")
    if not kind:
        return {}
    found = {"type": kind, "id": page.get("analyticsId"), "script_url": page.get("analyticsScriptUrl")}
    return {
        name: str(value) for name, value in found.items() if value and not (kind == "google" and name == "script_url")
    }


def _read_monitors(monitors: Iterable[Mapping[str, Any]], index: MonitorIndex) -> list[dict[str, Any]]:
    result = []
    for monitor in monitors:
        ident = int(monitor["id"])
        if ident in index.paths:
            result.append(
                {
                    "monitor": index.paths[ident],
                    "show_url": bool(monitor.get("sendUrl")),
                    "custom_url": _custom_url(monitor, index),
                }
            )
    return result


def _custom_url(monitor: Mapping[str, Any], index: MonitorIndex) -> str | None:
    """A URL that is not the monitor's own. The server does not say which of the two it shows."""
    shown = monitor.get("url") if monitor.get("sendUrl") else None
    return str(shown) if shown and shown != index.monitors[int(monitor["id"])].get("url") else None


def pinned(public: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The incidents that a page shows: one before 2.1, any number since."""
    one = public.get("incident")
    return list(public.get("incidents") or ([one] if one else []))


def export(item: Actual) -> dict[str, Any]:
    """The entry that declares a page as it is. It has to have been read with its groups and its logo."""
    entry: dict[str, Any] = {"slug": item.key, **item.properties}
    icon = entry["icon"]
    if isinstance(icon, Image):
        entry["icon"] = icon.url
    if "groups" in entry:
        entry["groups"] = [
            {"name": group["name"], "monitors": [_export_monitor(monitor) for monitor in group["monitors"]]}
            for group in entry["groups"]
        ]
    return entry


def _export_monitor(monitor: Mapping[str, Any]) -> Any:
    path = list(monitor["monitor"])
    if not monitor["show_url"]:
        return path
    extra = {"custom_url": monitor["custom_url"]} if monitor["custom_url"] else {}
    return {"monitor": path, "show_url": True, **extra}


# -- what is sent -----------------------------------------------------------------------------------------------------


def config(page: Mapping[str, Any], changes: Mapping[str, Any], owner: str | None, version: Version) -> dict[str, Any]:
    """The settings to save: all that the page has, since what is left out is lost, and what changes."""
    result = {key: value for key, value in page.items() if key != "icon"}
    for item in FIELDS:
        if item.option in changes and is_known(item, version):
            result[item.wire] = changes[item.option]
    result["customCSS"] = MARK.join(changes.get("custom_css", page.get("customCSS")), owner)
    result["logo"] = icon(page, changes)  # npm's snapshot takes a URL only from here
    if "analytics" in changes:
        analytics = changes["analytics"]
        if version >= V2_1:
            result["analyticsType"] = analytics.get("type")
            result["analyticsId"] = analytics.get("id")
            result["analyticsScriptUrl"] = analytics.get("script_url")
        else:
            result["googleAnalyticsId"] = analytics.get("id")
    elif version >= V2_1 and not result.get("analyticsType"):
        result["analyticsType"] = None
    return result


def icon(page: Mapping[str, Any], changes: Mapping[str, Any]) -> str:
    """The logo to save: a URL, or the content of an image."""
    value = changes["icon"] if "icon" in changes else page.get("icon") or ""
    if isinstance(value, Image):
        return value.url
    return "" if value == _NO_ICON else str(value)


def group_list(
    public: Mapping[str, Any], changes: Mapping[str, Any], index: MonitorIndex, version: Version, who: str
) -> list[dict[str, Any]]:
    """The groups to save. A group that keeps its name keeps its id."""
    before = public.get("publicGroupList") or ()
    if "groups" not in changes:
        return [
            {
                "id": group["id"],
                "name": group["name"],
                "monitorList": [
                    _relation(int(item["id"]), bool(item.get("sendUrl")), _custom_url(item, index), version)
                    for item in group["monitorList"]
                    if int(item["id"]) in index.paths
                ],
            }
            for group in before
        ]
    idents: dict[str, list[int]] = {}
    for group in before:
        idents.setdefault(group["name"], []).append(group["id"])
    result = []
    for group in changes["groups"]:
        wire: dict[str, Any] = {"name": group["name"], "monitorList": []}
        if idents.get(group["name"]):
            wire["id"] = idents[group["name"]].pop(0)
        for item in group["monitors"]:
            ident = index.ident(item["monitor"], who)
            if ident is not None:  # only check mode, which writes nothing, knows of monitors without one
                wire["monitorList"].append(_relation(ident, item["show_url"], item["custom_url"], version))
        result.append(wire)
    return result


def _relation(ident: int, show_url: bool, custom_url: str | None, version: Version) -> dict[str, Any]:
    relation: dict[str, Any] = {"id": ident, "sendUrl": show_url}
    if custom_url is not None and version >= V2_0:
        relation["url"] = custom_url
    return relation


# -- the server -------------------------------------------------------------------------------------------------------


class StatusPages(Kind):
    """The status pages of a server."""

    noun = "status page"
    lists = ("status_pages", "monitors")

    def __init__(
        self,
        entries: Sequence[Mapping[str, Any]],
        pending_monitors: Iterable[Any] = (),
        pending_deleted_monitors: Iterable[Any] = (),
        everything: bool = False,
    ) -> None:
        """
        :param pending_monitors: monitors that an earlier task of the same check-mode run would have created.
        :param pending_deleted_monitors: monitors that it would have deleted, and so taken off every page.
        :param everything: read the groups and logos of all pages, not only of the declared ones; for an export.
        """
        super().__init__()
        self.entries = entries
        self.pending = pending_paths(pending_monitors)
        self.gone = list(pending_deleted_monitors)
        self.everything = everything
        self._files: dict[str, bytes] = {}
        self._public: dict[str, Mapping[str, Any]] = {}
        self._logos: dict[str, bytes] = {}
        self._index = MonitorIndex({})
        self._added: set[str] = set()
        self._pushed = True

    def desired(self, state: State, version: Version) -> list[Desired]:
        MARK.check(self.owner)
        self._index = MonitorIndex(remaining(state.monitors or {}, self.gone), self.pending)
        self._files = self._files or _read_files(self.entries)
        result = desired(self.entries, state, version, self._index, self._files)
        declared = {entry.key for entry in result}
        leaving = [
            item.label
            for item in self.actual(state)
            if self.purge and item.owner == self.owner and item.key not in declared
        ]
        check_domains(result, state, leaving)
        return result

    def actual(self, state: State) -> list[Actual]:
        index = MonitorIndex(remaining(state.monitors or {}, self.gone))
        return actual(state, index, self._public, self._logos)

    export = staticmethod(export)

    def show(self, name: str, value: Any) -> Any:
        if name == "groups":
            return [
                {"name": group["name"], "monitors": [_shown(item) for item in group["monitors"]]}
                for group in value or ()
            ]
        return str(value) if isinstance(value, Image) else value

    async def read(self, client: KumaClient) -> None:
        if not self._pushed:
            await self._ask_again(client)
        self._pushed = False
        declared = {str(entry["slug"]) for entry in self.entries}
        with_image = {
            str(entry["slug"])
            for entry in self.entries
            if entry.get("icon_file") or str(entry.get("icon") or "").startswith("data:")
        }
        pages = [
            page for page in (client.state.status_pages or {}).values() if self.everything or page["slug"] in declared
        ]
        self._public, self._logos = {}, {}

        async def fetch(page: Mapping[str, Any]) -> None:
            slug = page["slug"]
            self._public[slug] = await client.get(f"/api/status-page/{slug}") or {}
            stored = str(page.get("icon") or "")
            if stored.startswith("/upload/") and (self.everything or slug in with_image):
                data = await client.download(stored.partition("?")[0])
                if data is not None and data.startswith(_PNG):
                    self._logos[slug] = data

        failed = await client.each(pages, fetch, WINDOW)
        if failed:
            raise failed[0][1]

    async def _ask_again(self, client: KumaClient) -> None:
        """Bring the list of pages up to date, which the server pushes only at a login."""
        pages = client.state.status_pages or {}
        slugs = {page["slug"] for page in pages.values()} | {str(entry["slug"]) for entry in self.entries}
        found: dict[int, dict[str, Any]] = {}

        async def ask(slug: str) -> None:
            page = await _page(client, slug)
            if page is not None:
                found[int(page["id"])] = page

        failed = await client.each(sorted(slugs), ask)
        if failed:
            raise failed[0][1]
        client.state.status_pages = found

    async def apply(self, client: KumaClient, change: Change) -> None:
        if isinstance(change, Create):
            await self._create(client, change)
        elif isinstance(change, Update):
            slug = change.label
            page = (client.state.status_pages or {})[change.actual.ident]
            changes = {name: difference.after for name, difference in change.differences.items()}
            await self._save(client, slug, page, self._public.get(slug, {}), changes)
        elif isinstance(change, Delete):
            await client.call("deleteStatusPage", change.label)

    async def _create(self, client: KumaClient, change: Create) -> None:
        slug = change.label
        await client.call("addStatusPage", change.desired.properties["title"], slug)
        self._added.add(slug)
        page = await _page(client, slug)
        if page is None:
            raise KumawatchError(
                "it was added, but is not on the server: another run may have deleted it; run the task again."
            )
        await self._save(client, slug, page, {}, change.desired.properties)

    async def _save(
        self,
        client: KumaClient,
        slug: str,
        page: Mapping[str, Any],
        public: Mapping[str, Any],
        changes: Mapping[str, Any],
    ) -> None:
        # Incidents first: only saving makes the server forget the answers that it keeps for visitors.
        if "incidents" in changes:
            await self._post_incidents(client, slug, pinned(public), changes["incidents"])
        groups = group_list(public, changes, self._index, client.version, f"status page '{slug}'")
        settings = config(page, changes, self.owner, client.version)
        await client.call("saveStatusPage", slug, settings, icon(page, changes), groups)

    async def _post_incidents(
        self, client: KumaClient, slug: str, before: Sequence[Mapping[str, Any]], after: Sequence[Mapping[str, str]]
    ) -> None:
        """Pin exactly these. An incident is known by its title; one that goes is unpinned, not deleted."""
        left = list(before)
        to_post = []
        for incident in after:
            same = next((item for item in left if item["title"] == incident["title"]), None)
            if same is not None:
                left.remove(same)
            if same is None or any(same[key] != incident[key] for key in incident):
                to_post.append({**incident, **({"id": same["id"]} if same is not None else {})})
        if left and client.version >= V2_1:
            for item in left:
                unpinned = {key: item[key] for key in ("title", "content", "style")}
                await client.call("editIncident", slug, item["id"], {**unpinned, "pin": False})
        elif left and not to_post:
            await client.call("unpinIncident", slug)
        for incident in to_post:  # before 2.1 this unpins every other one
            await client.call("postIncident", slug, incident)

    async def after_failures(self, client: KumaClient, failed: Sequence[Change]) -> None:
        """A page that was added and could not be saved is empty and bears no mark: take it away."""
        halves = [change.label for change in failed if isinstance(change, Create) and change.label in self._added]

        async def delete(slug: str) -> None:
            await client.call("deleteStatusPage", slug)

        await client.each(halves, delete)


def _shown(item: Mapping[str, Any]) -> Any:
    extra = {key: item[key] for key in ("show_url", "custom_url") if item[key]}
    return {"monitor": label(item["monitor"]), **extra} if extra else label(item["monitor"])


async def _page(client: KumaClient, slug: str) -> dict[str, Any] | None:
    """One page's settings; ``None`` when there is no such page."""
    try:
        return dict((await client.call("getStatusPage", slug))["config"])
    except CallFailed as error:
        if error.reason == "No slug?":
            return None
        raise


def _read_files(entries: Iterable[Mapping[str, Any]]) -> dict[str, bytes]:
    result = {}
    for entry in entries:
        name = entry.get("icon_file")
        if name is not None and entry.get("state") != ABSENT:
            try:
                result[name] = File(name).read_bytes()
            except OSError as error:
                raise InputError(
                    f"status page '{entry['slug']}': icon_file '{name}' cannot be read ({error.strerror}): check the "
                    "path."
                ) from None
    return result
