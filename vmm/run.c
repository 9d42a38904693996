// SPDX-License-Identifier: GPL-2.0-only
/* The command "run": command line, plan, machine, run, verdict. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "arch.h"
#include "commands.h"
#include "config.h"
#include "host.h"
#include "log.h"
#include "machine.h"
#include "parts.h"
#include "plan.h"
#include "verdict.h"

/* What lives as long as the process, through restarts of the guest. */
struct run {
	struct config		config;
	struct images		images;
	struct host_caps	caps;
	int			kvm_fd;
	struct event_loop	*loop;
	struct console		*console;
	sigset_t		ending;		/* the signals that ask tally to end */
	struct event_source	signals;	/* signalfd of these */
	struct verdict		verdict;
	struct timespec		start;
};

static void signal_ready(struct event_source *source, uint32_t events)
{
	struct run *run = (void *)((char *)source - offsetof(struct run, signals));
	struct signalfd_siginfo info;

	console_stopping(run->console);
	if (read(source->fd, &info, sizeof(info)) != sizeof(info))
		return;
	verdict_offer(&run->verdict, VERDICT_STOPPED, "stopped by signal %u (%s)",
		      info.ssi_signo, strsignal(info.ssi_signo));
	loop_stop(run->loop);
}

/*
 * Signals that ask tally to end do it in order, with the terminal restored; but
 * those that the caller had ignored stay so (nohup, a shell's background job).
 */
static void block_signals(struct run *run)
{
	static const int ending[] = {
		SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGALRM, SIGUSR1, SIGUSR2,
	};

	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&run->ending);
	for (size_t i = 0; i < sizeof(ending) / sizeof(ending[0]); i++) {
		struct sigaction old;

		if (!sigaction(ending[i], NULL, &old) && old.sa_handler != SIG_IGN)
			sigaddset(&run->ending, ending[i]);
	}
	sigprocmask(SIG_BLOCK, &run->ending, NULL);
}

static int watch_signals(struct run *run, struct error *err)
{
	int ret;

	run->signals.ready = signal_ready;
	run->signals.fd = signalfd(-1, &run->ending, SFD_CLOEXEC | SFD_NONBLOCK);
	ret = run->signals.fd < 0 ? -errno : loop_add(run->loop, &run->signals, EPOLLIN);
	if (ret < 0)
		return error_set(err, TALLY_EXIT_SOFTWARE, -ret, "signals: %s", strerror(-ret));
	return 0;
}

static int dump_dtb(const char *path, const struct plan *plan, struct error *err)
{
	size_t size = plan_fdt_size(plan);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	ssize_t written = fd < 0 ? -1 : write(fd, plan->fdt, size);
	int errnum = errno;

	if (fd >= 0 && close(fd) < 0 && written == (ssize_t)size) {
		written = -1;
		errnum = errno;
	}
	if (written == (ssize_t)size)
		return 0;
	if (written >= 0)
		errnum = ENOSPC;
	return error_set(err, TALLY_EXIT_NOINPUT, errnum, "--dump-dtb: %s: %s", path,
			 strerror(errnum));
}

static int check_config(const struct config *config, struct error *err)
{
	const struct kernel_config *kernel = &config->kernel;

	if (kernel->kernel && kernel->firmware)
		return error_set(err, TALLY_EXIT_USAGE, EINVAL,
				 "--firmware: %s: either a kernel or firmware can be started, not both",
				 kernel->firmware);
	if (kernel->has_firmware_address && !kernel->firmware)
		return error_set(err, TALLY_EXIT_USAGE, EINVAL,
				 "--firmware-address: there is no --firmware");
	if (!kernel->kernel && !kernel->firmware && !kernel->dump_dtb)
		return error_set(err, TALLY_EXIT_USAGE, EINVAL,
				 "--kernel: nothing to boot: give a kernel or --firmware");
	return 0;
}

/* Everything that can be said of the devices' files before a machine exists. */
static int check_devices(const struct config *config, struct error *err)
{
	for (size_t m = 0; m < n_device_models; m++) {
		const struct device_model *model = device_models[m];

		for (unsigned int i = 0; model->check && i < model->count(config); i++) {
			int ret = model->check(config, i, err);

			if (ret < 0)
				return ret;
		}
	}
	return 0;
}

/*
 * A plan for a usual host where this one can't run guests: what was asked for is
 * checked against it, and it is what the device tree is written from.
 */
