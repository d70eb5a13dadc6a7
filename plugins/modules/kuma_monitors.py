#!/usr/bin/python
# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reconcile the monitors of an Uptime Kuma server."""

from __future__ import annotations

DOCUMENTATION = r"""
module: kuma_monitors
short_description: Reconcile all monitors of an Uptime Kuma server in one task
version_added: 0.1.0
description:
  - Brings the monitors, groups among them, of an Uptime Kuma server to what is declared. One task, one login, one list,
    and a write only for what differs.
  - A monitor is known by the path of its groups and its name. Two monitors may have one name in different groups.
  - Only what is declared is compared. Options that are not set are left as they are on the server; a list that is set
    is exact.
  - Works with Uptime Kuma 1.23 and with the releases of 2.x. An option that the server does not know yet is refused,
    with the release that brought it.
author:
  - The Kumawatch engineers (@kumawatch)
extends_documentation_fragment:
  - kumawatch.monitoring.kuma
  - kumawatch.monitoring.kuma.bulk
  - kumawatch.monitoring.kuma.attributes
options:
  monitors:
    description: The monitors, in any order. Groups may come after what is in them.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: Name of the monitor.
        type: str
        required: true
      group:
        description:
          - The group that it is in. A name for a group at the top, or a list of names from the outermost inwards.
          - Part of the monitor's identity. With another group it is another monitor.
        type: raw
      type:
        description:
          - What kind of check it is; V(group) holds other monitors.
          - Needed for a new monitor.
        type: str
        choices:
          - dns
          - docker
          - gamedig
          - globalping
          - group
          - grpc-keyword
          - http
          - json-query
          - kafka-producer
          - keyword
          - manual
          - mongodb
          - mqtt
          - mysql
          - ntp
          - oracledb
          - ping
          - pm2
          - port
          - postgres
          - push
          - rabbitmq
          - radius
          - real-browser
          - redis
          - sip-options
          - smtp
          - snmp
          - sqlserver
          - steam
          - system-service
          - tailscale-ping
          - websocket-upgrade
      state:
        description:
          - V(present) and V(paused) see to it that it exists, and that it runs or does not.
          - V(absent) deletes it, whoever it belongs to.
          - Under a paused group the server does not tell whether a monitor itself is paused, so that this is not
            compared.
        type: str
        choices: [present, absent, paused]
        default: present
      ignore:
        description:
          - Options that are set on creation and never compared again, for what is better changed in the UI.
          - Takes the names of the options, and V(state) for whether it is paused.
        type: list
        elements: str
      notifications:
        description:
          - Names of the notifications that it uses, exactly these. An empty list takes all away.
          - The server's default notifications are for monitors that are added in the UI; they are not added here.
        type: list
        elements: str
      tags:
        description: Tags that it bears, exactly these, besides the mark of ownership.
        type: list
        elements: dict
        suboptions:
          name:
            description: Name of the tag. It is created where it does not exist.
            type: str
            required: true
          value:
            description: Value of the tag at this monitor.
            type: str
          color:
            description: Colour of the tag, such as V(#059669), the same at all monitors. Not compared where it is not
              set.
            type: str
      proxy:
        description: Proxy to use, as V(protocol://host:port). Of types V(http), V(json-query), V(keyword).
        type: str
      docker_host:
        description: Name of the Docker host that runs the container. Of type V(docker).
        type: str
      remote_browser:
        description: Name of the remote browser to use. Of type V(real-browser). Needs Uptime Kuma 2.0.0.
        type: str
      # The options from here to the end of the list are written by tools/module_docs.py.
      description:
        description:
          - Free text shown under the name.
        type: str
      interval:
        description:
          - Seconds between two checks.
          - A new monitor gets V(60) where it is not set.
        type: int
      retries:
        description:
          - How many failed checks in a row are pending before the monitor is down.
          - A new monitor gets V(0) where it is not set.
        type: int
      retry_interval:
        description:
          - Seconds between two checks while failures are being retried; the interval if not set.
          - A new monitor gets V(60) where it is not set.
        type: int
      resend_interval:
        description:
          - 'Notify again after this many further failed checks; 0: only once.'
          - A new monitor gets V(0) where it is not set.
        type: int
      timeout:
        description:
          - Seconds until a check is given up; 80 percent of the interval, at most 48, if not set.
          - A new monitor gets V(48) where it is not set.
        type: float
      upside_down:
        description:
          - Whether a check that fails counts as up, and one that succeeds as down.
          - A new monitor gets V(false) where it is not set.
        type: bool
      url:
        description:
          - Address to check.
          - Of types V(globalping), V(http), V(json-query), V(keyword), V(real-browser), V(websocket-upgrade).
        type: str
      method:
        description:
          - HTTP method.
          - Of types V(globalping), V(http), V(json-query), V(keyword).
          - A new monitor gets V(GET) where it is not set.
        type: str
        choices:
          - GET
          - POST
          - PUT
          - PATCH
          - DELETE
          - HEAD
          - OPTIONS
      headers:
        description:
          - HTTP headers, by name.
          - Of types V(globalping), V(http), V(json-query), V(keyword), V(websocket-upgrade).
        type: raw
      body:
        description:
          - 'Body of the request: text, or a structure that is sent as JSON.'
          - Of types V(http), V(json-query), V(keyword).
        type: raw
      body_encoding:
        description:
          - How the body is encoded.
          - Of types V(http), V(json-query), V(keyword).
          - A new monitor gets V(json) where it is not set.
          - V(form) needs Uptime Kuma 2.0.0.
        type: str
        choices:
          - json
          - form
          - xml
      accepted_status_codes:
        description:
          - 'Status codes, or ranges of them, that count as up (of a WebSocket: close codes).'
          - Of types V(globalping), V(grpc-keyword), V(http), V(json-query), V(keyword), V(steam), V(websocket-upgrade).
          - A new monitor gets V(200-299) where it is not set.
        type: list
        elements: str
      max_redirects:
        description:
          - 'How many redirects are followed; 0: none.'
          - Of types V(grpc-keyword), V(http), V(json-query), V(keyword), V(steam).
          - A new monitor gets V(10) where it is not set.
        type: int
      ignore_tls:
        description:
          - Whether TLS errors are ignored.
          - Of types V(docker), V(globalping), V(http), V(json-query), V(keyword), V(port), V(redis), V(steam),
            V(websocket-upgrade).
          - A new monitor gets V(false) where it is not set.
        type: bool
      cache_bust:
        description:
          - Whether a random parameter is appended, to bypass caches.
          - Of types V(globalping), V(http), V(json-query), V(keyword).
          - A new monitor gets V(false) where it is not set.
          - Needs Uptime Kuma 2.0.0.
        type: bool
      ip_family:
        description:
          - IP version to use.
          - Of types V(globalping), V(grpc-keyword), V(http), V(json-query), V(keyword).
          - A new monitor gets V(auto) where it is not set.
          - Needs Uptime Kuma 2.0.0.
        type: str
        choices:
          - auto
          - ipv4
          - ipv6
      expiry_notification:
        description:
          - Whether to notify before the certificate expires.
          - Of types V(globalping), V(http), V(json-query), V(keyword), V(port).
          - A new monitor gets V(false) where it is not set.
        type: bool
      domain_expiry_notification:
        description:
          - Whether to notify before the domain's registration expires.
          - Of types V(dns), V(gamedig), V(grpc-keyword), V(http), V(json-query), V(keyword), V(mqtt), V(ping), V(port),
            V(radius), V(real-browser), V(sip-options), V(smtp), V(snmp), V(steam), V(tailscale-ping),
            V(websocket-upgrade).
          - A new monitor gets V(true) where it is not set.
          - Needs Uptime Kuma 2.1.0.
        type: bool
      save_response:
        description:
          - Whether the response of a successful check is kept.
          - Of types V(http), V(json-query), V(keyword).
          - A new monitor gets V(false) where it is not set.
          - Needs Uptime Kuma 2.1.0.
        type: bool
      save_error_response:
        description:
          - Whether the response of a failed check is kept.
          - Of types V(http), V(json-query), V(keyword).
          - A new monitor gets V(true) where it is not set.
          - Needs Uptime Kuma 2.1.0.
        type: bool
      response_max_length:
        description:
          - 'How many bytes of a response are kept; 0: all.'
          - Of types V(http), V(json-query), V(keyword).
          - A new monitor gets V(1024) where it is not set.
          - Needs Uptime Kuma 2.1.0.
        type: int
      retry_only_on_status_code_failure:
        description:
          - Whether an unexpected value makes the monitor down at once, without retries.
          - Of type V(json-query).
          - A new monitor gets V(false) where it is not set.
          - Needs Uptime Kuma 2.1.0.
        type: bool
      keyword:
        description:
          - 'Text that the response must contain; of a DNS answer: a regular expression.'
          - Of types V(globalping), V(grpc-keyword), V(keyword).
        type: str
      invert_keyword:
        description:
          - Whether the keyword must be absent instead.
          - Of types V(globalping), V(grpc-keyword), V(keyword).
        type: bool
      json_path:
        description:
          - JSONata expression that selects the value.
          - Of types V(globalping), V(json-query), V(mongodb), V(mqtt), V(snmp).
          - A new monitor gets V($) where it is not set.
        type: str
      json_path_operator:
        description:
          - How the value is compared.
          - Of types V(globalping), V(json-query), V(snmp).
          - A new monitor gets V(==) where it is not set.
          - Needs Uptime Kuma 2.0.0.
        type: str
        choices:
          - ">"
          - ">="
          - "<"
          - "<="
          - "!="
          - "=="
          - contains
      expected_value:
        description:
          - What the value is compared with.
          - Of types V(globalping), V(json-query), V(mongodb), V(mqtt), V(snmp).
        type: str
      auth_method:
        description:
          - How to authenticate.
          - Of types V(globalping), V(http), V(json-query), V(keyword), V(websocket-upgrade).
          - A new monitor gets V(none) where it is not set.
          - V(bearer) needs Uptime Kuma 2.4.0.
        type: str
        choices:
          - "none"
          - basic
          - bearer
          - oauth2-cc
          - ntlm
          - mtls
      basic_auth_username:
        description:
          - 'User name for HTTP basic and NTLM; of oracledb: the database user.'
          - Of types V(globalping), V(http), V(json-query), V(keyword), V(oracledb), V(websocket-upgrade).
        type: str
      basic_auth_password:
        description:
          - 'Password for HTTP basic and NTLM; of oracledb: the database user''s password.'
          - Of types V(globalping), V(http), V(json-query), V(keyword), V(oracledb), V(websocket-upgrade).
        type: str
      bearer_token:
        description:
          - Token for bearer authentication.
          - Of types V(globalping), V(http), V(json-query), V(keyword), V(websocket-upgrade).
          - Needs Uptime Kuma 2.4.0.
        type: str
      auth_domain:
        description:
          - Domain for NTLM.
          - Of types V(http), V(json-query), V(keyword).
        type: str
      auth_workstation:
        description:
          - Workstation for NTLM.
          - Of types V(http), V(json-query), V(keyword).
        type: str
      oauth_auth_method:
        description:
          - How the client id and secret are sent to the token URL.
          - Of types V(globalping), V(http), V(json-query), V(keyword), V(websocket-upgrade).
          - A new monitor gets V(client_secret_basic) where it is not set.
        type: str
        choices:
          - client_secret_basic
          - client_secret_post
      oauth_token_url:
        description:
          - Address that issues OAuth 2 tokens.
          - Of types V(globalping), V(http), V(json-query), V(keyword), V(websocket-upgrade).
        type: str
      oauth_client_id:
        description:
          - OAuth 2 client id.
          - Of types V(globalping), V(http), V(json-query), V(keyword), V(websocket-upgrade).
        type: str
      oauth_client_secret:
        description:
          - OAuth 2 client secret.
          - Of types V(globalping), V(http), V(json-query), V(keyword), V(websocket-upgrade).
        type: str
      oauth_scopes:
        description:
          - OAuth 2 scopes, separated by spaces.
          - Of types V(globalping), V(http), V(json-query), V(keyword), V(websocket-upgrade).
        type: str
      oauth_audience:
        description:
          - Audience that the OAuth 2 token is asked for.
          - Of types V(globalping), V(http), V(json-query), V(keyword), V(websocket-upgrade).
          - Needs Uptime Kuma 2.0.0.
        type: str
      tls_certificate:
        description:
          - Client certificate for mTLS, PEM.
          - Of types V(http), V(json-query), V(keyword), V(port), V(websocket-upgrade).
        type: str
      tls_key:
        description:
          - Private key of the client certificate, PEM.
          - Of types V(http), V(json-query), V(keyword), V(port), V(websocket-upgrade).
        type: str
      tls_ca:
        description:
          - Certificate authority of the server, PEM.
          - Of types V(http), V(json-query), V(keyword), V(port), V(websocket-upgrade).
        type: str
      hostname:
        description:
          - 'Host to check: a name or an address; of mqtt also an mqtt, mqtts, ws or wss URL.'
          - Of types V(dns), V(gamedig), V(globalping), V(mqtt), V(ntp), V(ping), V(port), V(radius), V(sip-options),
            V(smtp), V(snmp), V(steam), V(tailscale-ping).
        type: str
      port:
        description:
          - Port to check.
          - Of types V(dns), V(gamedig), V(globalping), V(mqtt), V(ntp), V(port), V(radius), V(sip-options), V(smtp),
            V(snmp), V(steam).
        type: int
      packet_size:
        description:
          - Bytes in a ping packet.
          - Of types V(ping), V(steam).
          - A new monitor gets V(56) where it is not set.
        type: int
      ping_count:
        description:
          - Echo requests a check sends.
          - Of types V(globalping), V(ping).
          - A new monitor gets V(3) where it is not set.
          - Needs Uptime Kuma 2.0.0.
        type: int
      ping_numeric:
        description:
          - Whether ping shows addresses only, without looking up names.
          - Of type V(ping).
          - A new monitor gets V(true) where it is not set.
          - Needs Uptime Kuma 2.0.0.
        type: bool
      ping_per_request_timeout:
        description:
          - Seconds to wait for each echo reply.
          - Of type V(ping).
          - A new monitor gets V(2) where it is not set.
          - Needs Uptime Kuma 2.0.0.
        type: int
      dns_record_type:
        description:
          - Type of the resource record.
          - Of types V(dns), V(globalping).
          - A new monitor gets V(A) where it is not set.
        type: str
        choices:
          - A
          - AAAA
          - ANY
          - CAA
          - CNAME
          - DNSKEY
          - DS
          - HTTPS
          - MX
          - NS
          - NSEC
          - PTR
          - RRSIG
          - SOA
          - SRV
          - SVCB
          - TXT
      dns_resolver:
        description:
          - DNS servers to ask, separated by commas.
          - Of types V(dns), V(globalping).
        type: str
      smtp_security:
        description:
          - TLS from the start (secure), by STARTTLS, or none.
          - Of types V(port), V(smtp).
          - Needs Uptime Kuma 2.0.0.
        type: str
        choices:
          - secure
          - nostarttls
          - starttls
      expected_tls_alert:
        description:
          - TLS alert that the server must answer with, to prove that it rejects clients without a certificate.
          - Of type V(port).
          - Needs Uptime Kuma 2.1.0.
        type: str
        choices:
          - "none"
          - certificate_required
          - bad_certificate
          - certificate_unknown
          - unknown_ca
          - access_denied
          - handshake_failure
          - certificate_expired
          - certificate_revoked
      ntp_stratum_threshold:
        description:
          - Highest stratum that counts as up.
          - Of type V(ntp).
          - A new monitor gets V(5) where it is not set.
          - Needs Uptime Kuma 2.5.0.
        type: int
      ntp_time_offset_threshold:
        description:
          - Largest clock offset that counts as up, in milliseconds.
          - Of type V(ntp).
          - A new monitor gets V(1000) where it is not set.
          - Needs Uptime Kuma 2.5.0.
        type: int
      ntp_root_dispersion_threshold:
        description:
          - Largest root dispersion that counts as up, in milliseconds.
          - Of type V(ntp).
          - A new monitor gets V(500) where it is not set.
          - Needs Uptime Kuma 2.5.0.
        type: int
      snmp_oid:
        description:
          - Object identifier to read.
          - Of type V(snmp).
          - Needs Uptime Kuma 2.0.0.
        type: str
      snmp_version:
        description:
          - SNMP version.
          - Of type V(snmp).
          - A new monitor gets V(2c) where it is not set.
          - Needs Uptime Kuma 2.0.0.
          - V(3) needs Uptime Kuma 2.1.0.
        type: str
        choices:
          - "1"
          - "2c"
          - "3"
      snmp_v3_username:
        description:
          - User name for SNMP 3.
          - Of type V(snmp).
          - Needs Uptime Kuma 2.1.0.
          - The server does not show it, so that it is set on creation and with any other change, and not compared.
        type: str
      subtype:
        description:
          - What the Globalping probes do.
          - Of type V(globalping).
          - Needs Uptime Kuma 2.1.0.
        type: str
        choices:
          - ping
          - http
          - dns
      location:
        description:
          - Where the Globalping probes stand, such as world, germany or amazon+germany.
          - Of type V(globalping).
          - A new monitor gets V(world) where it is not set.
          - Needs Uptime Kuma 2.1.0.
        type: str
      protocol:
        description:
          - 'Protocol of the probes: ICMP or TCP to ping, HTTP2 for HTTP, UDP or TCP for DNS.'
          - Of type V(globalping).
          - A new monitor gets V(auto) where it is not set.
          - Needs Uptime Kuma 2.1.0.
        type: str
        choices:
          - auto
          - ICMP
          - TCP
          - UDP
          - HTTP2
      websocket_subprotocol:
        description:
          - Subprotocols to offer, separated by commas.
          - Of type V(websocket-upgrade).
          - Needs Uptime Kuma 2.1.0.
        type: str
      websocket_ignore_accept_header:
        description:
          - Whether a wrong Sec-WebSocket-Accept header is ignored.
          - Of type V(websocket-upgrade).
          - Needs Uptime Kuma 2.1.0.
        type: bool
      push_token:
        description:
          - Secret part of the address that is pushed to; 32 letters and digits.
          - Of type V(push).
        type: str
      manual_status:
        description:
          - State that the monitor shows.
          - Of type V(manual).
          - Needs Uptime Kuma 2.0.0.
          - The server does not show it, so that it is set on creation and with any other change, and not compared.
        type: str
        choices:
          - up
          - down
          - pending
      docker_container:
        description:
          - Name or id of the container.
          - Of type V(docker).
        type: str
      system_service_name:
        description:
          - 'Name of the service on the server''s own host; of pm2: the process name.'
          - Of types V(pm2), V(system-service).
          - Needs Uptime Kuma 2.1.0.
        type: str
      screenshot_delay:
        description:
          - Milliseconds to wait before the screenshot is taken.
          - Of type V(real-browser).
          - A new monitor gets V(0) where it is not set.
          - Needs Uptime Kuma 2.1.0.
        type: int
      game:
        description:
          - Game, by GameDig's name.
          - Of type V(gamedig).
        type: str
      gamedig_given_port_only:
        description:
          - Whether only the given port is tried.
          - Of type V(gamedig).
          - A new monitor gets V(true) where it is not set.
        type: bool
      gamedig_token:
        description:
          - Token for games that need one.
          - Of type V(gamedig).
          - Needs Uptime Kuma 2.4.0.
        type: str
      database_connection_string:
        description:
          - How to reach the database, with its credentials.
          - Of types V(mongodb), V(mysql), V(oracledb), V(postgres), V(redis), V(sqlserver).
        type: str
      database_query:
        description:
          - 'Query to run; of mongodb: a command as JSON.'
          - Of types V(mongodb), V(mysql), V(oracledb), V(postgres), V(sqlserver).
        type: str
      conditions:
        description:
          - 'Conditions on the answer: expressions (type, andOr, variable, operator, value), groups (type, andOr,
            children).'
          - Of types V(dns), V(mqtt), V(mysql), V(oracledb), V(sqlserver).
          - Needs Uptime Kuma 2.0.0.
        type: list
        elements: dict
      mqtt_username:
        description:
          - MQTT user name.
          - Of type V(mqtt).
        type: str
      mqtt_password:
        description:
          - MQTT password.
          - Of type V(mqtt).
        type: str
      mqtt_topic:
        description:
          - Topic to subscribe to.
          - Of type V(mqtt).
        type: str
      mqtt_websocket_path:
        description:
          - Path of MQTT over WebSocket.
          - Of type V(mqtt).
          - Needs Uptime Kuma 2.0.0.
        type: str
      mqtt_success_message:
        description:
          - 'Text that the message must contain; empty: any message.'
          - Of type V(mqtt).
        type: str
      mqtt_check_type:
        description:
          - Whether the message is searched or queried.
          - Of type V(mqtt).
          - A new monitor gets V(keyword) where it is not set.
          - Needs Uptime Kuma 2.0.0.
        type: str
        choices:
          - keyword
          - json-query
      kafka_producer_brokers:
        description:
          - Brokers, each as host:port.
          - Of type V(kafka-producer).
        type: list
        elements: str
      kafka_producer_topic:
        description:
          - Topic to produce to.
          - Of type V(kafka-producer).
        type: str
      kafka_producer_message:
        description:
          - Message to produce.
          - Of type V(kafka-producer).
        type: str
      kafka_producer_ssl:
        description:
          - Whether the connection uses TLS.
          - Of type V(kafka-producer).
          - A new monitor gets V(false) where it is not set.
        type: bool
      kafka_producer_allow_auto_topic_creation:
        description:
          - Whether a missing topic is created.
          - Of type V(kafka-producer).
          - A new monitor gets V(false) where it is not set.
        type: bool
      kafka_producer_sasl_options:
        description:
          - 'SASL: mechanism (None, plain, scram-sha-256, scram-sha-512, aws) and what it needs: username, password; of
            aws authorizationIdentity, accessKeyId, secretAccessKey, sessionToken.'
          - Of type V(kafka-producer).
        type: dict
      rabbitmq_nodes:
        description:
          - Management addresses of the nodes, http or https; tried in this order.
          - Of type V(rabbitmq).
          - Needs Uptime Kuma 2.0.0.
        type: list
        elements: str
      rabbitmq_username:
        description:
          - RabbitMQ user name.
          - Of type V(rabbitmq).
          - Needs Uptime Kuma 2.0.0.
        type: str
      rabbitmq_password:
        description:
          - RabbitMQ password.
          - Of type V(rabbitmq).
          - Needs Uptime Kuma 2.0.0.
        type: str
      grpc_url:
        description:
          - Host and port of the gRPC server.
          - Of type V(grpc-keyword).
        type: str
      grpc_protobuf:
        description:
          - Protocol Buffers definition of the service.
          - Of type V(grpc-keyword).
        type: str
      grpc_service_name:
        description:
          - Name of the service.
          - Of type V(grpc-keyword).
        type: str
      grpc_method:
        description:
          - Method to call.
          - Of type V(grpc-keyword).
        type: str
      grpc_body:
        description:
          - Request message.
          - Of type V(grpc-keyword).
        type: raw
      grpc_metadata:
        description:
          - Metadata of the call.
          - Of type V(grpc-keyword).
        type: raw
      grpc_enable_tls:
        description:
          - Whether the connection uses TLS.
          - Of type V(grpc-keyword).
        type: bool
      radius_username:
        description:
          - RADIUS user name.
          - Of type V(radius).
        type: str
      radius_password:
        description:
          - 'Password of the RADIUS user; of snmp: the community string; of mysql: the database user''s password.'
          - Of types V(mysql), V(radius), V(snmp).
        type: str
      radius_secret:
        description:
          - Secret shared with the RADIUS server.
          - Of type V(radius).
        type: str
      radius_called_station_id:
        description:
          - Called-Station-Id.
          - Of type V(radius).
        type: str
      radius_calling_station_id:
        description:
          - Calling-Station-Id.
          - Of type V(radius).
        type: str
      # End of what tools/module_docs.py writes.
  pending_notifications:
    description:
      - In check mode, names of notifications that an earlier task of the same run would have created. They count as
        existing.
      - Outside check mode this is not used.
    type: list
    elements: str
  pending_proxies:
    description: As O(pending_notifications), of proxies, as V(protocol://host:port).
    type: list
    elements: str
  pending_docker_hosts:
    description: As O(pending_notifications), of Docker hosts.
    type: list
    elements: str
  pending_remote_browsers:
    description: As O(pending_notifications), of remote browsers.
    type: list
    elements: str
seealso:
  - module: kumawatch.monitoring.kuma_notifications
  - module: kumawatch.monitoring.kuma_info
"""

