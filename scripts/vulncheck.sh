#!/usr/bin/env bash
# Looks for known vulnerabilities that our code can reach. One that is found
# fails; a database that cannot be reached (no network) does not, and is said.
set -euo pipefail
cd "$(dirname "$0")/.."

govulncheck=${GOVULNCHECK:-govulncheck}

output=$("$govulncheck" ./... 2>&1) && status=0 || status=$?
printf '%s\n' "$output"

# 3 is govulncheck's own status for a finding; a failure of any kind has 1.
if [ "$status" -eq 1 ] && grep -q '^govulncheck: fetching vulnerabilities:' <<<"$output"; then
  echo
  echo 'SKIPPED: the vulnerability database cannot be reached, so nothing was checked.'
  exit 0
fi
exit "$status"
