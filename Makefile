# SPDX-License-Identifier: GPL-2.0-only
#
# tally: the one entry. Each folder brings its own rules in rules.mk; this file
# holds only what they share: where things are built and with what.

.DEFAULT_GOAL := all
.SUFFIXES:
.DELETE_ON_ERROR:

TOP := $(CURDIR)
B   := $(TOP)/build

V ?= 0
ifeq ($(V),0)
Q   := @
say  = @printf '  %-7s %s\n' '$(1)' '$(patsubst $(TOP)/%,%,$(2))'
else
Q   :=
say  = @:
endif

VERSION := $(shell cat VERSION)

# The machine that builds and the machine that runs tally (always arm64).
BUILD_MACHINE := $(shell uname -m)
ifeq ($(BUILD_MACHINE),aarch64)
CROSS_COMPILE ?=
SYSROOT       :=
else
CROSS_COMPILE ?= aarch64-linux-gnu-
SYSROOT       := $(B)/sysroot
endif

CC        = $(CROSS_COMPILE)gcc
STRIP     = $(CROSS_COMPILE)strip
OBJCOPY   = $(CROSS_COMPILE)objcopy
NATIVE_CC ?= gcc

WARNINGS := -Wall -Wextra -Werror -Wstrict-prototypes -Wmissing-prototypes \
	    -Wshadow -Wpointer-arith -Wformat=2 -Wundef -Wno-unused-parameter \
	    -Wno-format-nonliteral -Wno-missing-field-initializers
CPPFLAGS := -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -I$(TOP)/include \
	    -DTALLY_VERSION='"$(VERSION)"'
CFLAGS   := -std=gnu17 -O2 -g -fno-strict-aliasing -fno-common \
	    -ffunction-sections -fdata-sections $(WARNINGS)
LIBS     := -lfdt -laio -lz -lzstd -ljson-c -lpfm

PHONY :=

include vmm/rules.mk
include vmm/native.mk
include $(wildcard guest/rules.mk arm64/linux/rules.mk)
include $(wildcard tests/host/rules.mk tests/host/qemu/rules.mk)
include $(wildcard tests/host/probe/rules.mk)
include $(wildcard tests/unit/rules.mk tests/boot/rules.mk tests/selftests/rules.mk)
include $(wildcard tests/fuzz/rules.mk tests/bench/rules.mk docs/rules.mk)

PHONY += run check check-long check-lint lint clean install

# Everything that the rules below need, from nothing. Each step knows what is
# there already and says nothing then.
$(B)/.sysroot:
	$(Q)./setup packages sysroot
	$(Q)mkdir -p $(@D) && touch $@

# A submake each, so that set-up has ended before anything looks for its results.
# Each builds with all CPUs unless -j says otherwise.
STEP = $(Q)+$(MAKE) $(if $(Q),-s) --no-print-directory $(if $(findstring jobserver,$(MAKEFLAGS)),,-j$(shell nproc))

run:
	$(Q)./setup packages sysroot
	$(STEP) kernel
	$(STEP) emulator
	$(STEP) tally guests guest-modules
	$(Q)./setup host-root debian-guest
	$(Q)tests/host/run --name demo -- tests/boot/demo

CHECK_SUITES := lint man unit probe options-covered bad-input $(BOOT_LANES:%=boot-%) debian profile \
		boot-stock-kernel $(BOOT_LANES:%=boot-%-stock) selftests-concurrent \
		$(OTHER_SELFTEST_LANES:%=selftests-own-%)
LONG_SUITES := boot-debug-kernel series $(OTHER_SELFTEST_LANES:%=selftests-%)

# Every suite leaves its result, those after one that failed as well.
run_suites = $(Q)+$(MAKE) $(if $(Q),-s) --no-print-directory -j1 --keep-going $(1:%=check-%) || true

check:
	$(Q)./setup packages sysroot
	$(Q)rm -rf $(B)/results
	$(STEP) kernel
	$(STEP) kernel-stock
	$(STEP) emulator
	$(STEP) tally guests guest-modules native unit-programs plugin selftests
	$(Q)./setup qemu-root host-root debian-guest
	$(call run_suites,$(CHECK_SUITES))
	$(Q)tests/summary $(CHECK_SUITES)

# Fuzzers add nothing to the numbers of a run that must repeat.
check-long: check
	$(Q)./setup fuzz-packages
	$(STEP) fuzz FUZZ_SECONDS=600
	$(STEP) kernel-debug
	$(call run_suites,$(LONG_SUITES))
	$(Q)tests/summary $(CHECK_SUITES) fuzz $(LONG_SUITES)

check-lint:
	$(Q)tests/lint
lint: check-lint

install: $(B)/tally
	install -D -m 755 $(B)/tally $(DESTDIR)$(PREFIX)/bin/tally
	install -D -m 644 docs/tally.1 $(DESTDIR)$(PREFIX)/share/man/man1/tally.1

PREFIX ?= /usr/local

clean:
	rm -rf $(B)/obj $(B)/native $(B)/unit $(B)/guest $(B)/probe $(B)/selftests $(B)/tally $(B)/tally.debug $(B)/results

.PHONY: $(PHONY) help
help:
	@cat docs/targets
