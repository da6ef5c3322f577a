#!/bin/sh
# hide.sh IN OUT: makes of a static library one whose only global names are adit_*, as the shared one has it: all of its
# objects become one, and their other names local to that. A program that has a function called rd_u8 can use it, too.
set -e
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${LD:-ld}" -r -o "$work/adit.o" --whole-archive "$1"
"${OBJCOPY:-objcopy}" --wildcard --keep-global-symbol='adit_*' "$work/adit.o"
rm -f "$2"
"${AR:-ar}" rcs "$2" "$work/adit.o"
