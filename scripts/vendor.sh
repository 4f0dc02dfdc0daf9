#!/bin/sh
# Rebuilds static/vendor from frontend/package-lock.json and checks it byte for byte.
#   scripts/vendor.sh            rebuild; fail if a file differs from static/vendor/SHA256SUMS
#   scripts/vendor.sh --update   rebuild and write new digests (after a change of versions)
# Needs Node 20 or later and npm; only upgrades need it, never a user of Nodewise.
set -eu
export LC_ALL=C
root=$(CDPATH= cd -- "$(dirname -- "$0")/.." && pwd)
cd "$root/frontend"
npm ci --ignore-scripts
if grep -q '"resolved"' package-lock.json; then
  echo "frontend/package-lock.json names a registry: run npm install in frontend/ again." >&2
  exit 1
fi
for name in cornerstone bootstrap htmx; do
  rm -rf "$root/static/vendor/$name"-*
done
node build.mjs "$root/static/vendor"
cd "$root/static/vendor"
found=$(find . -type f ! -name SHA256SUMS | sort)
if [ "${1:-}" = "--update" ]; then
  # shellcheck disable=SC2086 -- file names of the build contain no spaces
  sha256sum $found > SHA256SUMS
  echo "static/vendor/SHA256SUMS written."
  exit 0
fi
sha256sum --quiet --strict --check SHA256SUMS
# shellcheck disable=SC2086
if [ "$(printf '%s\n' $found)" != "$(cut -c67- SHA256SUMS)" ]; then
  echo "static/vendor holds files that SHA256SUMS does not list, or lacks some." >&2
  exit 1
fi
echo "static/vendor is what frontend/package-lock.json builds."
