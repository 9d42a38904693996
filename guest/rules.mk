# SPDX-License-Identifier: GPL-2.0-only
#
# Bare-metal guests: build/guest/NAME.bin, arm64 Images of some tens of KiB.
# NAME.c (or NAME.S, without the library) is all that a new one needs; a longer
# one has more parts in NAME/.

GUEST_C    := $(sort $(patsubst guest/%.c,%,$(wildcard guest/*.c)))
GUEST_S    := $(sort $(patsubst guest/%.S,%,$(wildcard guest/*.S)))
GUEST_LIB  := $(patsubst guest/lib/%,$(B)/guest/lib/%.o, \
		$(basename $(wildcard guest/lib/*.c guest/lib/*.S)))
GUESTS     += $(GUEST_C:%=$(B)/guest/%.bin) $(GUEST_S:%=$(B)/guest/%.bin) \
	      $(B)/guest/hello-offset.bin

# One stack a CPU; more CPU nodes than this are left alone.
GUEST_DEFS := -Wno-missing-field-initializers -DMAX_CPUS=64 -DSTACK_SIZE=16384

GUEST_SYSROOT := $(if $(SYSROOT),--sysroot=$(SYSROOT))

# The system's headers are only there for libfdt; nothing of libc is linked.
GUEST_CFLAGS := -std=gnu17 -O2 -g -ffreestanding -fpie -fno-common \
	-fno-strict-aliasing -fno-stack-protector -fno-asynchronous-unwind-tables \
	-mgeneral-regs-only -mno-outline-atomics -mstrict-align -march=armv8-a \
	-ffunction-sections -fdata-sections $(WARNINGS) $(GUEST_DEFS) \
	-iquote $(TOP)/guest/lib $(GUEST_SYSROOT)
GUEST_LDFLAGS := -nostdlib -static-pie -Wl,-z,text \
	-Wl,--gc-sections -Wl,--build-id=none -Wl,-z,norelro -Wl,--no-warn-rwx-segments \
	-Wl,-T,$(TOP)/guest/lib/image.lds
GUEST_LIBS := $(if $(SYSROOT),-L$(SYSROOT)/usr/lib/aarch64-linux-gnu) \
	-Wl,-Bstatic -lfdt

$(B)/guest/%.o: guest/%.c guest/rules.mk | $(B)/.sysroot
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) $(GUEST_CFLAGS) -MMD -MP -c -o $@ $<

$(B)/guest/%.o: guest/%.S guest/rules.mk
	@mkdir -p $(@D)
	$(call say,AS,$@)
	$(Q)$(CC) $(GUEST_CFLAGS) -MMD -MP -c -o $@ $<

guest_parts = $(patsubst guest/%.c,$(B)/guest/%.o,$(wildcard guest/$(1)/*.c))
$(foreach g,$(GUEST_C),$(eval $(B)/guest/$(g).elf: $(call guest_parts,$(g))))

$(GUEST_C:%=$(B)/guest/%.elf): $(B)/guest/%.elf: $(B)/guest/%.o $(GUEST_LIB) guest/lib/image.lds
	$(Q)$(CC) $(GUEST_LDFLAGS) -o $@ $(filter %.o,$^) $(GUEST_LIBS)

# The same guest where the loader has to honour text_offset.
$(B)/guest/hello-offset.elf: $(B)/guest/hello.o $(GUEST_LIB) guest/lib/image.lds
	$(Q)$(CC) -Wl,--defsym=text_offset=0x80000 $(GUEST_LDFLAGS) \
		-o $@ $(filter %.o,$^) $(GUEST_LIBS)

$(GUEST_S:%=$(B)/guest/%.elf): $(B)/guest/%.elf: $(B)/guest/%.o guest/lib/image.lds
	$(Q)$(CC) $(GUEST_LDFLAGS) -o $@ $(filter %.o,$^)

$(B)/guest/%.bin: $(B)/guest/%.elf
	$(call say,GUEST,$@)
	$(Q)$(OBJCOPY) -O binary $< $@

PHONY += guests
guests: $(GUESTS)

# The module that lets a Linux guest's physical timer tick; for our own kernel.
# Kbuild writes beside the sources, hence the copy.
KERNEL_OBJ := $(B)/kernel/obj

PHONY += guest-modules
guest-modules: $(B)/guest/ptimer.ko

$(B)/guest/ptimer.ko: guest/linux/ptimer.c guest/linux/Kbuild $(wildcard $(B)/kernel/Image)
	$(call say,MODULE,$@)
	@test -e $(KERNEL_OBJ)/Module.symvers || \
		{ echo 'build/kernel/obj has no built kernel: make kernel' >&2; exit 1; }
	$(Q)mkdir -p $(B)/guest/linux && cp guest/linux/ptimer.c guest/linux/Kbuild $(B)/guest/linux/
	$(Q)$(MAKE) -s -C $(KERNEL_OBJ) ARCH=arm64 CROSS_COMPILE=$(CROSS_COMPILE) \
		M=$(B)/guest/linux modules
	$(Q)cp $(B)/guest/linux/ptimer.ko $@

-include $(wildcard $(B)/guest/*.d $(B)/guest/*/*.d)

.PRECIOUS: $(B)/guest/%.elf $(B)/guest/%.o
