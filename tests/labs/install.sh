#!/bin/sh
# Installs every lab on Debian, as root. Safe to repeat.
set -eu
here=$(dirname "$0")
sh "$here/chromium.sh"
sh "$here/shopify_schema.sh"
sh "$here/odbc.sh"
