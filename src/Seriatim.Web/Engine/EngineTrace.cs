using System.Text;
using System.Text.Json;
using Seriatim.Web.Texts;

namespace Seriatim.Web.Engine;

/// <summary>Frames that were recorded: the lines of <c>/v1/engine/watch</c>, in a file that other tools read, too.</summary>
internal sealed class EngineTrace
{
    /// <summary>Most bytes of a trace: some twenty minutes.</summary>
    public const long MostBytes = 64L << 20;

    /// <summary>The longest line there can be: what is longer is no trace.</summary>
    private const int MostLine = 4 << 20;

    private readonly List<string> _lines = [];

    /// <summary>Bytes so far.</summary>
    public long Bytes { get; private set; }

    /// <summary>The lines.</summary>
    public IReadOnlyList<string> Lines => _lines;

    /// <summary>Whether nothing more fits.</summary>
    public bool IsFull { get; private set; }

    /// <summary>Adds a line, as long as there is room.</summary>
    public void Add(string line)
    {
        long bytes = Encoding.UTF8.GetByteCount(line) + 1;
        IsFull |= Bytes + bytes > MostBytes;
        if (IsFull)
            return;
        _lines.Add(line);
        Bytes += bytes;
    }

    /// <summary>The file.</summary>
    public Stream ToStream() => new MemoryStream(Encoding.UTF8.GetBytes(string.Concat(_lines.Select(line => line + "\n"))));

    /// <summary>Reads a file, all of it before any of it is shown.</summary>
    /// <param name="stream">The file, no longer than <see cref="MostBytes"/>.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <exception cref="SaidException">It is no trace; the line is named.</exception>
    public static async Task<EngineTrace> ReadAsync(Stream stream, CancellationToken cancellationToken)
    {
        var trace = new EngineTrace();
        using var reader = new StreamReader(stream, Encoding.UTF8);
        bool hasFrame = false;
        while (await reader.ReadLineAsync(cancellationToken).ConfigureAwait(false) is { } line)
        {
            if (line.Length == 0)
                continue;
            int number = trace._lines.Count + 1;
            try
            {
                if (line.Length > MostLine)
                    throw new JsonException($"{line.Length} characters");
                EngineLine read = EngineLine.Read(line);
                if (number == 1 && read.Object is EngineLine.Frame or EngineLine.Idle)
                    throw new JsonException("engine.opened is missing");
                hasFrame |= read.Object == EngineLine.Frame;
            }
            catch (JsonException failure)
            {
                throw new SaidException(EngineTexts.NoTrace, number, failure.Message.Split(". Path")[0]);
            }

            trace.Add(line);
        }

        return hasFrame ? trace : throw new SaidException(EngineTexts.EmptyTrace);
    }
}
