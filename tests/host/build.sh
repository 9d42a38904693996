# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# What the builds of Debian's sources with our patches share (arm64/linux/build,
# tests/host/qemu/build). Sourced by scripts that have set NAME (which begins each
# line they print), TOP (the repository), OUT (where it is built, with the source
# as a git tree in OUT/src) and LOG.

say()
{
	printf '%s: %s\n' "$NAME" "$*"
}

die()
{
	printf '%s: error: %s\n' "$NAME" "$*" >&2
	exit 1
}

# checked COMMAND…: output goes to the log, whose end is shown on failure.
checked()
{
	"$@" >>"$LOG" 2>&1 || {
		tail -n 25 "$LOG" >&2
		die "failed: $* (whole log: ${LOG#"$TOP"/})"
	}
}

content()
{
	cat "$@" /dev/null | sha256sum | cut -d ' ' -f 1
}

# unchanged FILE KEY: true if the file remembers this key.
unchanged()
{
	[ -r "$1" ] && [ "$(cat "$1")" = "$2" ]
}

git_in_source()
{
	git -C "$OUT/src" -c user.name=tally -c user.email=tally@localhost \
		-c core.compression=0 -c core.autocrlf=false -c gc.auto=0 \
		-c commit.gpgsign=false "$@"
}

# commit_source MESSAGE: make the unpacked source a git tree of one commit, tagged
# "debian".
commit_source()
{
	checked git init -q "$OUT/src"
	checked git_in_source add -f -A
	checked git_in_source commit -q -m "$1"
	checked git_in_source tag debian
}

# One build at a time, until this script ends. Opens the log.
only_one()
{
	exec 9>"$OUT/.lock"
	flock -n 9 || {
		say "waiting for another build to end"
		flock 9
	}
	: >"$LOG"
}

# Show how far a build is, in the words of the caller's function progress: a line
# that is written over on a terminal, else a line now and then.
watch_progress()
{
	local pid=$1 start=$SECONDS pause=15 end='\n'
	if [ -t 1 ]; then
		pause=1 end='\033[K\r'
	fi
	local ticks=0
	while kill -0 "$pid" 2>/dev/null; do
		sleep 1
		ticks=$((ticks + 1))
		[ $((ticks % pause)) = 0 ] || continue
		# shellcheck disable=SC2059 # the end is an escape sequence
		printf "%s: %d:%02d, %s$end" "$NAME" $(((SECONDS - start) / 60)) \
			$(((SECONDS - start) % 60)) "$(progress)"
	done
	[ "$end" = '\n' ] || printf '\n'
}

# compile_in_sight PATTERN COMMAND…: run it with its output in the log, and show
# how far it is. If it fails, the log's lines that match PATTERN say why.
compile_in_sight()
{
	local pattern=$1 pid rc=0
	shift
	: >"$LOG"
	"$@" >>"$LOG" 2>&1 &
	pid=$!
	# shellcheck disable=SC2064 # this process number
	trap "kill $pid 2>/dev/null" EXIT
	watch_progress "$pid"
	wait "$pid" || rc=$?
	trap - EXIT
	if [ $rc != 0 ]; then
		grep -nE "$pattern" "$LOG" | head -n 20 >&2
		tail -n 10 "$LOG" >&2
		die "compiling failed (whole log: ${LOG#"$TOP"/})"
	fi
}
