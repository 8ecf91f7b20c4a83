namespace Seriatim;

/// <summary>A run of tokens that a model of tokens gives one kind: a name, a place.</summary>
public sealed record TextEntity
{
    private const string Outside = "O";

    /// <summary>First char of its span in the text, in UTF-16 chars.</summary>
    public required int Start { get; init; }

    /// <summary>End of its span.</summary>
    public required int End { get; init; }

    /// <summary>What stands there.</summary>
    public required string Text { get; init; }

    /// <summary>Its kind: the class without <c>B-</c> or <c>I-</c>.</summary>
    public required string Kind { get; init; }

    /// <summary>The mean of the probabilities of its tokens.</summary>
    public required double Probability { get; init; }

    /// <summary>
    /// Joins neighbouring tokens of one kind; a class that begins with <c>B-</c> begins another, and <c>O</c> is no kind (Ramshaw
    /// and Marcus, 1995).
    /// </summary>
    /// <param name="text">The text.</param>
    /// <param name="tokens">Its tokens, in order.</param>
    public static IReadOnlyList<TextEntity> Join(string text, IReadOnlyList<TaggedToken> tokens)
    {
        ArgumentNullException.ThrowIfNull(text);
        ArgumentNullException.ThrowIfNull(tokens);
        var found = new List<TextEntity>();
        for (int i = 0; i < tokens.Count;)
        {
            (string kind, _) = KindOf(tokens[i].Label);
            int end = i + 1;
            while (end < tokens.Count && KindOf(tokens[end].Label) is var next && next.Kind == kind && !next.Begins)
                end++;
            if (kind != Outside)
            {
                (int first, int last) = (tokens[i].Start, tokens[end - 1].End);
                found.Add(new TextEntity
                {
                    Start = first,
                    End = last,
                    Text = text[first..last],
                    Kind = kind,
                    Probability = tokens.Skip(i).Take(end - i).Average(token => token.Probability),
                });
            }

            i = end;
        }

        return found;
    }

    private static (string Kind, bool Begins) KindOf(string label) =>
        label.StartsWith("B-", StringComparison.Ordinal) ? (label[2..], true)
            : label.StartsWith("I-", StringComparison.Ordinal) ? (label[2..], false) : (label, false);
}
