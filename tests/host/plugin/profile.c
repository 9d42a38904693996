// SPDX-License-Identifier: GPL-2.0-only
/*
 * A plugin of QEMU's emulation: how many instructions the emulated machine spends
 * in host user space, in the host kernel, and in each guest's EL1 and EL0.
 *
 *   out=FILE		where the figures go, as lines of "WINDOW NAME VALUE"
 *   window=command	count while the command runs: between marks 0 and 1, which
 *			tests/host/plugin/mark executes
 *   window=marks	count between each pair of marks 2 and 3, which a program or
 *			a guest executes itself
 *   window=all		count from power-on to the end
 *   window=call:ADDRESS	count during each call of a function of the host's kernel,
 *			which runs at EL2, on one CPU
 *
 * A mark is a HINT that the architecture has not given out, and so a NOP to
 * everything else. A window has neither of its two marks' own instructions in it.
 *
 * An instruction counts when the CPU begins it. One that then faults or traps has
 * been begun: an access that KVM emulates counts once, one that is repeated after
 * a page fault twice. That is what a program pays for; INST_RETIRED has neither.
 */
#include <glib.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <qemu-plugin.h>

QEMU_PLUGIN_EXPORT int qemu_plugin_version = QEMU_PLUGIN_VERSION;

/*
 * What a translation block can belong to. QEMU never runs a block in another
 * translation regime than the one it was translated in, so this is known when it
 * is translated and costs nothing when it runs. Whose EL1 and EL0 it is isn't.
 */
enum {
	EL1,
	EL0,
	EL2,
	EL0_OF_EL2,		/* HCR_EL2.E2H and TGE: user space of a VHE host */
	ENTRIES,		/* counted beside these: how often a guest was entered */
	NR_COUNTS,
};

/* One for each CPU. What is translated adds to its counts. */
struct cpu {
	uint64_t	count[NR_COUNTS];
	uint64_t	seen[NR_COUNTS];	/* of these, what has gone to a total */
	uint64_t	owner;			/* of EL1, EL0 and ENTRIES */
};

/* The owner is a VMID. KVM keeps 0 for the host's own use of stage 2. */
#define HOST		0
#define NR_OWNERS	65536

struct total {
	uint64_t	el1, el0, entries;
};

enum window {
	WINDOW_COMMAND,
	WINDOW_MARKS,
	WINDOW_ALL,
	WINDOW_CALL,
};

static struct qemu_plugin_scoreboard *cpus;
static struct total totals[NR_OWNERS];	/* with HOST: el1 is kernel, el0 user space */
static GMutex lock;			/* for all of these, and seen and owner of cpus */
static enum window window = WINDOW_COMMAND;
static uint64_t function, returns_to;	/* for WINDOW_CALL */
static bool open_now;
static unsigned int nr_windows;
static FILE *out;
static struct qemu_plugin_register *cpsr, *hcr, *vttbr, *spsr, *lr;
static bool broken;

#define HCR_VM		(1ull << 0)
#define HCR_TGE		(1ull << 27)
#define HCR_E2H		(1ull << 34)

/* A register of the running CPU, at most 64 bits, in the machine's byte order. */
static uint64_t read_register(struct qemu_plugin_register *handle)
{
	static __thread GByteArray *bytes;
	uint64_t value = 0;
	int size;

	if (!bytes)
		bytes = g_byte_array_sized_new(sizeof(value));
	g_byte_array_set_size(bytes, 0);
	size = qemu_plugin_read_register(handle, bytes);
	if (size <= 0 || (size_t)size > sizeof(value)) {
		broken = true;
		return 0;
	}
	memcpy(&value, bytes->data, size);
	return value;
}

/* What a CPU has counted goes to its owner. Called with the lock held. */
static void settle(struct cpu *cpu)
{
	uint64_t more[NR_COUNTS];

	for (int i = 0; i < NR_COUNTS; i++) {
		/* The CPU itself may be adding to it: read it once. */
		uint64_t count = __atomic_load_n(&cpu->count[i], __ATOMIC_RELAXED);

		more[i] = count - cpu->seen[i];
		cpu->seen[i] = count;
	}
	totals[cpu->owner].el1 += more[EL1];
	totals[cpu->owner].el0 += more[EL0];
	totals[cpu->owner].entries += more[ENTRIES];
	totals[HOST].el1 += more[EL2];
	totals[HOST].el0 += more[EL0_OF_EL2];
}

static void settle_all(void)
{
	for (int i = 0; i < qemu_plugin_num_vcpus(); i++)
		settle(qemu_plugin_scoreboard_find(cpus, i));
}

static void open_window(void)
{
	if (open_now)
		return;
	settle_all();
	memset(totals, 0, sizeof(totals));
	open_now = true;
	nr_windows++;
}

