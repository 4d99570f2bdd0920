#!/usr/bin/env bash
# Installs ClickHouse's engine as a library, for the tests of analytics/: 178 MB from
# npm, 540 MB in .cache. Prints the path of libchdb.so.
set -euo pipefail
cd "$(dirname "$0")/.."

# The package chdb 3.4.0 depends on this version of its library.
version=26.7.3-stable.1
case "$(uname -s) $(uname -m)" in
'Linux x86_64')
  package=@chdb/lib-linux-x64-gnu
  sha512=5cff7b98caa7739b59a4a432c11f0dedc2d3b073624e61ebdf4a42e66ce8de35a6ba48ca9f62016bad1cd81fe059435cb858ce3235a8a2b408082a81563e70a7
  ;;
*)
  echo "chdb: $(uname -s) $(uname -m) has no checksum in scripts/chdb.sh" >&2
  exit 1
  ;;
esac

library=.cache/chdb@$version/libchdb.so
if [ ! -f "$library" ]; then
  if ! command -v npm >/dev/null; then
    echo "chdb: npm is not installed; install Node.js 20.19 or newer (https://nodejs.org)" >&2
    exit 1
  fi
  mkdir -p .cache
  work=$(mktemp -d .cache/chdb.XXXXXX)
  trap 'rm -rf "$work"' EXIT
  npm pack --loglevel error --cache "$work/npm" --pack-destination "$work" "$package@$version" >/dev/null
  echo "$sha512  $(echo "$work"/*.tgz)" | sha512sum --check --quiet >&2
  tar -xzf "$work"/*.tgz -C "$work" package/libchdb.so
  # The folder appears as a whole, and only one version is kept.
  rm -rf .cache/chdb@*
  mv "$work/package" ".cache/chdb@$version"
fi
echo "$PWD/$library"
