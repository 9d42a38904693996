# SPDX-License-Identifier: GPL-2.0-only
#
# The test host: what its lanes need. To use it: tests/host/run --help

.PHONY: setup test-host debian-guest
PHONY += setup test-host debian-guest plugin check-profile

setup:
	$(Q)./setup

test-host: kernel
	$(Q)./setup packages qemu-root host-root
	$(STEP) emulator

debian-guest:
	$(Q)./setup debian-guest

# The profiler (tests/host/run --profile): a plugin for the emulator, built for this
# machine, and what marks the command on the emulated one. Its interface is in the
# emulator's source; Debian's binary takes the same plugin.
PLUGIN_INCLUDE := $(B)/qemu/src/include/qemu

plugin: $(B)/plugin/profile.so $(B)/plugin/mark $(B)/plugin/loop

$(B)/plugin/profile.so: tests/host/plugin/profile.c tests/host/rules.mk
	$(call say,CC,$@)
	@test -e $(PLUGIN_INCLUDE)/qemu-plugin.h || \
		{ echo "the emulator's source is missing: make emulator" >&2; exit 1; }
	$(Q)mkdir -p $(@D)
	$(Q)$(NATIVE_CC) $(CFLAGS) -fPIC -shared -fvisibility=hidden \
		-isystem $(PLUGIN_INCLUDE) $$(pkg-config --cflags glib-2.0 | sed 's/-I/-isystem /g') \
		-o $@ $<

$(B)/plugin/mark $(B)/plugin/loop: $(B)/plugin/%: tests/host/plugin/%.c tests/host/rules.mk | $(B)/.sysroot
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(if $(SYSROOT),--sysroot=$(SYSROOT)) -D_GNU_SOURCE $(CFLAGS) -static -s -o $@ $<

check-profile: plugin tally guests
	$(Q)tests/host/plugin/check
