# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Show Kumawatch on this machine: the lab, site.yml applied twice, and what to look at and to try."""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import time
from collections import Counter
from datetime import UTC, datetime
from typing import Any

from lab.paths import Paths
from tools import common

MODULE_UTILS = "ansible_collections.kumawatch.monitoring.plugins.module_utils"
PLAYBOOK = ["ansible-playbook", "-i", "inventories/lab", "site.yml"]


def lab(*arguments: str) -> None:
    """Run a lab command attached to the terminal; Failure when it fails, which it has explained itself."""
    python = str(common.VENV / "bin" / "python")
    status = subprocess.run([python, "-m", "lab", *arguments], cwd=common.ROOT, env=common.environment()).returncode
    if status:
        raise SystemExit(status)


def endpoints() -> dict[str, Any]:
    """What runs in the lab, as it wrote it down."""
    path = Paths.from_environment().endpoints
    try:
        found: dict[str, Any] = json.loads(path.read_text())
    except (OSError, ValueError):
        raise common.Failure("The lab is not up; start it with: make demo") from None
    return found


def _play(label: str, log_name: str, *further: str) -> str:
    """Apply site.yml to the lab into a log; its output. Failure, with the output's end, when it fails."""
    log = common.LOGS / log_name
    argv = [str(common.VENV / "bin" / PLAYBOOK[0]), *PLAYBOOK[1:], *further]
    env = common.environment()
    env["ANSIBLE_NOCOLOR"] = "1"

    def activity(line: str) -> str:
        match = re.match(r"(?:TASK|RUNNING HANDLER) \[(.*?)\]", line)
        return match.group(1) if match else ""

    if common.run_logged(label, argv, log, env=env, activity=activity):
        common.show_log(log, lines=40)
        raise common.Failure(f"site.yml failed; the whole output is in {common.relative(log)}")
    return log.read_text(errors="replace")


def recap(output: str) -> dict[str, int]:
    """The sums of the last play recap in Ansible's output: ok, changed, unreachable, failed and the rest."""
    sums: dict[str, int] = {}
    for line in output.rpartition("PLAY RECAP")[2].splitlines():
        for key, value in re.findall(r"(\w+)=(\d+)", line):
            sums[key] = sums.get(key, 0) + int(value)
    return sums


def changed_tasks(output: str) -> list[str]:
    """The tasks that Ansible's output reports as changed."""
    names, task = [], ""
    for line in output.splitlines():
        match = re.match(r"(?:TASK|RUNNING HANDLER) \[(.*)\]", line)
        task = match.group(1) if match else task
        if line.startswith("changed:"):
            names.append(task)
    return names


def demo() -> int:
    started = time.monotonic()
    common.say("The lab: Uptime Kuma, AWS's stand-in, a chat space and three demo services, on this machine only")
    lab("up")
    furnish()
    common.say(f"\n{' '.join(PLAYBOOK)}: what the catalogue declares comes to be")
    first = recap(_play("first run", "demo-first-run.log"))
    second_output = _play("second run", "demo-second-run.log")
    second = recap(second_output)
    if not second.get("ok") or not first.get("ok"):
        raise common.Failure("site.yml ran no task; see .cache/logs/demo-second-run.log")
    if second.get("changed"):
        tasks = ", ".join(changed_tasks(second_output))
        raise common.Failure(
            f"The second run of site.yml changed {second['changed']} more ({tasks}) and should have changed nothing; "
            "see .cache/logs/demo-second-run.log"
        )
    common.say(f"  The first run changed {first.get('changed', 0)} of {first['ok']} tasks, the second run none.")
    tell(time.monotonic() - started)
    return 0


def furnish() -> None:
    """Have in the lab's account what the demo services run on; an account of one's own is left alone."""
    if os.environ.get("KUMAWATCH_AWS_ENDPOINT_URL"):
        return
    log = common.LOGS / "lab-account.log"
    argv = [str(common.VENV / "bin" / "python"), "-m", "tools.lab_account"]
    if common.run_logged("furnishing the account", argv, log, quiet=True):
        common.show_log(log, lines=20)
        raise common.Failure("the lab's account could not be furnished with instances, a load balancer and a database")


