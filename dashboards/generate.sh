#!/usr/bin/env bash
# Makes json/ from src/. Needs Node.js 20 or newer with npm, and the first time
# a registry.
#
# Who has no npm can still work on everything else: then the dashboards stay as
# they are, which is said, and is an error where REQUIRE_NPM is set, as in .ci/run.
set -euo pipefail
cd "$(dirname "$0")"

if ! command -v npm >/dev/null || ! command -v node >/dev/null; then
  echo "dashboards: npm is not installed, so dashboards/json is NOT made anew; it needs Node.js 20 or newer (https://nodejs.org)" >&2
  [ -z "${REQUIRE_NPM-}" ] || exit 1
  exit 0
fi
if [ "$(node -p 'Number(process.versions.node.split(".")[0]) >= 20')" != true ]; then
  echo "dashboards: Node.js $(node -v) is too old, 20 or newer is needed" >&2
  exit 1
fi

# npm writes this file last, when all is installed.
if [ ! node_modules/.package-lock.json -nt package-lock.json ]; then
  npm ci --no-audit --no-fund --ignore-scripts >&2
fi
# A namespace in the environment is for dashboards of one's own: README.md.
env -u ARGUS_NAMESPACE npm run --silent build
