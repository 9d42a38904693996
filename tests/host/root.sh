#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# root.sh DIR: finish an unpacked Debian root, whose maintainer scripts have not
# run: the accounts, the mount points and the names of busybox's tools that no
# package in it provides.
set -eu
DIR=$1

mkdir -p "$DIR/dev" "$DIR/proc" "$DIR/sys" "$DIR/tmp" "$DIR/run" "$DIR/root" \
	"$DIR/mnt" "$DIR/etc" "$DIR/var/tmp" "$DIR/usr/sbin"
chmod 1777 "$DIR/tmp" "$DIR/var/tmp"

cat >"$DIR/etc/passwd" <<END
root:x:0:0:root:/root:/bin/bash
nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin
END
cat >"$DIR/etc/group" <<END
root:x:0:
tty:x:5:
disk:x:6:
kvm:x:102:
nogroup:x:65534:
END
echo tally-host >"$DIR/etc/hostname"
echo '127.0.0.1 localhost tally-host' >"$DIR/etc/hosts"

[ -e "$DIR/usr/bin/sh" ] || ln -s dash "$DIR/usr/bin/sh"
[ -e "$DIR/usr/bin/awk" ] || [ ! -e "$DIR/usr/bin/gawk" ] || ln -s gawk "$DIR/usr/bin/awk"

for tool in ip vi less ping nc wget hexdump xxd poweroff reboot halt switch_root \
	ifconfig route telnet watch time bc find xargs gzip gunzip tar cpio which \
	clear reset killall stat; do
	[ -e "$DIR/usr/bin/$tool" ] || [ -e "$DIR/usr/sbin/$tool" ] ||
		ln -s busybox "$DIR/usr/bin/$tool"
done
