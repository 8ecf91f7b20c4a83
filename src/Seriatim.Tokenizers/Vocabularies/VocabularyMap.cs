using System.Globalization;
using System.Runtime.InteropServices;

namespace Seriatim.Tokenizers;

/// <summary>
/// Which target tokens may come of which source tokens: what makes the vocabulary shortlist of a source (L'Hostis, Grangier,
/// Auli, 2016). The file is CTranslate2's <c>vmap.txt</c>: a line for each n-gram, its source tokens with spaces between them, a
/// tab, the target tokens with spaces between them; without source tokens: those that are candidates of every source.
/// </summary>
public sealed class VocabularyMap
{
    private readonly Tokenizer _tokenizer;
    private readonly Dictionary<string, int[]> _targets = new(StringComparer.Ordinal);
    private readonly SortedSet<int> _always = [];
    private int _longest;

    /// <summary>An empty map.</summary>
    /// <param name="tokenizer">Whose tokens it is about, of both sides.</param>
    public VocabularyMap(Tokenizer tokenizer)
    {
        ArgumentNullException.ThrowIfNull(tokenizer);
        _tokenizer = tokenizer;
        SpecialTokens special = tokenizer.SpecialTokens;
        foreach (int? id in (int?[])[special.Bos, special.Eos, tokenizer.UnkId])
        {
            if (id is { } known)
                _always.Add(known);
        }
    }

    /// <summary>Number of n-grams, the empty one left out.</summary>
    public int Count => _targets.Count;

    /// <summary>Candidates of every source, the tokens that begin and end a sequence and the unknown one among them.</summary>
    public IReadOnlyCollection<int> Always => _always;

    /// <summary>
    /// Gives candidates to an n-gram, in place of those it has; to none (empty): more candidates of every source.
    /// </summary>
    /// <param name="source">Token ids of the n-gram.</param>
    /// <param name="targets">Token ids of the candidates.</param>
    public void Set(ReadOnlySpan<int> source, ReadOnlySpan<int> targets)
    {
        if (source.IsEmpty)
        {
            foreach (int id in targets)
                _always.Add(id);
            return;
        }

        _targets[new string(KeyOf(source))] = targets.ToArray();
        _longest = Math.Max(_longest, source.Length);
    }

    /// <summary>The shortlist of a source: candidates of all its n-grams and those of every source, rising, each once.</summary>
    /// <param name="source">Token ids as the encoder reads them.</param>
    public int[] CandidatesOf(ReadOnlySpan<int> source)
    {
        var all = new HashSet<int>(_always);
        Dictionary<string, int[]>.AlternateLookup<ReadOnlySpan<char>> lookup = _targets.GetAlternateLookup<ReadOnlySpan<char>>();
        for (int length = 1; length <= Math.Min(_longest, source.Length); length++)
        {
            for (int first = 0; first + length <= source.Length; first++)
            {
                if (lookup.TryGetValue(KeyOf(source.Slice(first, length)), out int[]? targets))
                    all.UnionWith(targets);
            }
        }

        int[] ids = [.. all];
        Array.Sort(ids);
        return ids;
    }

    /// <summary>Reads a <c>vmap.txt</c>.</summary>
    /// <param name="path">The file, UTF-8.</param>
    /// <param name="tokenizer">Whose tokens it names.</param>
    /// <exception cref="TokenizerFormatException">
    /// A line has no tab or no target, or names a token that the tokenizer does not have; the message says which line.
    /// </exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static VocabularyMap Read(string path, Tokenizer tokenizer)
    {
        ArgumentNullException.ThrowIfNull(path);
        var map = new VocabularyMap(tokenizer);
        int number = 0;
        foreach (string line in File.ReadLines(path))
        {
            number++;
            if (line.Length == 0)
                continue;
            int tab = line.IndexOf('\t', StringComparison.Ordinal);
            if (tab < 0)
                throw new TokenizerFormatException(path, $"line {number}", "there is no tab between source and target tokens.");
            int[] targets = map.IdsOf(line[(tab + 1)..], path, number);
            if (targets.Length == 0)
                throw new TokenizerFormatException(path, $"line {number}", "there are no target tokens after the tab.");
            map.Set(map.IdsOf(line[..tab], path, number), targets);
        }

        if (map.Count == 0)
        {
            throw new TokenizerFormatException(
                path, "the map", "it has no source tokens; a line is an n-gram, a tab and target tokens.");
        }

        return map;
    }

    /// <summary>Writes it as <see cref="Read"/> reads it, in the order of the ids.</summary>
    /// <param name="writer">Where to.</param>
    /// <exception cref="TokenizerFormatException">
    /// A token has white space in its spelling, which the format cannot hold.
    /// </exception>
    public void Write(TextWriter writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.Write(string.Create(CultureInfo.InvariantCulture, $"\t{Spelt([.. _always])}\n"));
        foreach ((string key, int[] targets) in _targets.OrderBy(entry => entry.Key, StringComparer.Ordinal))
            writer.Write(string.Create(CultureInfo.InvariantCulture, $"{Spelt([.. IdsOf(key)])}\t{Spelt(targets)}\n"));
    }

    private static IEnumerable<int> IdsOf(string key)
    {
        for (int i = 0; i < key.Length; i += 2)
            yield return key[i] | (key[i + 1] << 16);
    }

    /// <summary>The ids as pairs of characters, in place.</summary>
    private static ReadOnlySpan<char> KeyOf(ReadOnlySpan<int> ids) => MemoryMarshal.Cast<int, char>(ids);

    private int[] IdsOf(string tokens, string path, int line)
    {
        string[] spelt = tokens.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        int[] ids = new int[spelt.Length];
        for (int i = 0; i < ids.Length; i++)
        {
            ids[i] = _tokenizer.IdOf(spelt[i]) ?? throw new TokenizerFormatException(
                path, $"line {line}",
                $"the tokenizer has no token '{spelt[i]}'. A map belongs to the tokenizer it was made with.");
        }

        return ids;
    }

    private string Spelt(int[] ids)
    {
        string[] pieces = [.. ids.Select(_tokenizer.PieceOf)];
        foreach (string piece in pieces)
        {
            if (piece.Any(char.IsWhiteSpace))
            {
                throw new TokenizerFormatException(
                    "vmap.txt", $"the token '{piece}'",
                    "it has white space, which separates tokens there; leave it out of the map.");
            }
        }

        return string.Join(' ', pieces);
    }
}