def catalogue() -> dict[str, Any]:
    """The lab's ``catalogue``, resolved by the role that also serves site.yml, and the ``summary`` that follows."""
    path = common.CACHE / "lab-catalogue.json"
    log = common.LOGS / "lab-catalogue.log"
    argv = [str(common.VENV / "bin" / "ansible-playbook"), "-i", "inventories/lab", "tools/lab_catalogue.yml"]
    argv += ["-e", json.dumps({"catalogue_file": str(path)})]
    if common.run_logged("reading the catalogue", argv, log, quiet=True):
        common.show_log(log)
        raise common.Failure("the lab's catalogue could not be read")
    found: dict[str, Any] = json.loads(path.read_text())
    return found


def status_page(declared: dict[str, Any], kuma: dict[str, Any]) -> str:
    """The address of the environment's status page, "" where there is none."""
    page = declared["status_page"]
    return f"{kuma['url'].rstrip('/')}/status/{page['slug']}" if page["enabled"] else ""


def summary() -> int:
    """Post the daily status summary of the lab to its chat space."""
    there = endpoints()
    kuma, chat = there["kuma"], there["chat"]
    declared = catalogue()
    page = status_page(declared["catalogue"], kuma)
    config = common.CACHE / "lab-summary.json"
    # Every monitor in the environment's group, whatever its mark.
    links = {"kuma_url": kuma["url"], "managed_by": None, **({"status_page_url": page} if page else {})}
    config.write_text(json.dumps({**declared["summary"], **links}, indent=1))
    status = attached(
        "-m",
        f"{MODULE_UTILS}._summary",
        "--config",
        str(config),
        PYTHONPATH=str(common.ROOT / "collections"),
        KUMAWATCH_KUMA_URL=kuma["url"],
        KUMAWATCH_KUMA_USERNAME=kuma["username"],
        KUMAWATCH_KUMA_PASSWORD=kuma["password"],
        KUMAWATCH_CHAT_WEBHOOK_URL=chat["url"],
    )
    if status == 0:
        common.say(f"Posted. Open {chat['page_url']}")
    return status


def tell(seconds: float) -> None:
    """The last thing printed: what to open, how to log in, what to try, how to stop."""
    there = endpoints()
    kuma, chat = there["kuma"], there["chat"]
    names = [service["name"] for service in there["services"]]
    common.say(f"\nReady after {common.elapsed(seconds)}. Open:")
    rows = [("Status page", page)] if (page := status_page(catalogue()["catalogue"], kuma)) else []
    rows.append(("Uptime Kuma", f"{kuma['url']}   login {kuma['username']} / {kuma['password']}"))
    rows.append(("Chat space", chat["page_url"]))
    for label, value in rows:
        common.say(f"  {label:<12} {value}")
    common.say("\nTry:")
    for command, meaning in (
        (f"make break SERVICE={names[0]}", f"break a service ({', '.join(names)}): its alert stands in the chat space"),
        (f"make mend SERVICE={names[0]}", "mend it: the recovery follows"),
        (f"make load SERVICE={names[0]} CPU=97", "keep its processors busy: CloudWatch's alarm follows"),
        (f"make ease SERVICE={names[0]}", "ease it: the end of the alarm stands in the same thread"),
        ("make alarms", "the alarms that are on"),
        ("make drill", "send a test alert down every path, and see it arrive"),
        ("make summary", "post the daily status summary"),
        ("make errors", "post the daily report on the errors in the logs"),
        ("make report", "write the report: what is watched, budgets, cost, drift"),
        ("make down", "stop everything; make demo starts it again"),
    ):
        common.say(f"  {command:<26} {meaning}")


def endpoints_of(word: str, service: str) -> dict[str, Any]:
    """What runs in the lab, of which ``service`` is one; Failure with the command to give where it is none."""
    there = endpoints()
    names = [entry["name"] for entry in there["services"]]
    if service not in names:
        what = f"There is no service {service}" if service else "Name the service"
        raise common.Failure(f"{what}: make {word} SERVICE={' or '.join(names)}")
    return there


def set_broken(word: str, service: str) -> int:
    """Break or mend a service and say where what follows is to be seen."""
    there = endpoints_of(word, service)
    lab(word, service)
    card = "alert" if word == "break" else "recovery"
    common.say(f"The next check of Uptime Kuma notices, and the {card} card arrives at")
    common.say(f"  {there['chat']['page_url']}")
    return 0


def set_load(word: str, service: str, **percent: str) -> int:
    """Put a service's instance under load, or ease it, and say where what follows is to be seen."""
    there = endpoints_of(word, service)
    given = [f"--{name}={value}" for name, value in percent.items() if value]
    lab(word, service, *given)
    what = "alarm" if word == "load" else "end of the alarm"
    common.say(f"CloudWatch notices within seconds, and the card of the {what} arrives at")
    common.say(f"  {there['chat']['page_url']}")
    return 0


