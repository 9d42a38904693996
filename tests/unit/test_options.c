// SPDX-License-Identifier: GPL-2.0-only
/* The command line: each option in each form, what is refused, and what is said of it. */
#include <stdio.h>
#include <stdlib.h>

#include "config.h"
#include "option.h"
#include "parts.h"
#include "unit.h"

/* Parse words that end with NULL. The config is freed by the caller. */
static int parse(struct config *config, struct error *err, const char *args, ...)
{
	char *argv[32] = { (char *)"tally" };
	va_list ap;
	int argc = 1;

	va_start(ap, args);
	for (; args; args = va_arg(ap, const char *)) {
		assert_true(argc + 1 < (int)ARRAY_SIZE(argv));
		argv[argc++] = (char *)args;
	}
	va_end(ap);
	config_init(config);
	*err = (struct error){ };
	return options_parse(config, argc, argv, err);
}

static bool same(const char *a, const char *b)
{
	return a && !strcmp(a, b);
}

static bool affinity_is_1_4_5(const cpu_set_t *cpus)
{
	return CPU_COUNT(cpus) == 3 && CPU_ISSET(1, cpus) && CPU_ISSET(4, cpus) &&
	       CPU_ISSET(5, cpus);
}

static bool disk_is_vda_ro(const struct disk_config *disk)
{
	return disk->path_len == 7 && !strncmp(disk->path, "vda.img", 7) && disk->read_only;
}

/* Each tells whether the value in the table below has arrived. */
#define TOOK(name, condition) \
	static bool took_##name(const struct config *c) { return condition; }

TOOK(cpus, c->cpus == 3)
TOOK(mem, c->mem == 512ull << 20)
TOOK(name, same(c->name, "web-1"))
TOOK(affinity, c->has_affinity && affinity_is_1_4_5(&c->affinity))
TOOK(hugetlbfs, same(c->hugetlbfs, "/huge"))
TOOK(nodefaults, c->nodefaults)
TOOK(restart, c->restart_on_reset)
TOOK(no_panic_watch, c->no_panic_watch)
TOOK(anything, c->cpus == 1)
TOOK(debug, c->log_level == LOG_DEBUG)
TOOK(kernel, same(c->kernel.kernel, "vmlinuz"))
TOOK(initrd, same(c->kernel.initrd, "initrd.img"))
TOOK(params, same(c->kernel.params, "root=/dev/vda"))
TOOK(firmware, same(c->kernel.firmware, "QEMU_EFI.fd"))
TOOK(address, c->kernel.has_firmware_address && c->kernel.firmware_address == 0x80200000)
TOOK(dump_dtb, same(c->kernel.dump_dtb, "out.dtb"))
TOOK(sve, c->arm64.sve_max_vl == 256)
TOOK(mte, c->arm64.disable_mte)
TOOK(pvtime, c->arm64.no_pvtime)
TOOK(kaslr, c->arm64.has_kaslr_seed && c->arm64.kaslr_seed == 0xffffffffffffffffull)
TOOK(irqchip, c->arm64.irqchip == IRQCHIP_GICV2M)
TOOK(offset, c->arm64.has_counter_offset && c->arm64.counter_offset == 0x123456789abcull)
TOOK(pmu, c->arm64.pmu.mode == PMU_PARTITIONED)
TOOK(reserved, c->arm64.pmu.mode == PMU_RESERVED)
TOOK(counters, c->arm64.pmu.counters == 4)
TOOK(filter, same(c->arm64.pmu.filter, "allow:0x11"))
TOOK(pmu_irq, c->arm64.pmu.irq == 21)
TOOK(disk, c->devices.n_disks == 1 && disk_is_vda_ro(c->devices.disks))
TOOK(console, c->devices.console == CONSOLE_VIRTIO)
TOOK(rng, c->devices.rng)