static int plan_nominal(struct run *run, struct error *err)
{
	struct host_caps caps;
	struct plan plan;
	int ret;

	arch_nominal_host(&caps);
	ret = plan_make(&run->config, &caps, &run->images, &plan, err);
	if (ret < 0)
		return ret;
	if (run->config.kernel.dump_dtb)
		ret = dump_dtb(run->config.kernel.dump_dtb, &plan, err);
	plan_free(&plan);
	return ret;
}

static double seconds_since(const struct timespec *start)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec - start->tv_sec + (now.tv_nsec - start->tv_nsec) / 1e9;
}

static void print_start(const struct config *config, const struct plan *plan,
			const struct machine *machine)
{
	if (plan->pmu.note[0])
		log_print(plan->pmu.note_level, "%s", plan->pmu.note);
	if (plan->pmu.mode == PMU_NONE)
		log_info("%s%s%u CPU(s), %llu MiB, %s, no PMU", config->name ? config->name : "",
			 config->name ? ": " : "", plan->cpus,
			 (unsigned long long)plan->ram.size >> 20, arch_irqchip_name(plan));
	else
		log_info("%s%s%u CPU(s), %llu MiB, %s, PMU %s with %u event counters%s%s",
			 config->name ? config->name : "", config->name ? ": " : "", plan->cpus,
			 (unsigned long long)plan->ram.size >> 20, arch_irqchip_name(plan),
			 pmu_mode_name(plan->pmu.mode), machine->pmu_counters,
			 plan->pmu.choose ? " of " : "", plan->pmu.choose ? plan->pmu.name : "");
}

/* In KiB. getrusage() would count what the process was before it became tally. */
static unsigned long peak_memory(void)
{
	char text[4096] = "";
	int fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
	const char *found;

	if (fd < 0)
		return 0;
	if (read(fd, text, sizeof(text) - 1) < 0)
		text[0] = '\0';
	close(fd);
	found = strstr(text, "VmHWM:");
	return found ? strtoul(found + strlen("VmHWM:"), NULL, 10) : 0;
}

static void print_summary(const struct run *run, const struct machine *machine)
{
	uint64_t runs = 0, mmio = 0;

	if (log_level < LOG_INFO)
		return;
	for (unsigned int i = 0; i < machine->plan->cpus; i++) {
		runs += machine->vcpus[i].stats.runs;
		mmio += machine->vcpus[i].stats.mmio;
	}
	log_info("%.3f s, %llu exits to tally (%llu of them MMIO), peak memory %lu KiB",
		 seconds_since(&run->start), (unsigned long long)runs, (unsigned long long)mmio,
		 peak_memory());
	arch_print_stats(machine);
	if (machine->plan->pmu.mode != PMU_NONE)
		pmu_print_stats(machine->vcpu_fds, machine->plan->cpus);
}

/* The guest's life from an open VM to the verdict. */
static int run_machine(struct run *run, int vm_fd, const struct plan *plan, struct error *err)
{
	struct machine machine;
	int ret;

	ret = machine_create(&machine, run->kvm_fd, vm_fd, &run->config, plan, &run->images,
			     run->loop, run->console, &run->verdict, err);
	if (ret < 0)
		return ret;
	print_start(&run->config, plan, &machine);
	loop_clear(run->loop);
	ret = machine_start(&machine, err);
	if (!ret) {
		ret = loop_run(run->loop);
		if (ret < 0)
			error_set(err, TALLY_EXIT_SOFTWARE, -ret, "event loop: %s", strerror(-ret));
		machine_stop(&machine);
		print_summary(run, &machine);
	}
	machine_destroy(&machine);
	return ret;
}

static int run_guest(struct run *run, struct error *err)
{
	struct plan plan;
	unsigned int ipa_bits;
	int vm_fd, ret;

	ret = arch_plan_ipa(&run->config, &run->caps, &ipa_bits, err);
	if (ret < 0)
		return ret;
	vm_fd = vm_open(run->kvm_fd, &run->caps, ipa_bits, err);
	if (vm_fd < 0)
		return vm_fd;
	host_probe_vm(vm_fd, &run->caps);
	ret = plan_make(&run->config, &run->caps, &run->images, &plan, err);
	if (ret < 0) {
		kvm_close(vm_fd);
		return ret;
	}
	if (run->config.kernel.dump_dtb)
		ret = dump_dtb(run->config.kernel.dump_dtb, &plan, err);
	if (ret < 0)
		kvm_close(vm_fd);
	else
		ret = run_machine(run, vm_fd, &plan, err);
	plan_free(&plan);
	return ret;
}

