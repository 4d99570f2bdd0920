#!/usr/bin/env bash
# Runs every fuzz target in turn: go test takes one at a time. One that fails does
# not keep the others from running; all that failed are listed at the end.
#
#   scripts/fuzz.sh BUDGET    for each target: a duration (10s), or a number of runs (5000x)
set -euo pipefail
cd "$(dirname "$0")/.."

go=${GO:-go}
budget=${1:?usage: scripts/fuzz.sh BUDGET}
output=$(mktemp)
trap 'rm -f "$output"' EXIT
failed=()
count=0

# Before Go 1.27, go test can report the end of the duration itself as a failure
# (https://go.dev/issue/75804). A target that failed says more than this one line.
only_out_of_time() {
  grep -qx '    context deadline exceeded' "$output" &&
    ! grep -qE 'Failing input written|panic:|hung or terminated' "$output"
}

packages=$(
  "$go" list -f '{{.ImportPath}} {{.Dir}}' ./...
  cd fleet && "$go" list -f '{{.ImportPath}} {{.Dir}}' ./...
)
while read -r package dir; do
  # Read from the source: a package without a target need not be built.
  targets=$(cat "$dir"/*_test.go 2>/dev/null | sed -n 's/^func \(Fuzz[A-Za-z0-9_]*\)(.*/\1/p' || true)
  for target in $targets; do
    echo "== $package $target"
    count=$((count + 1))
    # An input that finds something new is not minimized: that can take a minute of
    # its own each time, and the budget is for finding more.
    if ! (cd "$dir" && "$go" test -run '^$' -fuzz "^$target\$" -fuzztime "$budget" -fuzzminimizetime 10x .) </dev/null 2>&1 |
      tee "$output" && ! only_out_of_time; then
      failed+=("$package $target")
    fi
  done
done <<<"$packages"

echo
if [ "$count" -eq 0 ]; then
  echo 'no fuzz target was found' >&2
  exit 1
fi
if [ "${#failed[@]}" -gt 0 ]; then
  echo "${#failed[@]} of $count fuzz targets failed; the inputs are in testdata/fuzz of the package:" >&2
  printf '  %s\n' "${failed[@]}" >&2
  exit 1
fi
echo "all of $count fuzz targets passed"
