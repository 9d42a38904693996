# SPDX-License-Identifier: GPL-2.0-only
# tally itself: every .c in vmm/, arm64/ and devices/.

TALLY_SRCS = $(wildcard vmm/*.c arm64/*.c devices/*.c)
TALLY_OBJS = $(TALLY_SRCS:%.c=$(B)/obj/%.o)

PHONY += all tally
all: tally guests

tally: $(B)/tally

$(B)/obj/%.o: %.c Makefile vmm/rules.mk | $(B)/.sysroot
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(if $(SYSROOT),--sysroot=$(SYSROOT)) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

# It says which version this is.
$(B)/obj/vmm/main.o: VERSION

$(B)/tally: $(TALLY_OBJS)
	$(call say,LD,$@)
	$(Q)$(CC) $(if $(SYSROOT),--sysroot=$(SYSROOT)) -static -Wl,--gc-sections -o $@.debug $^ $(LIBS) -lpthread
	$(Q)$(STRIP) -o $@ $@.debug
	@printf '  %-7s %s: %s bytes stripped\n' SIZE build/tally "$$(stat -c %s $@)"

-include $(TALLY_OBJS:.o=.d)
