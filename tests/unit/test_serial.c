// SPDX-License-Identifier: GPL-2.0-only
/*
 * The 16550A, register by register, after the PC16550D's data sheet; compiled
 * against a console of the test's own.
 */
#include <stdatomic.h>
#include <stdio.h>

#include "device.h"
#include "fake_kvm.h"
#include "kvm.h"
#include "unit.h"

static void fake_console_write(struct console *console, const void *data, size_t len);
static void fake_console_listen(struct console *console, struct console_listener *new_listener);
static void fake_console_unlisten(struct console *console, struct console_listener *old_listener);
static void fake_console_input_ready(struct console *console);

#define console_write		fake_console_write
#define console_listen		fake_console_listen
#define console_unlisten	fake_console_unlisten
#define console_input_ready	fake_console_input_ready
#include "../../devices/serial.c"

#define GPA	0x1000000ull

static struct bus *bus;
static struct event_loop *loop;
static struct config config;
static void *uart;
static struct error err;
static int kvm_fd, vm_fd;

/* The console behind it. */
static char out[4096];
static size_t out_len;
static struct console_listener *listener;
static unsigned int ready;

static void fake_console_write(struct console *console, const void *data, size_t len)
{
	assert_true(out_len + len <= sizeof(out));
	memcpy(out + out_len, data, len);
	out_len += len;
}

static void fake_console_listen(struct console *console, struct console_listener *new_listener)
{
	listener = new_listener;
}

static void fake_console_unlisten(struct console *console, struct console_listener *old_listener)
{
	if (listener == old_listener)
		listener = NULL;
}

static void fake_console_input_ready(struct console *console)
{
	ready++;
}

/* The interrupt line. */
static bool level;
static unsigned int changes, told;

static void line_set(const struct irq_line *line, bool now)
{
	told++;
	changes += now != level;
	level = now;
}

/* The ring of what KVM keeps back, on the second page of kvm_run. */
static union { unsigned char bytes[2 * 65536]; uint64_t aligned; } run;

static int setup(void **state)
{
	struct device_env env;

	fake_kvm_reset();
	fake_kvm_set_cap(KVM_CAP_COALESCED_MMIO, 1);
	kvm_fd = kvm_open();
	vm_fd = kvm_ioctl_value(kvm_fd, KVM_CREATE_VM, 0);
	memset(&run, 0, sizeof(run));
	out_len = 0;
	ready = 0;
	level = false;
	changes = 0;
	told = 0;
	config = (struct config){ .devices.console = CONSOLE_SERIAL };
	if (bus_create(&bus, vm_fd, &err) || loop_create(&loop, &err))
		return -1;
	bus_set_run(bus, run.bytes, sizeof(run));
	env = (struct device_env) {
		.bus = bus, .loop = loop, .config = &config,
		.slot = { .model = &serial_model, .gpa = GPA, .intid = 32 },
		.irq = { .set = line_set, .vm_fd = -1, .intid = 32 },
	};
	return serial_model.create(&env, &uart, &err);
}

static int teardown(void **state)
{
	unsigned int before = open_descriptors();

	serial_model.destroy(uart);
	if (open_descriptors() != before - 1)	/* its timer */
		return -1;
	loop_destroy(loop);
	bus_destroy(bus);
	kvm_close(vm_fd);
	kvm_close(kvm_fd);
	return listener ? -1 : 0;
}

static uint8_t get(unsigned int reg)
{
	uint64_t value;

	assert_true(bus_access(bus, 0, GPA + reg, 1, false, &value));
	assert_true(value <= 0xff);
	return (uint8_t)value;
}

static void put(unsigned int reg, uint8_t value)
{
	uint64_t wide = value;

	assert_true(bus_access(bus, 0, GPA + reg, 1, true, &wide));
}

static size_t type(const char *text)
{
	return listener->input(listener, (const unsigned char *)text, strlen(text));
}

/* IIR without the bits that tell of the FIFOs. */
static uint8_t cause(void)
{
	return get(UART_IIR) & 0x0f;
}

