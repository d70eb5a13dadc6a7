# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What each Uptime Kuma version knows: monitor options, monitor types and general settings, as plain data.

A version is a tuple such as (2, 5, 3). Servers whose schema is older than what they report (the 2.0.0-dev.0 snapshot)
go by the schema: see dialect().
"""

from __future__ import annotations

import enum
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from typing import Any, Final

Version = tuple[int, int, int]


class _Unset(enum.Enum):
    """The type of UNSET, so that a checker can tell it from every value."""

    UNSET = "unset"

    def __bool__(self) -> bool:
        return False

    def __repr__(self) -> str:
        return "UNSET"


UNSET: Final = _Unset.UNSET
"""No value at all, as opposed to null, false, zero or empty."""

V1_23: Final[Version] = (1, 23, 0)
V2_0: Final[Version] = (2, 0, 0)
V2_1: Final[Version] = (2, 1, 0)
V2_3: Final[Version] = (2, 3, 0)
V2_4: Final[Version] = (2, 4, 0)
V2_5: Final[Version] = (2, 5, 0)


@dataclass(frozen=True, slots=True)
class Field:
    """One option and what stands for it on the wire."""

    option: str
    """Our name of it."""
    wire: str
    """Key in the payload of `add` and `editMonitor` (or `setSettings`)."""
    type: str
    """str, int, float, bool, list, dict; or json: a structure stored as JSON text (a string is text already)."""
    doc: str
    """One sentence for the documentation, with the unit."""
    read: str = ""
    """Key in the server's JSON where it is not `wire`."""
    default: Any = UNSET
    """What the server's own web page sends for a new one; UNSET: nothing."""
    type_defaults: Mapping[str, Any] = dataclass_field(default_factory=dict)
    """The same where it depends on the monitor type."""
    since: Version = V1_23
    """First release that stores it."""
    until: Version | None = None
    """First release that no longer knows it."""
    types: frozenset[str] = frozenset()
    """Monitor types that use it; empty: all."""
    choices: tuple[str, ...] = ()
    choices_since: Mapping[str, Version] = dataclass_field(default_factory=dict)
    """Choices that came later than the field."""
    wire_values: Mapping[str, Any] = dataclass_field(default_factory=dict)
    """What stands on the wire for a choice, where it is not the choice itself."""
    elements: str = ""
    """Type of the elements of a list."""
    secret: bool = False
    """Not to be shown in output, diffs and logs."""
    minimum: float | None = None
    maximum: float | None = None
    order_matters: bool = False
    """Whether a list in another order is another list."""

    @property
    def readable(self) -> bool:
        """Whether any release shows it in its JSON; is_readable() says which."""
        return not _has_gap(self.option, "read", None)

    @property
    def editable(self) -> bool:
        """Whether any release changes it on edit; is_editable() says which."""
        return not _has_gap(self.option, "edit", None)

    @property
    def read_key(self) -> str:
        """Key in the server's JSON."""
        return self.read or self.wire


@dataclass(frozen=True, slots=True)
class Gap:
    """An option that some servers store but do not show, or do not change on edit."""

    option: str
    missing: str
    """read: the server's JSON lacks it or has it wrong; edit: `editMonitor` leaves it as it is."""
    until: Version | None
    """First release that does it right; None: none yet."""
    doc: str


@dataclass(frozen=True, slots=True)
class Reference:
    """An option that names another object, which the wire names by id."""

    option: str
    wire: str
    doc: str
    read: str = ""
    since: Version = V1_23
    types: frozenset[str] = frozenset()

    @property
    def read_key(self) -> str:
        """Key in the server's JSON."""
        return self.read or self.wire


@dataclass(frozen=True, slots=True)
class MonitorType:
    """A kind of check."""

    name: str
    doc: str
    since: Version = V1_23
    required: tuple[str, ...] = ()
    """Options it cannot work without; one that has a default need not be declared."""
    required_when: tuple[tuple[str, str, tuple[str, ...]], ...] = ()
    """(option, value, options that are then required as well)."""
    notes: str = ""


# fmt: off
_HTTP = frozenset({"http", "keyword", "json-query"})
_AUTH = _HTTP | {"websocket-upgrade", "globalping"}
_DATABASE_QUERY = frozenset({"sqlserver", "postgres", "mysql", "oracledb", "mongodb"})
_JSON_PATH = frozenset({"json-query", "snmp", "mqtt", "mongodb", "globalping"})
_HOSTNAME = frozenset({
    "port", "ping", "dns", "steam", "gamedig", "mqtt", "radius", "tailscale-ping", "smtp", "snmp", "sip-options", "ntp",
    "globalping",
})


def _types(*names: str) -> frozenset[str]:
    return frozenset(names)


