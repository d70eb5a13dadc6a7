# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""EC2 as discovery needs it: detailed monitoring, the volumes of an instance, what an instance type has."""

from __future__ import annotations

import re
from typing import Any

from ministack.services import ec2

SIZES = {"nano": 2, "micro": 2, "small": 2, "medium": 2, "large": 2, "xlarge": 4}
ONE_VCPU = {
    "t2.nano",
    "t2.micro",
    "t2.small",
    "m6g.medium",
    "m7g.medium",
    "c6g.medium",
    "c7g.medium",
    "r6g.medium",
    "r7g.medium",
}
MEMORY = {"c": 2, "m": 4, "r": 8, "x": 16, "i": 8, "d": 8, "g": 4, "p": 8}
"""GiB per vCPU by the family's first letter."""
SMALL_MEMORY = {"nano": 512, "micro": 1024, "small": 2048, "medium": 4096, "large": 8192}
"""MiB of the burstable sizes."""
XEN = (
    "t1",
    "t2",
    "m1",
    "m2",
    "m3",
    "m4",
    "c1",
    "c3",
    "c4",
    "r3",
    "r4",
    "i2",
    "i3",
    "d2",
    "g2",
    "g3",
    "p2",
    "p3",
    "x1",
    "x1e",
)


def vcpus(kind: str) -> int:
    """How many vCPUs an instance type has."""
    size = kind.partition(".")[2]
    if kind in ONE_VCPU:
        return 1
    if found := re.fullmatch(r"(\d+)xlarge", size):
        return 4 * int(found[1])
    if found := re.fullmatch(r"metal-(\d+)xl", size):
        return 4 * int(found[1])
    return SIZES.get(size, 2)


def memory(kind: str) -> int:
    """How much memory (MiB) an instance type has."""
    family, _dot, size = kind.partition(".")
    if family.startswith("t"):
        return SMALL_MEMORY.get(size, 4096 * vcpus(kind))
    return 1024 * MEMORY.get(family[:1], 4) * vcpus(kind)


def install() -> None:
    """Change MiniStack's EC2."""
    ec2._ACTION_MAP["RunInstances"] = running(ec2._ACTION_MAP["RunInstances"])
    ec2._ACTION_MAP["MonitorInstances"] = switch("MonitorInstances", "pending", "enabled")
    ec2._ACTION_MAP["UnmonitorInstances"] = switch("UnmonitorInstances", "disabling", "disabled")
    ec2._ACTION_MAP["AttachVolume"] = attaching(ec2._ACTION_MAP["AttachVolume"])
    ec2._ACTION_MAP["DetachVolume"] = detaching(ec2._ACTION_MAP["DetachVolume"])
    ec2._ACTION_MAP["DescribeInstanceTypes"] = types(ec2._ACTION_MAP["DescribeInstanceTypes"])


def running(original: Any) -> Any:
    """RunInstances with Monitoring, with more volumes than the first, and with tags on volumes."""

    def run(p: Any) -> Any:
        before = set(ec2._instances.keys())
        status, headers, body = original(p)
        tags = volume_tags(p)
        for id in set(ec2._instances.keys()) - before:
            instance = ec2._instances[id]
            if str(ec2._p(p, "Monitoring.Enabled")).lower() == "true":
                instance["Monitoring"] = {"State": "enabled"}
                shown = b"<monitoring><state>%s</state></monitoring>"
                body = body.replace(shown % b"disabled", shown % b"pending")
            for name, size, kind in volumes(p):
                add_volume(instance, name, size, kind)
            if tags:
                for mapping in instance["BlockDeviceMappings"]:
                    ec2._tags[mapping["Ebs"]["VolumeId"]] = list(tags)
        return status, headers, body

    return run


def volumes(p: Any) -> list[tuple[str, int, str]]:
    """Device, GiB and type of the volumes that a RunInstances asks for."""
    found = []
    number = 1
    while device := ec2._p(p, f"BlockDeviceMapping.{number}.DeviceName"):
        prefix = f"BlockDeviceMapping.{number}.Ebs"
        size, kind = ec2._p(p, f"{prefix}.VolumeSize") or "8", ec2._p(p, f"{prefix}.VolumeType") or "gp3"
        found.append((device, int(size), kind))
        number += 1
    return found


