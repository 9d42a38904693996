# SPDX-License-Identifier: GPL-2.0-only
#
# The kernel of the test host and of Linux guests. KERNEL_SRC=DIR builds another
# tree than Debian's with the series applied.

.PHONY: kernel check-patches
PHONY += kernel check-patches

# The script knows by content what has to be done.
kernel:
	$(Q)KERNEL_SRC='$(KERNEL_SRC)' CROSS_COMPILE='$(CROSS_COMPILE)' arm64/linux/build

check-patches:
	$(Q)arm64/linux/check-patches