static const struct good {
	const char	*name;
	const char	*value;
	bool		(*took)(const struct config *config);
} good[] = {
	{ "cpus", "3", took_cpus },
	{ "mem", "512", took_mem },
	{ "name", "web-1", took_name },
	{ "vcpu-affinity", "1,4-5", took_affinity },
	{ "hugetlbfs", "/huge", took_hugetlbfs },
	{ "nodefaults", NULL, took_nodefaults },
	{ "on-reset", "restart", took_restart },
	{ "no-panic-watch", NULL, took_no_panic_watch },
	{ "network", "mode=none", took_anything },
	{ "loglevel", "debug", took_debug },
	{ "kernel", "vmlinuz", took_kernel },
	{ "initrd", "initrd.img", took_initrd },
	{ "params", "root=/dev/vda", took_params },
	{ "firmware", "QEMU_EFI.fd", took_firmware },
	{ "firmware-address", "0x80200000", took_address },
	{ "dump-dtb", "out.dtb", took_dump_dtb },
	{ "sve-max-vl", "256", took_sve },
	{ "disable-mte", NULL, took_mte },
	{ "no-pvtime", NULL, took_pvtime },
	{ "kaslr-seed", "0xffffffffffffffff", took_kaslr },
	{ "irqchip", "gicv2m", took_irqchip },
	{ "counter-offset", "0x123456789abc", took_offset },
	{ "pmu", "partitioned", took_pmu },
	{ "reserve-perfmon", NULL, took_reserved },
	{ "pmu-counters", "4", took_counters },
	{ "pmu-filter", "allow:0x11", took_filter },
	{ "pmu-irq", "21", took_pmu_irq },
	{ "disk", "vda.img,ro", took_disk },
	{ "console", "virtio", took_console },
	{ "rng", NULL, took_rng },
};

static const struct good *good_for(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		if (!strcmp(good[i].name, name))
			return &good[i];
	return NULL;
}

static void check_form(const struct good *want, const char *first, const char *second)
{
	struct config config;
	struct error err;

	config_init(&config);
	/* network stores nothing; anything else must differ from the default */
	if (want->took != took_anything && want->took(&config))
		fail_msg("%s: the test's value is the default", want->name);
	assert_done(parse(&config, &err, first, second, NULL), &err);
	if (!want->took(&config))
		fail_msg("%s %s: the value did not arrive", first, second ? second : "");
	config_free(&config);
}

/* Every row of every table, in every form that its kind allows. */
static void test_every_option(void **state)
{
	const struct option_group *group;
	unsigned int rows = 0;
	char text[256];

	for (size_t g = 0; (group = option_group(g)); g++) {
		for (const struct option_row *row = group->rows; row->name; row++, rows++) {
			const struct good *want = good_for(row->name);

			if (!want)
				fail_msg("--%s is in no test", row->name);
			assert_non_null(row->help);
			assert_true((row->value == OPTION_FLAG) == !want->value);
			if (row->value == OPTION_FLAG) {
				snprintf(text, sizeof(text), "--%s", row->name);
				check_form(want, text, NULL);
				continue;
			}
			assert_non_null(row->value_name);
			snprintf(text, sizeof(text), "--%s=%s", row->name, want->value);
			check_form(want, text, NULL);
			if (row->value == OPTION_REQUIRED) {
				snprintf(text, sizeof(text), "--%s", row->name);
				check_form(want, text, want->value);
			}
			if (row->letter) {
				snprintf(text, sizeof(text), "-%c", row->letter);
				check_form(want, text, want->value);
				snprintf(text, sizeof(text), "-%c%s", row->letter, want->value);
				check_form(want, text, NULL);
			}
		}
	}
	assert_int_equal(rows, ARRAY_SIZE(good));
}

