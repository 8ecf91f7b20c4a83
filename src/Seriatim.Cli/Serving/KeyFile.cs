using System.Globalization;
using Seriatim.Server;

namespace Seriatim.Cli;

/// <summary>
/// A file of API keys, one a line, each with what it may use: <c>KEY name=ann priority=5 rpm=60 tpm=100000 parallel=4</c>. Empty
/// lines and those that begin with a hash are none.
/// </summary>
internal static class KeyFile
{
    public static IEnumerable<ApiKeyOptions> Read(string path, ClientLimits usual)
    {
        int number = 0;
        var keys = new List<ApiKeyOptions>();
        foreach (string line in File.ReadLines(path))
        {
            number++;
            if (line.Trim() is { Length: > 0 } text && text[0] != '#')
                keys.Add(Key(text, $"{path}, line {number}", usual));
        }

        return keys.Count > 0 ? keys : throw new UserErrorException($"{path} has no API key in it; write one a line.");
    }

    private static ApiKeyOptions Key(string line, string place, ClientLimits usual)
    {
        string[] words = line.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        var key = new ApiKeyOptions { Key = words[0], Limits = usual };
        foreach (string word in words.Skip(1))
        {
            int at = word.IndexOf('=', StringComparison.Ordinal);
            (string name, string value) = at < 0 ? (word, "") : (word[..at], word[(at + 1)..]);
            ClientLimits limits = key.Limits!;
            key = name switch
            {
                "name" when value.Length > 0 => key with { Name = value },
                "priority" => key with { Priority = Number(value) },
                "rpm" => key with { Limits = limits with { RequestsPerMinute = Number(value) } },
                "tpm" => key with { Limits = limits with { TokensPerMinute = Number(value) } },
                "parallel" => key with { Limits = limits with { Concurrency = Number(value) } },
                _ => throw Wrong(word),
            };

            int Number(string text) =>
                int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int read)
                ? read : throw Wrong(word);
        }

        return key;

        // The key itself is not told.
        UserErrorException Wrong(string word) => new(
            $"{place}: '{word}' is not understood; after the key stand name=NAME, priority=N, rpm=N, tpm=N, parallel=N.");
    }
}
