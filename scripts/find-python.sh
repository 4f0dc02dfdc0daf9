#!/usr/bin/env bash
# Prints a Python 3.11 or says how to get one.
set -u
for candidate in "${1:-python3.11}" python3.11 python3 python; do
  if command -v "$candidate" > /dev/null 2>&1 \
    && "$candidate" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' 2> /dev/null; then
    command -v "$candidate"
    exit 0
  fi
done
echo "Python 3.11 was not found: install it (Debian: apt install python3.11 python3.11-venv), or name it: make PYTHON=/path/to/python3.11 demo" >&2
exit 1
