# SPDX-License-Identifier: GPL-2.0-only
#
# tally for the machine that builds it: help, --dump-dtb and every complaint
# about bad input work there, a run does not unless it is arm64. The unit tests
# and the fuzzers compile with NATIVE_CPPFLAGS too.

NATIVE_CPPFLAGS = $(CPPFLAGS)

# KVM's interface is arm64's wherever the sources are compiled.
ifneq ($(BUILD_MACHINE),aarch64)
NATIVE_UAPI      = $(B)/uapi/asm/.copied
NATIVE_CPPFLAGS += -isystem $(B)/uapi

UAPI_HEADERS := kvm.h ptrace.h hwcap.h sve_context.h
UAPI_FROM     = $(dir $(firstword $(wildcard /usr/aarch64-linux-gnu/include/asm/kvm.h \
		$(SYSROOT)/usr/include/aarch64-linux-gnu/asm/kvm.h)))

$(NATIVE_UAPI): vmm/native.mk
	$(Q)test -n '$(UAPI_FROM)' || { echo 'arm64 headers are missing: run ./setup' >&2; exit 1; }
	$(Q)mkdir -p $(@D)
	$(Q)cp $(addprefix $(UAPI_FROM),$(UAPI_HEADERS)) $(@D)/
	$(Q)touch $@
endif

NATIVE_OBJS = $(TALLY_SRCS:%.c=$(B)/native/obj/%.o)

PHONY += native
native: $(B)/native/tally

$(B)/native/obj/%.o: %.c Makefile vmm/rules.mk vmm/native.mk | $(NATIVE_UAPI)
	$(call say,CC,native $<)
	$(Q)mkdir -p $(@D)
	$(Q)$(NATIVE_CC) $(NATIVE_CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

$(B)/native/obj/vmm/main.o: VERSION

$(B)/native/tally: $(NATIVE_OBJS)
	$(call say,LD,$@)
	$(Q)$(NATIVE_CC) -Wl,--gc-sections -o $@ $^ $(LIBS) -lpthread

-include $(NATIVE_OBJS:.o=.d)
