#!/usr/bin/env bash
# Runs the tests that touch discordgo, those of the facade included, against
# another version of it, and builds everything else with it. The demo's scenarios
# are told of v0.29.0: master answers an op 9 on a new connection.
#
#   scripts/test-discordgo.sh VERSION [flags of go test]
#
# go.mod is left alone: a copy that requires VERSION lies under .cache/ and is
# handed to the go command as -modfile.
set -euo pipefail
cd "$(dirname "$0")/.."

go=${GO:-go}
discordgo=github.com/bwmarrin/discordgo
version=${1:?usage: scripts/test-discordgo.sh VERSION [flags of go test]}
shift

dir=$PWD/.cache/discordgo-$version
mkdir -p "$dir"
cp go.mod go.sum "$dir"
"$go" mod edit -require="$discordgo@$version" "$dir/go.mod"

# In GOFLAGS, so that a test which starts the go command sees the same version.
export GOFLAGS="${GOFLAGS:-} '-modfile=$dir/go.mod' -mod=mod"

module=$("$go" list -m)
packages=$("$go" list ./... | grep -E "^$module(/(instrument|discordtest)(/.*)?)?$")

# A module that asks for a newer discordgo would win over us, unnoticed.
selected=$("$go" list -m -f '{{.Version}}' "$discordgo")
if [ "$selected" != "$version" ]; then
  echo "asked for discordgo $version, but $selected is selected" >&2
  exit 1
fi

echo "discordgo $version:"
"$go" vet ./...
# shellcheck disable=SC2086 # package paths hold no blanks
"$go" test "$@" $packages
