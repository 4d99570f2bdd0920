#!/usr/bin/env bash
# Generates json/ from src/. Needs Node.js 20 or newer with npm, and a registry the
# first time.
#
# Without npm, json/ stays unchanged, with a message; an error if REQUIRE_NPM is set,
# as in .ci/run.
set -euo pipefail
cd "$(dirname "$0")"

if ! command -v npm >/dev/null || ! command -v node >/dev/null; then
  echo "dashboards: npm is not installed, so dashboards/json is NOT regenerated; install Node.js 20 or newer (https://nodejs.org)" >&2
  [ -z "${REQUIRE_NPM-}" ] || exit 1
  exit 0
fi
if [ "$(node -p 'Number(process.versions.node.split(".")[0]) >= 20')" != true ]; then
  echo "dashboards: Node.js $(node -v) is too old; install 20 or newer" >&2
  exit 1
fi

# npm writes this file last.
if [ ! node_modules/.package-lock.json -nt package-lock.json ]; then
  npm ci --no-audit --no-fund --ignore-scripts >&2
fi
# ARGUS_NAMESPACE is for custom dashboards: README.md.
env -u ARGUS_NAMESPACE npm run --silent build
