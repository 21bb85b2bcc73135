#!/bin/sh
# Lab Shopify schema: Shopify's own introspection files of three API versions, taken from its npm
# package (ISC). Only data is unpacked; nothing of the package is installed or run. Safe to repeat.
set -eu
package="@shopify/dev-mcp@1.16.0"
sum=4663c79229028e98f825a09d5f04ec6c3736331b740ce50260f9ffac10709474
versions="2026-07 2026-10 unstable"
root=$(cd "$(dirname "$0")/../.." && pwd)
folder="$root/.labs/shopify-schema"

missing=
for version in $versions; do
  [ -s "$folder/admin_$version.json.gz" ] || missing="$missing $version"
done
if [ -z "$missing" ]; then
  echo "lab Shopify schema: already here"
  exit 0
fi
if ! command -v npm >/dev/null; then
  if ! command -v apt-get >/dev/null || [ "$(id -u)" != 0 ]; then
    echo "lab Shopify schema: needs npm, or root on Debian to install it" >&2
    exit 1
  fi
  DEBIAN_FRONTEND=noninteractive
  export DEBIAN_FRONTEND
  apt-get update -qq
  apt-get install -y -qq --no-install-recommends npm >/dev/null
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
(cd "$work" && npm pack --silent "$package" >/dev/null)
tarball=$(ls "$work"/*.tgz)
echo "$sum  $tarball" | sha256sum --check --quiet
mkdir -p "$folder"
for version in $versions; do
  tar -xzf "$tarball" -C "$work" "package/dist/data/admin_$version.json.gz"
  mv "$work/package/dist/data/admin_$version.json.gz" "$folder/"
done
echo "lab Shopify schema: unpacked into .labs/shopify-schema"