# Each row was proved by adding a monitor with a value other than the default, reading it back, sending it back
# unchanged, editing it to another value and reading again: on 1.23.17, 2.0.0-dev.0, 2.0.0, 2.0.2, 2.1.0, 2.1.3, 2.2.1,
# 2.3.2, 2.4.0, 2.5.0 and 2.5.3. Each of them refused by name the keys with a later `since`. What did not survive is in
# GAPS.
MONITOR_FIELDS: tuple[Field, ...] = (
    # -- every type
    Field("description", "description", "str", "Free text shown under the name."),
    Field("interval", "interval", "int", "Seconds between two checks.", default=60, type_defaults={"ntp": 300},
          minimum=1),
    Field("retries", "maxretries", "int", "How many failed checks in a row are pending before the monitor is down.",
          default=0, minimum=0),
    Field("retry_interval", "retryInterval", "int",
          "Seconds between two checks while failures are being retried; the interval if not set.", default=60,
          minimum=1),
    Field("resend_interval", "resendInterval", "int",
          "Notify again after this many further failed checks; 0: only once.", default=0, minimum=0),
    Field("timeout", "timeout", "float",
          "Seconds until a check is given up; 80 percent of the interval, at most 48, if not set.",
          default=48, type_defaults={"ping": 10, "snmp": 5, "kafka-producer": 1}, minimum=0),
    Field("upside_down", "upsideDown", "bool",
          "Whether a check that fails counts as up, and one that succeeds as down.", default=False),
    # -- HTTP and what resembles it
    Field("url", "url", "str", "Address to check.", types=_HTTP | {"real-browser", "websocket-upgrade", "globalping"}),
    Field("method", "method", "str", "HTTP method.", default="GET", types=_HTTP | {"globalping"},
          choices=("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")),
    Field("headers", "headers", "json", "HTTP headers, by name.", types=_AUTH, secret=True),
    Field("body", "body", "json", "Body of the request: text, or a structure that is sent as JSON.", types=_HTTP,
          secret=True),
    Field("body_encoding", "httpBodyEncoding", "str", "How the body is encoded.", default="json", types=_HTTP,
          choices=("json", "form", "xml"), choices_since={"form": V2_0}),
    Field("accepted_status_codes", "accepted_statuscodes", "list",
          "Status codes, or ranges of them, that count as up (of a WebSocket: close codes).", default=["200-299"],
          type_defaults={"websocket-upgrade": ["1000"]}, elements="str",
          types=_AUTH | {"grpc-keyword", "steam"}),
    Field("max_redirects", "maxredirects", "int", "How many redirects are followed; 0: none.", default=10, minimum=0,
          types=_HTTP | {"grpc-keyword", "steam"}),
    Field("ignore_tls", "ignoreTls", "bool", "Whether TLS errors are ignored.", default=False,
          types=_AUTH | {"port", "redis", "steam", "docker"}),
    Field("cache_bust", "cacheBust", "bool", "Whether a random parameter is appended, to bypass caches.", default=False,
          since=V2_0, types=_HTTP | {"globalping"}),
    Field("ip_family", "ipFamily", "str", "IP version to use.", default="auto", since=V2_0,
          types=_HTTP | {"grpc-keyword", "globalping"}, choices=("auto", "ipv4", "ipv6"), wire_values={"auto": None}),
    Field("expiry_notification", "expiryNotification", "bool", "Whether to notify before the certificate expires.",
          default=False, types=_HTTP | {"port", "globalping"}),
    Field("domain_expiry_notification", "domainExpiryNotification", "bool",
          "Whether to notify before the domain's registration expires.", default=True, since=V2_1,
          types=_HTTP | {"real-browser", "websocket-upgrade", "grpc-keyword"} | (_HOSTNAME - {"ntp", "globalping"})),
    Field("save_response", "saveResponse", "bool", "Whether the response of a successful check is kept.", default=False,
          since=V2_1, types=_HTTP),
    Field("save_error_response", "saveErrorResponse", "bool", "Whether the response of a failed check is kept.",
          default=True, since=V2_1, types=_HTTP),
    Field("response_max_length", "responseMaxLength", "int", "How many bytes of a response are kept; 0: all.",
          default=1024, since=V2_1, types=_HTTP, minimum=0, maximum=1048576),
    Field("retry_only_on_status_code_failure", "retryOnlyOnStatusCodeFailure", "bool",
          "Whether an unexpected value makes the monitor down at once, without retries.", default=False, since=V2_1,
          types=_types("json-query")),
    Field("keyword", "keyword", "str", "Text that the response must contain; of a DNS answer: a regular expression.",
          types=_types("keyword", "grpc-keyword", "globalping")),
    Field("invert_keyword", "invertKeyword", "bool", "Whether the keyword must be absent instead.",
          types=_types("keyword", "grpc-keyword", "globalping")),
    Field("json_path", "jsonPath", "str", "JSONata expression that selects the value.", default="$", types=_JSON_PATH),
    Field("json_path_operator", "jsonPathOperator", "str", "How the value is compared.", default="==", since=V2_0,
          types=_types("json-query", "snmp", "globalping"), choices=(">", ">=", "<", "<=", "!=", "==", "contains")),
    Field("expected_value", "expectedValue", "str", "What the value is compared with.", types=_JSON_PATH),
    # -- authentication
    Field("auth_method", "authMethod", "str", "How to authenticate.", default="none", types=_AUTH,
          choices=("none", "basic", "bearer", "oauth2-cc", "ntlm", "mtls"), choices_since={"bearer": V2_4},
          wire_values={"none": None}),
    Field("basic_auth_username", "basic_auth_user", "str",
          "User name for HTTP basic and NTLM; of oracledb: the database user.", types=_AUTH | {"oracledb"}),
    Field("basic_auth_password", "basic_auth_pass", "str",
          "Password for HTTP basic and NTLM; of oracledb: the database user's password.",
          types=_AUTH | {"oracledb"}, secret=True),
    Field("bearer_token", "bearer_token", "str", "Token for bearer authentication.", since=V2_4, types=_AUTH,
          secret=True),
    Field("auth_domain", "authDomain", "str", "Domain for NTLM.", types=_HTTP),
    Field("auth_workstation", "authWorkstation", "str", "Workstation for NTLM.", types=_HTTP),
    Field("oauth_auth_method", "oauth_auth_method", "str", "How the client id and secret are sent to the token URL.",
          default="client_secret_basic", types=_AUTH, choices=("client_secret_basic", "client_secret_post")),
    Field("oauth_token_url", "oauth_token_url", "str", "Address that issues OAuth 2 tokens.", types=_AUTH),
    Field("oauth_client_id", "oauth_client_id", "str", "OAuth 2 client id.", types=_AUTH),
    Field("oauth_client_secret", "oauth_client_secret", "str", "OAuth 2 client secret.", types=_AUTH, secret=True),
    Field("oauth_scopes", "oauth_scopes", "str", "OAuth 2 scopes, separated by spaces.", types=_AUTH),
    Field("oauth_audience", "oauth_audience", "str", "Audience that the OAuth 2 token is asked for.", since=V2_0,
          types=_AUTH),
    Field("tls_certificate", "tlsCert", "str", "Client certificate for mTLS, PEM.",
          types=_HTTP | {"websocket-upgrade", "port"}),
    Field("tls_key", "tlsKey", "str", "Private key of the client certificate, PEM.",
          types=_HTTP | {"websocket-upgrade", "port"}, secret=True),
    Field("tls_ca", "tlsCa", "str", "Certificate authority of the server, PEM.",
          types=_HTTP | {"websocket-upgrade", "port"}),
    # -- hosts and ports
    Field("hostname", "hostname", "str",
          "Host to check: a name or an address; of mqtt also an mqtt, mqtts, ws or wss URL.", types=_HOSTNAME),
    Field("port", "port", "int", "Port to check.", type_defaults={"dns": 53, "radius": 1812, "snmp": 161, "ntp": 123},
          types=_HOSTNAME - {"ping", "tailscale-ping"}, minimum=0, maximum=65535),
    Field("packet_size", "packetSize", "int", "Bytes in a ping packet.", default=56, types=_types("ping", "steam"),
          minimum=1, maximum=65500),
    Field("ping_count", "ping_count", "int", "Echo requests a check sends.", default=3, since=V2_0,
          types=_types("ping", "globalping"), minimum=1, maximum=100),
    Field("ping_numeric", "ping_numeric", "bool", "Whether ping shows addresses only, without looking up names.",
          default=True, since=V2_0, types=_types("ping")),
    Field("ping_per_request_timeout", "ping_per_request_timeout", "int", "Seconds to wait for each echo reply.",
          default=2, since=V2_0, types=_types("ping"), minimum=1, maximum=60),
    Field("dns_record_type", "dns_resolve_type", "str", "Type of the resource record.", default="A",
          types=_types("dns", "globalping"),
          choices=("A", "AAAA", "ANY", "CAA", "CNAME", "DNSKEY", "DS", "HTTPS", "MX", "NS", "NSEC", "PTR", "RRSIG",
                   "SOA", "SRV", "SVCB", "TXT")),
    Field("dns_resolver", "dns_resolve_server", "str", "DNS servers to ask, separated by commas.",
          default="", type_defaults={"dns": "1.1.1.1"}, types=_types("dns", "globalping")),
    Field("smtp_security", "smtpSecurity", "str", "TLS from the start (secure), by STARTTLS, or none.", since=V2_0,
          types=_types("smtp", "port"), choices=("secure", "nostarttls", "starttls")),
    Field("expected_tls_alert", "expectedTlsAlert", "str",
          "TLS alert that the server must answer with, to prove that it rejects clients without a certificate.",
          since=V2_1, types=_types("port"),
          choices=("none", "certificate_required", "bad_certificate", "certificate_unknown", "unknown_ca",
                   "access_denied", "handshake_failure", "certificate_expired", "certificate_revoked")),
    Field("ntp_stratum_threshold", "ntpStratumThreshold", "int", "Highest stratum that counts as up.", default=5,
          since=V2_5, types=_types("ntp"), minimum=1, maximum=15),
    Field("ntp_time_offset_threshold", "ntpTimeOffsetThreshold", "int",
          "Largest clock offset that counts as up, in milliseconds.",
          default=1000, since=V2_5, types=_types("ntp"), minimum=1),
    Field("ntp_root_dispersion_threshold", "ntpRootDispersionThreshold", "int",
          "Largest root dispersion that counts as up, in milliseconds.", default=500, since=V2_5, types=_types("ntp"),
          minimum=1),
    Field("snmp_oid", "snmpOid", "str", "Object identifier to read.", since=V2_0, types=_types("snmp")),
    Field("snmp_version", "snmpVersion", "str", "SNMP version.", default="2c", since=V2_0, types=_types("snmp"),
          choices=("1", "2c", "3"), choices_since={"3": V2_1}),
    Field("snmp_v3_username", "snmpV3Username", "str", "User name for SNMP 3.", since=V2_1, types=_types("snmp")),
    # -- Globalping
    Field("subtype", "subtype", "str", "What the Globalping probes do.", type_defaults={"globalping": "ping"},
          since=V2_1, types=_types("globalping"), choices=("ping", "http", "dns")),
    Field("location", "location", "str", "Where the Globalping probes stand, such as world, germany or amazon+germany.",
          default="world", since=V2_1, types=_types("globalping")),
    Field("protocol", "protocol", "str",
          "Protocol of the probes: ICMP or TCP to ping, HTTP2 for HTTP, UDP or TCP for DNS.",
          default="auto", since=V2_1, types=_types("globalping"), choices=("auto", "ICMP", "TCP", "UDP", "HTTP2"),
          wire_values={"auto": None}),
    # -- WebSocket
    Field("websocket_subprotocol", "wsSubprotocol", "str", "Subprotocols to offer, separated by commas.", default="",
          since=V2_1, types=_types("websocket-upgrade")),
    Field("websocket_ignore_accept_header", "wsIgnoreSecWebsocketAcceptHeader", "bool",
          "Whether a wrong Sec-WebSocket-Accept header is ignored.", since=V2_1, types=_types("websocket-upgrade")),
    # -- push, manual
    Field("push_token", "pushToken", "str", "Secret part of the address that is pushed to; 32 letters and digits.",
          types=_types("push"), secret=True),
    Field("manual_status", "manual_status", "str", "State that the monitor shows.", since=V2_0, types=_types("manual"),
          choices=("up", "down", "pending"), wire_values={"up": 1, "down": 0, "pending": 2}),
    # -- containers, services, browsers
    Field("docker_container", "docker_container", "str", "Name or id of the container.", default="",
          types=_types("docker")),
    Field("system_service_name", "system_service_name", "str",
          "Name of the service on the server's own host; of pm2: the process name.", default="", since=V2_1,
          types=_types("system-service", "pm2")),
    Field("screenshot_delay", "screenshot_delay", "int", "Milliseconds to wait before the screenshot is taken.",
          default=0, since=V2_1, types=_types("real-browser"), minimum=0),
    # -- game servers
    Field("game", "game", "str", "Game, by GameDig's name.", types=_types("gamedig")),
    Field("gamedig_given_port_only", "gamedigGivenPortOnly", "bool", "Whether only the given port is tried.",
          default=True, types=_types("gamedig")),
    Field("gamedig_token", "gamedigToken", "str", "Token for games that need one.", default="", since=V2_4,
          types=_types("gamedig"), secret=True),
    # -- databases
    Field("database_connection_string", "databaseConnectionString", "str",
          "How to reach the database, with its credentials.", types=_DATABASE_QUERY | {"redis"}, secret=True),
    Field("database_query", "databaseQuery", "str", "Query to run; of mongodb: a command as JSON.",
          types=_DATABASE_QUERY),
    Field("conditions", "conditions", "list",
          "Conditions on the answer: expressions (type, andOr, variable, operator, value), groups (type, andOr, "
          "children).",
          default=[], since=V2_0, types=_types("dns", "mqtt", "sqlserver", "mysql", "oracledb"),
          elements="dict", order_matters=True),
    # -- MQTT
    Field("mqtt_username", "mqttUsername", "str", "MQTT user name.", default="", types=_types("mqtt")),
    Field("mqtt_password", "mqttPassword", "str", "MQTT password.", default="", types=_types("mqtt"), secret=True),
    Field("mqtt_topic", "mqttTopic", "str", "Topic to subscribe to.", default="", types=_types("mqtt")),
    Field("mqtt_websocket_path", "mqttWebsocketPath", "str", "Path of MQTT over WebSocket.", default="", since=V2_0,
          types=_types("mqtt")),
    Field("mqtt_success_message", "mqttSuccessMessage", "str",
          "Text that the message must contain; empty: any message.", default="", types=_types("mqtt")),
    Field("mqtt_check_type", "mqttCheckType", "str", "Whether the message is searched or queried.", default="keyword",
          since=V2_0, types=_types("mqtt"), choices=("keyword", "json-query")),
    # -- Kafka, RabbitMQ
    Field("kafka_producer_brokers", "kafkaProducerBrokers", "list", "Brokers, each as host:port.", default=[],
          elements="str", types=_types("kafka-producer")),
    Field("kafka_producer_topic", "kafkaProducerTopic", "str", "Topic to produce to.", types=_types("kafka-producer")),
    Field("kafka_producer_message", "kafkaProducerMessage", "str", "Message to produce.",
          types=_types("kafka-producer")),
    Field("kafka_producer_ssl", "kafkaProducerSsl", "bool", "Whether the connection uses TLS.", default=False,
          types=_types("kafka-producer")),
    Field("kafka_producer_allow_auto_topic_creation", "kafkaProducerAllowAutoTopicCreation", "bool",
          "Whether a missing topic is created.", default=False, types=_types("kafka-producer")),
    Field("kafka_producer_sasl_options", "kafkaProducerSaslOptions", "dict",
          "SASL: mechanism (None, plain, scram-sha-256, scram-sha-512, aws) and what it needs: username, password; "
          "of aws authorizationIdentity, accessKeyId, secretAccessKey, sessionToken.", default={"mechanism": "None"},
          types=_types("kafka-producer"), secret=True),
    Field("rabbitmq_nodes", "rabbitmqNodes", "list",
          "Management addresses of the nodes, http or https; tried in this order.",
          default=[], elements="str", since=V2_0, types=_types("rabbitmq"), order_matters=True),
    Field("rabbitmq_username", "rabbitmqUsername", "str", "RabbitMQ user name.", default="", since=V2_0,
          types=_types("rabbitmq")),
    Field("rabbitmq_password", "rabbitmqPassword", "str", "RabbitMQ password.", default="", since=V2_0,
          types=_types("rabbitmq"), secret=True),
    # -- gRPC
    Field("grpc_url", "grpcUrl", "str", "Host and port of the gRPC server.", types=_types("grpc-keyword")),
    Field("grpc_protobuf", "grpcProtobuf", "str", "Protocol Buffers definition of the service.",
          types=_types("grpc-keyword")),
    Field("grpc_service_name", "grpcServiceName", "str", "Name of the service.", types=_types("grpc-keyword")),
    Field("grpc_method", "grpcMethod", "str", "Method to call.", types=_types("grpc-keyword")),
    Field("grpc_body", "grpcBody", "json", "Request message.", types=_types("grpc-keyword"), secret=True),
    Field("grpc_metadata", "grpcMetadata", "json", "Metadata of the call.", types=_types("grpc-keyword"), secret=True),
    Field("grpc_enable_tls", "grpcEnableTls", "bool", "Whether the connection uses TLS.", types=_types("grpc-keyword")),
    # -- RADIUS
    Field("radius_username", "radiusUsername", "str", "RADIUS user name.", types=_types("radius")),
    Field("radius_password", "radiusPassword", "str",
          "Password of the RADIUS user; of snmp: the community string; of mysql: the database user's password.",
          types=_types("radius", "snmp", "mysql"), secret=True),
    Field("radius_secret", "radiusSecret", "str", "Secret shared with the RADIUS server.", types=_types("radius"),
          secret=True),
    Field("radius_called_station_id", "radiusCalledStationId", "str", "Called-Station-Id.", types=_types("radius")),
    Field("radius_calling_station_id", "radiusCallingStationId", "str", "Calling-Station-Id.", types=_types("radius")),
)

