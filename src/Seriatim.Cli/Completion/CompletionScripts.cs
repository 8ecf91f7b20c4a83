namespace Seriatim.Cli;

/// <summary>
/// The scripts of four shells. Each asks the program itself, by the parser's <c>[suggest:POSITION]</c> directive with the line
/// behind the program's name, so that what is offered is what the program understands; where it offers nothing, files are.
/// </summary>
internal static class CompletionScripts
{
    private const string Bash = """
        # bash completion for seriatim: put it where bash-completion looks, or source it.
        _seriatim() {
            local line="${COMP_LINE#* }" before
            before="${COMP_LINE%%"$line"*}"
            local position=$((COMP_POINT - ${#before})) word="${COMP_WORDS[COMP_CWORD]}"
            local IFS=$'\n'
            COMPREPLY=($(compgen -W "$("${COMP_WORDS[0]}" "[suggest:$position]" "$line" 2>/dev/null)" -- "$word"))
        }
        complete -o default -F _seriatim seriatim

        """;

    private const string Zsh = """
        #compdef seriatim
        # zsh completion for seriatim: a file _seriatim in a folder of $fpath, or source it.
        _seriatim() {
            local line="${BUFFER#* }"
            local position=$((CURSOR - ${#BUFFER} + ${#line}))
            local -a offered
            offered=("${(@f)$("${words[1]}" "[suggest:$position]" "$line" 2>/dev/null)}")
            offered=("${(@)offered:#}")
            if (( ${#offered} )); then
                compadd -Q -- "${offered[@]}" || _files
            else
                _files
            fi
        }
        if [ "$funcstack[1]" = "_seriatim" ]; then
            _seriatim "$@"
        else
            compdef _seriatim seriatim
        fi

        """;

    private const string Fish = """
        # fish completion for seriatim: a file seriatim.fish in ~/.config/fish/completions.
        function __seriatim_offer
            set -l whole (commandline -cp)
            set -l line (string replace -r '^\s*\S+\s' '' -- "$whole")
            seriatim "[suggest:"(string length -- "$line")"]" "$line" 2>/dev/null
        end
        complete -c seriatim -a '(__seriatim_offer)'

        """;

    private const string PowerShell = """
        # PowerShell completion for seriatim: add it to $PROFILE.
        Register-ArgumentCompleter -Native -CommandName seriatim -ScriptBlock {
            param($wordToComplete, $commandAst, $cursorPosition)
            $whole = $commandAst.ToString().PadRight($cursorPosition)
            $name = $commandAst.CommandElements[0].Extent.Text
            $line = $whole.Substring([Math]::Min($name.Length + 1, $whole.Length))
            $position = [Math]::Max(0, $cursorPosition - $name.Length - 1)
            & $name "[suggest:$position]" "$line" 2>$null | Where-Object { $_ -like "$wordToComplete*" } | ForEach-Object {
                [System.Management.Automation.CompletionResult]::new($_, $_, 'ParameterValue', $_)
            }
        }

        """;

    public static IReadOnlyList<string> Shells { get; } = ["bash", "zsh", "fish", "pwsh"];

    public static string Of(string shell) => shell switch
    {
        "bash" => Bash,
        "zsh" => Zsh,
        "fish" => Fish,
        _ => PowerShell,
    };
}
