#!/bin/sh
# exports.sh LIBRARY [-D]: the library (-D: a shared one) shows adit_* and nothing else, and shows all that the header declares.
set -e
here=$(dirname "$0")
shown=$(nm $2 --defined-only --extern-only "$1" | awk '$2 ~ /[A-Z]/ {print $3}' | sed 's/@.*//' | sort)
others=$(echo "$shown" | grep -v '^adit_' || true)
if [ -n "$others" ]; then
    echo "exported though not adit_*:" $others
    exit 1
fi
declared=$(grep -o '\badit_[a-z0-9_]*(' "$here/../../../include/adit/adit.h" | tr -d '(' | sort -u)
missing=0
for f in $declared; do
    echo "$shown" | grep -qx "$f" || { echo "declared but not exported: $f"; missing=1; }
done
[ -n "$declared" ] && exit $missing
