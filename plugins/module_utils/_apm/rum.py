# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes into the pages of a web front end, so that a backend learns what real users see. Pure.

What vendors document of their browser programs is here and nowhere else: the address of the program, the global name
that it reads its settings from, the settings, and where it sends to, which a Content-Security-Policy must allow.

* CloudWatch RUM: ``window.AwsRumClient`` with a queue, the app monitor, its version, Region and settings; the program
  is at client.rum.us-east-1.amazonaws.com, whatever the Region. Guests of an identity pool, or a resource policy.
* New Relic Browser: ``NREUM.init``, ``loader_config`` and ``info`` before the loader.
* Datadog RUM: ``DD_RUM.onReady`` queues what is done once the program is there. It is at an address of the site's own.
* Dynatrace, agentless: a tag with the application's own program, which has its settings from Dynatrace.
* OpenTelemetry's web SDK is no program but packages: a module, which the front end's own build bundles.

Settings are data that are written as JSON, in which nothing can end the element that they stand in. Inline scripts have
their hash in the policy, so that nobody needs 'unsafe-inline'.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Any
from urllib.parse import urlsplit

from .._catalog.catalogue import CatalogueError
from .._catalog.rum import BACKENDS
from .._catalog.spec import Problem
from .._catalog.traces import called
from .collector import file_name

_TITLES = {
    "cloudwatch": "CloudWatch RUM",
    "newrelic": "New Relic Browser",
    "datadog": "Datadog RUM",
    "dynatrace": "Dynatrace",
    "otlp": "OpenTelemetry",
}
_CLOUDWATCH_CLIENT = "https://client.rum.us-east-1.amazonaws.com"
_NEW_RELIC_LOADER = "https://js-agent.newrelic.com/nr-loader-spa-current.min.js"
_NEW_RELIC_BEACONS = {"us": "bam.nr-data.net", "eu": "bam.eu01.nr-data.net"}
_DATADOG_PROGRAM = "https://www.datadoghq-browser-agent.com/{0}/v7/datadog-rum.js"
#: The name of each of Datadog's sites in the address of the program, and where the program sends to.
_DATADOG_SITES = {
    "datadoghq.com": ("us1", "https://browser-intake-datadoghq.com"),
    "us3.datadoghq.com": ("us3", "https://browser-intake-us3-datadoghq.com"),
    "us5.datadoghq.com": ("us5", "https://browser-intake-us5-datadoghq.com"),
    "datadoghq.eu": ("eu1", "https://browser-intake-datadoghq.eu"),
    "ap1.datadoghq.com": ("ap1", "https://browser-intake-ap1-datadoghq.com"),
    "ap2.datadoghq.com": ("ap2", "https://browser-intake-ap2-datadoghq.com"),
}
#: The packages of the module for OpenTelemetry, in releases that fit each other and run on Node 20.
PACKAGES = (
    "@opentelemetry/api@^1.9.0",
    "@opentelemetry/auto-instrumentations-web@^0.68.0",
    "@opentelemetry/context-zone@^2.0.0",
    "@opentelemetry/exporter-trace-otlp-proto@^0.223.0",
    "@opentelemetry/instrumentation@^0.223.0",
    "@opentelemetry/resources@^2.0.0",
    "@opentelemetry/sdk-trace-web@^2.0.0",
)

