#!/usr/bin/env bash
# Runs every fuzz target in turn: go test takes one at a time.
#
#   scripts/fuzz.sh DURATION
set -euo pipefail
cd "$(dirname "$0")/.."

go=${GO:-go}
duration=${1:?usage: scripts/fuzz.sh DURATION}

# An input that finds something new is not minimized: that can take a minute of
# its own each time, and the duration is for finding more.
for package in $("$go" list ./...); do
  targets=$("$go" test -list '^Fuzz' "$package" | grep '^Fuzz' || true)
  for target in $targets; do
    echo "$package $target"
    "$go" test -run '^$' -fuzz "^$target\$" -fuzztime "$duration" -fuzzminimizetime 10x "$package"
  done
done