def volume_tags(p: Any) -> list[dict[str, str]]:
    found = []
    number = 1
    while kind := ec2._p(p, f"TagSpecification.{number}.ResourceType"):
        place = 1
        while kind == "volume" and (key := ec2._p(p, f"TagSpecification.{number}.Tag.{place}.Key")):
            found.append({"Key": key, "Value": ec2._p(p, f"TagSpecification.{number}.Tag.{place}.Value", "")})
            place += 1
        number += 1
    return found


def add_volume(instance: dict[str, Any], device: str, size: int, kind: str) -> None:
    """Give an instance a volume; one for a device that it has already is that one."""
    for mapping in instance["BlockDeviceMappings"]:
        if mapping["DeviceName"] == device:
            ec2._volumes[mapping["Ebs"]["VolumeId"]] |= {"Size": size, "VolumeType": kind}
            return
    zone = instance["Placement"]["AvailabilityZone"]
    answer = ec2._ACTION_MAP["CreateVolume"]({"AvailabilityZone": [zone], "Size": [str(size)], "VolumeType": [kind]})
    id = re.search(rb"<volumeId>([^<]+)", answer[2])
    if id is not None:
        ec2._ACTION_MAP["AttachVolume"](
            {"VolumeId": [id[1].decode()], "InstanceId": [instance["InstanceId"]], "Device": [device]}
        )


def switch(name: str, now: str, then: str) -> Any:
    def act(p: Any) -> Any:
        ids = ec2._parse_member_list(p, "InstanceId")
        if not ids:
            return ec2._error("MissingParameter", "The request must contain the parameter InstanceId", 400)
        unknown = [id for id in ids if id not in ec2._instances]
        if len(unknown) == 1:
            return ec2._error("InvalidInstanceID.NotFound", f"The instance ID '{unknown[0]}' does not exist", 400)
        if unknown:
            return ec2._error(
                "InvalidInstanceID.NotFound", f"The instance IDs '{', '.join(unknown)}' do not exist", 400
            )
        items = ""
        for id in ids:
            ec2._instances[id]["Monitoring"] = {"State": then}
            items += f"<item><instanceId>{id}</instanceId><monitoring><state>{now}</state></monitoring></item>"
        return ec2._xml(200, f"{name}Response", f"<instancesSet>{items}</instancesSet>")

    return act


def attaching(original: Any) -> Any:
    """AttachVolume that the instance shows too."""

    def attach(p: Any) -> Any:
        answer = original(p)
        if answer[0] == 200:
            volume = ec2._volumes[ec2._p(p, "VolumeId")]
            made = volume["Attachments"][0]
            ec2._instances[made["InstanceId"]]["BlockDeviceMappings"].append(
                {
                    "DeviceName": made["Device"],
                    "Ebs": {
                        "VolumeId": made["VolumeId"],
                        "Status": "attached",
                        "AttachTime": made["AttachTime"],
                        "DeleteOnTermination": False,
                    },
                }
            )
        return answer

    return attach


def detaching(original: Any) -> Any:
    def detach(p: Any) -> Any:
        answer = original(p)
        if answer[0] == 200:
            id = ec2._p(p, "VolumeId")
            for instance in ec2._instances.values():
                kept = [mapping for mapping in instance["BlockDeviceMappings"] if mapping["Ebs"]["VolumeId"] != id]
                instance["BlockDeviceMappings"] = kept
        return answer

    return detach


def types(original: Any) -> Any:
    """DescribeInstanceTypes with the vCPUs, the memory and the hypervisor that the type really has, by its name."""

    def describe(p: Any) -> Any:
        status, headers, body = original(p)
        first, *parts = body.decode().split("<instanceType>")
        return status, headers, "<instanceType>".join([first, *map(truly, parts)]).encode()

    return describe


def truly(part: str) -> str:
    """The XML of one instance type, from its name on, with what is so of it."""
    kind = part.partition("<")[0]
    part = re.sub(r"<(defaultVCpus|defaultCores)>\d+<", lambda found: f"<{found[1]}>{vcpus(kind)}<", part)
    part = re.sub(r"<sizeInMiB>\d+<", f"<sizeInMiB>{memory(kind)}<", part, count=1)
    hypervisor = "xen" if kind.partition(".")[0] in XEN else "nitro"
    return re.sub(r"<hypervisor>\w+<", f"<hypervisor>{hypervisor}<", part)