_CLOUDWATCH = """\
(function (settings) {
  var config = settings.config;
  if (settings.origins.length) {
    // Only these get the trace's id.
    config.telemetries = config.telemetries.map(function (telemetry) {
      return telemetry !== "http" ? telemetry : ["http", {
        addXRayTraceIdHeader: settings.origins.map(function (pattern) { return new RegExp(pattern); })
      }];
    });
  }
  var client = window.AwsRumClient = {
    q: [], n: "cwr", i: settings.monitor, v: settings.version, r: settings.region, c: config
  };
  window.cwr = function (command, payload) { client.q.push({c: command, p: payload}); };
  var program = document.createElement("script");
  program.async = true;
  program.src = settings.program;
  document.head.appendChild(program);
})(%s);
"""
_NEW_RELIC = """\
(function (settings) {
  var agent = window.NREUM = window.NREUM || {};
  agent.init = settings.init;
  agent.loader_config = settings.loader_config;
  agent.info = settings.info;
})(%s);
"""
_NEW_RELIC_VERSION = """\
(function (version) {
  if (window.newrelic) { window.newrelic.setApplicationVersion(version); }
})(%s);
"""
_DATADOG = """\
(function (settings) {
  var rum = window.DD_RUM = window.DD_RUM || {q: [], onReady: function (callback) { window.DD_RUM.q.push(callback); }};
  var program = document.createElement("script");
  program.async = true;
  program.crossOrigin = "";
  program.src = settings.program;
  document.head.appendChild(program);
  rum.onReady(function () { window.DD_RUM.init(settings.config); });
})(%s);
"""
_OPENTELEMETRY = """\
// {title}. Written by Kumawatch: change the catalogue, not this file. Bundle it with the front end, and load it first.
// npm install {packages}
import {{getWebAutoInstrumentations}} from "@opentelemetry/auto-instrumentations-web";
import {{ZoneContextManager}} from "@opentelemetry/context-zone";
import {{OTLPTraceExporter}} from "@opentelemetry/exporter-trace-otlp-proto";
import {{registerInstrumentations}} from "@opentelemetry/instrumentation";
import {{resourceFromAttributes}} from "@opentelemetry/resources";
import {{
  BatchSpanProcessor, ParentBasedSampler, TraceIdRatioBasedSampler, WebTracerProvider
}} from "@opentelemetry/sdk-trace-web";

const settings = {settings};
const origins = settings.origins.map((pattern) => new RegExp(pattern));
// What the exporter itself asks for is no part of the visit.
const requests = {{propagateTraceHeaderCorsUrls: origins, ignoreUrls: [settings.url], clearTimingResources: true}};
const provider = new WebTracerProvider({{
  resource: resourceFromAttributes(settings.resource),
  sampler: new ParentBasedSampler({{root: new TraceIdRatioBasedSampler(settings.sample)}}),
  spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter({{url: settings.url}}))],
}});
provider.register({{contextManager: new ZoneContextManager()}});
registerInstrumentations({{
  instrumentations: [getWebAutoInstrumentations({{
    "@opentelemetry/instrumentation-fetch": requests,
    "@opentelemetry/instrumentation-xml-http-request": requests,
  }})],
}});
// What is left goes out before the page does.
addEventListener("visibilitychange", () => {{
  if (document.visibilityState === "hidden") provider.forceFlush();
}});
"""


@dataclass(frozen=True)
class Snippet:
    """What goes into the pages for one backend.

    :param service: the service's name.
    :param backend: one of :data:`.._catalog.rum.BACKENDS`.
    :param name: the name of its files, without the ending.
    :param html: what stands first in each page's ``head``.
    :param policy: by directive what a Content-Security-Policy must allow.
    :param remarks: what the snippet cannot say, one sentence each.
    :param module: for OpenTelemetry the module that the front end bundles.
    """

    service: str
    backend: str
    name: str
    html: str
    policy: dict[str, list[str]]
    remarks: list[str] = field(default_factory=list)
    module: str = ""


def snippets(catalogue: Mapping[str, Any]) -> list[Snippet]:
    """What goes into the pages of each service with a web front end, for each of its backends.

    :param catalogue: what :func:`.._catalog.catalogue.resolve` returned, which has checked it.
    :raises CatalogueError: two services would share a file.
    """
    named = str(catalogue.get("environment", ""))
    result: list[Snippet] = []
    for service in catalogue["services"]:
        apm = service.get("apm") or {}
        rum = apm.get("rum") or {}
        if service.get("state") == "absent" or apm.get("enabled") is False:
            continue
        result += [_MAKERS[backend](service, rum, named) for backend in BACKENDS if rum.get(backend)]
    owners: dict[str, str] = {}
    problems = [
        Problem(f"services '{owners[found.name]}' and '{found.service}' have the same file; rename one of them.")
        for found in result
        if owners.setdefault(found.name, found.service) != found.service
    ]
    if problems:
        raise CatalogueError(problems[:1])
    return result


def files(found: Sequence[Snippet]) -> dict[str, str]:
    """The files of snippets by their names: a page's part each, modules, and all of it as data."""
    texts = {f"{snippet.name}.html": snippet.html for snippet in found}
    texts |= {f"{snippet.name}.mjs": snippet.module for snippet in found if snippet.module}
    index = [
        {
            "service": snippet.service,
            "backend": snippet.backend,
            "file": f"{snippet.name}.html",
            **({"module": f"{snippet.name}.mjs"} if snippet.module else {}),
            "html": snippet.html,
            "content_security_policy": snippet.policy,
            "remarks": snippet.remarks,
        }
        for snippet in found
    ]
    return {**texts, "rum.json": json.dumps(index, indent=2, ensure_ascii=False) + "\n"}


def policy_text(policy: Mapping[str, Sequence[str]]) -> str:
    """A Content-Security-Policy with these directives alone."""
    return "; ".join(f"{directive} {' '.join(sources)}" for directive, sources in policy.items())


# -- backends ---------------------------------------------------------------------------------------------------------


