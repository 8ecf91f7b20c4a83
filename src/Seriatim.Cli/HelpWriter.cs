using System.CommandLine;
using System.Text;

namespace Seriatim.Cli;

/// <summary>
/// Help and version texts come from the parser, which calls the program by its file; users call it <c>seriatim</c>. Commands do not write here.
/// </summary>
internal sealed class HelpWriter(TextWriter inner) : TextWriter
{
    public override Encoding Encoding => inner.Encoding;

    public override void Write(char value) => inner.Write(value);

    public override void Write(string? value) => inner.Write(value?.Replace(RootCommand.ExecutableName, "seriatim", StringComparison.Ordinal));

    public override void Flush() => inner.Flush();
}
