#!/usr/bin/env bash
# Fails if the front ends in the tree are not what web/ builds. Leaves a fresh build behind.
set -euo pipefail
cd "$(dirname "$0")/.."

folders=(internal/page/dist fleet/internal/page/dist)
before=$(mktemp -d)
trap 'rm -rf "$before"' EXIT
for dist in "${folders[@]}"; do
  mkdir -p "$before/$dist"
  cp -R "$dist/." "$before/$dist"
done
(cd web && npm run --silent build)
stale=0
for dist in "${folders[@]}"; do
  if ! diff -r "$before/$dist" "$dist" >/dev/null; then
    echo "$dist is stale: run \"make web-build\" and commit it" >&2
    diff -rq "$before/$dist" "$dist" >&2 || true
    stale=1
  fi
done
exit "$stale"
