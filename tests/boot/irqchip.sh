# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What the rows of tests/boot/rows/irqchip need: interrupt lines, counted on both sides.
# shellcheck disable=SC2154,SC2317 # OUT, ERR, LANE, TALLY_PID and FACT belong to engine.sh

# host_interrupts: how often the host took an interrupt of a guest's timer
host_interrupts()
{
	local line fields field
	HOST_INTERRUPTS=0
	while IFS= read -r line; do
		[[ $line == *'kvm guest '[vp]timer* ]] || continue
		read -ra fields <<<"$line"
		for field in "${fields[@]:1:FACT[online]}"; do
			HOST_INTERRUPTS=$((HOST_INTERRUPTS + field))
		done
	done </proc/interrupts
}
count_host_interrupts()
{
	host_interrupts
	BEFORE=$HOST_INTERRUPTS
}

# read_summary LINE: what the run's summary says of lines (a pattern), exits, calls
read_summary()
{
	local which=$1 line lines
	RAISED=0 RETIRED=0 RAISING=0 RETIRING=0 OTHER=-1 CALLS=-1
	slurp "$ERR" lines
	while IFS= read -r line; do
		if [[ $line =~ ([0-9]+)\ exits\ to\ tally\ \(([0-9]+)\ of\ them\ MMIO ]]; then
			OTHER=$((BASH_REMATCH[1] - BASH_REMATCH[2]))
		elif [[ $line =~ ([0-9]+)\ KVM_IRQ_LINE\ calls ]]; then
			CALLS=${BASH_REMATCH[1]}
		elif [[ $line == *"GIC: "$which* && $line =~ ([0-9]+)\ raised,\ ([0-9]+)\ retired,\ ([0-9]+)\ exits\ to\ raise,\ ([0-9]+) ]]; then
			RAISED=$((RAISED + BASH_REMATCH[1])) RETIRED=$((RETIRED + BASH_REMATCH[2]))
			RAISING=$((RAISING + BASH_REMATCH[3])) RETIRING=$((RETIRING + BASH_REMATCH[4]))
		fi
	done <<<"$lines"
	[ $((OTHER < 0 || CALLS < 0 || RAISED == 0)) -eq 0 ] ||
		fail "the summary has no exits, calls or lines"
}

# at_most WHAT N LIMIT; a run's start, its end and what happens once are not counted
at_most()
{
	[ "$2" -le $(($3 + 16)) ] || fail "$2 $1, more than $3"
}

# switches VARIABLE: how often the thread of vCPU 0 has given its CPU away by itself
switches()
{
	local key value tasks=(/proc/"$TALLY_PID"/task/*)
	while read -r key value; do
		[ "$key" != voluntary_ctxt_switches: ] || printf -v "$1" %s "$value"
	done <"${tasks[1]}/status"
}
vcpu_sleeps()
{
	local begin end
	nap 0.3
	switches begin
	nap 1
	switches end
	at_most 'awakenings of a vCPU that has nothing to do' $((end - begin)) 0
}

# What lines cost. Where KVM knows which are pending here, a rise takes one return at
# most, a fall as well, nothing else returns, and the host takes no interrupt meanwhile.
lines_are_bounded()
{
	read_summary '*'
	at_most 'lines left high' $((RAISED - RETIRED)) 0
	if [ "${FACT[timer_irq_mask]}" != true ]; then
		SKIPPED=$((SKIPPED + 1))
		echo "@skip $name exits-per-line: this host's KVM is not told which lines are pending"
		return
	fi
	at_most 'exits to raise lines' "$RAISING" "$RAISED"
	at_most 'exits to retire lines' "$RETIRING" "$RETIRED"
	at_most 'exits for nothing' $((OTHER - RAISING - RETIRING)) 0
	host_interrupts
	at_most "interrupts of the host for $RAISED rises" $((HOST_INTERRUPTS - BEFORE)) $((RAISED + RAISED / 8))
}

# And where each interrupt ends with accesses to the GIC, of which one shows the fall
# (but for a timer whose accesses trap: then it shows on the way back from them). To
# raise a CPU's input and to lower it takes a call each.
ticks_are_bounded()
{
	local out interrupts
	lines_are_bounded
	slurp "$OUT" out
	[[ $out =~ ([0-9]+)\ interrupts\ taken ]] || fail "the guest does not say how many it took"
	interrupts=${BASH_REMATCH[1]:-0}
	[ "${FACT[timer_irq_mask]}" = true ] || return 0
	[ "$LANE" != nvhe ] || read_summary vtimer
	at_most 'exits to retire lines whose fall another showed' "$RETIRING" $((RETIRED / 20))
	at_most "KVM_IRQ_LINE calls for $interrupts interrupts" "$CALLS" $((2 * interrupts))
}