REFERENCES: tuple[Reference, ...] = (
    Reference("proxy", "proxyId", "Proxy to go through.", types=_HTTP),
    Reference("docker_host", "docker_host", "Docker host that runs the container.", types=_types("docker")),
    Reference("remote_browser", "remote_browser", "Remote browser to use instead of the server's own.", since=V2_0,
              types=_types("real-browser")),
)

GAPS: tuple[Gap, ...] = (
    Gap("snmp_v3_username", "read", None, "Never shown."),
    Gap("snmp_v3_username", "edit", None, "Stored on creation only."),
    Gap("manual_status", "read", None, "Never shown; the state that it sets is the monitor's heartbeat."),
    Gap("screenshot_delay", "read", V2_5, "In the database since 2.1, shown since 2.5."),
    Gap("screenshot_delay", "edit", V2_5, "Stored on creation only."),
    Gap("oauth_auth_method", "edit", (1, 23, 2), "Stored on creation only."),
    Gap("kafka_producer_ssl", "read", (1, 23, 4), "Always shown as false."),
    Gap("kafka_producer_ssl", "edit", (1, 23, 4), "Stored on creation only."),
)

EDIT_RESUMES_UNTIL: Version = (1, 23, 2)
"""Before this release, `editMonitor` starts a monitor that was paused: it has to be paused again."""

