using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace Seriatim.Cli;

/// <summary><c>-h</c>: what is needed most, on one screen. <c>--help</c>: everything.</summary>
internal sealed class HelpAction(HelpOption option) : SynchronousCommandLineAction
{
    public override bool ClearsParseErrors => true;

    /// <summary>Puts our help in the place of the parser's.</summary>
    public static void Install(RootCommand root)
    {
        HelpOption option = root.Options.OfType<HelpOption>().Single();
        option.Description = "Help: -h for short, --help for all of it.";
        option.Action = new HelpAction(option);
    }

    public override int Invoke(ParseResult parseResult)
    {
        bool brief = parseResult.GetResult(option)?.IdentifierToken?.Value is not "--help";
        return Show(parseResult.CommandResult.Command, brief);
    }

    public static int Show(Command command, bool brief)
    {
        var text = new HelpText(Terminal.HelpWidth, Terminal.IsOutputColoured);
        Console.Out.Write(command is RootCommand root ? text.Overview(root) : brief ? text.Brief(command) : text.Full(command));
        return ExitCodes.Success;
    }
}
