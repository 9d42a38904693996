// SPDX-License-Identifier: GPL-2.0-only
/*
 * A 16550A UART (National Semiconductor PC16550D): registers one byte apart.
 * Transmission takes no time: the transmitter is always empty.
 */
#include <errno.h>
#include <libfdt.h>
#include <linux/serial_reg.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "device.h"

#define SERIAL_GPA	0x01000000
#define SERIAL_CLOCK	1843200		/* Hz, the PC's */
#define RX_FIFO		64
#define FIFO_ENABLED	0xc0		/* UART_IIR: both FIFO bits */
#define MCR_WRITABLE	0x1f
#define POLLED_WRITES	64		/* before the transmit register is kept back */
#define TRANSMIT_NS	1000000
#define FCR_KEPT	(UART_FCR_ENABLE_FIFO | UART_FCR_DMA_SELECT | UART_FCR_TRIGGER_MASK)

struct serial {
	pthread_mutex_t		lock;
	struct irq_line		irq;
	bool			irq_level;
	struct console		*console;
	struct console_listener	listener;
	struct bus		*bus;
	uint64_t		gpa;
	struct event_loop	*loop;
	struct event_source	transmit;	/* timerfd */
	bool			polled;		/* LSR was read since the last byte */
	unsigned int		polled_writes;
	bool			listening;
	bool			input_waits;	/* the console has more than fitted */
	uint8_t			rx[RX_FIFO];
	unsigned int		rx_head, rx_len;
	bool			overrun;
	bool			thre_pending;	/* THR became empty, not yet seen in IIR */
	uint8_t			dll, dlm, ier, fcr, lcr, mcr, msr_delta, scr;
};

static uint8_t lines_in(const struct serial *serial)
{
	uint8_t msr = UART_MSR_DCD | UART_MSR_DSR | UART_MSR_CTS;

	if (!(serial->mcr & UART_MCR_LOOP))
		return msr;
	msr = 0;
	if (serial->mcr & UART_MCR_RTS)
		msr |= UART_MSR_CTS;
	if (serial->mcr & UART_MCR_DTR)
		msr |= UART_MSR_DSR;
	if (serial->mcr & UART_MCR_OUT1)
		msr |= UART_MSR_RI;
	if (serial->mcr & UART_MCR_OUT2)
		msr |= UART_MSR_DCD;
	return msr;
}

/* The interrupt of the highest priority, as IIR shows it. */
static uint8_t pending(const struct serial *serial)
{
	if ((serial->ier & UART_IER_RLSI) && serial->overrun)
		return UART_IIR_RLSI;
	if ((serial->ier & UART_IER_RDI) && serial->rx_len)
		return UART_IIR_RDI;
	if ((serial->ier & UART_IER_THRI) && serial->thre_pending)
		return UART_IIR_THRI;
	if ((serial->ier & UART_IER_MSI) && serial->msr_delta)
		return UART_IIR_MSI;
	return UART_IIR_NO_INT;
}

static void update_irq(struct serial *serial)
{
	bool level = pending(serial) != UART_IIR_NO_INT;

	if (level == serial->irq_level)
		return;
	serial->irq_level = level;
	irq_line_set(&serial->irq, level);
}

static bool rx_push(struct serial *serial, uint8_t byte)
{
	unsigned int room = serial->fcr & UART_FCR_ENABLE_FIFO ? RX_FIFO : 1;

	if (serial->rx_len >= room)
		return false;
	serial->rx[(serial->rx_head + serial->rx_len++) % RX_FIFO] = byte;
	return true;
}

static void rx_clear(struct serial *serial)
{
	serial->rx_head = 0;
	serial->rx_len = 0;
}

static uint8_t rx_pop(struct serial *serial)
{
	uint8_t byte = serial->rx[serial->rx_head];

	if (!serial->rx_len)
		return 0;
	serial->rx_head = (serial->rx_head + 1) % RX_FIFO;
	serial->rx_len--;
	if (!serial->rx_len && serial->input_waits) {
		serial->input_waits = false;
		console_input_ready(serial->console);
	}
	return byte;
}

/*
 * A driver that asks LSR before each byte lets KVM keep the bytes back until it
 * asks: half the exits of a talkative console. One that just writes is not
 * trusted to come back soon.
 */
static void note_write(struct serial *serial)
{
	if (!serial->polled)
		serial->polled_writes = 0;
	else if (++serial->polled_writes == POLLED_WRITES)
		bus_keep_back(serial->bus, serial->gpa + UART_TX, 1);
	serial->polled = false;
}