static void print(const char *name, uint64_t value)
{
	fprintf(out, "%u %s %" PRIu64 "\n", nr_windows, name, value);
}

static void close_window(bool ended)
{
	char name[64];

	if (!open_now)
		return;
	settle_all();
	open_now = false;
	print("host-user", totals[HOST].el0);
	print("host-kernel", totals[HOST].el1);
	for (int i = HOST + 1; i < NR_OWNERS; i++) {
		const struct total *total = &totals[i];

		if (!total->entries && !total->el1 && !total->el0)
			continue;
		snprintf(name, sizeof(name), "guest-%d-el1", i);
		print(name, total->el1);
		snprintf(name, sizeof(name), "guest-%d-el0", i);
		print(name, total->el0);
		snprintf(name, sizeof(name), "guest-%d-entries", i);
		print(name, total->entries);
	}
	if (!ended)
		print("unfinished", 1);
	if (broken)
		print("broken", 1);
	fflush(out);
}

static void on_mark(unsigned int index, void *last)
{
	g_mutex_lock(&lock);
	if (last)
		close_window(true);
	else
		open_window();
	g_mutex_unlock(&lock);
}

static void on_call(unsigned int index, void *unused)
{
	if (open_now)
		return;
	returns_to = read_register(lr);
	on_mark(index, NULL);
}

static void on_block(unsigned int index, void *address)
{
	if (open_now && (uint64_t)address == returns_to)
		on_mark(index, address);
}

/*
 * About to leave EL2 by ERET. EL1 and EL0 are reached in no other way (there is no
 * EL3), so the registers as they are now say whose they are until the next ERET.
 */
static void on_eret(unsigned int index, void *unused)
{
	struct cpu *cpu = qemu_plugin_scoreboard_find(cpus, index);
	uint64_t owner = HOST, flags = read_register(hcr);

	/* KVM goes to handlers of its own by ERET to EL2. */
	if (((read_register(spsr) >> 2) & 3) == 2)
		return;
	if ((flags & HCR_VM) && !(flags & HCR_TGE))
		owner = read_register(vttbr) >> 48;
	if (owner != cpu->owner) {
		g_mutex_lock(&lock);
		settle(cpu);
		cpu->owner = owner;
		g_mutex_unlock(&lock);
	}
	if (owner != HOST)
		cpu->count[ENTRIES]++;
}

/* The regime of what is being translated, which is about to run. */
static int this_regime(void)
{
	unsigned int el = (read_register(cpsr) >> 2) & 3;

	if (el == 2)
		return EL2;
	if (el == 1)
		return EL1;
	return (~read_register(hcr) & (HCR_E2H | HCR_TGE)) ? EL0 : EL0_OF_EL2;
}

/*
 * Whether an instruction can end the block before its end: by a fault, a trap or a
 * repetition on its own, as an access to a device does. Data processing in general
 * registers can't; but pointer authentication, which may trap, is among that with
 * one or two source registers.
 */
static bool may_leave(uint32_t insn)
{
	bool immediate = (insn & 0x1c000000) == 0x10000000;
	bool registers = (insn & 0x0e000000) == 0x0a000000;
	bool sources = (insn & 0x1fe00000) == 0x1ac00000;

	return !(immediate || (registers && !sources));
}

static bool is_eret(uint32_t insn)
{
	return insn == 0xd69f03e0 || insn == 0xd69f0bff || insn == 0xd69f0fff;
}

/* Which of this run's marks it is: 0 opens, 1 closes a window. */
static bool is_mark(uint32_t insn, unsigned int which)
{
	unsigned int hint = 120 + which + (window == WINDOW_MARKS ? 2 : 0);

	return window <= WINDOW_MARKS && insn == (0xd503201f | hint << 5);
}

static bool is_function(struct qemu_plugin_insn *at, int regime)
{
	return window == WINDOW_CALL && regime == EL2 && qemu_plugin_insn_vaddr(at) == function;
}

static void add_at(struct qemu_plugin_insn *at, qemu_plugin_u64 count, size_t nr)
{
	qemu_plugin_register_vcpu_insn_exec_inline_per_vcpu(at, QEMU_PLUGIN_INLINE_ADD_U64,
							    count, nr);
}

static void call_at(struct qemu_plugin_insn *at, qemu_plugin_vcpu_udata_cb_t callback,
		    enum qemu_plugin_cb_flags flags, void *data)
{
	qemu_plugin_register_vcpu_insn_exec_cb(at, callback, flags, data);
}

/*
 * Instructions are counted in stretches, by one addition before the first of each:
 * a stretch ends with an instruction that may leave the block, so all of it is
 * begun if its first is.
 */