static void assert_output(const char *text)
{
	assert_int_equal(out_len, strlen(text));
	assert_memory_equal(out, text, out_len);
}

static void test_reset_values(void **state)
{
	static const struct { unsigned int reg; uint8_t value; } rows[] = {
		{ UART_RX, 0 }, { UART_IER, 0 }, { UART_IIR, 0x01 }, { UART_LCR, 0 },
		{ UART_MCR, 0 }, { UART_LSR, 0x60 }, { UART_MSR, 0xb0 }, { UART_SCR, 0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_int_equal(get(rows[i].reg), rows[i].value);
	assert_int_equal(told, 0);
	assert_int_equal(out_len, 0);
}

/* Which bits of a register hold what is written. */
static void test_writable(void **state)
{
	static const struct { unsigned int reg; uint8_t bits; } rows[] = {
		{ UART_LCR, 0xff }, { UART_SCR, 0xff }, { UART_MCR, 0x1f }, { UART_IER, 0x0f },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		for (unsigned int value = 0; value < 0x100; value++) {
			put(rows[i].reg, (uint8_t)value);
			assert_int_equal(get(rows[i].reg), value & rows[i].bits);
		}
		put(rows[i].reg, 0);
	}
	assert_int_equal(out_len, 0);
}

/* LSR and MSR belong to the hardware. */
static void test_read_only(void **state)
{
	put(UART_LSR, 0x1f);
	put(UART_MSR, 0x0f);
	assert_int_equal(get(UART_LSR), 0x60);
	assert_int_equal(get(UART_MSR), 0xb0);
	assert_int_equal(get(UART_SCR), 0);
}

static void test_dlab(void **state)
{
	put(UART_LCR, UART_LCR_DLAB | 3);
	assert_int_equal(get(UART_DLL), 1);
	assert_int_equal(get(UART_DLM), 0);
	put(UART_DLL, 0x0c);
	put(UART_DLM, 0xa5);
	assert_int_equal(get(UART_DLL), 0x0c);
	assert_int_equal(get(UART_DLM), 0xa5);
	/* the others are where they were */
	put(UART_SCR, 7);
	assert_int_equal(get(UART_SCR), 7);
	assert_int_equal(cause(), UART_IIR_NO_INT);
	put(UART_LCR, 3);
	assert_int_equal(get(UART_IER), 0);
	assert_int_equal(get(UART_RX), 0);
	put(UART_TX, 'x');
	put(UART_IER, UART_IER_MSI);
	put(UART_LCR, UART_LCR_DLAB);
	assert_int_equal(get(UART_DLL), 0x0c);
	assert_int_equal(get(UART_DLM), 0xa5);
	assert_output("x");
	assert_int_equal(told, 0);
}

/* What is typed is not eaten where the divisor is asked for. */
static void test_dlab_hides_input(void **state)
{
	put(UART_IER, UART_IER_RDI);
	assert_int_equal(type("q"), 1);
	put(UART_LCR, UART_LCR_DLAB);
	assert_int_equal(get(UART_DLL), 1);
	assert_true(get(UART_LSR) & UART_LSR_DR);
	put(UART_LCR, 0);
	assert_int_equal(get(UART_RX), 'q');
}

static void test_output(void **state)
{
	for (const char *c = "hello\n"; *c; c++) {
		put(UART_TX, (uint8_t)*c);
		assert_int_equal(get(UART_LSR), UART_LSR_TEMT | UART_LSR_THRE);
	}
	assert_output("hello\n");
	put(UART_TX, 0);
	put(UART_TX, 0xff);
	assert_int_equal(out_len, 8);
	assert_int_equal((unsigned char)out[7], 0xff);
	assert_int_equal(told, 0);
}

static void test_fifo_bits(void **state)
{
	put(UART_FCR, UART_FCR_ENABLE_FIFO);
	assert_int_equal(get(UART_IIR), 0xc1);
	put(UART_IER, UART_IER_THRI);
	assert_int_equal(get(UART_IIR), 0xc2);
	put(UART_FCR, 0);
	assert_int_equal(get(UART_IIR), 0x01);
}

/* One byte at a time without FIFOs, many with them; changing over empties them. */
static void test_fifo(void **state)
{
	put(UART_IER, UART_IER_RDI);
	assert_int_equal(type("ab"), 1);
	assert_int_equal(get(UART_LSR), 0x61);
	assert_int_equal(get(UART_RX), 'a');
	assert_int_equal(get(UART_LSR), 0x60);
	assert_int_equal(type("b"), 1);
	put(UART_FCR, UART_FCR_ENABLE_FIFO);
	assert_int_equal(get(UART_LSR), 0x60);
	assert_int_equal(type("0123456789abcdefg"), 17);
	for (const char *c = "0123456789abcdefg"; *c; c++) {
		assert_int_equal(get(UART_LSR), 0x61);
		assert_int_equal(get(UART_RX), *c);
	}
	assert_int_equal(get(UART_LSR), 0x60);
	assert_int_equal(get(UART_RX), 0);
	/* writing the same again doesn't empty it, asking for that does */
	assert_int_equal(type("xyz"), 3);
	put(UART_FCR, UART_FCR_ENABLE_FIFO | UART_FCR_TRIGGER_8 | UART_FCR_CLEAR_XMIT);
	assert_int_equal(get(UART_RX), 'x');
	put(UART_FCR, UART_FCR_ENABLE_FIFO | UART_FCR_CLEAR_RCVR);
	assert_int_equal(get(UART_LSR), 0x60);
	assert_false(level);
	assert_int_equal(type("w"), 1);
	put(UART_FCR, 0);
	assert_int_equal(get(UART_LSR), 0x60);
	assert_int_equal(type("vw"), 1);
	assert_int_equal(get(UART_RX), 'v');
}

static void test_receive_interrupt(void **state)
{
	put(UART_FCR, UART_FCR_ENABLE_FIFO);
	put(UART_IER, UART_IER_RDI);
	assert_false(level);
	assert_int_equal(type("ab"), 2);
	assert_true(level);
	assert_int_equal(cause(), UART_IIR_RDI);
	assert_int_equal(cause(), UART_IIR_RDI);	/* asking doesn't end it */
	assert_int_equal(get(UART_RX), 'a');
	assert_true(level);
	assert_int_equal(get(UART_RX), 'b');
	assert_false(level);
	assert_int_equal(cause(), UART_IIR_NO_INT);
	/* the mask is only a mask */
	assert_int_equal(type("c"), 1);
	put(UART_IER, 0);
	assert_false(level);
	assert_int_equal(cause(), UART_IIR_NO_INT);
	put(UART_IER, UART_IER_RDI);
	assert_true(level);
	assert_int_equal(told, changes);
}

/* Nothing is taken before the driver listens: its start empties the FIFO. */
static void test_listens_late(void **state)
{
	put(UART_FCR, UART_FCR_ENABLE_FIFO);
	assert_int_equal(type("early"), 0);
	put(UART_IER, UART_IER_THRI);
	assert_int_equal(type("early"), 0);
	ready = 0;
	put(UART_IER, UART_IER_RDI);
	assert_int_equal(ready, 1);
	assert_int_equal(type("early"), 5);
	put(UART_IER, UART_IER_RDI);
	assert_int_equal(ready, 1);
	/* from then on, also while the interrupt is off */
	put(UART_IER, 0);
	assert_int_equal(type("more"), 4);
}

/* What doesn't fit stays with the console, which hears of the room when all is read. */
static void test_receive_back_pressure(void **state)
{
	char text[101];
	size_t taken;

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	put(UART_FCR, UART_FCR_ENABLE_FIFO);
	put(UART_IER, UART_IER_RDI);
	ready = 0;
	taken = type(text);
	assert_in_range(taken, 16, sizeof(text) - 2);
	assert_int_equal(type("y"), 0);
	/* not an overrun: nothing is lost */
	assert_int_equal(get(UART_LSR), 0x61);
	for (size_t i = 0; i < taken; i++) {
		assert_int_equal(ready, 0);
		assert_int_equal(get(UART_RX), 'x');
	}
	assert_int_equal(ready, 1);
	/* when all of it fitted there is nothing to hear of */
	assert_int_equal(type("abc"), 3);
	for (int i = 0; i < 3; i++)
		get(UART_RX);
	assert_int_equal(ready, 1);
	/* emptied by hand it has room too */
	assert_true(type(text) < 100);
	put(UART_FCR, UART_FCR_ENABLE_FIFO | UART_FCR_CLEAR_RCVR);
	assert_int_equal(ready, 2);
}

static void test_fifo_goes_round(void **state)
{
	unsigned char in = 0, seen = 0;

	put(UART_FCR, UART_FCR_ENABLE_FIFO);
	put(UART_IER, UART_IER_RDI);
	for (int i = 0; i < 100; i++) {
		for (int n = 0; n < 1 + i % 40; n++, in++)
			assert_int_equal(listener->input(listener, &in, 1), 1);
		for (int n = 0; n < 1 + i % 40; n++, seen++)
			assert_int_equal(get(UART_RX), seen);
	}
}

/* Data sheet 8.6.3: raised when switched on while empty and after each byte, ended by IIR. */
static void test_transmit_interrupt(void **state)
{
	put(UART_IER, UART_IER_THRI);
	assert_true(level);
	assert_int_equal(cause(), UART_IIR_THRI);
	assert_false(level);
	assert_int_equal(cause(), UART_IIR_NO_INT);
	put(UART_IER, UART_IER_THRI);			/* it was on already */
	assert_false(level);
	put(UART_TX, 'a');
	assert_true(level);
	get(UART_LSR);
	get(UART_MSR);
	assert_true(level);
	put(UART_TX, 'b');
	assert_int_equal(cause(), UART_IIR_THRI);
	assert_false(level);
	/* off and on again: there is still room */
	put(UART_IER, 0);
	put(UART_IER, UART_IER_THRI);
	assert_true(level);
	put(UART_IER, 0);
	assert_false(level);
	assert_int_equal(cause(), UART_IIR_NO_INT);
	assert_output("ab");
}

/* What has a higher priority hides the rest, and asking ends only what was told. */
static void test_priorities(void **state)
{
	put(UART_MCR, UART_MCR_LOOP);
	get(UART_MSR);
	put(UART_TX, 'a');
	put(UART_TX, 'b');				/* one too many */
	put(UART_MCR, UART_MCR_LOOP | UART_MCR_RTS);
	put(UART_IER, 0x0f);
	assert_int_equal(cause(), UART_IIR_RLSI);
	assert_int_equal(cause(), UART_IIR_RLSI);
	assert_int_equal(get(UART_LSR), 0x63);
	assert_int_equal(cause(), UART_IIR_RDI);
	assert_int_equal(cause(), UART_IIR_RDI);
	get(UART_RX);
	assert_true(level);
	assert_int_equal(cause(), UART_IIR_THRI);
	assert_true(level);
	assert_int_equal(cause(), UART_IIR_MSI);
	assert_int_equal(cause(), UART_IIR_MSI);
	assert_true(level);
	assert_int_equal(get(UART_MSR), UART_MSR_CTS | UART_MSR_DCTS);
	assert_false(level);
	assert_int_equal(cause(), UART_IIR_NO_INT);
	assert_int_equal(told, 2);
}

/* Each cause has its own bit in IER. */
static void test_masks(void **state)
{
	static const uint8_t causes[] = {
		UART_IIR_RDI, UART_IIR_THRI, UART_IIR_RLSI, UART_IIR_MSI,
	};

	put(UART_MCR, UART_MCR_LOOP);
	put(UART_TX, 'a');
	put(UART_TX, 'b');
	for (unsigned int bit = 0; bit < 4; bit++) {
		put(UART_IER, (uint8_t)(1u << bit));
		assert_true(level);
		assert_int_equal(cause(), causes[bit]);
		put(UART_IER, 0);
		assert_false(level);
	}
}

static void test_overrun(void **state)
{
	put(UART_MCR, UART_MCR_LOOP);
	put(UART_TX, 'a');
	assert_int_equal(get(UART_LSR), 0x61);
	put(UART_TX, 'b');
	assert_int_equal(get(UART_LSR), 0x63);
	assert_int_equal(get(UART_LSR), 0x61);		/* reading it clears the error */
	/* without FIFOs the new byte took the old one's place */
	assert_int_equal(get(UART_RX), 'b');
	assert_int_equal(get(UART_LSR), 0x60);
	/* with them what is there stays, and the new byte is lost */
	put(UART_FCR, UART_FCR_ENABLE_FIFO);
	for (int i = 0; i < 200; i++)
		put(UART_TX, (uint8_t)i);
	assert_int_equal(get(UART_LSR), 0x63);
	for (int i = 0; i < 16; i++)
		assert_int_equal(get(UART_RX), i);
}

/* Nothing goes out and nothing comes in meanwhile. */
static void test_loopback_data(void **state)
{
	put(UART_IER, UART_IER_RDI);
	put(UART_FCR, UART_FCR_ENABLE_FIFO);
	put(UART_MCR, UART_MCR_LOOP);
	assert_int_equal(type("k"), 0);
	for (const char *c = "loop"; *c; c++)
		put(UART_TX, (uint8_t)*c);
	assert_true(level);
	for (const char *c = "loop"; *c; c++)
		assert_int_equal(get(UART_RX), *c);
	assert_int_equal(out_len, 0);
	assert_int_equal(type("k"), 0);
	ready = 0;
	put(UART_MCR, 0);
	assert_int_equal(ready, 1);
	assert_int_equal(type("k"), 1);
	put(UART_TX, 'o');
	assert_output("o");
}

/* Data sheet 8.7: DTR to DSR, RTS to CTS, OUT1 to RI, OUT2 to DCD. */
static void test_loopback_lines(void **state)
{
	for (unsigned int mcr = 0; mcr < 16; mcr++) {
		uint8_t msr = 0;

		msr |= mcr & UART_MCR_DTR ? UART_MSR_DSR : 0;
		msr |= mcr & UART_MCR_RTS ? UART_MSR_CTS : 0;
		msr |= mcr & UART_MCR_OUT1 ? UART_MSR_RI : 0;
		msr |= mcr & UART_MCR_OUT2 ? UART_MSR_DCD : 0;
		put(UART_MCR, (uint8_t)(UART_MCR_LOOP | mcr));
		assert_int_equal(get(UART_MSR) & 0xf0, msr);
		put(UART_MCR, (uint8_t)mcr);		/* outside the lines are what they are */
		assert_int_equal(get(UART_MSR) & 0xf0, 0xb0);
	}
}

/* Each change shows once; the ring indicator's only when it ends. */
static void test_deltas(void **state)
{
	static const struct { uint8_t line, delta_on, delta_off; } rows[] = {
		{ UART_MCR_DTR, UART_MSR_DDSR, UART_MSR_DDSR },
		{ UART_MCR_RTS, UART_MSR_DCTS, UART_MSR_DCTS },
		{ UART_MCR_OUT1, 0, UART_MSR_TERI },
		{ UART_MCR_OUT2, UART_MSR_DDCD, UART_MSR_DDCD },
	};

	put(UART_MCR, UART_MCR_LOOP);
	get(UART_MSR);
	put(UART_IER, UART_IER_MSI);
	assert_false(level);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		put(UART_MCR, UART_MCR_LOOP | rows[i].line);
		assert_int_equal(level, rows[i].delta_on != 0);
		assert_int_equal(get(UART_MSR) & 0x0f, rows[i].delta_on);
		assert_int_equal(get(UART_MSR) & 0x0f, 0);
		assert_false(level);
		put(UART_MCR, UART_MCR_LOOP | rows[i].line);
		assert_false(level);
		put(UART_MCR, UART_MCR_LOOP);
		assert_true(level);
		assert_int_equal(get(UART_MSR) & 0x0f, rows[i].delta_off);
		assert_false(level);
	}
	/* there and back between two looks has been a change */
	put(UART_MCR, UART_MCR_LOOP | 0x0f);
	put(UART_MCR, UART_MCR_LOOP);
	assert_int_equal(get(UART_MSR), 0x0f);
	/* changes one after the other add up until they are read */
	put(UART_MCR, UART_MCR_LOOP | UART_MCR_RTS);
	put(UART_MCR, UART_MCR_LOOP | UART_MCR_RTS | UART_MCR_DTR);
	assert_int_equal(get(UART_MSR) & 0xf0, UART_MSR_CTS | UART_MSR_DSR);
	put(UART_MCR, UART_MCR_LOOP);
	put(UART_MCR, UART_MCR_LOOP | UART_MCR_OUT2);
	assert_int_equal(get(UART_MSR) & 0x0f, UART_MSR_DCTS | UART_MSR_DDSR | UART_MSR_DDCD);
}

/* The line is told of a change and of nothing else. */
static void test_level_only_changes(void **state)
{
	put(UART_IER, 0x0f);
	for (int i = 0; i < 50; i++) {
		put(UART_TX, 'x');
		type("y");
		cause();
		get(UART_LSR);
		get(UART_RX);
		cause();
	}
	assert_true(changes >= 100);
	assert_int_equal(told, changes);
}

static unsigned int kept_back(void)
{
	return fake_kvm_count(KVM_REGISTER_COALESCED_MMIO, -1);
}

/* A driver that asks LSR before each byte: from the 64th on KVM keeps them back. */
static void test_polled_writes(void **state)
{
	const struct fake_call *call;
	unsigned int at = 0;

	for (int i = 0; i < 63; i++) {
		get(UART_LSR);
		put(UART_TX, 'x');
	}
	assert_int_equal(kept_back(), 0);
	get(UART_LSR);
	put(UART_TX, 'x');
	assert_int_equal(kept_back(), 1);
	call = fake_kvm_find(&at, KVM_REGISTER_COALESCED_MMIO, GPA + UART_TX);
	assert_non_null(call);
	assert_int_equal(call->b, 1);
	for (int i = 0; i < 200; i++) {
		get(UART_LSR);
		put(UART_TX, 'x');
	}
	assert_int_equal(kept_back(), 1);
	assert_int_equal(out_len, 264);
}

/* One that doesn't ask would not come back soon; asking now and then doesn't count. */
static void test_blind_writes(void **state)
{
	for (int i = 0; i < 300; i++)
		put(UART_TX, 'x');
	for (int i = 0; i < 300; i++) {
		if (i % 16 == 0)
			get(UART_LSR);
		put(UART_TX, 'x');
	}
	for (int i = 0; i < 63; i++) {
		get(UART_LSR);
		put(UART_TX, 'x');
	}
	put(UART_TX, 'x');
	for (int i = 0; i < 63; i++) {
		get(UART_LSR);
		put(UART_TX, 'x');
	}
	assert_int_equal(kept_back(), 0);
}

/* What KVM keeps back, as KVM does it. */
static void keep(char c)
{
	struct kvm_coalesced_mmio_ring *ring = (void *)(run.bytes + sysconf(_SC_PAGESIZE));
	struct kvm_coalesced_mmio *entry = &ring->coalesced_mmio[ring->last];

	entry->phys_addr = GPA + UART_TX;
	entry->len = 1;
	entry->data[0] = (__u8)c;
	__atomic_store_n(&ring->last, ring->last + 1, __ATOMIC_RELEASE);
}

static size_t wanted;

/* Stops the loop when the wanted output is there, or after some thousand looks. */
struct waiter {
	struct event_source	source;
	unsigned int		turns;
	bool			in_time;
};

static void waiter_ready(struct event_source *source, uint32_t events)
{
	struct waiter *waiter = (void *)source;
	uint64_t count;

	assert_int_equal(read(source->fd, &count, sizeof(count)), sizeof(count));
	waiter->in_time = out_len >= wanted;
	if (waiter->in_time || ++waiter->turns > 10000)
		loop_stop(loop);
}

static bool run_until_output(size_t len)
{
	const struct itimerspec often = { { .tv_nsec = 1000000 }, { .tv_nsec = 1 } };
	struct waiter waiter = { .source = {
		timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK), waiter_ready,
	} };

	wanted = len;
	timerfd_settime(waiter.source.fd, 0, &often, NULL);
	assert_int_equal(loop_add(loop, &waiter.source, EPOLLIN), 0);
	assert_int_equal(loop_run(loop), 0);
	loop_remove(loop, &waiter.source);
	close(waiter.source.fd);
	return waiter.in_time;
}

