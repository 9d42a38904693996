#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The shortest run: user space is there.
read -r up _ </proc/uptime
echo "tally-boot: ready after $up s, Linux $(uname -r), $(nproc) CPUs"
