#!/usr/bin/env bash
# Runs every fuzz target in turn: go test takes one at a time. One that fails does
# not keep the others from running; all that failed are listed at the end.
#
#   scripts/fuzz.sh DURATION    a duration for each target (10s), or a number of runs (1000x)
set -euo pipefail
cd "$(dirname "$0")/.."

go=${GO:-go}
duration=${1:?usage: scripts/fuzz.sh DURATION}
failed=()
count=0

packages=$("$go" list ./...)
for package in $packages; do
  # A package whose tests do not build is a failure, and no package without targets.
  if ! listed=$("$go" test -list '^Fuzz' "$package"); then
    printf '%s\n' "$listed"
    failed+=("$package, which does not build")
    continue
  fi
  for target in $(grep '^Fuzz' <<<"$listed" || true); do
    echo "== $package $target"
    count=$((count + 1))
    # An input that finds something new is not minimized: that can take a minute of
    # its own each time, and the duration is for finding more.
    if ! "$go" test -run '^$' -fuzz "^$target\$" -fuzztime "$duration" -fuzzminimizetime 10x "$package"; then
      failed+=("$package $target")
    fi
  done
done

echo
if [ "$count" -eq 0 ]; then
  echo 'no fuzz target was found' >&2
  exit 1
fi
if [ "${#failed[@]}" -gt 0 ]; then
  echo "${#failed[@]} failed of $count fuzz targets; the inputs are in testdata/fuzz of the package:" >&2
  printf '  %s\n' "${failed[@]}" >&2
  exit 1
fi
echo "all of $count fuzz targets passed"
