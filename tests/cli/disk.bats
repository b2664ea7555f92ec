#!/usr/bin/env bats
# Runs with a state whose disk is full, or read-only, and that go on once it
# is not.

load helpers

setup() {
	need python3
}

# disk COMMAND...
disk() {
	timeout 120 python3 "$srcdir/cli/disk.py" "$@"
}

# on_disk OUTPUT: which is on a small file system of its own.
on_disk() {
	unshare -m true 2>/dev/null || skip "no mounts for this user"
	timeout 120 unshare -m python3 "$srcdir/cli/disk.py" mount "$1"
}

@test "no room for the state, and then a read-only disk" {
	on_disk state
}

@test "no room for the records" {
	on_disk results
}

@test "no room for the archive" {
	on_disk a
}

@test "no room for the files" {
	on_disk out
}

@test "a limit on the size of files" {
	disk limit
}
