#!/usr/bin/env bash
# Installs Debian's clickhouse-server, where it is missing, for the tests of analytics/ that
# kill, restart and starve a server. Prints its path.
set -euo pipefail

if ! command -v clickhouse-server >/dev/null; then
  if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    echo "clickhouse-server: not installed; install it, or run this as root on Debian" >&2
    exit 1
  fi
  apt-get update -qq >&2
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends clickhouse-server >&2
fi
command -v clickhouse-server
