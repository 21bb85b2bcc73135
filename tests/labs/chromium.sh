#!/bin/sh
# Lab Chromium: Debian's browser and its driver, always of the same version.
set -eu
if command -v chromium >/dev/null && command -v chromedriver >/dev/null; then
  echo "lab Chromium: already here"
  exit 0
fi
if ! command -v apt-get >/dev/null || [ "$(id -u)" != 0 ]; then
  echo "lab Chromium: needs root on Debian (packages chromium, chromium-driver)" >&2
  exit 1
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -y -qq --no-install-recommends chromium chromium-driver fonts-dejavu-core >/dev/null
echo "lab Chromium: installed"