static void on_translation(qemu_plugin_id_t id, struct qemu_plugin_tb *block)
{
	size_t nr = qemu_plugin_tb_n_insns(block), first = 0;
	int regime = this_regime();
	qemu_plugin_u64 count = {
		cpus, offsetof(struct cpu, count) + regime * sizeof(uint64_t)
	};

	if (window == WINDOW_CALL && regime == EL2)
		qemu_plugin_register_vcpu_tb_exec_cb(block, on_block, QEMU_PLUGIN_CB_NO_REGS,
						     (void *)qemu_plugin_tb_vaddr(block));
	for (size_t i = 0; i < nr; i++) {
		struct qemu_plugin_insn *at = qemu_plugin_tb_get_insn(block, i);
		bool opens, closes, stretch_ends = i + 1 == nr;
		uint32_t insn = 0, next = 0;

		qemu_plugin_insn_data(at, &insn, sizeof(insn));
		if (!stretch_ends) {
			struct qemu_plugin_insn *after = qemu_plugin_tb_get_insn(block, i + 1);

			qemu_plugin_insn_data(after, &next, sizeof(next));
			stretch_ends = may_leave(insn) || is_mark(next, 1) ||
				       is_function(after, regime);
		}
		opens = is_mark(insn, 0);
		closes = is_mark(insn, 1);
		if (closes)
			call_at(at, on_mark, QEMU_PLUGIN_CB_NO_REGS, (void *)1);
		if (is_function(at, regime))
			call_at(at, on_call, QEMU_PLUGIN_CB_R_REGS, NULL);
		if (stretch_ends) {
			add_at(qemu_plugin_tb_get_insn(block, first), count, i + 1 - first);
			first = i + 1;
		}
		if (opens)
			call_at(at, on_mark, QEMU_PLUGIN_CB_NO_REGS, NULL);
		if (regime == EL2 && is_eret(insn))
			call_at(at, on_eret, QEMU_PLUGIN_CB_R_REGS, NULL);
	}
}

static struct qemu_plugin_register *find_register(const GArray *all, const char *name)
{
	for (guint i = 0; i < all->len; i++) {
		const qemu_plugin_reg_descriptor *reg =
			&g_array_index(all, qemu_plugin_reg_descriptor, i);

		if (!strcmp(reg->name, name))
			return reg->handle;
	}
	fprintf(stderr, "profile: this emulator shows no register %s\n", name);
	broken = true;
	return NULL;
}

static void on_cpu(qemu_plugin_id_t id, unsigned int index)
{
	GArray *all;

	/* The CPUs are alike, and so are their registers' handles. */
	if (index)
		return;
	all = qemu_plugin_get_registers();
	cpsr = find_register(all, "cpsr");
	hcr = find_register(all, "HCR_EL2");
	vttbr = find_register(all, "VTTBR_EL2");
	spsr = find_register(all, "SPSR_EL2");
	lr = find_register(all, "x30");
	g_array_free(all, TRUE);
	if (broken)
		return;
	qemu_plugin_register_vcpu_tb_trans_cb(id, on_translation);
	if (window == WINDOW_ALL)
		open_window();
}

static void on_end(qemu_plugin_id_t id, void *unused)
{
	g_mutex_lock(&lock);
	close_window(window == WINDOW_ALL);
	g_mutex_unlock(&lock);
}

QEMU_PLUGIN_EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info, int argc,
					   char **argv)
{
	const char *path = NULL;

	for (int i = 0; i < argc; i++) {
		if (g_str_has_prefix(argv[i], "out=")) {
			path = argv[i] + 4;
		} else if (!strcmp(argv[i], "window=command")) {
			window = WINDOW_COMMAND;
		} else if (!strcmp(argv[i], "window=marks")) {
			window = WINDOW_MARKS;
		} else if (!strcmp(argv[i], "window=all")) {
			window = WINDOW_ALL;
		} else if (g_str_has_prefix(argv[i], "window=call:")) {
			window = WINDOW_CALL;
			function = g_ascii_strtoull(argv[i] + strlen("window=call:"), NULL, 16);
		} else {
			fprintf(stderr, "profile: unknown argument %s\n", argv[i]);
			return -1;
		}
	}
	if (strcmp(info->target_name, "aarch64") || !info->system_emulation || !path) {
		fprintf(stderr, "profile: for an emulated arm64 machine, with out=FILE\n");
		return -1;
	}
	out = fopen(path, "w");
	if (!out) {
		perror(path);
		return -1;
	}
	cpus = qemu_plugin_scoreboard_new(sizeof(struct cpu));
	qemu_plugin_register_vcpu_init_cb(id, on_cpu);
	qemu_plugin_register_atexit_cb(id, on_end, NULL);
	return 0;
}
