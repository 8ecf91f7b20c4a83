using System.Text;

namespace Seriatim.Cli;

/// <summary>Lines to standard output or a file, each written out at once.</summary>
internal sealed class LineOutput : IDisposable
{
    private readonly StreamWriter? _file;

    private LineOutput(StreamWriter? file) => _file = file;

    /// <summary>Whether a terminal shows the lines as they come.</summary>
    public bool IsTerminal => _file is null && !Console.IsOutputRedirected;

    /// <param name="path">The file; null: standard output.</param>
    /// <param name="input">The file that is read meanwhile; it cannot be written too.</param>
    public static LineOutput Open(string? path, string? input)
    {
        if (path is null)
            return new LineOutput(null);
        if (input is not null && Path.GetFullPath(path) == Path.GetFullPath(input))
            throw new UsageException($"{path} is read and cannot be written too. Choose another file for -o.");
        return new LineOutput(new StreamWriter(path, append: false, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false)));
    }

    public async Task WriteAsync(string line)
    {
        TextWriter writer = _file ?? Console.Out;
        await writer.WriteAsync(line + "\n");
        await writer.FlushAsync();
    }

    public void Dispose() => _file?.Dispose();
}
