namespace Seriatim.Formats;

/// <summary>
/// A model file cannot be read: it is missing, damaged, hostile, or uses something this reader does not know. The message
/// names the file, the operand, the numbers that disagree, and what to do next.
/// </summary>
public sealed class ModelFormatException : SeriatimException
{
    /// <summary>Makes the exception for one file.</summary>
    /// <param name="filePath">The file (or folder) at fault, as the caller named it.</param>
    /// <param name="problem">What is wrong, with the operand and both numbers.</param>
    /// <param name="advice">What the reader of the message should do next.</param>
    /// <param name="innerException">The cause, where another exception was caught.</param>
    public ModelFormatException(string filePath, string problem, string advice, Exception? innerException = null)
        : base($"{filePath}: {problem} {advice}", innerException)
    {
        FilePath = filePath;
    }

    /// <summary>The file (or folder) at fault.</summary>
    public string FilePath { get; }

    internal const string AdviceDamaged =
        "The file is damaged or was written wrongly; download or convert it again.";

    /// <summary>Names come from hostile files: cut them, and show control characters as escapes.</summary>
    internal static string Quote(string name)
    {
        const int Longest = 80;
        var cut = name.Length > Longest ? name[..Longest] + "…" : name;
        if (cut.AsSpan().ContainsAnyInRange('\0', '\u001f'))
            cut = string.Concat(cut.Select(c => c < ' ' ? $"\\u{(int)c:x4}" : c.ToString()));
        return $"'{cut}'";
    }
}