RESET_IF_OMITTED: frozenset[str] = frozenset({"port", "proxyId", "retryOnlyOnStatusCodeFailure", "notificationIDList"})
"""Keys that `editMonitor` resets where the payload lacks them; every other key it leaves as it is."""

_WHEN_AUTH: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("auth_method", "bearer", ("bearer_token",)),
    ("auth_method", "oauth2-cc", ("oauth_token_url", "oauth_client_id", "oauth_client_secret")),
    ("auth_method", "mtls", ("tls_certificate", "tls_key")),
)

MONITOR_TYPES: dict[str, MonitorType] = {
    t.name: t
    for t in (
        MonitorType("http", "HTTP(S): status code.", required=("url",), required_when=_WHEN_AUTH),
        MonitorType("keyword", "HTTP(S): text in the response.", required=("url", "keyword"), required_when=_WHEN_AUTH),
        MonitorType("json-query", "HTTP(S): value in a JSON response.", required=("url", "json_path", "expected_value"),
                    required_when=_WHEN_AUTH),
        MonitorType("port", "TCP port, optionally its TLS certificate.", required=("hostname", "port")),
        MonitorType("ping", "Ping.", required=("hostname",)),
        MonitorType("dns", "DNS record.", required=("hostname", "dns_resolver", "port", "dns_record_type")),
        MonitorType("docker", "Docker container.", required=("docker_container", "docker_host")),
        MonitorType("push", "Waits for the service to call in.", required=("push_token",)),
        MonitorType("group", "Holds other monitors; is down when one of them is."),
        MonitorType("real-browser", "Page load in Chromium.", required=("url",)),
        MonitorType("steam", "Steam game server.", required=("hostname", "port"),
                    notes="Needs the setting steam_api_key."),
        MonitorType("gamedig", "Game server, by GameDig.", required=("game", "hostname", "port")),
        MonitorType("mqtt", "MQTT message.", required=("hostname", "port", "mqtt_topic"),
                    required_when=(("mqtt_check_type", "json-query", ("json_path", "expected_value")),)),
        MonitorType("kafka-producer", "Produces a Kafka message.",
                    required=("kafka_producer_brokers", "kafka_producer_topic", "kafka_producer_message")),
        MonitorType("sqlserver", "Microsoft SQL Server query.", required=("database_connection_string",)),
        MonitorType("postgres", "PostgreSQL query.", required=("database_connection_string",)),
        MonitorType("mysql", "MySQL or MariaDB query.", required=("database_connection_string",)),
        MonitorType("mongodb", "MongoDB command.", required=("database_connection_string",)),
        MonitorType("redis", "Redis ping.", required=("database_connection_string",)),
        MonitorType("radius", "RADIUS authentication.",
                    required=("hostname", "radius_username", "radius_password", "radius_secret",
                              "radius_called_station_id", "radius_calling_station_id")),
        MonitorType("grpc-keyword", "gRPC(S): text in the response.",
                    required=("grpc_url", "keyword", "grpc_service_name", "grpc_method", "grpc_protobuf")),
        MonitorType("tailscale-ping", "Ping over Tailscale.", required=("hostname",),
                    notes="Needs the tailscale command on the server."),
        MonitorType("manual", "State set by hand.", since=V2_0),
        MonitorType("rabbitmq", "RabbitMQ health check.", since=V2_0,
                    required=("rabbitmq_nodes", "rabbitmq_username", "rabbitmq_password")),
        MonitorType("smtp", "SMTP greeting.", since=V2_0, required=("hostname", "port")),
        MonitorType("snmp", "SNMP value.", since=V2_0, required=("hostname", "snmp_oid", "json_path", "expected_value"),
                    required_when=(("snmp_version", "1", ("radius_password",)),
                                   ("snmp_version", "2c", ("radius_password",)),
                                   ("snmp_version", "3", ("snmp_v3_username",)))),
        MonitorType("globalping", "Check from Globalping's probes.", since=V2_1, required=("subtype", "location"),
                    required_when=(("subtype", "ping", ("hostname",)), ("subtype", "dns", ("hostname", "port")),
                                   ("subtype", "http", ("url",)), ("auth_method", "bearer", ("bearer_token",)),
                                   ("auth_method", "oauth2-cc",
                                    ("oauth_token_url", "oauth_client_id", "oauth_client_secret")))),
        MonitorType("sip-options", "SIP OPTIONS.", since=V2_1, required=("hostname", "port"),
                    notes="Needs the sipsak command on the server."),
        MonitorType("system-service", "Service on the server's own host.", since=V2_1,
                    required=("system_service_name",)),
        MonitorType("websocket-upgrade", "WebSocket handshake.", since=V2_1, required=("url",),
                    required_when=_WHEN_AUTH),
        MonitorType("oracledb", "Oracle Database query.", since=V2_3,
                    required=("database_connection_string", "basic_auth_username", "basic_auth_password")),
        MonitorType("ntp", "NTP server.", since=V2_5, required=("hostname", "port")),
        MonitorType("pm2", "PM2 process on the server's own host.", since=V2_5, required=("system_service_name",)),
    )
}

