// SPDX-License-Identifier: GPL-2.0-only
/*
 * The events that the architecture names itself (Arm ARM D13, "PMU events and
 * event numbers", the common events below 0x4040): the same on every CPU.
 * libpfm4 has only tables of single CPU models, Debian's for amd64 none for Arm.
 */
#include <errno.h>
#include <strings.h>

#include "pmu.h"

static const struct {
	uint16_t	event;
	const char	*name;
} events[] = {
	{ 0x0000, "SW_INCR" },
	{ 0x0001, "L1I_CACHE_REFILL" },
	{ 0x0002, "L1I_TLB_REFILL" },
	{ 0x0003, "L1D_CACHE_REFILL" },
	{ 0x0004, "L1D_CACHE" },
	{ 0x0005, "L1D_TLB_REFILL" },
	{ 0x0006, "LD_RETIRED" },
	{ 0x0007, "ST_RETIRED" },
	{ 0x0008, "INST_RETIRED" },
	{ 0x0009, "EXC_TAKEN" },
	{ 0x000a, "EXC_RETURN" },
	{ 0x000b, "CID_WRITE_RETIRED" },
	{ 0x000c, "PC_WRITE_RETIRED" },
	{ 0x000d, "BR_IMMED_RETIRED" },
	{ 0x000e, "BR_RETURN_RETIRED" },
	{ 0x000f, "UNALIGNED_LDST_RETIRED" },
	{ 0x0010, "BR_MIS_PRED" },
	{ 0x0011, "CPU_CYCLES" },
	{ 0x0012, "BR_PRED" },
	{ 0x0013, "MEM_ACCESS" },
	{ 0x0014, "L1I_CACHE" },
	{ 0x0015, "L1D_CACHE_WB" },
	{ 0x0016, "L2D_CACHE" },
	{ 0x0017, "L2D_CACHE_REFILL" },
	{ 0x0018, "L2D_CACHE_WB" },
	{ 0x0019, "BUS_ACCESS" },
	{ 0x001a, "MEMORY_ERROR" },
	{ 0x001b, "INST_SPEC" },
	{ 0x001c, "TTBR_WRITE_RETIRED" },
	{ 0x001d, "BUS_CYCLES" },
	{ 0x001e, "CHAIN" },
	{ 0x001f, "L1D_CACHE_ALLOCATE" },
	{ 0x0020, "L2D_CACHE_ALLOCATE" },
	{ 0x0021, "BR_RETIRED" },
	{ 0x0022, "BR_MIS_PRED_RETIRED" },
	{ 0x0023, "STALL_FRONTEND" },
	{ 0x0024, "STALL_BACKEND" },
	{ 0x0025, "L1D_TLB" },
	{ 0x0026, "L1I_TLB" },
	{ 0x0027, "L2I_CACHE" },
	{ 0x0028, "L2I_CACHE_REFILL" },
	{ 0x0029, "L3D_CACHE_ALLOCATE" },
	{ 0x002a, "L3D_CACHE_REFILL" },
	{ 0x002b, "L3D_CACHE" },
	{ 0x002c, "L3D_CACHE_WB" },
	{ 0x002d, "L2D_TLB_REFILL" },
	{ 0x002e, "L2I_TLB_REFILL" },
	{ 0x002f, "L2D_TLB" },
	{ 0x0030, "L2I_TLB" },
	{ 0x0031, "REMOTE_ACCESS" },
	{ 0x0032, "LL_CACHE" },
	{ 0x0033, "LL_CACHE_MISS" },
	{ 0x0034, "DTLB_WALK" },
	{ 0x0035, "ITLB_WALK" },
	{ 0x0036, "LL_CACHE_RD" },
	{ 0x0037, "LL_CACHE_MISS_RD" },
	{ 0x0038, "REMOTE_ACCESS_RD" },
	{ 0x0039, "L1D_CACHE_LMISS_RD" },
	{ 0x003a, "OP_RETIRED" },
	{ 0x003b, "OP_SPEC" },
	{ 0x003c, "STALL" },
	{ 0x003d, "STALL_SLOT_BACKEND" },
	{ 0x003e, "STALL_SLOT_FRONTEND" },
	{ 0x003f, "STALL_SLOT" },
	{ 0x4000, "SAMPLE_POP" },
	{ 0x4001, "SAMPLE_FEED" },
	{ 0x4002, "SAMPLE_FILTRATE" },
	{ 0x4003, "SAMPLE_COLLISION" },
	{ 0x4004, "CNT_CYCLES" },
	{ 0x4005, "STALL_BACKEND_MEM" },
	{ 0x4006, "L1I_CACHE_LMISS" },
	{ 0x4009, "L2D_CACHE_LMISS_RD" },
	{ 0x400a, "L2I_CACHE_LMISS" },
	{ 0x400b, "L3D_CACHE_LMISS_RD" },
	{ 0x400c, "TRB_WRAP" },
	{ 0x400d, "PMU_OVFS" },
	{ 0x400e, "TRB_TRIG" },
	{ 0x400f, "PMU_HOVFS" },
	{ 0x4010, "TRCEXTOUT0" },
	{ 0x4011, "TRCEXTOUT1" },
	{ 0x4012, "TRCEXTOUT2" },
	{ 0x4013, "TRCEXTOUT3" },
	{ 0x4018, "CTI_TRIGOUT4" },
	{ 0x4019, "CTI_TRIGOUT5" },
	{ 0x401a, "CTI_TRIGOUT6" },
	{ 0x401b, "CTI_TRIGOUT7" },
	{ 0x4020, "LDST_ALIGN_LAT" },
	{ 0x4021, "LD_ALIGN_LAT" },
	{ 0x4022, "ST_ALIGN_LAT" },
	{ 0x4024, "MEM_ACCESS_CHECKED" },
	{ 0x4025, "MEM_ACCESS_CHECKED_RD" },
	{ 0x4026, "MEM_ACCESS_CHECKED_WR" },
};

int pmu_event_number(const char *name, uint16_t *event)
{
	for (unsigned int i = 0; i < sizeof(events) / sizeof(events[0]); i++) {
		if (!strcasecmp(events[i].name, name)) {
			*event = events[i].event;
			return 0;
		}
	}
	return -ENOENT;
}
