using System.Text;
using Seriatim.Web.Texts;

namespace Seriatim.Web.Training;

/// <summary>Texts that are uploaded: how long they may be, and what they must be.</summary>
internal static class TrainingText
{
    /// <summary>Fewest characters: of a shorter text nothing would be left for validation.</summary>
    public const int LeastCharacters = 2000;

    /// <summary>Refuses a file by its size, before any of it is read.</summary>
    /// <param name="name">What its owner calls it.</param>
    /// <param name="bytes">Its size.</param>
    /// <param name="most">Most bytes.</param>
    /// <exception cref="SaidException">It is too long, or empty.</exception>
    public static void CheckSize(string name, long bytes, long most)
    {
        if (bytes == 0)
            throw new SaidException(TrainingTexts.Empty, name);
        if (bytes > most)
            throw new SaidException(TrainingTexts.TooLong, name, Numbers.Bytes(bytes), Numbers.Bytes(most));
    }

    /// <summary>The text of a file.</summary>
    /// <param name="name">What its owner calls it.</param>
    /// <param name="bytes">What it holds.</param>
    /// <exception cref="SaidException">It is no text, or a short one.</exception>
    public static string Read(string name, ReadOnlySpan<byte> bytes)
    {
        string text;
        try
        {
            text = new UTF8Encoding(false, throwOnInvalidBytes: true)
                .GetString(bytes.StartsWith(Encoding.UTF8.Preamble) ? bytes[3..] : bytes);
        }
        catch (DecoderFallbackException failure)
        {
            throw new SaidException(TrainingTexts.NoText, name, Numbers.Whole(failure.Index));
        }

        if (text.IndexOf('\0', StringComparison.Ordinal) is >= 0 and var zero)
            throw new SaidException(TrainingTexts.NoText, name, Numbers.Whole(zero));
        return text.Length >= LeastCharacters ? text
            : throw new SaidException(TrainingTexts.TooShort, name, Numbers.Whole(text.Length), Numbers.Whole(LeastCharacters));
    }

    /// <summary>The beginning of a text, as far as a sample goes on from it.</summary>
    public static string BeginningOf(string text)
    {
        string line = text.Split('\n').Select(one => one.Trim()).FirstOrDefault(one => one.Length > 0) ?? "";
        string[] words = line.Split(' ', 5, StringSplitOptions.RemoveEmptyEntries);
        string beginning = string.Join(' ', words.Take(4));
        return beginning.Length <= 40 ? beginning : beginning[..(char.IsHighSurrogate(beginning[39]) ? 39 : 40)];
    }
}