def _cloudwatch(service: Mapping[str, Any], rum: Mapping[str, Any], named: str) -> Snippet:
    given = rum["cloudwatch"]
    region = given["region"]
    domain = "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"
    endpoint = f"https://dataplane.rum.{region}.{domain}"
    telemetries = list(given.get("telemetries") or ("errors", "performance", "http"))
    traced = "http" in telemetries and given.get("xray") is not False
    config: dict[str, Any] = {
        "sessionSampleRate": _sample(rum),
        "endpoint": endpoint,
        "telemetries": telemetries,
        "allowCookies": bool(rum.get("cookies")),
        "enableXRay": traced,
        # Services are asked in the words of OpenTelemetry, and X-Ray understands these.
        "enableW3CTraceId": traced,
    }
    sends = [endpoint]
    if given.get("identity_pool"):
        config["identityPoolId"] = given["identity_pool"]
        sends.append(f"https://cognito-identity.{region}.{domain}")
    else:
        config["signing"] = False
    if given.get("guest_role"):
        config["guestRoleArn"] = given["guest_role"]
        sends.append(f"https://sts.{region}.{domain}")
    if rum.get("mask") == "all":
        config["recordResourceUrl"] = False
    settings = {
        "monitor": given["app_monitor"],
        "version": rum.get("version") or "0.0.0",
        "region": region,
        "program": f"{_CLOUDWATCH_CLIENT}/{given.get('client_version') or '3.x'}/cwr.js",
        "origins": _patterns(rum) if traced else [],
        "config": config,
    }
    remarks = []
    if rum.get("tracing_origins") and not traced:
        remarks.append("tracing_origins have no effect without xray and the telemetry http.")
    return _page(
        service, "cloudwatch", [_CLOUDWATCH % _json(settings)], [], [_CLOUDWATCH_CLIENT], sends, remarks=remarks
    )


def _newrelic(service: Mapping[str, Any], rum: Mapping[str, Any], named: str) -> Snippet:
    given = rum["newrelic"]
    beacon = _NEW_RELIC_BEACONS[given.get("site") or "us"]
    account, application, key = (str(given[name]) for name in ("account", "application", "browser_key"))
    origins = list(rum.get("tracing_origins") or ())
    settings = {
        "init": {
            "privacy": {"cookies_enabled": bool(rum.get("cookies"))},
            "ajax": {"deny_list": [beacon]},
            "distributed_tracing": {
                "enabled": bool(origins),
                "cors_use_newrelic_header": False,
                "cors_use_tracecontext_headers": bool(origins),
                "allowed_origins": origins,
            },
            # No recordings; should somebody switch them on, they show no more than this.
            "session_replay": {
                "enabled": False,
                "mask_all_inputs": True,
                "mask_text_selector": "*" if rum.get("mask") == "all" else None,
            },
        },
        "loader_config": {
            "accountID": account,
            "trustKey": str(given.get("trust_account") or account),
            "agentID": application,
            "licenseKey": key,
            "applicationID": application,
        },
        "info": {
            "beacon": beacon,
            "errorBeacon": beacon,
            "licenseKey": key,
            "applicationID": application,
            "sa": 1,
        },
    }
    after = [_NEW_RELIC_VERSION % _json(rum["version"])] if rum.get("version") else []
    remarks = []
    if _sample(rum) < 1:
        remarks.append("New Relic counts every page view; sample has no effect there.")
    return _page(
        service,
        "newrelic",
        [_NEW_RELIC % _json(settings)],
        [f'<script src="{escape(_NEW_RELIC_LOADER)}"></script>'],
        [_origin(_NEW_RELIC_LOADER)],
        [f"https://{beacon}"],
        after,
        remarks=remarks,
    )


def _datadog(service: Mapping[str, Any], rum: Mapping[str, Any], named: str) -> Snippet:
    given = rum["datadog"]
    site = given.get("site") or "datadoghq.com"
    region, intake = _DATADOG_SITES[site]
    program = _DATADOG_PROGRAM.format(region)
    config: dict[str, Any] = {
        "applicationId": given["application"],
        "clientToken": given["client_token"],
        "site": site,
        "service": called(service),
        "sessionSampleRate": round(_sample(rum) * 100, 4),
        # Recordings of visits are a decision of their own.
        "sessionReplaySampleRate": 0,
        "trackUserInteractions": True,
        "trackResources": True,
        "trackLongTasks": True,
        "defaultPrivacyLevel": "mask" if rum.get("mask") == "all" else "mask-user-input",
        # A click is not called by the text of what was clicked where that is masked.
        "enablePrivacyForActionName": True,
    }
    if named:
        config["env"] = named
    if rum.get("version"):
        config["version"] = rum["version"]
    if rum.get("tracing_origins"):
        # The program compares the beginning of an address: a slash ends the host.
        config["allowedTracingUrls"] = [
            {"match": f"{origin}/", "propagatorTypes": ["tracecontext"]} for origin in rum["tracing_origins"]
        ]
    settings = {"program": program, "config": config}
    return _page(service, "datadog", [_DATADOG % _json(settings)], [], [_origin(program)], [intake])


