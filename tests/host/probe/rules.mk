# SPDX-License-Identifier: GPL-2.0-only
#
# Probes of the emulator: build/probe/NAME.bin from NAME.c, started at EL2. They
# are built like the bare-metal guests and with their library, except for the
# latter's main.c: probes have a start of their own.

PROBES     := $(patsubst tests/host/probe/%.c,$(B)/probe/%.bin,$(wildcard tests/host/probe/*.c))
PROBE_LIB  := $(patsubst tests/host/probe/%,$(B)/probe/%.o, \
		$(basename $(wildcard tests/host/probe/lib/*.[cS]))) \
	      $(filter-out $(B)/guest/lib/main.o,$(GUEST_LIB))
# SLIDE: instructions in a row of lib/slide.S.
PROBE_CFLAGS = $(GUEST_CFLAGS) -DSLIDE=600 -iquote $(TOP)/tests/host/probe/lib

PHONY += probes check-probe
probes: $(PROBES)

$(B)/probe/%.o: tests/host/probe/%.c tests/host/probe/rules.mk guest/rules.mk | $(B)/.sysroot
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) $(PROBE_CFLAGS) -MMD -MP -c -o $@ $<

$(B)/probe/%.o: tests/host/probe/%.S tests/host/probe/rules.mk guest/rules.mk
	@mkdir -p $(@D)
	$(call say,AS,$@)
	$(Q)$(CC) $(PROBE_CFLAGS) -MMD -MP -c -o $@ $<

$(PROBES:%.bin=%.elf): %.elf: %.o $(PROBE_LIB) guest/lib/image.lds
	$(Q)$(CC) $(GUEST_LDFLAGS) -o $@ $(filter %.o,$^) $(GUEST_LIBS)

$(B)/probe/%.bin: $(B)/probe/%.elf
	$(call say,PROBE,$@)
	$(Q)$(OBJCOPY) -O binary $< $@

check-probe: probes
	$(Q)tests/host/probe/run

-include $(wildcard $(B)/probe/*.d $(B)/probe/lib/*.d)

.PRECIOUS: $(B)/probe/%.elf $(B)/probe/%.o
