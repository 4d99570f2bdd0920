#!/usr/bin/env bash
# Fails when `go generate` changes, adds or removes a file: what is generated
# is committed, and must follow from the sources beside it.
#
# The tree is compared with itself before and after, so that a check works on
# uncommitted changes too; ignored files do not count.
set -euo pipefail
cd "$(dirname "$0")/.."

go=${GO:-go}

if ! git rev-parse --is-inside-work-tree >/dev/null; then
  echo "generate-check needs a git work tree" >&2
  exit 1
fi

index=$(mktemp)
trap 'rm -f "$index"' EXIT

# snapshot prints the git tree of all files as they are now; the user's index
# is not touched.
snapshot() {
  rm -f "$index"
  GIT_INDEX_FILE=$index git add --all .
  GIT_INDEX_FILE=$index git write-tree
}

before=$(snapshot)
"$go" generate ./...
(cd fleet && "$go" generate ./...)
after=$(snapshot)

if ! git diff --exit-code "$before" "$after"; then
  echo 'the generated files are not up to date: run "make generate" and commit the result' >&2
  exit 1
fi
