# SPDX-License-Identifier: GPL-2.0-only
#
# The kernel of the test host and of Linux guests, and its variants
# (arm64/linux/config/variants). KERNEL_SRC=DIR builds another tree than Debian's
# with the series applied.

KERNELS := kernel kernel-stock kernel-debug

.PHONY: $(KERNELS) check-patches check-series
PHONY += $(KERNELS) check-patches check-series

# The script knows by content what has to be done.
$(KERNELS):
	$(Q)KERNEL_SRC='$(KERNEL_SRC)' CROSS_COMPILE='$(CROSS_COMPILE)' \
		arm64/linux/build $(patsubst kernel-%,%,$(@:kernel=kernel-series))

check-patches:
	$(Q)arm64/linux/check-patches

check-series: $(B)/boot/.made
	$(Q)CROSS_COMPILE='$(CROSS_COMPILE)' arm64/linux/check-series
