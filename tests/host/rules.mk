# SPDX-License-Identifier: GPL-2.0-only
#
# The test host: what its lanes need. To use it: tests/host/run --help

.PHONY: setup test-host debian-guest
PHONY += setup test-host debian-guest

setup:
	$(Q)./setup

test-host: kernel
	$(Q)./setup packages qemu-root host-root

debian-guest:
	$(Q)./setup debian-guest
