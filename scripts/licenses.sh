#!/usr/bin/env bash
# Writes the licences and notices of everything that the binary of the command
# line contains, the standard library included, into a folder: releases and images
# have to carry them. Fails if a licence is unknown or not in the list below.
#
#   scripts/licenses.sh FOLDER
set -euo pipefail
cd "$(dirname "$0")/.."

go=${GO:-go}
licenses=${GO_LICENSES:-go-licenses}
out=${1:?usage: scripts/licenses.sh FOLDER}

# Licences that ask for no more than their text to be passed on (and, MPL-2.0, the
# source of the module itself, which is then saved too).
allowed=Apache-2.0,BSD-2-Clause,BSD-3-Clause,ISC,MIT,MPL-2.0

module=$("$go" list -m)
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

# go-licenses warns of every assembly file. What it prints is shown if it fails.
quietly() {
  "$@" 2>"$tmp/stderr" || { cat "$tmp/stderr" >&2; exit 1; }
}

mkdir "$tmp/all"
for os in linux darwin windows; do # what is imported differs
  export GOOS=$os GOARCH=amd64 CGO_ENABLED=0
  quietly "$licenses" check --ignore "$module" --allowed_licenses "$allowed" ./cmd/argus
  quietly "$licenses" save --ignore "$module" --save_path "$tmp/$os" ./cmd/argus
  cp -R "$tmp/$os/." "$tmp/all"
done
unset GOOS GOARCH

# go-licenses leaves out the standard library.
mkdir "$tmp/all/go"
cp "$("$go" env GOROOT)/LICENSE" "$tmp/all/go"

# Nothing may be missing: each module in the binary has a folder, or one below it.
"$go" build -o "$tmp/argus" ./cmd/argus
"$go" version -m "$tmp/argus" | awk '$1 == "dep" { print $2 }' >"$tmp/modules"
while read -r path; do
  if [ ! -d "$tmp/all/$path" ]; then
    echo "no licence was saved for $path" >&2
    exit 1
  fi
done <"$tmp/modules"

rm -rf "$out"
mkdir -p "$(dirname "$out")"
cp -R "$tmp/all" "$out"
echo "$out: licences of Go and $(wc -l <"$tmp/modules") modules"