SETTINGS: tuple[Field, ...] = (
    Field("check_update", "checkUpdate", "bool", "Whether the server looks for new versions of itself.", default=True),
    Field("check_beta", "checkBeta", "bool", "Whether beta versions count as new versions."),
    Field("search_engine_index", "searchEngineIndex", "bool", "Whether search engines may index the status pages.",
          default=False),
    Field("entry_page", "entryPage", "str", "What the root address shows: dashboard, or statusPage- and a slug.",
          default="dashboard"),
    Field("primary_base_url", "primaryBaseURL", "str", "Address of the server, for links in notifications."),
    Field("server_timezone", "serverTimezone", "str", "Time zone of the server, such as Europe/Berlin."),
    Field("keep_data_period_days", "keepDataPeriodDays", "int",
          "Days that history is kept; 0: for ever. Until it is set, the server fills in 365 (1.23: 180).", minimum=0),
    Field("tls_expiry_notify_days", "tlsExpiryNotifyDays", "list",
          "Days before a certificate expires on which to notify.", default=[7, 14, 21], elements="int"),
    Field("domain_expiry_notify_days", "domainExpiryNotifyDays", "list",
          "Days before a domain expires on which to notify.", default=[7, 14, 21], elements="int", since=V2_1),
    Field("dns_cache", "dnsCache", "bool", "Whether names are resolved through a cache.", until=V2_0),
    Field("nscd", "nscd", "bool", "Whether the name service cache daemon runs (in the container only).", default=True),
    Field("disable_auth", "disableAuth", "bool",
          "Whether anyone may use the server without a login; needs the password to set."),
    Field("trust_proxy", "trustProxy", "bool", "Whether X-Forwarded headers are believed.", default=False),
    Field("chrome_executable", "chromeExecutable", "str",
          "Chromium of the real-browser type: a path, or #playwright_chromium."),
    Field("steam_api_key", "steamAPIKey", "str", "Steam Web API key, for the steam type.", secret=True),
    Field("globalping_api_token", "globalpingApiToken", "str", "Globalping API token, for higher limits.", since=V2_1,
          secret=True),
)
# fmt: on

