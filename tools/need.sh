#!/usr/bin/env bash
# tools/need.sh WHY COMMAND:PACKAGE[,PACKAGE] ...
# Installs the Debian packages whose commands are missing; says what and why; stops with a clear sentence where it may not.
set -euo pipefail

why=$1
shift
missing=()
for pair in "$@"; do
    command -v "${pair%%:*}" >/dev/null 2>&1 && continue
    IFS=, read -ra packages <<<"${pair##*:}"
    missing+=("${packages[@]}")
done
[ ${#missing[@]} -eq 0 ] && exit 0

echo "Missing: ${missing[*]} (needed $why)."
if ! command -v apt-get >/dev/null 2>&1; then
    echo "This is no Debian system: please install ${missing[*]} with your package manager, then run make again." >&2
    exit 1
fi
as_root=()
if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null 2>&1; then
        echo "Installing needs root, and there is no sudo: as root, run: apt-get install ${missing[*]}" >&2
        exit 1
    fi
    as_root=(sudo)
fi
echo "Installing: ${as_root[*]} apt-get install ${missing[*]}"
if ! { "${as_root[@]}" apt-get update -qq &&
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null; }; then
    echo "The packages could not be installed. As root, run: apt-get install ${missing[*]} - then run make again." >&2
    exit 1
fi
