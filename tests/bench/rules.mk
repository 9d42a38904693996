# SPDX-License-Identifier: GPL-2.0-only
#
# make bench: tally beside QEMU, a partitioned PMU beside an emulated one, and interrupt
# controllers in user space, on lanes where a run repeats to the digit.

BENCH_PROGRAMS := $(B)/bench/measure $(B)/bench/blkread $(B)/bench/load
BENCH_INITRDS  := $(B)/bench/off.cpio $(B)/bench/blk.cpio $(B)/bench/perf.cpio $(B)/bench/sleep.cpio

PHONY += bench bench-files
bench:
	$(Q)./setup packages sysroot host-root
	$(STEP) kernel
	$(STEP) kernel-stock
	$(STEP) emulator
	$(STEP) tally guests bench-files plugin
	$(Q)tests/bench/run

bench-files: $(BENCH_PROGRAMS) $(BENCH_INITRDS)

$(BENCH_PROGRAMS): $(B)/bench/%: tests/bench/%.c tests/bench/rules.mk | $(B)/.sysroot
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(if $(SYSROOT),--sysroot=$(SYSROOT)) -D_GNU_SOURCE $(CFLAGS) -static -s -o $@ $<

# Initial memory images of guests: one ends at once, one reads its disk first.
$(B)/bench/off.cpio: tests/bench/off-init $(B)/host-root/usr/bin/busybox tests/bench/initrd
	$(call say,CPIO,$@)
	$(Q)tests/bench/initrd $@ init=$< bin/busybox=$(B)/host-root/usr/bin/busybox

$(B)/bench/blk.cpio: $(B)/bench/blkread tests/bench/initrd
	$(call say,CPIO,$@)
	$(Q)tests/bench/initrd $@ init=$<

$(B)/bench/perf.cpio: tests/bench/perf-init $(B)/bench/load $(B)/host-root/usr/bin/busybox \
		tests/bench/libraries tests/bench/initrd
	$(call say,CPIO,$@)
	$(Q)tests/bench/initrd $@ init=$< bin/load=$(B)/bench/load \
		bin/busybox=$(B)/host-root/usr/bin/busybox \
		$$(tests/bench/libraries $(B)/host-root perf)

$(B)/bench/sleep.cpio: tests/bench/sleep-init $(B)/bench/load $(B)/host-root/usr/bin/busybox \
		tests/bench/initrd
	$(call say,CPIO,$@)
	$(Q)tests/bench/initrd $@ init=$< bin/load=$(B)/bench/load \
		bin/busybox=$(B)/host-root/usr/bin/busybox
