# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What traces need in an AWS account besides the collectors: settings, sampling rules, groups, objectives. Pure.

An entry of ``apm_backends`` of the type ``xray`` is what asks for it. What is left out, and why, is said in sentences:
an objective needs somebody who counts requests, and AWS has 25 sampling rules and 25 groups for an account.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .._catalog.cascade import defaults, merged
from .._catalog.catalogue import CatalogueError
from .._catalog.names import tag_value
from .._catalog.series import Found, Omissions, group_dimensions, target_groups
from .._catalog.spec import Checker, Options, Place, listed
from .._catalog.traces import BALANCER, called, filter_of, group_name, objectives, traced
from .backends import backends

Entry = dict[str, Any]

POLICY = "kumawatch-transaction-search"
"""Name of the resource policy by which X-Ray writes spans. One serves all environments of an account: so may ten be."""
SPANS = ("aws/spans", "/aws/application-signals/data")
"""The log groups that X-Ray keeps spans in."""

PRIORITY = 1000
"""Priority of a service's sampling rule that says none. The rules of different services never both match."""

_PERIOD = 60
_MOST_QUOTA = 25


@dataclass(frozen=True)
class Account:
    """What is to be there.

    :param region: of the account's part, "" where X-Ray is no backend.
    :param settings: the options of ``xray_settings``.
    :param policies: of CloudWatch Logs, before the settings are changed.
    :param omissions: sentences about what of the catalogue is left out.
    """

    region: str = ""
    settings: Entry = field(default_factory=dict)
    policies: list[Entry] = field(default_factory=list)
    sampling_rules: list[Entry] = field(default_factory=list)
    groups: list[Entry] = field(default_factory=list)
    slos: list[Entry] = field(default_factory=list)
    omissions: list[str] = field(default_factory=list)


def region_of(declared: Any) -> str:
    """The Region of the X-Ray among the backends, "" where there is none. Nothing is checked."""
    if isinstance(declared, (str, bytes)) or not isinstance(declared, Sequence):
        return ""
    for entry in declared:
        if isinstance(entry, Mapping) and entry.get("type") == "xray":
            return str(entry.get("region") or "")
    return ""


def account(
    catalogue: Mapping[str, Any],
    variables: Mapping[str, Any],
    options: Options,
    backend_options: Options,
    discovery: Mapping[str, Any],
) -> Account:
    """What the account is to have.

    :param catalogue: what :func:`.._catalog.catalogue.resolve` returned.
    :param variables: the variables ``apm_*`` of the role.
    :param options: the argument spec of its entry point ``account``.
    :param backend_options: that of the elements of ``apm_backends``.
    :param discovery: what ``aws_discovery`` returned.
    :raises CatalogueError: with all mistakes.
    """
    checker = Checker()
    given = {name: value for name, value in variables.items() if name in options and value is not None}
    settings = merged(defaults(options), checker.mapping(given, options, Place("")))
    declared = variables.get("apm_backends") or []
    wanted = [one for one in backends(declared, backend_options, checker) if one.kind == "xray"]
    regions = sorted({one.region for one in wanted})
    if len(regions) > 1:
        checker.report(
            f"apm_backends has X-Ray in {listed(regions)}; give each Region an inventory of its own, since sampling "
            f"rules and objectives are of one Region."
        )
    percentage = settings["apm_indexing_percentage"]
    if not 0 <= percentage <= 100:
        checker.report(f"apm_indexing_percentage must be from 0 to 100, not {percentage:g}.")
    if checker.problems:
        raise CatalogueError(checker.problems)
    if not wanted:
        return Account()
    services = [service for service in catalogue["services"] if service.get("state") != "absent" and traced(service)]
    environment = str(catalogue.get("environment", ""))
    omissions: list[str] = []
    rules = [*_rules(services, environment), *settings["apm_sampling_rules"]]
    groups = [*_groups(services, environment), *settings["apm_groups"]]
    for found, what in ((rules, "sampling rules"), (groups, "groups")):
        if len([one for one in found if one.get("name") != "Default"]) > _MOST_QUOTA:
            omissions.append(
                f"There are {len(found)} {what}, and AWS has a quota of {_MOST_QUOTA} for an account: what is beyond "
                f"it fails unless the quota was raised."
            )
    slos = [*_slos(services, environment, settings, discovery, omissions), *settings["apm_objectives"]]
    account_id, partition = str(discovery.get("account", "")), str(discovery.get("partition") or "aws")
    return Account(
        region=regions[0],
        settings=_settings(settings),
        policies=[_policy(partition, regions[0], account_id)] if settings["apm_transaction_search"] else [],
        sampling_rules=rules,
        groups=groups,
        slos=slos,
        omissions=omissions,
    )


def _settings(settings: Mapping[str, Any]) -> Entry:
    found: Entry = {}
    if settings["apm_transaction_search"]:
        # What an account has set by itself stays where it is switched off here.
        found["trace_segment_destination"] = "cloudwatch_logs"
        found["indexing_percentage"] = settings["apm_indexing_percentage"]
    if settings["apm_service_discovery"]:
        found["service_discovery"] = True
    return found


