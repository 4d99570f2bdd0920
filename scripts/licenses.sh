#!/usr/bin/env bash
# Writes the licences and notices of everything that a binary contains, the standard
# library included, into a folder: releases and images have to carry them. Fails if a
# licence is unknown or not in the list below.
#
#   scripts/licenses.sh FOLDER [MODULE PACKAGE SYSTEM…]
#
# The default is the command line, on all systems that it is released for.
set -euo pipefail
cd "$(dirname "$0")/.."

go=${GO:-go}
licenses=${GO_LICENSES:-go-licenses}
out=${1:?usage: scripts/licenses.sh FOLDER [MODULE PACKAGE SYSTEM…]}
[[ $out == /* ]] || out=$PWD/$out
package=${3:-./cmd/argus}
systems=("${@:4}")
[ ${#systems[@]} -gt 0 ] || systems=(linux darwin windows)
cd "${2:-.}"

# Licences that ask for no more than their text to be passed on (and, MPL-2.0, the
# source of the module itself, which is then saved too).
allowed=Apache-2.0,BSD-2-Clause,BSD-3-Clause,ISC,MIT,MPL-2.0

ours=github.com/argus-dgo/argus
# Its licence is MIT-0, MIT without the duty to pass the text on, which go-licenses v1.6.0
# does not know. It is saved all the same.
mit0=github.com/segmentio/asm
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

# go-licenses warns of every assembly file. What it prints is shown if it fails.
quietly() {
  "$@" 2>"$tmp/stderr" || { cat "$tmp/stderr" >&2; exit 1; }
}

mkdir "$tmp/all"
for os in "${systems[@]}"; do # what is imported differs
  export GOOS=$os GOARCH=amd64 CGO_ENABLED=0
  quietly "$licenses" check --ignore "$ours" --ignore "$mit0" --allowed_licenses "$allowed" "$package"
  quietly "$licenses" save --ignore "$ours" --ignore "$mit0" --save_path "$tmp/$os" "$package"
  cp -R "$tmp/$os/." "$tmp/all"
done
unset GOOS GOARCH

if folder=$("$go" list -m -f '{{.Dir}}' "$mit0" 2>/dev/null) && [ -n "$folder" ]; then
  read -r name <"$folder/LICENSE"
  if [ "$name" != "MIT No Attribution" ]; then
    echo "$mit0 has another licence now: $name" >&2
    exit 1
  fi
  mkdir -p "$tmp/all/$mit0"
  cp "$folder/LICENSE" "$tmp/all/$mit0"
fi

# go-licenses leaves out the standard library.
mkdir "$tmp/all/go"
cp "$("$go" env GOROOT)/LICENSE" "$tmp/all/go"

# Nothing may be missing: each module in the binary has a folder, or one below it.
"$go" build -o "$tmp/binary" "$package"
"$go" version -m "$tmp/binary" | awk -v ours="$ours" '$1 == "dep" && $2 != ours && index($2, ours "/") != 1 { print $2 }' >"$tmp/modules"
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