ENGINE_KEYS: tuple[str, ...] = ("id", "name", "type", "parent", "active", "notificationIDList")
"""Writable keys of a monitor that are no option of the table."""

# What the server accepts for interval and retry_interval: (since, lowest, highest).
_INTERVAL_LIMITS: tuple[tuple[Version, float, float | None], ...] = (
    (V1_23, 20, 2073600),
    (V2_1, 1, 2073600),
    (V2_5, 1, None),
)

_BY_OPTION: dict[str, Field] = {f.option: f for f in MONITOR_FIELDS}


def parse_version(text: str) -> Version:
    """(2, 1, 0) for "2.1.0-beta.1": the numbers, without what follows them. ValueError if there are none."""
    match = re.match(r"\s*v?(\d+)\.(\d+)(?:\.(\d+))?", text)
    if match is None:
        raise ValueError(f"{text!r} is not a version of Uptime Kuma.")
    return int(match[1]), int(match[2]), int(match[3] or 0)


def dialect(info: Mapping[str, Any]) -> Version:
    """The version whose schema a server has, from the `info` event it sends after login.

    Releases of 2.x name their database there. The 2.0.0-dev.0 snapshot does not: it left the 1.23 line after 1.23.1,
    and has that release's schema and gaps.
    """
    version = parse_version(str(info.get("version") or ""))
    return (1, 23, 1) if version >= V2_0 and "dbType" not in info else version


