#!/usr/bin/env bash
# tools/need-rust.sh VERSION [COMPONENT ...]
# Whether cargo is there and new enough, with these of its components; stops with a clear sentence where not. Installs nothing:
# how Rust comes to a machine is its owner's choice.
set -euo pipefail

wanted=$1
shift
cargo=${CARGO:-cargo}
where="rustup, Rust's own installer, has it; the packages of a distribution are often older"

if ! command -v "$cargo" >/dev/null 2>&1; then
    echo "Rust $wanted or newer is needed, and there is no cargo here: $where." >&2
    exit 1
fi
# "cargo 1.95.0 (abc 2026-01-01)", or with -nightly behind the number.
found=$("$cargo" --version | sed -E 's/^cargo ([0-9]+\.[0-9]+).*/\1/')
if [ "$(printf '%s\n%s\n' "$wanted" "$found" | sort -V | head -n1)" != "$wanted" ]; then
    echo "Rust $wanted or newer is needed, and cargo here is $found: $where." >&2
    exit 1
fi
for component in "$@"; do
    # rustfmt answers as `cargo fmt`.
    if ! "$cargo" "${component/rustfmt/fmt}" --version >/dev/null 2>&1; then
        echo "$component is needed: rustup component add $component, or your distribution's package of that name." >&2
        exit 1
    fi
done
