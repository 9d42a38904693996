// SPDX-License-Identifier: GPL-2.0-only
/*
 * Let the EL1 physical timer tick in a Linux guest.
 *
 * Linux at EL1 only ever uses the virtual timer. This module takes the physical
 * one's PPI from the device tree's timer node, lets it fire "count" times on
 * every online CPU, and says how often it did. Loading it returns when the last
 * tick has come, or fails with -ETIMEDOUT.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/completion.h>
#include <linux/cpu.h>
#include <linux/interrupt.h>
#include <linux/irq.h>
#include <linux/module.h>
#include <linux/of.h>
#include <linux/of_irq.h>
#include <linux/percpu.h>
#include <asm/arch_timer.h>
#include <asm/sysreg.h>

#define PHYS_PPI	1	/* entry of "interrupts": non-secure EL1 physical */
#define CTL_ENABLE	1

static unsigned int count = 100;
module_param(count, uint, 0444);
MODULE_PARM_DESC(count, "ticks wanted on each CPU");

static unsigned int hz = 1000;
module_param(hz, uint, 0444);
MODULE_PARM_DESC(hz, "ticks a second");

static unsigned int ticks;
module_param(ticks, uint, 0444);
MODULE_PARM_DESC(ticks, "ticks that came, on all CPUs together");

struct ptimer {
	unsigned int left;
};

static DEFINE_PER_CPU(struct ptimer, ptimers);
static DECLARE_COMPLETION(finished);
static atomic_t total = ATOMIC_INIT(0);
static atomic_t running = ATOMIC_INIT(0);
static unsigned int irq;

static void set_timer(bool on)
{
	if (on)
		write_sysreg(arch_timer_get_cntfrq() / hz, cntp_tval_el0);
	write_sysreg(on ? CTL_ENABLE : 0, cntp_ctl_el0);
	isb();
}

static irqreturn_t on_tick(int nr, void *dev)
{
	struct ptimer *timer = dev;

	if (!timer->left) {
		set_timer(false);
		return IRQ_HANDLED;
	}
	atomic_inc(&total);
	timer->left--;
	set_timer(timer->left);
	if (!timer->left && atomic_dec_and_test(&running))
		complete(&finished);
	return IRQ_HANDLED;
}

static void start(void *unused)
{
	this_cpu_ptr(&ptimers)->left = count;
	enable_percpu_irq(irq, irq_get_trigger_type(irq));
	set_timer(true);
}

static void stop(void *unused)
{
	set_timer(false);
	disable_percpu_irq(irq);
}

static int __init ptimer_init(void)
{
	struct device_node *node = of_find_compatible_node(NULL, NULL, "arm,armv8-timer");
	unsigned int cpus;
	bool done;
	int err;

	if (!node || !hz || !count)
		return node ? -EINVAL : -ENODEV;
	irq = irq_of_parse_and_map(node, PHYS_PPI);
	of_node_put(node);
	if (!irq)
		return -ENODEV;
	err = request_percpu_irq(irq, on_tick, "ptimer", &ptimers);
	if (err)
		return err;

	cpus_read_lock();
	cpus = num_online_cpus();
	atomic_set(&running, cpus);
	on_each_cpu(start, NULL, 1);
	done = wait_for_completion_timeout(&finished, 10 * HZ + (u64)HZ * count / hz);
	on_each_cpu(stop, NULL, 1);
	cpus_read_unlock();

	ticks = atomic_read(&total);
	pr_info("%u ticks of the physical timer on %u CPUs\n", ticks, cpus);
	if (done)
		return 0;
	free_percpu_irq(irq, &ptimers);
	return -ETIMEDOUT;
}
module_init(ptimer_init);

static void __exit ptimer_exit(void)
{
	free_percpu_irq(irq, &ptimers);
}
module_exit(ptimer_exit);

MODULE_DESCRIPTION("EL1 physical timer ticks in a guest");
MODULE_LICENSE("GPL");