def version_text(version: Version) -> str:
    """The version as it is written: "2.5.0"."""
    return ".".join(map(str, version))


def field_for(option: str) -> Field:
    """The field of a monitor option; KeyError if there is none."""
    return _BY_OPTION[option]


def is_known(field: Field | Reference | MonitorType, version: Version) -> bool:
    """Whether a server of that version knows it."""
    until = field.until if isinstance(field, Field) else None
    return field.since <= version and (until is None or version < until)


def _has_gap(option: str, missing: str, version: Version | None) -> bool:
    """Whether a version has the gap; None: whether all have."""
    return any(
        g.option == option and g.missing == missing and (g.until is None or (version is not None and version < g.until))
        for g in GAPS
    )


def is_readable(field: Field, version: Version) -> bool:
    """Whether the server's JSON shows the field's value; if not, it cannot be compared."""
    return not _has_gap(field.option, "read", version)


def is_editable(field: Field, version: Version) -> bool:
    """Whether an edit changes the field's value; if not, only a new monitor takes it."""
    return not _has_gap(field.option, "edit", version)


def fields_of(monitor_type: str, version: Version) -> tuple[Field, ...]:
    """The options that a monitor of that type has on a server of that version."""
    return tuple(f for f in MONITOR_FIELDS if is_known(f, version) and (not f.types or monitor_type in f.types))


