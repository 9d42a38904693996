# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What runs the rows of tests/boot/rows. A row is one call of t:
#
#   t NAME CODE GUEST BOOTARGS ARGUMENTS [KEY=VALUE…]
#
# NAME     of the test
# CODE     tally's exit code
# GUEST    a bare-metal guest (build/guest/GUEST.bin); linux, our kernel with the
#          initrd whose init is tests/boot/init and obeys do=…; or - for none
# BOOTARGS the guest's command line; none is given where this is empty
# ARGUMENTS of tally, as shell words: $D is a directory for the row alone
#
#   out=, err=    text that standard output, or standard error, must have
#   no-out=, no-err=   text that it must not have
#   out-is=, err-is=   all of it, but for the final newline
#   lanes=A,B     the lanes that the row is for; !A: all but A (and exact); all;
#                 without lanes= all but exact
#   where=A,B     native: where tally is built for the machine that builds;
#                 host: on a host that runs guests
#   needs=FACT    a fact that "tally host --json" must give as true, or cpus:N;
#                 the row is skipped without
#   in=TEXT       standard input (it is empty otherwise)
#   before=F, after=F   functions around the run; after=F fails the row by fail
#   run=F         a function that runs "${CMD[@]}" in its own way, output to
#                 $OUT and $ERR, and returns tally's exit code
#   wait=TEXT, send=TEXT, signal=S   for run=talk: when the guest has said TEXT,
#                 type what send= holds, or send tally a signal; while=F is called then
#   time=S        seconds until the row has failed (60), times TALLY_PATIENCE
#
# Output: a line a row. Lines that begin with @ are for tests/boot/run.
# Few processes are started: on an emulated host each costs.

: "${LANE:?}" "${TALLY:?}" "${WORK:?}"

ROWS=0 PASSED=0 FAILED=0 SKIPPED=0
# Names asked for; none means all.
SELECTED=()
declare -A FACT

fail()
{
	PROBLEMS+=("$*")
}

# nap SECONDS: no process is started. Descriptor 8 is a pipe that nobody writes to.
nap()
{
	read -rt "$1" -u 8
}

# slurp FILE VARIABLE: the text without carriage returns.
slurp()
{
	local slurped=
	# read fails at the end of the file, with all of it in the variable.
	[ ! -r "$1" ] || IFS= read -r -d '' slurped <"$1"
	printf -v "$2" '%s' "${slurped//$'\r'/}"
}

selected()
{
	local name
	[ ${#SELECTED[@]} -gt 0 ] || return 0
	for name in "${SELECTED[@]}"; do
		# shellcheck disable=SC2053 # the name may be a pattern
		[[ $1 != $name ]] || return 0
	done
	return 1
}

in_list()
{
	[[ ,$2, == *,$1,* ]]
}

applies()
{
	local lane yes=1
	# The exact lanes are slow, and for what has to be exact.
	[[ $LANE = exact* ]] || case $1 in '' | !*) yes=0 ;; esac
	for lane in ${1//,/ }; do
		case $lane in
		all | "$LANE") yes=0 ;;
		"!$LANE") yes=1 ;;
		esac
	done
	return $yes
}

# lacking NEED: print nothing if it is there, else why the row can't run.
lacking()
{
	case $1 in
	cpus:*)
		[ "${FACT[online]}" -ge "${1#cpus:}" ] || WHY="this host has ${FACT[online]} CPUs"
		;;
	tool:*)
		type "${1#tool:}" >/dev/null 2>&1 || WHY="this host has no ${1#tool:}"
		;;
	file:*)
		[ -e "${1#file:}" ] || WHY="there is no ${1#file:}"
		;;
	!*)
		[ "${FACT[${1#!}]}" != true ] || WHY="this host has ${1#!}"
		;;
	*)
		[ "${FACT[$1]:-}" = true ] || WHY="this host has no $1 (tally host)"
		;;
	esac
	[ -n "$WHY" ]
}

