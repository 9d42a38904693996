// SPDX-License-Identifier: GPL-2.0-only
/*
 * The interrupt controller: KVM's (devices/arm-vgic.rst, arm-vgic-v3.rst,
 * arm-vgic-its.rst), unless it is in user space (gic_user.c).
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "arch.h"
#include "gic_user.h"
#include "gicv2m.h"
#include "kvm.h"
#include "map.h"

static int create(struct machine *machine, unsigned int type, const char *name, int *fd,
		  struct error *err)
{
	struct kvm_create_device device = { .type = type };
	int ret = kvm_ioctl(machine->vm_fd, KVM_CREATE_DEVICE, &device);

	if (ret < 0)
		return error_set(err, TALLY_EXIT_UNAVAILABLE, -ret,
				 "--irqchip: KVM can't create a %s: %s", name, strerror(-ret));
	*fd = device.fd;
	return 0;
}

static int set(int fd, unsigned int group, unsigned long attr, const void *value,
	       const char *name, struct error *err)
{
	int ret = kvm_set_attr(fd, group, attr, value);

	if (ret < 0)
		return error_set(err, TALLY_EXIT_SOFTWARE, -ret, "interrupt controller: %s: %s",
				 name, strerror(-ret));
	return 0;
}

static int set_address(int fd, unsigned long attr, uint64_t gpa, const char *name,
		       struct error *err)
{
	return set(fd, KVM_DEV_ARM_VGIC_GRP_ADDR, attr, &gpa, name, err);
}

/* The number of interrupts, then the end of set-up: all vCPUs exist by now. */
static int finish(int fd, const struct gic_plan *gic, struct error *err)
{
	uint32_t interrupts = SPI_BASE + gic->spis;
	int ret = set(fd, KVM_DEV_ARM_VGIC_GRP_NR_IRQS, 0, &interrupts, "number of interrupts",
		      err);

	if (!ret)
		ret = set(fd, KVM_DEV_ARM_VGIC_GRP_CTRL, KVM_DEV_ARM_VGIC_CTRL_INIT, NULL,
			  "initialisation", err);
	return ret;
}

static int create_gicv2(struct machine *machine, struct error *err)
{
	const struct gic_plan *gic = &machine->plan->gic;
	int ret = create(machine, KVM_DEV_TYPE_ARM_VGIC_V2, "GICv2", &machine->gic_fd, err);

	if (!ret)
		ret = set_address(machine->gic_fd, KVM_VGIC_V2_ADDR_TYPE_DIST,
				  gic->distributor.gpa, "distributor's address", err);
	if (!ret)
		ret = set_address(machine->gic_fd, KVM_VGIC_V2_ADDR_TYPE_CPU,
				  gic->cpu_interface.gpa, "CPU interface's address", err);
	if (!ret)
		ret = finish(machine->gic_fd, gic, err);
	if (!ret && gic->kind == IRQCHIP_GICV2M)
		ret = gicv2m_create(machine, err);
	return ret;
}

static int create_its(struct machine *machine, struct error *err)
{
	int ret = create(machine, KVM_DEV_TYPE_ARM_VGIC_ITS, "GICv3 ITS", &machine->its_fd, err);

	if (!ret)
		ret = set_address(machine->its_fd, KVM_VGIC_ITS_ADDR_TYPE,
				  machine->plan->gic.its.gpa, "ITS address", err);
	if (!ret)
		ret = set(machine->its_fd, KVM_DEV_ARM_VGIC_GRP_CTRL, KVM_DEV_ARM_VGIC_CTRL_INIT,
			  NULL, "ITS initialisation", err);
	return ret;
}

static int create_gicv3(struct machine *machine, struct error *err)
{
	const struct gic_plan *gic = &machine->plan->gic;
	int ret = create(machine, KVM_DEV_TYPE_ARM_VGIC_V3, "GICv3", &machine->gic_fd, err);

	if (!ret)
		ret = set_address(machine->gic_fd, KVM_VGIC_V3_ADDR_TYPE_DIST,
				  gic->distributor.gpa, "distributor's address", err);
	if (!ret)
		ret = set_address(machine->gic_fd, KVM_VGIC_V3_ADDR_TYPE_REDIST,
				  gic->redistributors.gpa, "redistributors' address", err);
	if (!ret)
		ret = finish(machine->gic_fd, gic, err);
	if (!ret && gic->its.size)
		ret = create_its(machine, err);
	return ret;
}

int arch_irqchip_create(struct machine *machine, struct error *err)
{
	switch (machine->plan->gic.kind) {
	case IRQCHIP_USER:
		return gic_user_create(machine, err);
	case IRQCHIP_GICV2:
	case IRQCHIP_GICV2M:
		return create_gicv2(machine, err);
	default:
		return create_gicv3(machine, err);
	}
}

void arch_teardown(struct machine *machine)
{
	if (machine->its_fd >= 0)
		kvm_close(machine->its_fd);
	if (machine->gic_fd >= 0)
		kvm_close(machine->gic_fd);
	gicv2m_destroy(machine);
	gic_user_destroy(machine);
}

static void spi_set(const struct irq_line *line, bool level)
{
	struct kvm_irq_level irq = {
		.irq	= KVM_ARM_IRQ_TYPE_SPI << KVM_ARM_IRQ_TYPE_SHIFT | line->intid,
		.level	= level,
	};

	kvm_ioctl(line->vm_fd, KVM_IRQ_LINE, &irq);
}

struct irq_line arch_irq_line(struct machine *machine, uint32_t intid)
{
	if (machine->gic_user)
		return gic_user_line(machine, intid);
	return (struct irq_line) { .set = spi_set, .vm_fd = machine->vm_fd, .intid = intid };
}