def limits(field: Field, version: Version) -> tuple[float | None, float | None]:
    """Lowest and highest value that a server of that version takes; None: no limit."""
    if field.wire in ("interval", "retryInterval"):
        return next((low, high) for since, low, high in reversed(_INTERVAL_LIMITS) if since <= max(version, V1_23))
    return field.minimum, field.maximum


def defaults(monitor_type: str, version: Version, declared: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """What the server's own web page sends for a new monitor, by option, for every option it presets.

    `declared` are the options that are set: the retry interval follows the interval, and the timeout stays within
    80 percent of it. They are not themselves in the result.
    """
    declared = declared or {}
    values = {f.option: f.type_defaults.get(monitor_type, f.default) for f in MONITOR_FIELDS if is_known(f, version)}
    interval = declared.get("interval", values["interval"])
    values["retry_interval"] = interval
    if monitor_type != "ping":
        values["timeout"] = min(values["timeout"], int(interval * 8) / 10)
    if monitor_type == "globalping" and "protocol" in values:
        subtype = declared.get("subtype", values["subtype"])
        values["protocol"] = {"ping": "ICMP", "dns": "UDP"}.get(subtype, "auto")
        values["port"] = {"ping": 80, "dns": 53}.get(subtype, UNSET)
    return {option: value for option, value in values.items() if value is not UNSET and option not in declared}


def missing_options(monitor_type: str, options: Mapping[str, Any]) -> list[str]:
    """The options that a monitor of that type cannot work without and that are unset or empty, in their order."""
    kind = MONITOR_TYPES[monitor_type]
    needed = list(kind.required)
    for option, value, others in kind.required_when:
        if options.get(option) == value:
            needed += [o for o in others if o not in needed]
    return [option for option in needed if options.get(option) in (None, "", [])]


def to_wire(field: Field, value: Any) -> Any:
    """An option's value as the server takes it."""
    if isinstance(value, str) and value in field.wire_values:
        return field.wire_values[value]
    if field.type == "json" and value is not None and not isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    return value


def from_wire(field: Field, value: Any) -> Any:
    """The server's value as the option is written: in its type, null as empty or as the choice that stands for it."""
    for choice, on_wire in field.wire_values.items():
        if value == on_wire:
            return choice
    if value is None:
        empty: dict[str, Any] = {"str": "", "bool": False, "list": [], "dict": {}, "json": ""}
        return empty.get(field.type)
    if field.type == "json" and isinstance(value, str):
        try:
            structure = json.loads(value, parse_constant=_no_json)
        except ValueError:
            return value
        return value if structure is None else structure  # text that says null is not the same as no text
    if field.type == "bool":
        return value not in (False, 0, "0", "false", "")
    if field.type == "int" and value != "":
        return int(float(value))
    if field.type == "float" and value != "":
        return float(value)
    if field.type == "str":
        return value if isinstance(value, str) else json.dumps(value)
    return value


def _no_json(constant: str) -> Any:
    raise ValueError(f"{constant} is Python's, not JSON.")


def normal(field: Field, value: Any) -> Any:
    """The value in the form in which declared and actual ones compare equal if they mean the same."""
    value = from_wire(field, to_wire(field, value))
    if field.type == "list":
        if field.elements in ("str", "int"):
            value = [int(v) if field.elements == "int" else str(v) for v in value]
        return value if field.order_matters else sorted(value)
    if field.type == "json" and isinstance(value, str):
        return value.strip()
    return value


def settings_from(data: Mapping[str, Any], version: Version) -> dict[str, Any]:
    """What `getSettings` answered, by option; a setting that was never saved is what it then amounts to."""
    return {
        f.option: f.default if f.wire not in data and f.default is not UNSET else from_wire(f, data.get(f.wire))
        for f in SETTINGS
        if is_known(f, version)
    }


def edit_payload(actual: Mapping[str, Any], version: Version) -> dict[str, Any]:
    """What `editMonitor` takes to leave a monitor as it is, from the server's JSON of it.

    Every key that the version can write and show is in it, since some that are omitted are reset (RESET_IF_OMITTED).
    What it cannot show it keeps.
    """
    payload = {key: actual[key] for key in ENGINE_KEYS if key in actual and key != "active"}
    writable: tuple[Field | Reference, ...] = MONITOR_FIELDS + REFERENCES
    for field in writable:
        readable = not isinstance(field, Field) or is_readable(field, version)
        if is_known(field, version) and readable and field.read_key in actual:
            payload[field.wire] = actual[field.read_key]
    for key in ("accepted_statuscodes", "conditions"):
        if key in payload and payload[key] is None:
            payload[key] = []
    return payload