EXAMPLES = r"""
- name: Watch two services of production
  kumawatch.monitoring.kuma_monitors:
    api_url: https://status.example.com
    api_username: admin
    api_password: "{{ vault_kuma_password }}"
    monitors:
      - name: production
        type: group
      - name: api
        group: production
        type: json-query
        url: https://api.example.com/health
        json_path: status
        expected_value: pass
        interval: 60
        notifications: [Google Chat]
        tags:
          - name: owner
            value: payments
            color: "#2563EB"
      - name: database
        group: production
        type: port
        hostname: db.example.com
        port: 5432

- name: The declared monitors and nothing else of ours
  kumawatch.monitoring.kuma_monitors:
    api_url: https://status.example.com
    api_token: "{{ kuma.token }}"
    managed_by: production
    purge: true
    max_deletions: 5
    monitors: "{{ monitors }}"

- name: Pause one monitor, leave the interval to whoever tunes it in the UI, delete another
  kumawatch.monitoring.kuma_monitors:
    api_url: https://status.example.com
    api_token: "{{ kuma.token }}"
    monitors:
      - name: batch
        group: [production, backend]
        type: push
        push_token: "{{ vault_batch_push_token }}"
        state: paused
        ignore: [interval]
      - name: old
        group: production
        state: absent
"""

