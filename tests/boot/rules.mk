# SPDX-License-Identifier: GPL-2.0-only
#
# Boot tests: guests under tally on the test host (tests/boot/run --help).

BOOT_LANES := exact concurrent gicv2 no-fgt nvhe two-pmus
BOOT_SUITES := options-covered bad-input $(BOOT_LANES:%=boot-%) debian

PHONY += check-boot check-bad-input check-options-covered check-debian $(BOOT_LANES:%=check-boot-%)

# Targets that go on when a suite fails: the summary tells.
check-boot: check-options-covered check-bad-input $(BOOT_LANES:%=check-boot-%)

# One host at a time, whatever -j says: each has as many CPUs as this machine.
boot_before =
define boot_lane
check-boot-$(1): | $(B)/boot/.made $(boot_before)
	$$(Q)tests/boot/run --lane $(1)
boot_before := $(if $(filter check-boot,$(MAKECMDGOALS)),check-boot-$(1))
endef
$(foreach lane,$(BOOT_LANES),$(eval $(call boot_lane,$(lane))))

check-bad-input: native guests $(B)/boot/.made
	$(Q)tests/boot/bad-input

check-options-covered: native
	$(Q)tests/boot/options-covered

check-debian: $(B)/boot/.made
	$(Q)tests/boot/run --suite debian --tables debian

$(B)/boot/pty: tests/boot/pty.c tests/boot/rules.mk | $(B)/.sysroot
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) $(if $(SYSROOT),--sysroot=$(SYSROOT)) $(CFLAGS) -D_GNU_SOURCE -static -o $@ $<

.PHONY: $(B)/boot/.made
$(B)/boot/.made: tally guests $(B)/boot/pty
	$(Q)tests/boot/make $(B)/boot
