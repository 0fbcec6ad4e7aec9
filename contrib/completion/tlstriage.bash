# bash completion for tlstriage                                             -*- shell-script -*-
_tlstriage()
{
    local cur prev words cword
    _init_completion -n = || return

    local commands='ingest deliver follow digest status explain sql prune quarantine reparse'
    local options='--db --config --now --quiet --help --version'
    local command='' word skip=''
    for word in "${words[@]:1:cword-1}"; do
        if [[ -n $skip ]]; then
            skip=''
        elif [[ $word == --db || $word == --config || $word == --now ]]; then
            skip=yes
        elif [[ $word != -* ]]; then
            command=$word
            break
        fi
    done

    case $prev in
        --db | --config | --queue)
            _filedir
            return
            ;;
        --format)
            local formats='text json mail'
            [[ $command != status ]] || formats='text json'
            COMPREPLY=($(compgen -W "$formats" -- "$cur"))
            return
            ;;
        --now | --since | --until)
            COMPREPLY=($(compgen -W "$(date -u +%Y-%m-%dT00:00:00Z)" -- "$cur"))
            return
            ;;
        --domain | --to | --days | --width | --timezone)
            return
            ;;
    esac

    case $command in
        '') [[ $cur == -* ]] || options=$commands ;;
        digest) options+=' --domain --since --until --format --to --queue --all --exit-code --width' ;;
        prune) options+=' --days --dry-run' ;;
        status) options+=' --days --format' ;;
        quarantine) [[ $cur == -* ]] || options='list show raw retry drop' ;;
        sql) options+=' --header' ;;
        explain)
            [[ $cur == -* ]] || options=$(tlstriage explain 2>/dev/null | sed -n 's/^ *\([a-z][a-z0-9-]*\).*/\1/p')
            ;;
        follow | ingest)
            [[ $command == ingest ]] || options+=' --journal --match --once --from-end'
            options+=' --timezone'
            if [[ $cur != -* ]]; then
                _filedir
                return
            fi
            ;;
    esac
    COMPREPLY=($(compgen -W "$options" -- "$cur"))
} &&
    complete -F _tlstriage tlstriage
