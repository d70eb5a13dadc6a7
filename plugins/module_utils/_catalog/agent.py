# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the CloudWatch agent sends: the names and the dimensions of its metrics, in one place. Pure.

An alarm finds a metric only by all of its dimensions. Left alone, the agent adds the device and the file system to each
mount, the image and the type to each instance, and nobody who declares an alarm knows them. So the agent is told to
send little, and nothing that is not known from the catalogue and discovery:

* the dimension ``InstanceId``, and ``AutoScalingGroupName`` on members of an Auto Scaling group, by which a query
  follows the group; of a host that is no instance, ``host``, which is all that the agent knows of it;
* each mount by ``path`` alone: rolled up over device and file system (``aggregation_dimensions``), the originals
  dropped (``drop_original_metrics``), so that a mount is one metric and is paid for once.
"""

from __future__ import annotations

NAMESPACE = "CWAgent"

INSTANCE = "InstanceId"
GROUP = "AutoScalingGroupName"
HOST = "host"
MOUNT = "path"
DEVICE = "name"
INTERFACE = "interface"

MEMORY = "mem_used_percent"
SWAP = "swap_used_percent"
DISK = "disk_used_percent"
INODES = "disk_inodes_free"
CONNECTIONS = "netstat_tcp_established"

#: The dimensions of each metric beside those of the instance.
METRICS: dict[str, tuple[str, ...]] = {
    MEMORY: (),
    SWAP: (),
    CONNECTIONS: (),
    DISK: (MOUNT,),
    INODES: (MOUNT,),
    "diskio_reads": (DEVICE,),
    "diskio_writes": (DEVICE,),
    "diskio_read_time": (DEVICE,),
    "diskio_write_time": (DEVICE,),
    "net_bytes_sent": (INTERFACE,),
    "net_bytes_recv": (INTERFACE,),
}

#: What may be chosen to be sent, and which metrics that is.
GROUPS: dict[str, tuple[str, ...]] = {
    "memory": (MEMORY,),
    "swap": (SWAP,),
    "disk": (DISK,),
    "inodes": (INODES,),
    "connections": (CONNECTIONS,),
    "diskio": ("diskio_reads", "diskio_writes", "diskio_read_time", "diskio_write_time"),
    "network": ("net_bytes_sent", "net_bytes_recv"),
}


def append_dimensions(grouped: bool) -> dict[str, str]:
    """``metrics.append_dimensions`` of the agent's configuration, on an instance.

    :param grouped: whether the instance belongs to an Auto Scaling group.
    """
    return {name: f"${{aws:{name}}}" for name in instance_dimensions(grouped)}


def aggregation_dimensions(grouped: bool, instance: bool = True) -> list[list[str]]:
    """``metrics.aggregation_dimensions``: a mount by its path, whatever device and file system it is."""
    return [[*instance_dimensions(grouped, instance), MOUNT]]


def dropped() -> list[str]:
    """``metrics.metrics_collected.disk.drop_original_metrics``: those of which only the roll-up is sent."""
    return [name for name, extra in METRICS.items() if extra == (MOUNT,)]


def instance_dimensions(grouped: bool, instance: bool = True) -> tuple[str, ...]:
    """The dimensions that say which instance it is, or which host where it is none."""
    if not instance:
        return (HOST,)
    return (GROUP, INSTANCE) if grouped else (INSTANCE,)


def measurement(metric: str) -> tuple[str, str]:
    """What collects a metric, and what it is called there: ``("disk", "used_percent")``."""
    plugin, _underscore, name = metric.partition("_")
    return plugin, name
