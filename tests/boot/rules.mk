# SPDX-License-Identifier: GPL-2.0-only
#
# Boot tests: guests under tally on the test host (tests/boot/run --help).

BOOT_LANES := exact concurrent gicv2 no-vgic no-fgt nvhe two-pmus

PHONY += check-boot check-boot-stock-kernel check-boot-debug-kernel check-bad-input check-options-covered check-debian
PHONY += $(BOOT_LANES:%=check-boot-%) $(BOOT_LANES:%=check-boot-%-stock)

# One after the other, whatever -j says: each host has as many CPUs as this
# machine. A lane that fails does not keep the next from being tested.
check-boot: $(B)/boot/.made
	$(Q)failed=0; for lane in $(BOOT_LANES); do \
		tests/boot/run --lane $$lane || failed=1; \
	done; exit $$failed

# A suite's name says which emulator it ran on, whatever the environment prefers.
$(BOOT_LANES:%=check-boot-%): check-boot-%: $(B)/boot/.made
	$(Q)TALLY_EMULATOR= tests/boot/run --lane $*

$(BOOT_LANES:%=check-boot-%-stock): check-boot-%-stock: $(B)/boot/.made
	$(Q)tests/boot/run --lane $* --emulator stock

# What a kernel without the series can't do is refused, and the rest is as ever.
check-boot-stock-kernel: kernel-stock $(B)/boot/.made
	$(Q)TALLY_EMULATOR= tests/boot/run --kernel stock --suite boot --tables stock-kernel

# All rows on a kernel that finds its own mistakes, which takes several times as long,
# and what happens to a host that nobody is careful with.
check-boot-debug-kernel: kernel-debug $(B)/boot/.made
	$(Q)TALLY_EMULATOR= TALLY_PATIENCE=10 TIMEOUT=7200 tests/boot/run --kernel debug --smp 4 --mem 6G \
		--suite boot --tables guests,linux,irqchip,perf,options,bad-input,debug-kernel,stress

check-bad-input: native guests $(B)/boot/.made
	$(Q)tests/boot/bad-input

check-options-covered: native
	$(Q)tests/boot/options-covered

check-debian: $(B)/boot/.made
	$(Q)TALLY_EMULATOR= tests/boot/run --suite debian --tables debian

BOOT_PROGRAMS := $(B)/boot/pty $(B)/boot/perf-events $(B)/boot/sleeps

$(BOOT_PROGRAMS): $(B)/boot/%: tests/boot/%.c tests/boot/rules.mk | $(B)/.sysroot
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) $(if $(SYSROOT),--sysroot=$(SYSROOT)) $(CFLAGS) -D_GNU_SOURCE -static -o $@ $<

# For a Linux guest that uses perf.
$(B)/boot/perf.cpio: tests/boot/perf-init $(B)/boot/perf-events $(B)/host-root/usr/bin/perf \
		tests/bench/libraries tests/bench/initrd
	$(call say,CPIO,$@)
	$(Q)tests/bench/initrd $@ init=$< bin/perf-events=$(B)/boot/perf-events \
		bin/busybox=$(B)/host-root/usr/bin/busybox \
		$$(tests/bench/libraries $(B)/host-root perf)

.PHONY: $(B)/boot/.made
$(B)/boot/.made: tally guests $(BOOT_PROGRAMS) $(B)/boot/perf.cpio
	$(Q)tests/boot/make $(B)/boot
