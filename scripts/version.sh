#!/usr/bin/env bash
# Prints the version that is being prepared, or was released last: that of the first
# section of CHANGELOG.md.
set -euo pipefail
cd "$(dirname "$0")/.."

version=$(sed -n 's/^## \[\([^]]*\)\].*/\1/p' CHANGELOG.md | head -n 1)
if ! [[ $version =~ ^[0-9]+\.[0-9]+\.[0-9]+(-[0-9A-Za-z.-]+)?$ ]]; then
  echo "CHANGELOG.md: the first section has the version \"$version\", which is not a semantic version" >&2
  exit 1
fi
echo "$version"
