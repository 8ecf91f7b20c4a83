using System.Text;
using System.Text.RegularExpressions;

namespace Seriatim.Tokenizers;

/// <summary>
/// A regular expression from a file. There is a time limit for every match, so that a hostile pattern cannot hang; one that
/// repeats repetitions runs without backtracking if it can. (Others do not: that engine of .NET 10 overlooks matches, for example
/// of <c>\s?\p{P}+</c> in <c>Hello &lt;/s&gt;&lt;s&gt;[I] x</c>.) .NET matches UTF-16 units; text with characters beyond the BMP
/// is matched through a shadow in which each of them is one char of the same category (<see cref="ShadowChars"/>).
/// </summary>
internal sealed class RegexPattern : TextPattern
{
    private static readonly TimeSpan TimeLimit = TimeSpan.FromSeconds(2);

    private readonly Regex _regex;
    private readonly string _file;
    private readonly string _pattern;

    /// <summary>Creates the pattern from Oniguruma syntax; see <see cref="RegexTranslator"/>.</summary>
    /// <exception cref="TokenizerFormatException">The pattern is not one .NET understands.</exception>
    public RegexPattern(string pattern, string file, string component)
    {
        _file = file;
        _pattern = pattern;
        string translated = RegexTranslator.Translate(pattern, file, component, out bool nested);
        const RegexOptions Options = RegexOptions.CultureInvariant | RegexOptions.Multiline;
        try
        {
            _regex = nested ? WithoutBacktracking(translated, Options)
                : new Regex(translated, Options | RegexOptions.Compiled, TimeLimit);
        }
        catch (ArgumentException e)
        {
            throw new TokenizerFormatException(file, component,
                $"the regular expression {pattern} is not understood ({e.Message}); rewrite it or report it.", e);
        }
    }

    /// <summary>Whether the pattern runs in linear time.</summary>
    public bool IsLinear => (_regex.Options & RegexOptions.NonBacktracking) != 0;

    /// <inheritdoc/>
    public override void FindAll(ReadOnlySpan<char> text, PieceList matches)
    {
        try
        {
            if (text.IndexOfAnyInRange('\uD800', '\uDFFF') >= 0)
            {
                FindInShadow(text, matches);
                return;
            }

            foreach (ValueMatch match in _regex.EnumerateMatches(text))
            {
                matches.AddAlways(match.Index, match.Index + match.Length);
            }
        }
        catch (RegexMatchTimeoutException e)
        {
            throw new TokenizerFormatException(_file, "regular expression",
                $"{_pattern} needs more than {TimeLimit.TotalSeconds} s for one match in this text; use a pattern without nested "
                + "repetition.", e);
        }
    }

    private static Regex WithoutBacktracking(string pattern, RegexOptions options)
    {
        try
        {
            return new Regex(pattern, options | RegexOptions.NonBacktracking, TimeLimit);
        }
        catch (NotSupportedException)
        {
            // Lookaround, atomic groups and back references need backtracking.
            return new Regex(pattern, options | RegexOptions.Compiled, TimeLimit);
        }
    }

    private void FindInShadow(ReadOnlySpan<char> text, PieceList matches)
    {
        var shadow = new char[text.Length];
        var places = new int[text.Length + 1];
        int count = 0;
        for (int i = 0; i < text.Length;)
        {
            places[count] = i;
            Rune.DecodeFromUtf16(text[i..], out Rune rune, out int used);
            shadow[count++] = rune.IsBmp ? (char)rune.Value : ShadowChars.Of(rune);
            i += used;
        }

        places[count] = text.Length;
        foreach (ValueMatch match in _regex.EnumerateMatches(shadow.AsSpan(0, count)))
        {
            matches.AddAlways(places[match.Index], places[match.Index + match.Length]);
        }
    }
}
