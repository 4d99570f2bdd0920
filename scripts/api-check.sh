#!/usr/bin/env bash
# Compares the exported Go API and the metrics with the last release, and fails if
# the version of CHANGELOG.md is lower than the one that the changes need (RELEASING.md):
#
#   incompatible changes   the next minor version before 1.0.0, then the next major version
#   additions              the next minor version
#
# The release's files come from its tag, so no registry has to have the release.
set -euo pipefail
cd "$(dirname "$0")/.."

go=${GO:-go}
apidiff=${APIDIFF:-apidiff}

# The tags of this commit are the release that is being made. Pre-releases promise nothing.
exclude=()
while read -r tag; do
  exclude+=(--exclude "$tag")
done < <(git tag --points-at HEAD)
if ! tag=$(git describe --tags --abbrev=0 --match 'v[0-9]*' --exclude '*-*' "${exclude[@]}" 2>/dev/null); then
  if [ "$(git rev-parse --is-shallow-repository)" = true ]; then
    echo 'SKIPPED: this clone is shallow and has no tag of a release: git fetch --unshallow --tags'
  else
    echo 'There is no release yet, so there is nothing to compare the API with.'
  fi
  exit 0
fi

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
module=$("$go" list -m)

# In the same folder each time, so that Go's build cache knows the packages there.
release=$PWD/.cache/api-check/$(git rev-parse "$tag^{commit}")
if [ ! -d "$release" ]; then
  rm -rf .cache/api-check
  mkdir -p "$release.unpacking"
  git archive "$tag" | tar -x -C "$release.unpacking"
  mv "$release.unpacking" "$release"
fi

# apidiff names each internal package that it passes over. What it prints is shown if it fails.
quietly() {
  "$@" 2>"$tmp/stderr" || { cat "$tmp/stderr" >&2; exit 1; }
}

(cd "$release" && quietly "$apidiff" -m -w "$tmp/api" "$module")
quietly "$apidiff" -m "$tmp/api" "$module" >"$tmp/report"
quietly "$apidiff" -m -incompatible "$tmp/api" "$module" >"$tmp/incompatible"
grep '^- ' "$tmp/incompatible" >"$tmp/api-changes" || true
sed -n '/^Compatible changes:/,$ s/^- /+ /p' "$tmp/report" >>"$tmp/api-changes"
"$go" run ./internal/metricsdiff "$release/docs/metrics.json" docs/metrics.json >"$tmp/metrics"

version=$(./scripts/version.sh)
IFS=. read -r major minor patch <<<"${tag#v}"
if grep -q '^- ' "$tmp/api-changes" "$tmp/metrics"; then
  kind='incompatible changes'
  if [ "$major" -eq 0 ]; then needed=0.$((minor + 1)).0; else needed=$((major + 1)).0.0; fi
elif [ -s "$tmp/api-changes" ] || [ -s "$tmp/metrics" ]; then
  kind=additions
  needed=$major.$((minor + 1)).0
else
  echo "The Go API and the metrics are those of $tag."
  exit 0
fi

echo "Changes since $tag (- incompatible, + addition) of the Go API:"
if [ -s "$tmp/api-changes" ]; then cat "$tmp/api-changes"; else echo none; fi
echo "and of the metrics:"
if [ -s "$tmp/metrics" ]; then cat "$tmp/metrics"; else echo none; fi
echo

# A pre-release of a version counts as the version.
lowest=$(printf '%s\n' "$needed" "${version%%-*}" | sort -V | head -n 1)
if [ "$lowest" != "$needed" ]; then
  echo "There are $kind, which need version $needed, but the first section of CHANGELOG.md is $version: raise it, or keep what $tag has (RELEASING.md)." >&2
  exit 1
fi
echo "There are $kind, and the next version is $version: that is enough."
