# SPDX-License-Identifier: GPL-2.0-only
#
# make fuzz: each fuzz_*.c is a libFuzzer program; it runs for FUZZ_SECONDS and
# keeps what it learnt in build/fuzz/corpus. It needs clang (packages clang and
# libclang-rt-dev), which nothing else does.

FUZZ_SECONDS ?= 60
FUZZ_CC      ?= clang

FUZZ_FLAGS  := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
FUZZ_CFLAGS  = $(filter-out -Werror,$(CFLAGS)) $(FUZZ_FLAGS)

FUZZ_TESTS    = $(patsubst tests/fuzz/%.c,%,$(wildcard tests/fuzz/fuzz_*.c))
FUZZ_OBJS     = $(patsubst %.c,$(B)/fuzz/%.o,$(filter-out vmm/main.c vmm/kvm.c,$(TALLY_SRCS)) \
		$(wildcard tests/unit/fake_kvm*.c tests/unit/gicv2_*.c))
FUZZ_PROGRAMS = $(FUZZ_TESTS:%=$(B)/fuzz/%)

PHONY += fuzz
fuzz: $(FUZZ_PROGRAMS)
	$(Q)tests/fuzz/run $(B) $(FUZZ_SECONDS) $(FUZZ_TESTS)

$(B)/fuzz/%.o: %.c Makefile vmm/rules.mk vmm/native.mk tests/fuzz/rules.mk | $(NATIVE_UAPI)
	@command -v $(FUZZ_CC) >/dev/null || \
		{ echo 'make fuzz needs clang: install the packages clang and libclang-rt-dev' >&2; exit 1; }
	$(call say,CC,fuzz $<)
	$(Q)mkdir -p $(@D)
	$(Q)$(FUZZ_CC) $(NATIVE_CPPFLAGS) -Itests/unit $(FUZZ_CFLAGS) -fsanitize=fuzzer-no-link \
		-MMD -MP -c -o $@ $<

$(B)/fuzz/tally.a: $(FUZZ_OBJS)
	$(call say,AR,$@)
	$(Q)rm -f $@
	$(Q)$(AR) rcs $@ $^

$(FUZZ_PROGRAMS): $(B)/fuzz/%: $(B)/fuzz/tests/fuzz/%.o $(B)/fuzz/tally.a
	$(call say,LD,$@)
	$(Q)$(FUZZ_CC) $(FUZZ_FLAGS) -fsanitize=fuzzer -o $@ $^ $(LIBS) -lpthread

.SECONDARY: $(FUZZ_PROGRAMS:$(B)/fuzz/%=$(B)/fuzz/tests/fuzz/%.o)
-include $(FUZZ_OBJS:.o=.d) $(FUZZ_PROGRAMS:$(B)/fuzz/%=$(B)/fuzz/tests/fuzz/%.d)
