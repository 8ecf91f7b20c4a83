namespace Seriatim.Training;

/// <summary>What the scores of translations share.</summary>
internal static class Segments
{
    public static void Check(IReadOnlyList<string> hypotheses, IReadOnlyList<IReadOnlyList<string>> references)
    {
        ArgumentNullException.ThrowIfNull(hypotheses);
        ArgumentNullException.ThrowIfNull(references);
        if (hypotheses.Count != references.Count || hypotheses.Count == 0)
        {
            throw new ArgumentException($"{hypotheses.Count} segments of output and {references.Count} with references; as many "
                + "of both are needed, and at least one.");
        }
        for (int i = 0; i < references.Count; i++)
        {
            if (references[i].Count == 0)
                throw new ArgumentException($"Segment {i + 1} has no reference.");
        }
    }

    /// <summary>How often each run of some tokens occurs.</summary>
    public static Dictionary<string, int> Grams(string[] tokens, int order, string between)
    {
        var grams = new Dictionary<string, int>(StringComparer.Ordinal);
        for (int i = 0; i + order <= tokens.Length; i++)
        {
            string gram = string.Join(between, tokens, i, order);
            grams[gram] = grams.GetValueOrDefault(gram) + 1;
        }

        return grams;
    }
}