/* A run on a host that can: until the guest ends in another way than by a reset to be obeyed. */
static int run_guests(struct run *run, struct error *err)
{
	bool again;
	int ret;

	ret = loop_create(&run->loop, err);
	if (!ret)
		ret = watch_signals(run, err);
	if (!ret)
		ret = console_create(&run->console, run->loop, &run->verdict,
				     !run->config.no_panic_watch, err);
	if (ret < 0)
		return ret;
	console_stop_on(run->console, run->signals.fd);
	do {
		ret = run_guest(run, err);
		console_flush(run->console);
		again = !ret && run->config.restart_on_reset &&
			verdict_kind(&run->verdict) == VERDICT_RESET;
		if (again)
			verdict_clear(&run->verdict);
		if (again && verdict_stop_asked(&run->verdict)) {
			verdict_offer(&run->verdict, VERDICT_STOPPED,
				      "stopped while the guest reset itself");
			again = false;
		}
		if (again)
			log_info("guest reset itself: starting it anew");
	} while (again);
	return ret;
}

/* Each vCPU and each disk holds descriptors open: many of them need more than is usual. */
static void allow_descriptors(const struct config *config)
{
	struct rlimit limit;

	if (config->cpus + config->devices.n_disks < 128 || getrlimit(RLIMIT_NOFILE, &limit))
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

static int run_all(struct run *run, int argc, char **argv, struct error *err)
{
	const struct kernel_config *kernel = &run->config.kernel;
	bool boots;
	int ret;

	ret = options_parse(&run->config, argc, argv, err);
	if (ret < 0)
		return ret;
	log_level = run->config.log_level;
	allow_descriptors(&run->config);
	ret = pmu_options_check(&run->config, err);
	if (!ret)
		ret = check_config(&run->config, err);
	if (!ret)
		ret = images_open(&run->images, kernel, err);
	if (!ret)
		ret = check_devices(&run->config, err);
	if (ret < 0)
		return ret;
	boots = kernel->kernel || kernel->firmware;
	ret = host_discover(&run->kvm_fd, &run->caps, run->config.arm64.pmu.mode != PMU_NONE, err);
	if (ret < 0 || !boots) {
		struct error bad;
		int planned = plan_nominal(run, &bad);

		/* That the host can't says less than what is wrong with the input. */
		if (planned < 0 && (ret >= 0 || bad.exit_code != TALLY_EXIT_UNAVAILABLE)) {
			*err = bad;
			return planned;
		}
		if (planned >= 0 && !boots)
			return 0;
		if (planned >= 0 && kernel->dump_dtb)
			log_warning("--dump-dtb: %s is for a usual host, as this one can't run guests",
				    kernel->dump_dtb);
	}
	if (ret < 0)
		return ret;
	return run_guests(run, err);
}

static void run_free(struct run *run)
{
	console_destroy(run->console);
	if (run->signals.fd >= 0)
		close(run->signals.fd);
	loop_destroy(run->loop);
	if (run->kvm_fd >= 0)
		kvm_close(run->kvm_fd);
	images_close(&run->images);
	config_free(&run->config);
	verdict_destroy(&run->verdict);
}

static void print_verdict(const struct verdict *verdict)
{
	enum log_level level = LOG_ERROR;

	if (verdict->kind == VERDICT_OFF)
		level = LOG_INFO;
	else if (verdict->kind == VERDICT_RESET || verdict->kind == VERDICT_STOPPED)
		level = LOG_WARNING;
	log_print(level, "%s%s", verdict->kind == VERDICT_CRASHED ? "guest crashed: " : "",
		  verdict->text);
}

int run_command(int argc, char **argv)
{
	struct run run = {
		.kvm_fd	= -1,
		.images	= { .kernel.fd = -1, .initrd.fd = -1, .firmware.fd = -1 },
		.signals.fd = -1,
	};
	struct error err = { .exit_code = TALLY_EXIT_SOFTWARE, .text = "unknown error" };
	int exit_code;

	clock_gettime(CLOCK_MONOTONIC, &run.start);
	block_signals(&run);
	config_init(&run.config);
	verdict_init(&run.verdict);
	if (run_all(&run, argc, argv, &err) < 0)
		verdict_offer_error(&run.verdict, &err);
	else if (run.config.kernel.dump_dtb && !run.loop)
		verdict_offer(&run.verdict, VERDICT_OFF, "device tree written");
	/* The console first: its last bytes may hold a panic, and the terminal is restored. */
	console_destroy(run.console);
	run.console = NULL;
	print_verdict(&run.verdict);
	exit_code = run.verdict.exit_code;
	run_free(&run);
	return exit_code;
}