/*
 * A driver that waits for the transmit interrupt makes no exit meanwhile: a
 * timer hands over what is kept back, as long as the interrupt is on.
 */
static void test_transmit_timer(void **state)
{
	for (int i = 0; i < 64; i++) {
		get(UART_LSR);
		put(UART_TX, 'x');
	}
	assert_int_equal(kept_back(), 1);
	out_len = 0;
	put(UART_IER, UART_IER_THRI);
	cause();
	assert_false(level);
	for (int i = 1; i <= 3; i++) {
		keep('k');
		assert_int_equal(out_len, i - 1);
		assert_true(run_until_output((size_t)i));
		assert_true(level);
		assert_int_equal(cause(), UART_IIR_THRI);
	}
	assert_output("kkk");
}

/* Without anything kept back there is no timer to wake up for. */
static void test_no_timer(void **state)
{
	struct serial *serial = uart;
	struct itimerspec left;

	put(UART_TX, 'x');
	put(UART_IER, UART_IER_THRI);
	assert_int_equal(timerfd_gettime(serial->transmit.fd, &left), 0);
	assert_int_equal(left.it_value.tv_sec, 0);
	assert_int_equal(left.it_value.tv_nsec, 0);
}

/* With the console on another device this one only speaks. */
static void test_not_the_console(void **state)
{
	struct device_env env = {
		.bus = bus, .loop = loop, .config = &config,
		.slot = { .model = &serial_model, .gpa = GPA + 0x100, .intid = 33 },
		.irq = { .set = line_set, .vm_fd = -1, .intid = 33 },
	};
	struct console_listener *first = listener;
	void *second;

	config.devices.console = CONSOLE_VIRTIO;
	assert_done(serial_model.create(&env, &second, &err), &err);
	assert_ptr_equal(listener, first);
	serial_model.destroy(second);
	assert_ptr_equal(listener, first);
	/* and where there is something already there can be no UART */
	env.slot.gpa = GPA + 4;
	assert_error(serial_model.create(&env, &second, &err), &err, TALLY_EXIT_SOFTWARE,
		     "serial");
}

#define TEST(name)	cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_reset_values),
		TEST(test_writable),
		TEST(test_read_only),
		TEST(test_dlab),
		TEST(test_dlab_hides_input),
		TEST(test_output),
		TEST(test_fifo_bits),
		TEST(test_fifo),
		TEST(test_receive_interrupt),
		TEST(test_listens_late),
		TEST(test_receive_back_pressure),
		TEST(test_fifo_goes_round),
		TEST(test_transmit_interrupt),
		TEST(test_priorities),
		TEST(test_masks),
		TEST(test_overrun),
		TEST(test_loopback_data),
		TEST(test_loopback_lines),
		TEST(test_deltas),
		TEST(test_level_only_changes),
		TEST(test_polled_writes),
		TEST(test_blind_writes),
		TEST(test_transmit_timer),
		TEST(test_no_timer),
		TEST(test_not_the_console),
	};

	return cmocka_run_group_tests_name("serial", tests, NULL, NULL);
}
