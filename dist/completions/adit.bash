# Completion in bash for adit, aditctl and aditd. The words come from each program's own --help, so that they are always
# those of the installed version: lines "  verb VERB ARGUMENT" give verbs, "--option ARGUMENT" gives options.

# Options of the help text on standard input, one a line: name, then the kind of its argument (FILE, DIR, other, none).
_adit_options() {
    sed -E 's/-([a-zA-Z]), (--[a-z-]+) ([A-Z]+)/-\1 \3 \2 \3/' |
        grep -oE -- '(^|[^[:alnum:]-])-(-[a-z][a-z0-9-]*|[a-zA-Z])([ =]([A-Z]+|sha256//[A-Z0-9]+))?' | sed 's/^[^-]//' |
        awk -F'[ =]' '{ kind = $2 == "" ? "none" : $2 == "FILE" || $2 == "DIR" ? $2 : "other"
                        if (!($1 in seen) || seen[$1] == "none") seen[$1] = kind }
             END { for (o in seen) print o, seen[o] }'
}

# The words that may follow the words given, from the help text on standard input; ARGUMENTS in capitals as they stand.
_adit_next() {
    awk -v words="$*" 'BEGIN { n = split(words, w, " ") }
        /^  [a-z]/ { for (i = 1; i <= n; i++) if ($i != w[i] && $i !~ /^[A-Z]+$/) next
                     if ($(n + 1) ~ /^([a-z][a-z-]*|[A-Z]+)$/) print $(n + 1) }' | sort -u
}

_adit_complete() {
    local cmd=$1 cur=$2 prev=$3 help options kind name i next words=()
    COMPREPLY=()
    help=$("$cmd" --help 2>/dev/null) || return 0
    options=$(_adit_options <<<"$help")
    kind_of() { awk -v o="$1" '$1 == o { print $2 }' <<<"$options"; }
    for ((i = 1; i < COMP_CWORD; i++)); do
        name=${COMP_WORDS[i]}
        if [[ $name == -* ]]; then
            kind=$(kind_of "$name")
            [[ ${kind:-none} == none ]] || ((i++))
        else
            words+=("$name")
        fi
    done
    [[ $prev == -* ]] && kind=$(kind_of "$prev") || kind=none
    unset -f kind_of
    case ${kind:-none} in
    FILE) mapfile -t COMPREPLY < <(compgen -f -- "$cur"); return ;;
    DIR) mapfile -t COMPREPLY < <(compgen -d -- "$cur"); return ;;
    other) return ;;
    esac
    if [[ $cur == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$(awk '{ print $1 }' <<<"$options")" -- "$cur")
        return
    fi
    case ${cmd##*/} in
    adit) [[ ${#words[@]} -gt 0 ]] || next=connect ;;
    aditctl) next=$(_adit_next "${words[@]}" <<<"$help") ;;
    esac
    if [[ $next == NAME && ${words[0]} == user && ${words[1]} != add ]]; then # needs the right to read the database
        next=$("$cmd" user list --json 2>/dev/null </dev/null | grep -oE '"name": ?"[^"\\ ]+"' | sed 's/.*"\(.*\)"/\1/')
    fi
    next=$(grep -vxE '[A-Z]+' <<<"$next")
    mapfile -t COMPREPLY < <(compgen -W "$next" -- "$cur")
}

complete -F _adit_complete adit aditctl aditd