# Facts of "tally host --json", whose first level has one fact a line.
read_facts()
{
	local line key value depth=0
	while IFS= read -r line; do
		case $line in
		*'{' | *'[') depth=$((depth + 1)) ;;
		*'}' | *'},' | *']' | *'],') depth=$((depth - 1)) ;;
		*\":*)
			key=${line#*\"} key=${key%%\"*}
			value=${line#*\":} value=${value%,}
			value=${value#\"} value=${value%\"}
			[ $depth -ne 1 ] || FACT[$key]=$value
			[ $depth -ne 3 ] || FACT[pmu_$key]=$value
			;;
		esac
	done < <("$TALLY" host --json 2>"$WORK/host.err")
	FACT[online]=$(nproc)
}

declare -A K

# One of the ways to run: wait for the guest's word, then act on it.
talk()
{
	local pid text= tries=$((${K[time]} * 10)) code
	[ -p "$WORK/keyboard" ] || mkfifo "$WORK/keyboard"
	exec 9<>"$WORK/keyboard"
	# A background job ignores SIGINT, and tally keeps that, unless it has job control.
	[ "${K[signal]:-}" != INT ] || set -m
	"${CMD[@]}" <"$WORK/keyboard" >"$OUT" 2>"$ERR" 9>&- &
	pid=$!
	set +m
	while [[ $text != *"${K[wait]}"* ]]; do
		nap 0.1
		slurp "$OUT" text
		tries=$((tries - 1))
		if ! kill -0 $pid 2>/dev/null || [ $tries -le 0 ]; then
			fail "'${K[wait]}' was not seen on standard output"
			break
		fi
	done
	[ -z "${K[while]:-}" ] || TALLY_PID=$pid "${K[while]}"
	[ -z "${K[send]:-}" ] || printf '%b' "${K[send]}" >&9
	[ -z "${K[signal]:-}" ] || kill -"${K[signal]}" $pid
	exec 9>&-
	while kill -0 $pid 2>/dev/null && [ $tries -gt 0 ]; do
		nap 0.1
		tries=$((tries - 1))
	done
	if [ $tries -le 0 ]; then
		fail "it did not end within ${K[time]} s"
		kill -KILL $pid 2>/dev/null
	fi
	wait $pid 2>/dev/null
	code=$?
	return $code
}

plain()
{
	if [ -n "${K[in]+set}" ]; then
		timeout -k 5 "${K[time]}" "${CMD[@]}" <<<"${K[in]}" >"$OUT" 2>"$ERR"
	else
		timeout -k 5 "${K[time]}" "${CMD[@]}" </dev/null >"$OUT" 2>"$ERR"
	fi
}

# The guest's own checks: its total, and the reasons of those that it skipped.
count_guest()
{
	local name=$1 before=${2% skipped*} line
	GUEST_PASSED=0 GUEST_SKIPPED=0
	[ "$before" != "$2" ] || return 0
	line=${before##*$'\n'}
	[[ $line =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed,\ ([0-9]+)$ ]] || return 0
	GUEST_PASSED=${BASH_REMATCH[1]}
	GUEST_SKIPPED=${BASH_REMATCH[3]}
	if [ "${BASH_REMATCH[2]}" -ne 0 ]; then
		fail "${BASH_REMATCH[2]} of the guest's checks failed"
		while IFS= read -r line; do
			case $line in 'not ok '*) fail "$line" ;; esac
		done <<<"$2"
	fi
	[ "$GUEST_SKIPPED" -gt 0 ] || return 0
	while IFS= read -r line; do
		case $line in 'skip '*:*) echo "@skip $name ${line#skip }" ;; esac
	done <<<"$2"
}

check_text()
{
	local stream=$1 text=$2 want
	shift 2
	for want; do
		case $want in
		"$stream="*)
			[[ $text == *"${want#*=}"* ]] || fail "std$stream lacks: ${want#*=}" ;;
		"no-$stream="*)
			[[ $text != *"${want#*=}"* ]] || fail "std$stream has: ${want#*=}" ;;
		"$stream-is="*)
			[ "${text%$'\n'}" = "${want#*=}" ] || fail "std$stream is not: ${want#*=}" ;;
		esac
	done
}