/* A driver that waits for the transmit interrupt is looked after meanwhile. */
static void watch_transmit(struct serial *serial)
{
	struct itimerspec when = { .it_value.tv_nsec = TRANSMIT_NS };

	if (serial->polled_writes >= POLLED_WRITES)
		timerfd_settime(serial->transmit.fd, 0, &when, NULL);
}

static void transmit(struct serial *serial, uint8_t byte)
{
	if (serial->polled_writes < POLLED_WRITES)
		note_write(serial);
	serial->thre_pending = true;
	if (!(serial->mcr & UART_MCR_LOOP)) {
		console_write(serial->console, &byte, 1);
	} else if (!rx_push(serial, byte)) {
		serial->overrun = true;
		/* a full FIFO keeps what it has, the receive register alone does not */
		if (!(serial->fcr & UART_FCR_ENABLE_FIFO))
			serial->rx[serial->rx_head] = byte;
	}
}

static void write_mcr(struct serial *serial, uint8_t value)
{
	uint8_t before = lines_in(serial);
	uint8_t changed;

	serial->mcr = value & MCR_WRITABLE;
	changed = before ^ lines_in(serial);
	/* Delta bits stand four below the lines; for the ring indicator only its end counts. */
	if (!(before & UART_MSR_RI))
		changed &= ~UART_MSR_RI;
	serial->msr_delta |= changed >> 4;
}

static void write_fcr(struct serial *serial, uint8_t value)
{
	if ((value ^ serial->fcr) & UART_FCR_ENABLE_FIFO || value & UART_FCR_CLEAR_RCVR)
		rx_clear(serial);
	serial->fcr = value & FCR_KEPT;
}

static uint8_t read_lsr(struct serial *serial)
{
	uint8_t lsr = UART_LSR_TEMT | UART_LSR_THRE;

	if (serial->rx_len)
		lsr |= UART_LSR_DR;
	if (serial->overrun)
		lsr |= UART_LSR_OE;
	serial->overrun = false;
	serial->polled = true;
	return lsr;
}

static uint8_t read_iir(struct serial *serial)
{
	uint8_t iir = pending(serial);

	if (iir == UART_IIR_THRI)
		serial->thre_pending = false;
	return iir | (serial->fcr & UART_FCR_ENABLE_FIFO ? FIFO_ENABLED : 0);
}

static uint8_t read_msr(struct serial *serial)
{
	uint8_t msr = lines_in(serial) | serial->msr_delta;

	serial->msr_delta = 0;
	return msr;
}

static uint8_t read_register(struct serial *serial, uint64_t offset)
{
	bool dlab = serial->lcr & UART_LCR_DLAB;

	switch (offset) {
	case UART_RX:
		return dlab ? serial->dll : rx_pop(serial);
	case UART_IER:
		return dlab ? serial->dlm : serial->ier;
	case UART_IIR:
		return read_iir(serial);
	case UART_LCR:
		return serial->lcr;
	case UART_MCR:
		return serial->mcr;
	case UART_LSR:
		return read_lsr(serial);
	case UART_MSR:
		return read_msr(serial);
	default:
		return serial->scr;
	}
}

static void write_register(struct serial *serial, uint64_t offset, uint8_t value)
{
	bool dlab = serial->lcr & UART_LCR_DLAB;

	switch (offset) {
	case UART_TX:
		if (dlab)
			serial->dll = value;
		else
			transmit(serial, value);
		break;
	case UART_IER:
		if (dlab) {
			serial->dlm = value;
			break;
		}
		/* Enabling the interrupt while the transmitter is empty raises it. */
		if (value & ~serial->ier & UART_IER_THRI) {
			serial->thre_pending = true;
			watch_transmit(serial);
		}
		serial->ier = value & 0x0f;
		break;
	case UART_FCR:
		write_fcr(serial, value);
		break;
	case UART_LCR:
		serial->lcr = value;
		break;
	case UART_MCR:
		write_mcr(serial, value);
		break;
	case UART_SCR:
		serial->scr = value;
		break;
	}
}

static uint64_t serial_read(void *device, uint64_t offset, unsigned int len)
{
	struct serial *serial = device;
	uint64_t value;

	pthread_mutex_lock(&serial->lock);
	value = read_register(serial, offset);
	update_irq(serial);
	pthread_mutex_unlock(&serial->lock);
	return value;
}

/*
 * Linux reads its input only when it has the receive interrupt on: taking what
 * is typed before that would lose it in the driver's FIFO reset.
 */
