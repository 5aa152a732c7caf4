#!/usr/bin/env bash
# Builds static/widget/v1.js from frontend/widget/widget.js. The first line of the result carries the source's checksum,
# and a test compares it, so a widget that was changed and not built does not pass.
set -euo pipefail

ESBUILD=0.25.12

root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
source="$root/frontend/widget/widget.js"
target="$root/static/widget/v1.js"
mkdir -p "$(dirname "$target")"
sum="$(sha256sum "$source" | cut -d' ' -f1)"
{
  printf '/*! Sofía web chat v1; source sha256 %s */\n' "$sum"
  npx --yes "esbuild@$ESBUILD" --minify --target=es2020 --charset=utf8 < "$source"
} > "$target.new"
mv "$target.new" "$target"
wc -c "$target"
