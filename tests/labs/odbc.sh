#!/bin/sh
# Lab ODBC: Apache Derby behind IBM's CLI ODBC driver, a stand-in Db2 for i. Safe to repeat.
# Installing ibm-db brings IBM's driver (clidriver): who installs it accepts IBM's licence
# (site-packages/clidriver/license/UNIX/odbc_LI_en). Nothing of it is copied, built in or shipped by this project.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
source="$root/tests/odbc_lab"
folder="$root/.labs/odbc"
python="$root/.venv/bin/python"
jars=/usr/share/java/derby.jar:/usr/share/java/derbynet.jar

if [ ! -x "$python" ]; then
  echo "lab ODBC: needs .venv; run make labs" >&2
  exit 1
fi
if [ "$(uname -m)" != x86_64 ]; then
  echo "lab ODBC: IBM's driver comes for x86-64 only" >&2
  exit 1
fi

packages=
[ -f /usr/share/java/derbynet.jar ] || packages="$packages libderby-java"
[ -e /usr/lib/x86_64-linux-gnu/libodbc.so.2 ] || packages="$packages unixodbc"
command -v javac >/dev/null || packages="$packages default-jdk-headless"
command -v gcc >/dev/null || packages="$packages gcc libc6-dev"
if [ -n "$packages" ]; then
  if ! command -v apt-get >/dev/null || [ "$(id -u)" != 0 ]; then
    echo "lab ODBC: needs root on Debian (packages$packages)" >&2
    exit 1
  fi
  DEBIAN_FRONTEND=noninteractive
  export DEBIAN_FRONTEND
  apt-get update -qq
  # shellcheck disable=SC2086 # one word a package
  apt-get install -y -qq --no-install-recommends $packages >/dev/null
fi

if ! "$python" -c 'import ibm_db, pyodbc' 2>/dev/null; then
  echo "lab ODBC: installing ibm-db, and with it IBM's driver: you accept IBM's licence by it"
  "$python" -m pip install --quiet 'pyodbc>=5.2' 'ibm-db==3.3.0'
fi
driver=$("$python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/clidriver

# Built anew only when a source or the driver's place changed.
stamp=$(cat "$source"/server/*.java "$source"/server/*.sql "$source"/odbc64.c "$0" | sha256sum | cut -d' ' -f1)
if [ "$(cat "$folder/built" 2>/dev/null)" = "$stamp $driver" ]; then
  echo "lab ODBC: already here"
  exit 0
fi
rm -rf "$folder/classes"
mkdir -p "$folder/classes" "$folder/sql"
javac --release 17 -nowarn -cp "$jars" -d "$folder/classes" "$source"/server/*.java
cp "$source"/server/*.sql "$folder/sql/"
gcc -O1 -Wall -shared -fPIC -o "$folder/db2-64.so" "$source/odbc64.c" -Wl,--no-as-needed \
  "-L$driver/lib" -l:libdb2.so.1 "-Wl,-rpath,$driver/lib" -ldl
cat >"$folder/lab.json" <<JSON
{"driver": "db2-64.so", "classes": "classes", "jars": "$jars", "scripts": ["sql/machine.sql", "sql/services.sql", "sql/catalog.sql"]}
JSON
echo "$stamp $driver" >"$folder/built"
echo "lab ODBC: built in .labs/odbc"