static void serial_write(void *device, uint64_t offset, unsigned int len, uint64_t value)
{
	struct serial *serial = device;
	bool listen;

	pthread_mutex_lock(&serial->lock);
	write_register(serial, offset, value);
	update_irq(serial);
	listen = !serial->listening && serial->ier & UART_IER_RDI;
	serial->listening |= listen;
	if (listen || (serial->input_waits && !serial->rx_len &&
		       !(serial->mcr & UART_MCR_LOOP))) {
		serial->input_waits = false;
		console_input_ready(serial->console);
	}
	pthread_mutex_unlock(&serial->lock);
}

static void transmit_ready(struct event_source *source, uint32_t events)
{
	struct serial *serial = (void *)((char *)source - offsetof(struct serial, transmit));
	uint64_t count;

	if (read(source->fd, &count, sizeof(count)) < 0)
		return;		/* armed anew meanwhile */
	bus_drain(serial->bus);
	pthread_mutex_lock(&serial->lock);
	if (serial->ier & UART_IER_THRI)
		watch_transmit(serial);
	pthread_mutex_unlock(&serial->lock);
}

static const struct bus_ops serial_ops = { serial_read, serial_write };

static size_t serial_input(struct console_listener *listener, const unsigned char *data,
			   size_t len)
{
	struct serial *serial = (void *)((char *)listener - offsetof(struct serial, listener));
	size_t taken = 0;

	pthread_mutex_lock(&serial->lock);
	if (serial->listening && !(serial->mcr & UART_MCR_LOOP)) {
		while (taken < len && rx_push(serial, data[taken]))
			taken++;
	}
	serial->input_waits = taken < len;
	update_irq(serial);
	pthread_mutex_unlock(&serial->lock);
	return taken;
}

static unsigned int serial_count(const struct config *config)
{
	return 1;
}

static int serial_fdt(void *fdt, const struct device_slot *slot)
{
	char name[32];
	int ret;

	snprintf(name, sizeof(name), "serial@%llx", (unsigned long long)slot->gpa);
	ret = fdt_begin_node(fdt, name);
	if (!ret)
		ret = fdt_property_string(fdt, "compatible", "ns16550a");
	if (!ret)
		ret = fdt_property_reg(fdt, slot->gpa, serial_model.size);
	if (!ret)
		ret = fdt_property_interrupt(fdt, slot->intid, serial_model.trigger);
	if (!ret)
		ret = fdt_property_u32(fdt, "clock-frequency", SERIAL_CLOCK);
	return ret ? ret : fdt_end_node(fdt);
}

static void serial_destroy(void *device)
{
	struct serial *serial = device;

	console_unlisten(serial->console, &serial->listener);
	if (serial->transmit.fd >= 0) {
		loop_remove(serial->loop, &serial->transmit);
		close(serial->transmit.fd);
	}
	pthread_mutex_destroy(&serial->lock);
	free(serial);
}

static int serial_create(const struct device_env *env, void **device, struct error *err)
{
	struct serial *serial = calloc(1, sizeof(*serial));
	int ret;

	if (!serial)
		return error_set(err, TALLY_EXIT_SOFTWARE, ENOMEM, "no memory for the UART");
	pthread_mutex_init(&serial->lock, NULL);
	serial->irq = env->irq;
	serial->console = env->console;
	serial->listener.input = serial_input;
	serial->bus = env->bus;
	serial->gpa = env->slot.gpa;
	serial->loop = env->loop;
	serial->dll = 1;
	serial->transmit = (struct event_source) {
		timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK), transmit_ready,
	};
	ret = serial->transmit.fd < 0 ? -errno :
	      loop_add(env->loop, &serial->transmit, EPOLLIN);
	if (ret < 0)
		error_set(err, TALLY_EXIT_SOFTWARE, -ret, "UART: %s", strerror(-ret));
	else
		ret = bus_add(env->bus, "serial", env->slot.gpa, serial_model.size, &serial_ops,
			      serial, err);
	if (ret < 0) {
		serial_destroy(serial);
		return ret;
	}
	if (env->config->devices.console == CONSOLE_SERIAL)
		console_listen(serial->console, &serial->listener);
	*device = serial;
	return 0;
}

const struct device_model serial_model = {
	.name		= "serial",
	.gpa		= SERIAL_GPA,
	.size		= 8,
	.trigger	= IRQ_LEVEL_HIGH,
	.count		= serial_count,
	.fdt		= serial_fdt,
	.create		= serial_create,
	.destroy	= serial_destroy,
};