def _dynatrace(service: Mapping[str, Any], rum: Mapping[str, Any], named: str) -> Snippet:
    tag = rum["dynatrace"]["tag"]
    found = re.search(r"/jstag/[^/]+/(bf\w+)/", urlsplit(tag).path)
    beacon = f"https://{found[1]}.bf.dynatrace.com" if found else "https://*.bf.dynatrace.com"
    return _page(
        service,
        "dynatrace",
        [],
        [f'<script src="{escape(tag)}" crossorigin="anonymous"></script>'],
        [_origin(tag)],
        [beacon],
        remarks=[
            "The tag has its settings from Dynatrace: share of the visits, masks, traced origins and cookies are set "
            "there, in the application's settings."
        ],
    )


def _otlp(service: Mapping[str, Any], rum: Mapping[str, Any], named: str) -> Snippet:
    url = f"{rum['otlp']['endpoint'].rstrip('/')}/v1/traces"
    name = _name(service, "otlp")
    resource = {"service.name": called(service)}
    if named:
        resource["deployment.environment.name"] = named
    if rum.get("version"):
        resource["service.version"] = rum["version"]
    settings = {"url": url, "sample": _sample(rum), "origins": _patterns(rum), "resource": resource}
    module = _OPENTELEMETRY.format(
        title=_comment(_title(service, "otlp")), packages=" ".join(PACKAGES), settings=_json(settings)
    )
    policy = {"script-src": ["'self'"], "connect-src": [_origin(url)]}
    html = _comment_of(service, "otlp", policy) + f'<script type="module" src="/{escape(name)}.js"></script>\n'
    remarks = [
        f"{name}.mjs is bundled by the front end's own build, to the file that the page names; "
        "the endpoint must allow the pages' origin (CORS)."
    ]
    return Snippet(service["name"], "otlp", name, html, policy, remarks, module)


_MAKERS = {
    "cloudwatch": _cloudwatch,
    "newrelic": _newrelic,
    "datadog": _datadog,
    "dynatrace": _dynatrace,
    "otlp": _otlp,
}


# -- pages ------------------------------------------------------------------------------------------------------------


def _page(
    service: Mapping[str, Any],
    backend: str,
    before: Sequence[str],
    tags: Sequence[str],
    programs: Sequence[str],
    sends: Sequence[str],
    after: Sequence[str] = (),
    remarks: Sequence[str] = (),
) -> Snippet:
    """A snippet of inline scripts, tags, and inline scripts after them."""
    hashes = [_hash(f"\n{script}") for script in (*before, *after)]
    policy = {"script-src": [*hashes, *programs], "connect-src": list(sends)}
    parts = [
        *(f"<script>\n{script}</script>" for script in before),
        *tags,
        *(f"<script>\n{script}</script>" for script in after),
    ]
    html = _comment_of(service, backend, policy) + "\n".join(parts) + "\n"
    return Snippet(service["name"], backend, _name(service, backend), html, policy, list(remarks))


def _comment_of(service: Mapping[str, Any], backend: str, policy: Mapping[str, Sequence[str]]) -> str:
    title = _comment(_title(service, backend))
    return f"<!-- {title}. Content-Security-Policy: {_comment(policy_text(policy))} -->\n"


def _title(service: Mapping[str, Any], backend: str) -> str:
    return f"{service['name']}: {_TITLES[backend]}"


def _comment(text: str) -> str:
    """A text that can stand in a comment of a page or of a line: it ends neither."""
    return re.sub(r"\s+", " ", escape(text, quote=False)).replace("--", "- -")


def _hash(script: str) -> str:
    """What a policy calls an inline script, which is all between its tags."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"


def _json(value: Any) -> str:
    """Data as they can stand in a script: nothing in them ends it, begins a comment or a line."""
    text = json.dumps(value, indent=2, ensure_ascii=True)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _name(service: Mapping[str, Any], backend: str) -> str:
    return f"{file_name(service['name'])}-{backend}"


def _sample(rum: Mapping[str, Any]) -> float:
    sample = rum.get("sample")
    return 1 if sample is None else sample


def _patterns(rum: Mapping[str, Any]) -> list[str]:
    """Regular expressions of the origins, which match no host that only begins like one."""
    return [f"^{re.escape(origin)}(/|$)" for origin in rum.get("tracing_origins") or ()]


def _origin(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}"
