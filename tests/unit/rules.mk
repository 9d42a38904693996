# SPDX-License-Identifier: GPL-2.0-only
#
# One program for each test_*.c, run on the machine that builds. All of tally is
# linked in except main() and the door to KVM, which fake_kvm.c replaces.

UNIT_FLAGS := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
UNIT_CFLAGS = $(filter-out -O2,$(CFLAGS)) -O1 $(UNIT_FLAGS)

UNIT_TALLY_OBJS  = $(patsubst %.c,$(B)/unit/%.o,$(filter-out vmm/main.c vmm/kvm.c,$(TALLY_SRCS)))
UNIT_TESTS       = $(patsubst tests/unit/%.c,%,$(wildcard tests/unit/test_*.c))
UNIT_COMMON_OBJS = $(patsubst %.c,$(B)/unit/%.o,\
		   $(filter-out tests/unit/test_%.c,$(wildcard tests/unit/*.c)))
UNIT_PROGRAMS    = $(UNIT_TESTS:%=$(B)/unit/%)

PHONY += check-unit unit-programs
unit-programs: $(UNIT_PROGRAMS)
check-unit: $(UNIT_PROGRAMS)
	$(Q)tests/unit/run $(B) $(UNIT_TESTS)

$(B)/unit/%.o: %.c Makefile vmm/rules.mk vmm/native.mk tests/unit/rules.mk | $(NATIVE_UAPI)
	$(call say,CC,unit $<)
	$(Q)mkdir -p $(@D)
	$(Q)$(NATIVE_CC) $(NATIVE_CPPFLAGS) -Ivmm $(UNIT_CFLAGS) -MMD -MP -c -o $@ $<

# An archive: a test takes what it uses, and may put its own function before tally's.
$(B)/unit/tally.a: $(UNIT_COMMON_OBJS) $(UNIT_TALLY_OBJS)
	$(call say,AR,$@)
	$(Q)rm -f $@
	$(Q)$(AR) rcs $@ $^

$(UNIT_PROGRAMS): $(B)/unit/%: $(B)/unit/tests/unit/%.o $(B)/unit/tally.a
	$(call say,LD,$@)
	$(Q)$(NATIVE_CC) $(UNIT_FLAGS) -o $@ $^ -lcmocka $(LIBS) -lpthread

.SECONDARY: $(UNIT_PROGRAMS:$(B)/unit/%=$(B)/unit/tests/unit/%.o)
-include $(UNIT_TALLY_OBJS:.o=.d) $(UNIT_COMMON_OBJS:.o=.d)
-include $(UNIT_PROGRAMS:$(B)/unit/%=$(B)/unit/tests/unit/%.d)