RETURN = r"""
msg:
  description: What was done, or in check mode is to be done, in one line; on failure the reason.
  returned: always
  type: str
  sample: 1 created, 1 updated, 0 deleted, 48 unchanged
created:
  description: The monitors that were created, each as the path of its groups and its name.
  returned: always
  type: list
  elements: str
  sample: [production / api]
updated:
  description: The monitors that were changed.
  returned: always
  type: list
  elements: str
deleted:
  description: The monitors that were deleted.
  returned: always
  type: list
  elements: str
unchanged:
  description: The declared monitors that were as declared.
  returned: always
  type: list
  elements: str
unmanaged:
  description: The monitors on the server that are neither declared nor deleted.
  returned: always
  type: list
  elements: str
adopted:
  description: Those of RV(updated) that had no mark of ownership before.
  returned: always
  type: list
  elements: str
failures:
  description: The monitors that could not be changed, with the reason. The others were.
  returned: always
  type: list
  elements: dict
  contains:
    name:
      description: The monitor.
      type: str
    error:
      description: What was wrong with it.
      type: str
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.kumawatch.monitoring.plugins.module_utils._kuma.bulk import run
from ansible_collections.kumawatch.monitoring.plugins.module_utils._kuma.monitor_args import hidden_texts, module_args
from ansible_collections.kumawatch.monitoring.plugins.module_utils._kuma.monitor_model import Pending
from ansible_collections.kumawatch.monitoring.plugins.module_utils._kuma.monitors import Monitors


def main() -> None:
    """Run the module."""
    module = AnsibleModule(argument_spec=module_args(), supports_check_mode=True)
    module.no_log_values.update(hidden_texts(module.params["monitors"]))
    pending = Pending()
    if module.check_mode:
        pending = Pending(
            *(
                module.params[f"pending_{kind}"] or ()
                for kind in ("notifications", "proxies", "docker_hosts", "remote_browsers")
            )
        )
    run(module, Monitors(module.params["monitors"], pending))


if __name__ == "__main__":
    main()