def alarms() -> int:
    """The alarms of the lab's account that are on, and how many there are in each state."""
    import boto3

    account = endpoints()["aws"]
    client = boto3.client(
        "cloudwatch",
        endpoint_url=account["endpoint_url"],
        region_name=account["region"],
        aws_access_key_id=os.environ.get("AWS_ACCESS_KEY_ID", "test"),
        aws_secret_access_key=os.environ.get("AWS_SECRET_ACCESS_KEY", "test"),
    )
    kinds = ["MetricAlarm", "CompositeAlarm"]
    pages = list(client.get_paginator("describe_alarms").paginate(AlarmTypes=kinds))
    found = [alarm for page in pages for key in ("MetricAlarms", "CompositeAlarms") for alarm in page[key]]
    counts = Counter(alarm["StateValue"] for alarm in found)
    common.say(", ".join(f"{counts[state]} {state}" for state in ("ALARM", "OK", "INSUFFICIENT_DATA")))
    for alarm in sorted(
        (alarm for alarm in found if alarm["StateValue"] == "ALARM"), key=lambda item: item["AlarmName"]
    ):
        common.say(f"  {alarm['AlarmName']:<48} since {alarm['StateTransitionedTimestamp']:%H:%M:%S}")
    return 0


def playbook(name: str, *further: str) -> int:
    """Run one of the lab's playbooks attached to the terminal."""
    endpoints()
    command = str(common.VENV / "bin" / "ansible-playbook")
    argv = [command, "-i", "inventories/lab", f"playbooks/{name}.yml", *further]
    return subprocess.run(argv, cwd=common.ROOT, env=common.environment()).returncode


def drill() -> int:
    """Send a test alert down every path."""
    return playbook("drill")


def errors() -> int:
    """Post the daily error report, of today so far, since a lab has no yesterday."""
    return playbook(
        "error_report", "-e", f"error_report_day={datetime.now(UTC):%Y-%m-%d}", "-e", "error_report_again=true"
    )


def report(fail_under: str) -> int:
    """Write the report on the lab's monitoring."""
    return playbook("report", *(("-e", f"report_fail_under={fail_under}") if fail_under else ()))


def attached(*argv: str, **variables: str) -> int:
    """Run a Python program of this checkout attached to the terminal, with further environment variables."""
    python = str(common.VENV / "bin" / "python")
    return subprocess.run([python, *argv], cwd=common.ROOT, env={**common.environment(), **variables}).returncode


def bench(further: list[str]) -> int:
    """Run one benchmark, of which the first word is the name; that of the Kuma modules unless given."""
    names = sorted(path.stem for path in (common.ROOT / "benchmarks").glob("[!_]*.py"))
    name = further.pop(0) if further and further[0] in names else "kuma"
    return attached("-m", f"benchmarks.{name}", *further)


def main() -> int:
    parser = argparse.ArgumentParser(prog="make", description=__doc__)
    commands = parser.add_subparsers(dest="command")
    for word in ("break", "mend"):
        commands.add_parser(word).add_argument("service", nargs="?", default="")
    load = commands.add_parser("load")
    load.add_argument("service", nargs="?", default="")
    for name in ("cpu", "memory", "disk"):
        load.add_argument(f"--{name}", default="")
    commands.add_parser("ease").add_argument("service", nargs="?", default="")
    for word in ("summary", "alarms", "drill", "errors", "status", "down"):
        commands.add_parser(word)
    commands.add_parser("report").add_argument("--fail-under", default="")
    commands.add_parser("bench").add_argument("further", nargs=argparse.REMAINDER)
    arguments = parser.parse_args()
    if arguments.command in ("break", "mend"):
        return set_broken(arguments.command, arguments.service)
    if arguments.command == "load":
        return set_load("load", arguments.service, cpu=arguments.cpu, memory=arguments.memory, disk=arguments.disk)
    if arguments.command == "ease":
        return set_load("ease", arguments.service)
    if arguments.command == "report":
        return report(arguments.fail_under)
    if arguments.command == "bench":
        return bench(arguments.further)
    whole = {"summary": summary, "alarms": alarms, "drill": drill, "errors": errors}
    if arguments.command in whole:
        return whole[arguments.command]()
    if arguments.command in ("status", "down"):
        lab(arguments.command)
        return 0
    return demo()


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    common.main(main)