def _policy(partition: str, region: str, account_id: str) -> Entry:
    begin = f"arn:{partition}:logs:{region}:{account_id}:log-group:"
    return {
        "name": POLICY,
        "policy": {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Sid": "TransactionSearch",
                    "Effect": "Allow",
                    "Principal": {"Service": "xray.amazonaws.com"},
                    "Action": "logs:PutLogEvents",
                    "Resource": [f"{begin}{group}:*" for group in SPANS],
                    "Condition": {
                        "ArnLike": {"aws:SourceArn": f"arn:{partition}:xray:{region}:{account_id}:*"},
                        "StringEquals": {"aws:SourceAccount": account_id},
                    },
                }
            ],
        },
    }


def _tags(service: Mapping[str, Any]) -> Entry:
    """Whose it is, in the letters that tags take."""
    owner = {"owner": tag_value(str(service["owner"]))} if service.get("owner") else {}
    return {"service": tag_value(service["name"]), **owner}


def _rules(services: Sequence[Mapping[str, Any]], environment: str) -> list[Entry]:
    """A rule for each service that says how X-Ray's own sampler is to sample it."""
    found = []
    for service in services:
        sampling = (service.get("apm") or {}).get("sampling")
        if not sampling:
            continue
        rule = {
            "name": group_name(environment, service["name"]),
            "priority": sampling.get("priority", PRIORITY),
            "fixed_rate": sampling["rate"],
            "reservoir_size": sampling.get("reservoir", 1),
            # Both stand for any text in a rule, and a service is called by its whole name.
            "service_name": called(service)[:64],
            "url_path": sampling.get("path", "*"),
            "http_method": sampling.get("method", "*"),
            "host": "*",
            "tags": _tags(service),
        }
        found.append(rule)
    return found


def _groups(services: Sequence[Mapping[str, Any]], environment: str) -> list[Entry]:
    """A group for each service that wants one: its traces, with a map and metrics of their own."""
    return [
        {
            "name": group_name(environment, service["name"]),
            "filter_expression": filter_of(service),
            "tags": _tags(service),
        }
        for service in services
        if (service.get("apm") or {}).get("group")
    ]


def _slos(
    services: Sequence[Mapping[str, Any]],
    environment: str,
    settings: Mapping[str, Any],
    discovery: Mapping[str, Any],
    omissions: list[str],
) -> list[Entry]:
    known: Mapping[str, Found] = discovery.get("services") or {}
    made = objectives(services, environment, settings["apm_objective_source"], known, omissions)
    found: list[Entry] = []
    for service in services:
        objective = made.get(service["name"])
        if objective is None:
            continue
        if objective.counter == BALANCER:
            counted = _by_balancer(service, known[service["name"]])
        else:
            keys = {"name": called(service), "environment": environment}
            counted = {"evaluation": "requests", "service": keys, "indicator": "availability"}
        found.append(
            {
                "name": objective.name,
                "description": f"{objective.goal:g} % of the requests of {service['name']} in {environment} are "
                f"answered without an error",
                "goal": objective.goal,
                "interval": dict(settings["apm_objective_interval"]),
                "burn_rate_windows": list(settings["apm_burn_rate_windows"]),
                "tags": _tags(service),
                **counted,
            }
        )
    return found


def _by_balancer(service: Mapping[str, Any], found: Found) -> Entry:
    """Good requests as the alarms on burn rates have them: those of its target groups, where the service names some."""
    balancer = found["load_balancer"]
    groups = target_groups(service, found, Omissions()) if service.get("target_groups") else []
    places = [group_dimensions(group, balancer) for group in groups] or [{"LoadBalancer": str(balancer["id"])}]
    errors = ["HTTPCode_Target_5XX_Count"] if groups else ["HTTPCode_Target_5XX_Count", "HTTPCode_ELB_5XX_Count"]
    return {
        "evaluation": "requests",
        "total_requests": _sum("r", ["RequestCount"], places),
        "bad_requests": _sum("e", errors, places),
    }


def _sum(letter: str, metrics: Sequence[str], places: Sequence[Mapping[str, str]]) -> list[Entry]:
    """The sum of metrics over some places, in which one that has no value counts as none."""
    queries: list[Entry] = [
        {
            "id": f"{letter}{position}",
            "metric_stat": {
                "namespace": "AWS/ApplicationELB",
                "metric": metric,
                "dimensions": dict(place),
                "period": _PERIOD,
                "stat": "Sum",
            },
            "return_data": False,
        }
        for position, (metric, place) in enumerate(((metric, place) for metric in metrics for place in places), start=1)
    ]
    total = " + ".join(f"FILL({query['id']}, 0)" for query in queries)
    return [*queries, {"id": letter, "expression": total, "return_data": True}]
