namespace Seriatim.Lab;

/// <summary>Text that travels with the program, so that no experiment needs a download.</summary>
internal static class LabData
{
    /// <summary>Shakespeare, 1.1 million letters in the public domain (from karpathy/char-rnn).</summary>
    public static string Shakespeare { get; } = Read("shakespeare.txt");

    /// <summary>Chinese and English sentences that mean the same, written for the lab: for scores of the translators.</summary>
    public static IReadOnlyList<(string Chinese, string English)> Pairs { get; } =
    [
        .. Read("pairs.tsv").Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split('\t'))
            .Select(parts => (parts[0], parts[1].TrimEnd('\r'))),
    ];

    private static string Read(string name)
    {
        using Stream stream = typeof(LabData).Assembly.GetManifestResourceStream(name)
            ?? throw new InvalidOperationException($"{name} is not in the program.");
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
