# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The backends that are compared, what is known of each, and who says so. Data: nothing is decided here.

Every level and every price has its evidence: a sentence, where it is from, and the day on which it was looked up.
Prices are list prices in dollars, most of them for yearly contracts; what somebody really pays, the inventory says.
"""

from __future__ import annotations

from typing import Any

#: The criteria in the order of the report, with what each asks.
CRITERIA = {
    "stack_fit": "Fit with the stack: does it know the languages, AWS, and our way of alerting?",
    "cost_value": "Cost against value: how many of the wanted features for a dollar?",
    "integration": "Effort of integration: what must be installed, signed and carried about?",
    "support": "Support and documentation: is OpenTelemetry a way in that is documented and supported?",
    "features": "Features: traces, errors, profiles, real users, objectives.",
    "independence": "Lock-in and data residency: can one leave, and where are the data?",
}

#: What each criterion is made of, beside what is computed from the catalogue.
ASPECTS = {
    "stack_fit": {
        "otlp": "takes OTLP traces by itself",
        "aws": "shows the account's metrics without further machinery",
        "alerts": "its alarms reach the alert channel",
        "languages": "zero-code instrumentation for the catalogue's languages (computed)",
    },
    "cost_value": {},
    "integration": {
        "no_secret": "needs no key on the hosts",
        "no_agent": "needs no agent beside the collector",
        "no_account": "needs no further account, contract or users",
    },
    "support": {
        "documentation": "documents the OTLP way in",
        "general_availability": "that way is generally available",
    },
    "features": {
        "tracing": "distributed traces, all spans searchable",
        "errors": "errors grouped and followed up",
        "profiling": "continuous profiles of Python, Node and Java",
        "rum": "real users in browsers",
        "slo": "service level objectives",
    },
    "independence": {
        "open_ingest": "applications need no library of the vendor",
        "own_account": "the data stay in one's own cloud account",
        "residency": "the data can be kept in the wanted area (computed)",
    },
}

#: The aspects whose levels follow from the catalogue and the inventory.
COMPUTED = {("stack_fit", "languages"), ("independence", "residency")}

_LOOKED_UP = "2026-11-27"


def _said(text: str, source: str, date: str = _LOOKED_UP) -> dict[str, str]:
    return {"text": text, "source": source, "date": date}


def _yes(text: str, source: str) -> dict[str, Any]:
    return {"level": "yes", "evidence": _said(text, source)}


def _partly(text: str, source: str) -> dict[str, Any]:
    return {"level": "partly", "evidence": _said(text, source)}


def _no(text: str, source: str) -> dict[str, Any]:
    return {"level": "no", "evidence": _said(text, source)}


_AWS = "https://docs.aws.amazon.com"
_SEARCH = f"{_AWS}/AmazonCloudWatch/latest/monitoring/Enable-TransactionSearch.html"
_SIGNALS = f"{_AWS}/botocore/latest/reference/services/application-signals.html"
_CLOUDWATCH_PRICES = "https://aws.amazon.com/cloudwatch/pricing/"
_NEW_RELIC = "https://docs.newrelic.com/docs"
_NEW_RELIC_OTLP = f"{_NEW_RELIC}/opentelemetry/best-practices/opentelemetry-otlp/"
_NEW_RELIC_PRICES = "https://newrelic.com/pricing"
_DATADOG = "https://docs.datadoghq.com"
_DATADOG_OTLP = f"{_DATADOG}/opentelemetry/setup/otlp_ingest/traces/"
_DATADOG_PRICES = f"{_DATADOG}/account_management/billing/apm_distributed_tracing/"
_DYNATRACE = "https://docs.dynatrace.com/docs"
_DYNATRACE_OTLP = f"{_DYNATRACE}/shortlink/opentelemetry-otlp"
_DYNATRACE_TRACES = f"{_DYNATRACE}/shortlink/dps-traces-ingest"
_DYNATRACE_PRICES = "https://www.dynatrace.com/pricing/"
_DYNATRACE_AWS = f"{_DYNATRACE}/shortlink/opentelemetry-oneagent"
_ZERO_CODE = "https://opentelemetry.io/docs/zero-code/"

_OPEN_LANGUAGES = {
    "languages": ["python", "node", "java", "dotnet", "php"],
    "evidence": _said("OpenTelemetry's own zero-code instrumentation exports OTLP to any backend.", _ZERO_CODE),
}

_XRAY: dict[str, Any] = {
    "title": "AWS X-Ray and CloudWatch Application Signals",
    "languages": {
        "languages": ["python", "node", "java", "dotnet"],
        "evidence": _said(
            "Application Signals instruments Java, Python, .NET and Node.js without code.",
            f"{_AWS}/AmazonCloudWatch/latest/monitoring/CloudWatch-Application-Signals-supportmatrix.html",
        ),
    },
    "residency": {
        "areas": ["eu", "us", "uk", "japan", "australia"],
        "evidence": _said("Spans go to the log group aws/spans of the account's Region.", _SEARCH),
    },
    "aspects": {
        "stack_fit": {
            "otlp": _yes(
                "X-Ray takes OTLP at https://xray.REGION.amazonaws.com/v1/traces, with Transaction Search.",
                f"{_AWS}/xray/latest/devguide/xray-opentelemetry.html",
            ),
            "aws": _yes("Application Signals shows RUM, canaries and the account's services in one map.", _SIGNALS),
            "alerts": _yes(
                "Its metrics are CloudWatch metrics, which the alarms of phase 2 and the alert channel take.",
                f"{_AWS}/AmazonCloudWatch/latest/monitoring/eks-observability-addon-application-signals.html",
            ),
        },
        "integration": {
            "no_secret": _yes(
                "The collector signs with the role of the instance (SigV4).",
                ""
                "https://github.com/open-telemetry/opentelemetry-collector-contrib/tree/main/extension/sigv4authextension",
            ),
            "no_agent": _yes(
                "The OTLP endpoint takes W3C trace ids from the OTLP/HTTP exporter; no exporter of its own is needed.",
                "https://aws-otel.github.io/docs/getting-started/x-ray/",
            ),
            "no_account": _yes("It is the account that the services run in.", _SEARCH),
        },
        "support": {
            "documentation": _yes("The endpoint, its limits and its set-up are documented.", _SEARCH),
            "general_availability": _yes("Transaction Search and the endpoint are not in preview.", _SEARCH),
        },
        "features": {
            "tracing": _yes("All spans are searchable, traces of up to 10,000 spans.", _SEARCH),
            "errors": _partly(
                "Counts faults and errors by service and operation; does not group exceptions.", _SIGNALS
            ),
            "profiling": _partly(
                "CodeGuru Profiler knows JVM languages and Python, has an agent of its own, and is not part of traces.",
                f"{_AWS}/AWSJavaScriptSDK/latest/AWS/CodeGuruProfiler.html",
            ),
            "rum": _yes("CloudWatch RUM shows client pages in the same map.", _SIGNALS),
            "slo": _yes("Objectives are created and watched in Application Signals.", _SIGNALS),
        },
        "independence": {
            "open_ingest": _yes("OpenTelemetry SDKs send OTLP, with W3C trace ids.", _SEARCH),
            "own_account": _yes("Spans are in a log group of the account, with its retention and encryption.", _SEARCH),
        },
    },
    "prices": [
        {
            "key": "spans",
            "item": "Spans, Transaction Search",
            "unit": "gb",
            "price": 0.35,
            "evidence": _said(
                "0.35 a GB in us-east-1; 1 % of the spans is indexed without charge, as the role sets it.",
                _CLOUDWATCH_PRICES,
            ),
        },
        {
            "key": "storage",
            "item": "Spans kept in CloudWatch Logs",
            "unit": "gb_month",
            "price": 0.03,
            "evidence": _said(
                "0.03 a GB and month, as for any log group; compression is left out.", _CLOUDWATCH_PRICES
            ),
        },
        {
            "key": "rum",
            "item": "CloudWatch RUM events",
            "unit": "rum_hundred_thousand_events",
            "price": 1.0,
            "evidence": _said("1.00 for 100,000 events.", _CLOUDWATCH_PRICES),
        },
    ],
    "retention": {
        "days": 3653,
        "evidence": _said("A log group keeps what it has for up to ten years, as one says.", _SEARCH),
    },
}

_NEW_RELIC_ONE: dict[str, Any] = {
    "title": "New Relic",
    "languages": _OPEN_LANGUAGES,
    "residency": {
        "areas": ["us", "eu", "japan"],
        "evidence": _said(
            "An organisation chooses the US, EU or Japan region; a few alert functions run in the US all the same.",
            f"{_NEW_RELIC}/accounts/accounts-billing/account-setup/choose-your-data-center/",
        ),
    },
    "aspects": {
        "stack_fit": {
            "otlp": _yes("Native OTLP ingest, HTTP and gRPC, recommended for OpenTelemetry.", _NEW_RELIC_OTLP),
            "aws": _partly(
                "CloudWatch metric streams by way of Firehose, set up in the account for each Region.",
                f"{_NEW_RELIC}/infrastructure/amazon-integrations/aws-integration-for-metrics/manual/",
            ),
            "alerts": _partly(
                "Webhooks: the front door of the alert channel takes them once somebody writes their template.",
                f"{_NEW_RELIC}/workflow-automation/setup-and-configure/create-destinations/",
            ),
        },
        "integration": {
            "no_secret": _no("The header api-key holds a licence key.", _NEW_RELIC_OTLP),
            "no_agent": _yes("The collector's OTLP/HTTP exporter is the recommended way.", _NEW_RELIC_OTLP),
            "no_account": _no("An account, and a licence for each user.", _NEW_RELIC_PRICES),
        },
        "support": {
            "documentation": _yes("Endpoints, limits, attributes and best practices are documented.", _NEW_RELIC_OTLP),
            "general_availability": _yes("It is the recommended way in, not a preview.", _NEW_RELIC_OTLP),
        },
        "features": {
            "tracing": _yes(
                "Distributed tracing of OpenTelemetry services.",
                f"{_NEW_RELIC}/opentelemetry/view-your-opentelemetry-data-new-relic/",
            ),
            "errors": _yes(
                "Errors inbox groups them and follows them up, for OpenTelemetry services as well.",
                f"{_NEW_RELIC}/opentelemetry/view-your-opentelemetry-data-new-relic/",
            ),
            "profiling": _no(
                "Nothing was found that profiles services which send OTLP.",
                f"{_NEW_RELIC}/opentelemetry/view-your-opentelemetry-data-new-relic/",
            ),
            "rum": _yes(
                "Browser monitoring, with an agent of its own.",
                f"{_NEW_RELIC}/apm/agents/nodejs-agent/troubleshooting/troubleshoot-browser-instrumentation-nodejs/",
            ),
            "slo": _yes(
                "Service levels: indicators and objectives.",
                f"{_NEW_RELIC}/workflow-automation/setup-and-configure/actions-catalog/newrelic/service-level/"
                f"newrelic-service-level/",
            ),
        },
        "independence": {
            "open_ingest": _yes("OpenTelemetry SDKs and the collector are enough.", _NEW_RELIC_OTLP),
            "own_account": _no("The data are New Relic's to keep.", _NEW_RELIC_OTLP),
        },
    },
    "prices": [
        {
            "key": "data",
            "item": "Data, original option",
            "unit": "gb",
            "price": 0.40,
            "included": 100.0,
            "evidence": _said("100 GB a month are free, then 0.40 a GB of 10⁹ bytes.", _NEW_RELIC_PRICES),
        },
        {
            "key": "user",
            "item": "Core users",
            "unit": "user",
            "price": 49.0,
            "evidence": _said("49 a month for a core user.", _NEW_RELIC_PRICES),
        },
        {
            "key": "rum",
            "item": "Browser data",
            "unit": "rum_gb",
            "price": 0.40,
            "evidence": _said("Data cost the same whatever their kind.", _NEW_RELIC_PRICES),
        },
    ],
    "retention": {
        "days": 8,
        "evidence": _said(
            "The original option keeps data for at least 8 days; longer is Data Plus.",
            f"{_NEW_RELIC}/accounts/accounts-billing/new-relic-one-pricing-billing/new-relic-one-pricing-billing/",
        ),
    },
}

_DATADOG_APM: dict[str, Any] = {
    "title": "Datadog",
    "languages": _OPEN_LANGUAGES,
    "residency": {
        "areas": ["us", "eu", "uk", "japan", "australia"],
        "evidence": _said(
            "Sites in the US, Germany, Japan and Australia are independent of each other.",
            f"{_DATADOG}/getting_started/site/",
        ),
    },
    "aspects": {
        "stack_fit": {
            "otlp": _yes("The intake takes OTLP over HTTP (not gRPC), with the header dd-api-key.", _DATADOG_OTLP),
            "aws": _partly(
                "The AWS integration reads CloudWatch with a role that is made for it in the account.",
                f"{_DATADOG}/integrations/guide/aws-agent-installation-technical-reference/",
            ),
            "alerts": _partly(
                "Its own Google Chat integration, or webhooks to the front door of the alert channel.",
                f"{_DATADOG}/api/latest/google-chat-integration/",
            ),
        },
        "integration": {
            "no_secret": _no("The header dd-api-key holds an API key.", _DATADOG_OTLP),
            "no_agent": _partly(
                "Spans need none; trace metrics must be asked for (compute_stats), and profiles need its library.",
                _DATADOG_OTLP,
            ),
            "no_account": _no("An account and a contract by host.", _DATADOG_PRICES),
        },
        "support": {
            "documentation": _yes("Endpoints by site, headers and protocols are documented.", _DATADOG_OTLP),
            "general_availability": _partly(
                "The traces intake has left preview; for production a collector with its exporter is advised.",
                _DATADOG_OTLP,
            ),
        },
        "features": {
            "tracing": _yes("Traces with retention filters; what is indexed can be searched.", _DATADOG_PRICES),
            "errors": _yes(
                "Error Tracking groups the errors of all services in APM, without another library.",
                f"{_DATADOG}/error_tracking/apm/",
            ),
            "profiling": _partly(
                "Continuous Profiler for all three, in APM Enterprise (40 a host), with Datadog's libraries and agent.",
                f"{_DATADOG}/profiler/",
            ),
            "rum": _yes(
                "Real User Monitoring for web and mobile applications.",
                f"{_DATADOG}/monitors/types/real_user_monitoring/",
            ),
            "slo": _yes("Objectives with alerts on error budget and burn rate.", f"{_DATADOG}/monitors/types/slo/"),
        },
        "independence": {
            "open_ingest": _partly("Traces come from OpenTelemetry SDKs; profiles and RUM do not.", _DATADOG_OTLP),
            "own_account": _no("The data are Datadog's to keep.", f"{_DATADOG}/getting_started/site/"),
        },
    },
    "prices": [
        {
            "key": "infrastructure_host",
            "item": "Infrastructure hosts",
            "unit": "host",
            "price": 15.0,
            "evidence": _said("15 a host, billed yearly.", "https://www.datadoghq.com/pricing/"),
        },
        {
            "key": "apm_host",
            "item": "APM hosts",
            "unit": "host",
            "price": 31.0,
            "evidence": _said("31 a host with Infrastructure Monitoring, billed yearly.", _DATADOG_PRICES),
        },
        {
            "key": "ingested",
            "item": "Ingested spans",
            "unit": "gb",
            "price": 0.10,
            "included_per_host": 150.0,
            "evidence": _said(
                "150 GB a month come with each APM host; 0.10 a GB beyond is from memory: check it.", _DATADOG_PRICES
            ),
        },
        {
            "key": "indexed",
            "item": "Indexed spans",
            "unit": "million_indexed_spans",
            "price": 1.70,
            "included_per_host": 1.0,
            "evidence": _said("A million a month with each APM host, then 1.70 a million.", _DATADOG_PRICES),
        },
    ],
    "retention": {
        "days": 15,
        "evidence": _said("Indexed at these prices for 15 days.", _DATADOG_PRICES),
    },
}

_DYNATRACE_ASPECTS: dict[str, Any] = {
    "stack_fit": {
        "otlp": _yes("Native OTLP over HTTP at /api/v2/otlp/v1/traces.", _DYNATRACE_OTLP),
        "aws": _partly(
            "Reads CloudWatch metrics of configured services with credentials of its own.",
            ""
            "https://www.dynatrace.com/support/help/setup-and-configuration/setup-on-cloud-platforms/amazon-web-services/"
            "amazon-web-services-integrations/aws-service-metrics",
        ),
        "alerts": _partly(
            "Webhooks: the front door of the alert channel takes them once somebody writes their payload.",
            ""
            "https://www.dynatrace.com/support/help/observe-and-explore/notifications-and-alerting/problem-notifications",
        ),
    },
    "support": {
        "documentation": _yes("Endpoints, token scopes, limits and licensing are documented.", _DYNATRACE_OTLP),
        "general_availability": _yes("OTLP directly, or by a collector, is what is recommended.", _DYNATRACE_AWS),
    },
}

_DYNATRACE_FEATURES: dict[str, Any] = {
    "tracing": _yes("Distributed tracing and services without charge for queries.", _DYNATRACE_TRACES),
    "errors": _yes(
        "Signals become problems with a cause, open until they are mended.",
        "https://docs.sim.ai/integrations/dynatrace",
    ),
    "slo": _yes("Objectives with error budget and burn rate.", "https://docs.sim.ai/integrations/dynatrace"),
    "rum": _yes("Real User Monitoring by session.", _DYNATRACE_PRICES),
}

_DYNATRACE_RESIDENCY: dict[str, Any] = {
    "areas": [],
    "evidence": _said(
        "No list of regions was found: ask the vendor, and say it in the inventory.",
        f"{_DYNATRACE}/manage/data-privacy-and-security/",
    ),
}

_DYNATRACE_RUM: dict[str, Any] = {
    "key": "rum",
    "item": "Real User Monitoring",
    "unit": "rum_thousand_sessions",
    "price": 2.25,
    "evidence": _said("2.25 for a thousand sessions.", _DYNATRACE_PRICES),
}

_DYNATRACE_OPEN: dict[str, Any] = {
    "title": "Dynatrace, OTLP only",
    "languages": _OPEN_LANGUAGES,
    "residency": _DYNATRACE_RESIDENCY,
    "aspects": {
        **_DYNATRACE_ASPECTS,
        "integration": {
            "no_secret": _no("The header Authorization holds an API token.", f"{_DYNATRACE}/shortlink/api-otlp-traces"),
            "no_agent": _yes("Exporting OTLP without OneAgent is recommended for most uses.", _DYNATRACE_AWS),
            "no_account": _no("An environment and a yearly commitment.", _DYNATRACE_PRICES),
        },
        "features": {
            **_DYNATRACE_FEATURES,
            "profiling": _no(
                "Profiles come with OneAgent in Full-Stack mode.", f"{_DYNATRACE}/license/host-monitoring"
            ),
        },
        "independence": {
            "open_ingest": _yes("OpenTelemetry SDKs and the collector are enough.", _DYNATRACE_OTLP),
            "own_account": _no("The data are Dynatrace's to keep.", _DYNATRACE_OTLP),
        },
    },
    "prices": [
        {
            "key": "ingest",
            "item": "Traces, ingest and process",
            "unit": "gib",
            "price": 0.20,
            "evidence": _said("GiB through the OTLP API are paid, 0.20 each by list.", _DYNATRACE_TRACES),
        },
        {
            "key": "retain",
            "item": "Traces, retain",
            "unit": "gib_day",
            "price": 0.0007,
            "included_days": 10,
            "evidence": _said("What is kept for more than 10 days, 0.0007 a GiB and day.", _DYNATRACE_PRICES),
        },
        _DYNATRACE_RUM,
    ],
}

_DYNATRACE_FULL: dict[str, Any] = {
    "title": "Dynatrace Full-Stack, with OneAgent",
    "languages": _OPEN_LANGUAGES,
    "residency": _DYNATRACE_RESIDENCY,
    "aspects": {
        **_DYNATRACE_ASPECTS,
        "integration": {
            "no_secret": _no("OneAgent holds a token.", _DYNATRACE_AWS),
            "no_agent": _no("OneAgent on each host.", f"{_DYNATRACE}/license/host-monitoring"),
            "no_account": _no("An environment and a yearly commitment.", _DYNATRACE_PRICES),
        },
        "features": {
            **_DYNATRACE_FEATURES,
            "profiling": _yes(
                "CPU and memory profiling are part of Full-Stack.", f"{_DYNATRACE}/license/host-monitoring"
            ),
        },
        "independence": {
            "open_ingest": _no("What sets it apart comes from OneAgent's own instrumentation.", _DYNATRACE_AWS),
            "own_account": _no("The data are Dynatrace's to keep.", _DYNATRACE_OTLP),
        },
    },
    "prices": [
        {
            "key": "full_stack",
            "item": "Full-Stack, by memory",
            "unit": "memory_gib_hour",
            "price": 0.01,
            "minimum": 4.0,
            "step": 0.25,
            "evidence": _said(
                "0.01 a GiB and hour; memory is rounded up to 0.25 GiB, at least 4; OneAgent's traces are included.",
                f"{_DYNATRACE}/license/host-monitoring",
            ),
        },
        _DYNATRACE_RUM,
    ],
}

#: By name, in the order in which they are listed.
CANDIDATES: dict[str, dict[str, Any]] = {
    "xray": _XRAY,
    "newrelic": _NEW_RELIC_ONE,
    "datadog": _DATADOG_APM,
    "dynatrace": _DYNATRACE_OPEN,
    "dynatrace_full_stack": _DYNATRACE_FULL,
}
