#!/usr/bin/env bash
# Prints the section of CHANGELOG.md of the version that is released, without its
# heading. Fails if the tag and the changelog do not agree, or the date is missing.
#
#   scripts/release-notes.sh TAG
set -euo pipefail
cd "$(dirname "$0")/.."

tag=${1:?usage: scripts/release-notes.sh TAG}
version=$(./scripts/version.sh)

if [ "$tag" != "v$version" ]; then
  echo "the tag is $tag, but the first section of CHANGELOG.md is $version" >&2
  exit 1
fi

if ! grep -qE "^## \[${version//./\\.}\] - [0-9]{4}-[0-9]{2}-[0-9]{2}$" CHANGELOG.md; then
  echo "CHANGELOG.md: the section $version has no date: write \"## [$version] - $(date -u +%F)\"" >&2
  exit 1
fi

# The section ends at the next heading, or at the links at the end of the file.
notes=$(VERSION=$version awk '
  /^## / { inside = index($0, "## [" ENVIRON["VERSION"] "]") == 1; next }
  /^\[[^]]+\]: / { inside = 0 }
  inside
' CHANGELOG.md)

if [ -z "${notes//[[:space:]]/}" ]; then
  echo "CHANGELOG.md has no section \"## [$version]\", or it is empty" >&2
  exit 1
fi
# Without the empty lines around it.
printf '%s\n' "$notes" | sed '/./,$!d'