/* A name or letter that two tables have would make one of them unreachable. */
static void test_names_are_unique(void **state)
{
	const struct option_row *rows[128];
	const struct option_group *group;
	size_t n = 0;

	for (size_t g = 0; (group = option_group(g)); g++) {
		for (const struct option_row *row = group->rows; row->name; row++) {
			for (size_t i = 0; i < n; i++) {
				assert_string_not_equal(rows[i]->name, row->name);
				assert_true(!row->letter || rows[i]->letter != row->letter);
			}
			assert_true(n < ARRAY_SIZE(rows));
			rows[n++] = row;
		}
	}
}

static void test_letters(void **state)
{
	static const struct { char letter; const char *name; } letters[] = {
		{ 'c', "cpus" }, { 'm', "mem" }, { 'k', "kernel" }, { 'i', "initrd" },
		{ 'p', "params" }, { 'f', "firmware" }, { 'd', "disk" }, { 'n', "network" },
	};
	const struct option_group *group;
	size_t found = 0;

	for (size_t g = 0; (group = option_group(g)); g++)
		for (const struct option_row *row = group->rows; row->name; row++)
			for (size_t i = 0; i < ARRAY_SIZE(letters); i++)
				found += row->letter == letters[i].letter &&
					 !strcmp(row->name, letters[i].name);
	assert_int_equal(found, ARRAY_SIZE(letters));
}

static void test_defaults(void **state)
{
	struct config config;
	struct error err;

	assert_done(parse(&config, &err, NULL), &err);
	assert_int_equal(config.cpus, 1);
	assert_int_equal(config.mem, 256ull << 20);
	assert_int_equal(config.arm64.irqchip, IRQCHIP_AUTO);
	assert_int_equal(config.arm64.pmu.mode, PMU_NONE);
	assert_int_equal(config.arm64.pmu.counters, PMU_COUNTERS_DEFAULT);
	assert_int_equal(config.arm64.pmu.irq, 23);
	assert_int_equal(config.devices.n_disks, 0);
	assert_int_equal(config.devices.console, CONSOLE_SERIAL);
	assert_false(config.devices.rng);
	assert_false(config.restart_on_reset);
	assert_null(config.kernel.kernel);
	config_free(&config);
}

/* A script written for lkvm, as it stands. */
static void test_lkvm_script(void **state)
{
	struct config config;
	struct error err;

	assert_done(parse(&config, &err, "--kernel", "Image", "--cpus", "2", "--params",
			  "console=ttyS0 root=/dev/vda", "--nodefaults", "--network",
			  "mode=none", "--loglevel=warning", "--initrd", "any.file", NULL), &err);
	assert_string_equal(config.kernel.kernel, "Image");
	assert_int_equal(config.cpus, 2);
	assert_string_equal(config.kernel.params, "console=ttyS0 root=/dev/vda");
	assert_true(config.nodefaults);
	assert_int_equal(config.log_level, LOG_WARNING);
	assert_string_equal(config.kernel.initrd, "any.file");
	config_free(&config);
}

static void test_pmu_modes(void **state)
{
	static const struct { const char *word; enum pmu_mode mode; } modes[] = {
		{ "--pmu", PMU_EMULATED }, { "--pmu=emulated", PMU_EMULATED },
		{ "--pmu=partitioned", PMU_PARTITIONED }, { "--pmu=reserved", PMU_RESERVED },
		{ "--reserve-perfmon", PMU_RESERVED }, { "--pmu=auto", PMU_AUTO },
	};
	struct config config;
	struct error err;

	for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
		assert_done(parse(&config, &err, modes[i].word, "-k", "X", NULL), &err);
		assert_int_equal(config.arm64.pmu.mode, modes[i].mode);
		assert_string_equal(config.kernel.kernel, "X");
		config_free(&config);
	}
	assert_done(parse(&config, &err, "--pmu-counters", "max", NULL), &err);
	assert_int_equal(config.arm64.pmu.counters, PMU_COUNTERS_MAX);
	config_free(&config);
	assert_done(parse(&config, &err, "--pmu-counters=0", NULL), &err);
	assert_int_equal(config.arm64.pmu.counters, 0);
	config_free(&config);
}

