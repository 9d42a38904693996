# SPDX-License-Identifier: GPL-2.0-only
#
# The kernel's KVM selftests on the test host (tests/selftests/run --help).

SELFTEST_LANES := concurrent gicv2 no-vgic no-fgt nvhe
OTHER_SELFTEST_LANES := $(filter-out concurrent,$(SELFTEST_LANES))

PHONY += selftests check-selftests $(SELFTEST_LANES:%=check-selftests-%) $(SELFTEST_LANES:%=check-selftests-own-%)

# The script knows by content what has to be done.
selftests: $(B)/.sysroot
	$(Q)CROSS_COMPILE='$(CROSS_COMPILE)' SYSROOT='$(SYSROOT)' tests/selftests/build

check-selftests: $(SELFTEST_LANES:%=check-selftests-%)

$(SELFTEST_LANES:%=check-selftests-%): check-selftests-%: selftests
	$(Q)tests/selftests/run --lane $*

$(SELFTEST_LANES:%=check-selftests-own-%): check-selftests-own-%: selftests
	$(Q)tests/selftests/run --lane $* --own
