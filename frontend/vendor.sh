#!/usr/bin/env bash
# Fetches the browser libraries, the font and the icons from npm at the versions below and writes them to static/.
# Nothing is fetched at run time: what this script writes is committed, with its checksums in static/vendor/MANIFEST.
set -euo pipefail

HTMX=2.0.11
ALPINE_CSP=3.17.4
IDIOMORPH=0.8.0
FIGTREE=5.3.0
LUCIDE=1.62.0
SIMPLE_ICONS=16.37.0

root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT

unpack() { # unpack <folder> <package@version>
  mkdir -p "$work/$1"
  (cd "$work" && tar -xzf "$(npm pack --silent "$2")" -C "$1" --strip-components=1)
}

unpack htmx "htmx.org@$HTMX"
unpack alpine "@alpinejs/csp@$ALPINE_CSP"
unpack idiomorph "idiomorph@$IDIOMORPH"
unpack figtree "@fontsource-variable/figtree@$FIGTREE"
unpack lucide "lucide-static@$LUCIDE"
unpack simple-icons "simple-icons@$SIMPLE_ICONS"

vendor="$root/static/vendor"
rm -rf "$vendor"
mkdir -p "$vendor/htmx" "$vendor/alpine" "$vendor/idiomorph" "$vendor/figtree" "$root/static/icons"
cp "$work/htmx/dist/htmx.min.js" "$work/htmx/LICENSE" "$vendor/htmx/"
cp "$work/alpine/dist/cdn.min.js" "$vendor/alpine/alpine-csp.min.js"
cp "$work/idiomorph/dist/idiomorph-ext.min.js" "$work/idiomorph/LICENSE" "$vendor/idiomorph/"
cp "$work/figtree/files/figtree-latin-wght-normal.woff2" "$work/figtree/files/figtree-latin-ext-wght-normal.woff2" \
  "$work/figtree/LICENSE" "$vendor/figtree/"

node "$root/frontend/sprite.mjs" "$work/lucide/icons" "$work/simple-icons/icons" "$root/frontend/icons.txt" \
  > "$root/static/icons/sprite.svg"
cp "$work/lucide/LICENSE" "$root/static/icons/LICENSE"

manifest="$vendor/MANIFEST"
printf '# file  package  version  licence  sha256\n' > "$manifest"
record() { # record <path under static> <package> <version> <licence>
  printf '%s  %s  %s  %s  %s\n' "$1" "$2" "$3" "$4" "$(sha256sum "$root/static/$1" | cut -d' ' -f1)" >> "$manifest"
}
record vendor/htmx/htmx.min.js htmx.org "$HTMX" 0BSD
record vendor/alpine/alpine-csp.min.js @alpinejs/csp "$ALPINE_CSP" MIT
record vendor/idiomorph/idiomorph-ext.min.js idiomorph "$IDIOMORPH" 0BSD
record vendor/figtree/figtree-latin-wght-normal.woff2 @fontsource-variable/figtree "$FIGTREE" OFL-1.1
record vendor/figtree/figtree-latin-ext-wght-normal.woff2 @fontsource-variable/figtree "$FIGTREE" OFL-1.1
record icons/sprite.svg lucide-static+simple-icons "$LUCIDE+$SIMPLE_ICONS" ISC+CC0-1.0
echo "static/vendor and static/icons are up to date"