static void test_bad_values(void **state)
{
	static const struct { const char *name, *value; } bad[] = {
		{ "cpus", "0" }, { "cpus", "10000" }, { "cpus", "-1" }, { "cpus", "two" },
		{ "cpus", "" }, { "cpus", "1x" }, { "cpus", "99999999999999999999" },
		{ "cpus", " 1" }, { "cpus", "+1" },
		{ "mem", "0" }, { "mem", "lots" }, { "mem", "-5" }, { "mem", "" },
		{ "mem", "1Z" }, { "mem", "1GB" }, { "mem", "99999999999999999999" },
		{ "mem", "18446744073709551615P" }, { "mem", "1B" }, { "mem", "16777217B" },
		{ "name", "" }, { "name", "../x" }, { "name", "a/b" }, { "name", "-x" },
		{ "vcpu-affinity", "" }, { "vcpu-affinity", "a" }, { "vcpu-affinity", "3-1" },
		{ "vcpu-affinity", "1-" }, { "vcpu-affinity", "99999" },
		{ "vcpu-affinity", "1;2" },
		{ "on-reset", "maybe" }, { "loglevel", "loud" }, { "loglevel", "" },
		{ "network", "user" }, { "network", "mode=tap" }, { "network", "mode=none,x" },
		{ "firmware-address", "here" }, { "firmware-address", "-1" },
		{ "sve-max-vl", "0" }, { "sve-max-vl", "100" }, { "sve-max-vl", "4096" },
		{ "kaslr-seed", "0x10000000000000000" }, { "kaslr-seed", "seed" },
		{ "irqchip", "gicv4" }, { "irqchip", "" },
		{ "counter-offset", "-1" }, { "counter-offset", "1h" },
		{ "pmu", "fast" }, { "pmu", "" },
		{ "pmu-counters", "-1" }, { "pmu-counters", "most" }, { "pmu-counters", "32" },
		{ "pmu-irq", "15" }, { "pmu-irq", "32" }, { "pmu-irq", "x" },
		{ "console", "hv" }, { "console", "" },
		{ "disk", "" }, { "disk", ",ro" }, { "disk", "x,rx" },
	};
	struct config config;
	struct error err;
	char word[128];

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		int ret;

		snprintf(word, sizeof(word), "--%s=%s", bad[i].name, bad[i].value);
		ret = parse(&config, &err, word, NULL);
		if (ret >= 0)
			fail_msg("%s is taken", word);
		/* the option and the value are named */
		snprintf(word, sizeof(word), "--%s", bad[i].name);
		assert_error(ret, &err, TALLY_EXIT_USAGE, word);
		assert_non_null(strstr(err.text, bad[i].value));
		config_free(&config);
	}
}

/* What lkvm has and tally has not: refused by name, with something to do instead. */
static void test_lkvm_only(void **state)
{
	static const char *const names[] = {
		"9p", "balloon", "vsock", "vnc", "gtk", "sdl", "dev", "tty", "sandbox",
		"virtio-legacy", "virtio-transport", "vfio-pci", "flash", "aarch32",
		"force-pci", "nested", "no-dhcp", "debug", "debug-single-step", "debug-mmio",
		"debug-ioport", "debug-iodelay", "timeout", "expect", "reject", "report",
		"junit", "log", "exec", "root", "guest-exit", "pause-clock", "no-sandbox",
		"timer-irq", "psci",
	};
	struct config config;
	struct error err;
	char word[64], text[64];

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		snprintf(text, sizeof(text), "--%s: ", names[i]);
		for (int form = 0; form < 3; form++) {
			int ret;

			snprintf(word, sizeof(word), form == 1 ? "--%s=x" : "--%s", names[i]);
			ret = parse(&config, &err, word, form == 2 ? "x" : NULL, NULL);
			assert_error(ret, &err, TALLY_EXIT_USAGE, text);
			assert_null(strstr(err.text, "unknown"));
			assert_true(strlen(err.text) > strlen(text) + 10);
			config_free(&config);
		}
	}
}

