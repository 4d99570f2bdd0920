#!/usr/bin/env bash
# Fails if internal/page/dist is not what web/ builds. Leaves a fresh build behind.
set -euo pipefail
cd "$(dirname "$0")/.."

dist=internal/page/dist
before=$(mktemp -d)
trap 'rm -rf "$before"' EXIT
cp -R "$dist/." "$before"
(cd web && npm run --silent build)
if ! diff -r "$before" "$dist" >/dev/null; then
  echo "$dist is stale: run \"make web-build\" and commit it" >&2
  diff -rq "$before" "$dist" >&2 || true
  exit 1
fi