# tail_of FILE: its last lines, for whoever has to find out what went wrong.
tail_of()
{
	local lines line
	[ -s "$1" ] || return 0
	slurp "$1" lines
	mapfile -t lines <<<"${lines%$'\n'}"
	[ ${#lines[@]} -le 15 ] || lines=("…" "${lines[@]: -15}")
	for line in "${lines[@]}"; do
		printf '        | %s\n' "$line"
	done
}

t()
{
	local name=$1 want=$2 guest=$3 bootargs=$4 arguments=$5 WHY='' code out err key start took note
	shift 5
	selected "$name" || return 0
	K=([time]=60 [run]=plain)
	for key; do
		K[${key%%=*}]=${key#*=}
	done
	K[time]=$((K[time] * ${TALLY_PATIENCE:-1}))
	applies "${K[lanes]:-}" || return 0
	in_list "$WHERE" "${K[where]:-${DEFAULT_WHERE:-$WHERE}}" || return 0
	ROWS=$((ROWS + 1))
	for key in ${K[needs]:-}; do
		! lacking "$key" || break
	done
	if [ -n "$WHY" ]; then
		SKIPPED=$((SKIPPED + 1))
		printf '  skip   %-28s %s\n' "$name" "$WHY"
		echo "@skip - $name: $WHY"
		return 0
	fi

	D=$WORK/$name OUT=$WORK/$name.out ERR=$WORK/$name.err
	# Each process costs: only rows that name their directory get one.
	[[ $arguments != *\$D* ]] || mkdir "$D"
	PROBLEMS=()
	[ -z "${K[before]:-}" ] || "${K[before]}"
	eval "CMD=($arguments)"
	case $guest in
	-) ;;
	linux)
		CMD+=(-k "${KERNEL:-build/kernel/Image}" -i build/boot/initrd)
		bootargs="loglevel=5 panic=-1 $bootargs" ;;
	*)
		CMD+=(-k "build/guest/$guest.bin")
		# Where it is known, guests need not guess which faults to expect.
		[ -z "$bootargs" ] || [ -z "${TALLY_STOCK_QEMU:-}" ] ||
			! in_list "$guest" pmu,timer,smp,cost || bootargs+=" stock-qemu=$TALLY_STOCK_QEMU"
		;;
	esac
	[ -z "$bootargs" ] || CMD+=(-p "$bootargs")
	CMD=("$TALLY" "${CMD[@]}")
	start=${EPOCHREALTIME/./}
	"${K[run]}"
	code=$?
	[ $code -eq "$want" ] || fail "exit code $code instead of $want"
	slurp "$OUT" out
	slurp "$ERR" err
	count_guest "$name" "$out"
	check_text out "$out" "$@"
	check_text err "$err" "$@"
	[ -z "${K[after]:-}" ] || "${K[after]}"
	took=$(((${EPOCHREALTIME/./} - start) / 100000))
	took=$((took / 10)).$((took % 10))
	printf '%q ' "${CMD[@]}" >"$WORK/$name.cmd"

	PASSED=$((PASSED + GUEST_PASSED)) SKIPPED=$((SKIPPED + GUEST_SKIPPED))
	note=
	[ "$GUEST_PASSED" -eq 0 ] || note="$GUEST_PASSED checks"
	[ "$GUEST_SKIPPED" -eq 0 ] || note+=", $GUEST_SKIPPED skipped"
	if [ ${#PROBLEMS[@]} -eq 0 ]; then
		PASSED=$((PASSED + 1))
		printf '  ok     %-28s %5s s  %s\n' "$name" "$took" "$note"
	else
		FAILED=$((FAILED + 1))
		printf '  not ok %-28s %5s s  %s\n' "$name" "$took" "$note"
		printf '        %s\n' "${PROBLEMS[@]}"
		printf '        command: %s\n' "$(<"$WORK/$name.cmd")"
		tail_of "$ERR"
		tail_of "$OUT"
		failed_log "$name"
	fi
	[ ! -d "$D" ] || rm -rf "$D"
}

# failed_log NAME: what a runner does with the logs of a row that failed.
failed_log()
{
	:
}

rows()
{
	local file
	mkfifo "$WORK/never"
	exec 8<>"$WORK/never"
	for file; do
		# shellcheck disable=SC1090 # the tables that the caller names
		. "$file"
	done
	exec 8>&-
	rm -f "$WORK/never"
	echo "@total $PASSED $FAILED $SKIPPED"
}