static void test_wrong_words(void **state)
{
	static const struct { const char *first, *second, *text; } table[] = {
		{ "--no-such-option", NULL, "--no-such-option" },
		{ "--no-such-option=3", NULL, "--no-such-option" },
		{ "-Z", NULL, "-Z" },
		{ "--cpus", NULL, "--cpus" },
		{ "-c", NULL, "--cpus" },
		{ "--nodefaults=yes", NULL, "--nodefaults" },
		{ "--rng=1", NULL, "--rng" },
		{ "kernel", NULL, "kernel" },
		{ "--rng", "stray", "stray" },
		{ "--", "stray", "stray" },
		{ "--pmu", "emulated", "emulated" },
	};
	struct config config;
	struct error err;

	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		int ret = parse(&config, &err, table[i].first, table[i].second, NULL);

		assert_error(ret, &err, TALLY_EXIT_USAGE, table[i].text);
		config_free(&config);
	}
}

static void test_last_one_counts(void **state)
{
	struct config config;
	struct error err;

	assert_done(parse(&config, &err, "-c", "2", "--cpus=4", "-m1G", "-m", "2G", NULL), &err);
	assert_int_equal(config.cpus, 4);
	assert_int_equal(config.mem, 2ull << 30);
	config_free(&config);
}

static void test_disks(void **state)
{
	static const char *const words[] = {
		"a.img", "b.img,ro", "c.img,direct", "d.img,ro,direct", "e.img,direct,ro",
		"f", "g", "h", "i",
	};
	static const struct { size_t len; bool read_only, direct; } want[] = {
		{ 5, false, false }, { 5, true, false }, { 5, false, true }, { 5, true, true },
		{ 5, true, true }, { 1, false, false },
	};
	char *argv[32] = { (char *)"tally" };
	struct config config;
	struct error err;
	int argc = 1;

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		argv[argc++] = (char *)"-d";
		argv[argc++] = (char *)words[i];
	}
	config_init(&config);
	assert_done(options_parse(&config, argc, argv, &err), &err);
	assert_int_equal(config.devices.n_disks, ARRAY_SIZE(words));
	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		const struct disk_config *disk = &config.devices.disks[i];
		size_t w = i < ARRAY_SIZE(want) ? i : ARRAY_SIZE(want) - 1;

		assert_int_equal(disk->path_len, want[w].len);
		assert_memory_equal(disk->path, words[i], want[w].len);
		assert_int_equal(disk->read_only, want[w].read_only);
		assert_int_equal(disk->direct, want[w].direct);
	}
	config_free(&config);
}

static void test_sizes(void **state)
{
	static const struct option_row row = { .name = "mem" };
	static const struct { const char *text; uint64_t bytes; } table[] = {
		{ "1", 1ull << 20 }, { "256", 256ull << 20 }, { "0x10", 16ull << 20 },
		{ "010", 8ull << 20 }, { "1B", 1 }, { "5b", 5 }, { "4K", 4096 }, { "4k", 4096 },
		{ "3M", 3ull << 20 }, { "3m", 3ull << 20 }, { "7G", 7ull << 30 },
		{ "7g", 7ull << 30 }, { "2T", 2ull << 40 }, { "2t", 2ull << 40 },
		{ "1P", 1ull << 50 }, { "16383P", 16383ull << 50 },
		{ "18446744073709551615B", UINT64_MAX },
		{ "17592186044415", 17592186044415ull << 20 },
		{ "0", 0 },
	};
	static const char *const bad[] = {
		"", "K", "M1", "1KB", "1Ki", "1 K", " 1", "-1", "+1", "1.5G", "1E", "0x", "16384P",
		"17592186044416", "18446744073709551616B", "1024P1", "\xff",
	};
	struct error err;
	uint64_t bytes;

	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		assert_done(parse_size(&row, table[i].text, &bytes, &err), &err);
		if (bytes != table[i].bytes)
			fail_msg("%s: %llu bytes", table[i].text, (unsigned long long)bytes);
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		int ret = parse_size(&row, bad[i], &bytes, &err);

		if (ret >= 0)
			fail_msg("'%s' is taken for %llu bytes", bad[i], (unsigned long long)bytes);
		assert_error(ret, &err, TALLY_EXIT_USAGE, "--mem");
	}
}

