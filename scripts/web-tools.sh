#!/usr/bin/env bash
# Installs what the checks of web/ need, where it is missing: the packages of
# package-lock.json, and with "browser" Debian's Chromium, unless the variable CHROMIUM
# names a browser. Prints the browser's path.
set -euo pipefail
cd "$(dirname "$0")/../web"

if ! command -v npm >/dev/null; then
  echo "web: npm is not installed; install Node.js 20.19 or newer (https://nodejs.org)" >&2
  exit 1
fi
# npm writes this file last.
if [ ! node_modules/.package-lock.json -nt package-lock.json ]; then
  PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD=1 npm ci --no-audit --no-fund --ignore-scripts >&2
fi

[ "${1:-}" = browser ] || exit 0
if [ -n "${CHROMIUM:-}" ]; then
  command -v "$CHROMIUM"
  exit
fi
if ! command -v chromium >/dev/null; then
  if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    echo "web: Chromium is not installed; install it, or run this as root on Debian" >&2
    exit 1
  fi
  apt-get update -qq >&2
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium fonts-dejavu-core >&2
fi
command -v chromium
