namespace Seriatim.Formats.Tests;

/// <summary>What every refusal of a bad file must be: typed, about the file, and cheap.</summary>
internal static class Refusal
{
    /// <summary>Small files: whatever they claim, refusing them must not take more managed memory than this, bytes.</summary>
    public const long MostAllocated = 512 * 1024;

    public static ModelFormatException Of(string path, Action open, params string[] mentions)
    {
        // Once to load code and tables, once to count.
        Assert.Throws<ModelFormatException>(open);
        var before = GC.GetAllocatedBytesForCurrentThread();
        var exception = Assert.Throws<ModelFormatException>(open);
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.InRange(allocated, 0, MostAllocated);
        Assert.StartsWith(path, exception.Message, StringComparison.Ordinal);
        Assert.Equal(path, exception.FilePath);
        foreach (var mention in mentions)
            Assert.Contains(mention, exception.Message, StringComparison.Ordinal);
        return exception;
    }
}