static void test_numbers(void **state)
{
	static const struct option_row row = { .name = "n" };
	static const struct { const char *text; bool good; uint64_t value; } table[] = {
		{ "5", true, 5 }, { "10", true, 10 }, { "0xa", true, 10 }, { "012", true, 10 },
		{ "4", false, 0 }, { "11", false, 0 }, { "5 ", false, 0 }, { " 5", false, 0 },
		{ "-5", false, 0 }, { "5u", false, 0 }, { "", false, 0 },
		{ "18446744073709551621", false, 0 },	/* 5 modulo 2^64 */
	};
	struct error err;
	uint64_t value;

	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		int ret = parse_u64(&row, table[i].text, 5, 10, &value, &err);

		if (!table[i].good) {
			assert_error(ret, &err, TALLY_EXIT_USAGE, "--n");
			continue;
		}
		assert_done(ret, &err);
		assert_int_equal(value, table[i].value);
	}
}

static void test_cpu_lists(void **state)
{
	static const struct { const char *text, *again; } table[] = {
		{ "0", "0" }, { "0-3", "0-3" }, { "3,1,2", "1-3" }, { "0,2-5", "0,2-5" },
		{ "0-1,1-2", "0-2" }, { "1023", "1023" }, { "0-1023", "0-1023" }, { "", "" },
		{ "0-3\n", "0-3" }, { "7,5,3,1", "1,3,5,7" },
	};
	static const char *const bad[] = {
		"1024", "0-1024", "a", "1-", "-1", "2-1", "1,,2", ",1", "1 2", "1-2-3",
		"99999999999999999999", "18446744073709551616",
	};
	char text[256], small[8];
	cpu_set_t cpus;

	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		assert_int_equal(cpu_list_parse(table[i].text, &cpus), 0);
		assert_string_equal(cpu_list_format(&cpus, text, sizeof(text)), table[i].again);
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		if (!cpu_list_parse(bad[i], &cpus))
			fail_msg("'%s' is taken", bad[i]);

	/* too long for the text: cut, never written beyond it */
	assert_int_equal(cpu_list_parse("100,200,300,400", &cpus), 0);
	assert_true(strlen(cpu_list_format(&cpus, small, sizeof(small))) < sizeof(small));
}

static void test_help_has_every_option(void **state)
{
	const struct option_group *group;
	char *text = NULL, word[64];
	size_t size = 0;
	FILE *to = open_memstream(&text, &size);

	options_print(to);
	fclose(to);
	for (size_t g = 0; (group = option_group(g)); g++) {
		assert_non_null(strstr(text, group->title));
		for (const struct option_row *row = group->rows; row->name; row++) {
			snprintf(word, sizeof(word), "--%s", row->name);
			assert_non_null(strstr(text, word));
			assert_non_null(strstr(text, row->help));
		}
	}
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_option),
		cmocka_unit_test(test_names_are_unique),
		cmocka_unit_test(test_letters),
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_lkvm_script),
		cmocka_unit_test(test_pmu_modes),
		cmocka_unit_test(test_bad_values),
		cmocka_unit_test(test_lkvm_only),
		cmocka_unit_test(test_wrong_words),
		cmocka_unit_test(test_last_one_counts),
		cmocka_unit_test(test_disks),
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_cpu_lists),
		cmocka_unit_test(test_help_has_every_option),
	};

	return cmocka_run_group_tests_name("options", tests, NULL, NULL);
}
