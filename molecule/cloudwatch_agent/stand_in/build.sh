#!/bin/sh
# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Builds the stand-in's package for this host and signs it as AWS signs the agent's: see README.md.
# Arguments: where to (a directory with the layout of AWS's bucket), the version, the home of the key that signs.
set -eu
bucket=$1 version=$2 key=$3
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
root=$work/root
agent=$root/opt/aws/amazon-cloudwatch-agent
for directory in bin doc etc/amazon-cloudwatch-agent.d logs var; do
    mkdir -p "$agent/$directory"
done
mkdir -p "$root/etc/systemd/system" "$root/usr/bin" "$root/etc/amazon" "$root/var/log/amazon"
install -m 755 "$here/amazon-cloudwatch-agent-ctl" "$agent/bin/"
{ echo '#!/usr/bin/python3' && cat "$here/config_translator.py"; } >"$agent/bin/config-translator"
{ echo '#!/usr/bin/python3' && cat "$here/start_agent.py"; } >"$agent/bin/start-amazon-cloudwatch-agent"
chmod 755 "$agent"/bin/*
echo "$version" >"$agent/bin/CWAGENT_VERSION"
echo '# This file is of the package' >"$agent/etc/common-config.toml"
cp "$here/amazon-cloudwatch-agent.service" "$root/etc/systemd/system/"
ln -s /opt/aws/amazon-cloudwatch-agent/bin/amazon-cloudwatch-agent-ctl "$root/usr/bin/"
ln -s /opt/aws/amazon-cloudwatch-agent/etc "$root/etc/amazon/amazon-cloudwatch-agent"
ln -s /opt/aws/amazon-cloudwatch-agent/logs "$root/var/log/amazon/amazon-cloudwatch-agent"

users='getent group cwagent >/dev/null || groupadd -r cwagent
getent passwd cwagent >/dev/null || useradd -r -M -d /home/cwagent -g cwagent -c "Cloudwatch Agent" -s /usr/sbin/nologin cwagent'
ctl=/opt/aws/amazon-cloudwatch-agent/bin/amazon-cloudwatch-agent-ctl
if [ -e /etc/redhat-release ]; then
    cat >"$work/agent.spec" <<END
Summary: A stand-in for the Amazon CloudWatch Agent
Name: amazon-cloudwatch-agent
Version: $version
Release: 1
License: GPL-3.0-or-later
BuildArch: noarch
AutoReqProv: no
%description
A stand-in for tests.
%install
cp -a $root/. %{buildroot}/
%files
%dir /opt/aws/amazon-cloudwatch-agent
/opt/aws/amazon-cloudwatch-agent/bin
/opt/aws/amazon-cloudwatch-agent/doc
%dir /opt/aws/amazon-cloudwatch-agent/etc
%dir /opt/aws/amazon-cloudwatch-agent/etc/amazon-cloudwatch-agent.d
/opt/aws/amazon-cloudwatch-agent/logs
/opt/aws/amazon-cloudwatch-agent/var
%config(noreplace) /opt/aws/amazon-cloudwatch-agent/etc/common-config.toml
/etc/systemd/system/amazon-cloudwatch-agent.service
/usr/bin/amazon-cloudwatch-agent-ctl
/etc/amazon/amazon-cloudwatch-agent
/var/log/amazon/amazon-cloudwatch-agent
%pre
if [ \$1 -ge 2 ]; then $ctl -a prep-restart; $ctl -a stop; fi
$users
%preun
if [ \$1 -eq 0 ]; then $ctl -a preun; fi
%posttrans
$ctl -a cond-restart
END
    rpmbuild --quiet --define "_topdir $work/rpm" --define '_build_id_links none' -bb "$work/agent.spec"
    system=redhat file=amazon-cloudwatch-agent.rpm built=$(echo "$work"/rpm/RPMS/noarch/*.rpm)
else
    mkdir "$root/DEBIAN"
    printf '%s\n' 'Package: amazon-cloudwatch-agent' "Version: $version-1" 'Architecture: all' 'Maintainer: Kumawatch' \
        'Description: A stand-in for the Amazon CloudWatch Agent' >"$root/DEBIAN/control"
    echo /opt/aws/amazon-cloudwatch-agent/etc/common-config.toml >"$root/DEBIAN/conffiles"
    printf '#!/bin/sh\nset -e\nif [ "$1" = upgrade ]; then %s -a prep-restart; %s -a stop; fi\n%s\n' $ctl $ctl "$users" >"$root/DEBIAN/preinst"
    printf '#!/bin/sh\nset -e\n[ "$1" != configure ] || %s -a cond-restart\n' $ctl >"$root/DEBIAN/postinst"
    printf '#!/bin/sh\nset -e\n[ "$1" != remove ] || %s -a preun\n' $ctl >"$root/DEBIAN/prerm"
    chmod 755 "$root"/DEBIAN/*inst "$root/DEBIAN/prerm"
    dpkg-deb --root-owner-group --build "$root" "$work/agent.deb" >/dev/null
    system=debian file=amazon-cloudwatch-agent.deb built=$work/agent.deb
fi
case $(uname -m) in aarch64) architecture=arm64 ;; *) architecture=amd64 ;; esac
for release in latest "$version"; do
    place=$bucket/$system/$architecture/$release
    mkdir -p "$place"
    cp "$built" "$place/$file"
    rm -f "$place/$file.sig"
    GNUPGHOME=$key gpg --batch --quiet --detach-sign --output "$place/$file.sig" "$place/$file"
done
mkdir -p "$bucket/assets"
GNUPGHOME=$key gpg --batch --quiet --armor --export >"$bucket/assets/amazon-cloudwatch-agent.gpg"
