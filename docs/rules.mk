# SPDX-License-Identifier: GPL-2.0-only

PHONY += check-man
check-man: $(B)/native/tally
	$(Q)docs/check-man $<
