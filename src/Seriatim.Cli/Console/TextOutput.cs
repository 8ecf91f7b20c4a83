namespace Seriatim.Cli;

/// <summary>Generated text on standard output as it comes: folded at words on a terminal, and as it is elsewhere.</summary>
internal sealed class TextOutput
{
    private readonly WordWrap? _wrap = !Console.IsOutputRedirected && Terminal.Output.Profile.Capabilities.Ansi
        ? new WordWrap(Terminal.Output.Profile.Width) : null;

    public async Task WriteAsync(string text)
    {
        await Console.Out.WriteAsync(_wrap?.Push(text) ?? text);
        await Console.Out.FlushAsync();
    }
}
