#!/usr/bin/env bash
# Prints instrument.Version, the version of this module.
set -euo pipefail
cd "$(dirname "$0")/.."

version=$(sed -n 's/^[[:space:]]*Version = "\([^"]*\)"$/\1/p' instrument/instrument.go)
if ! [[ $version =~ ^[0-9]+\.[0-9]+\.[0-9]+(-[0-9A-Za-z.-]+)?$ ]]; then
  echo "instrument/instrument.go: Version is \"$version\", which is not a semantic version" >&2
  exit 1
fi
echo "$version"
