namespace Seriatim.Web.Chat;

/// <summary>A token of an answer.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Text">
/// What is shown of it: its text; nothing where a character that began before goes on, or where it is no text at all.
/// </param>
/// <param name="Logprob">Its log-probability; null: it was forced, or the server told none.</param>
/// <param name="Top">The most probable tokens at its place.</param>
/// <param name="IsForced">Whether it stood before the answer began: somebody chose it.</param>
public sealed record ChatToken(
    int Id, string Text, double? Logprob, IReadOnlyList<ChatAlternative> Top, bool IsForced = false)
{
    public double? Probability => Logprob is { } logprob ? Math.Exp(logprob) : null;

    /// <summary>How sure the model was, in steps for colours: 5 is quite sure, 0 hardly; null: not known.</summary>
    public int? Sureness => Probability switch
    {
        null => null,
        >= 0.9 => 5,
        >= 0.6 => 4,
        >= 0.3 => 3,
        >= 0.1 => 2,
        >= 0.02 => 1,
        _ => 0,
    };

    /// <summary>The text with signs in place of what cannot be seen.</summary>
    public string Visible => Show(Text);

    public static string Show(string text) => text.Length == 0 ? "∅" : text.Trim().Length > 0 ? text
        : text.Replace("\r", "", StringComparison.Ordinal).Replace("\n", "⏎", StringComparison.Ordinal)
            .Replace("\t", "⇥", StringComparison.Ordinal).Replace(" ", "␣", StringComparison.Ordinal);

    /// <summary>About how many bytes it holds.</summary>
    public int Bytes => 96 + 2 * Text.Length + 40 * Top.Count;
}
