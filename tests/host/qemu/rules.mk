# SPDX-License-Identifier: GPL-2.0-only
#
# The emulator of the test host, from Debian's source with the patches here.

PHONY += emulator

# The script knows by content what has to be done.
emulator:
	$(Q)./setup packages
	$(Q)tests/host/qemu/build
