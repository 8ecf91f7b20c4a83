using System.Text.RegularExpressions;

namespace Seriatim;

/// <summary>A model on the hub: <c>owner/name</c>, the revision that is wanted, and which of its GGUF files.</summary>
/// <param name="Owner">User or organisation.</param>
/// <param name="Name">Name of the model.</param>
/// <param name="Revision">A branch, a tag or a commit.</param>
/// <param name="Tag">A tag such as Q4_K_M or the name of a .gguf file; null: what there is, or the default.</param>
internal sealed partial record HubId(string Owner, string Name, string Revision, string? Tag = null)
{
    public const string Rules =
        "owner/name, owner/name@revision or owner/name:Q4_K_M, of letters, digits, '-', '_' and '.', each part up to 96 long";

    public string Path => $"{Owner}/{Name}";

    /// <summary>Whether the revision is a commit, which never changes.</summary>
    public bool IsCommit => Revision.Length == 40 && Revision.All(char.IsAsciiHexDigitLower);

    public override string ToString() => (Revision == "main" ? Path : $"{Path}@{Revision}") + (Tag is null ? "" : $":{Tag}");

    public static bool TryParse(string text, out HubId id)
    {
        Match match = Form().Match(text);
        string revision = match.Groups[3].Success ? match.Groups[3].Value : "main";
        string tag = match.Groups[4].Value;
        id = new HubId(match.Groups[1].Value, match.Groups[2].Value, revision, tag.Length == 0 || tag == "latest" ? null : tag);
        return match.Success && IsPart(id.Owner) && IsPart(id.Name) && IsPlace(revision) && (tag.Length == 0 || IsPlace(tag));
    }

    private static bool IsPlace(string place) =>
        place.Split('/').All(part => part.Length is > 0 and <= 200 && part is not ("." or ".."));

    /// <summary>The hub's own rules for names; they also keep a name inside the cache's folder.</summary>
    private static bool IsPart(string part) =>
        part.Length <= 96 && part[0] is not ('.' or '-') && part[^1] is not ('.' or '-') &&
        !part.Contains("--", StringComparison.Ordinal) && !part.Contains("..", StringComparison.Ordinal);

    [GeneratedRegex(
        @"\A(?:(?:https?://)?(?:hf\.co|huggingface\.co)/)?([A-Za-z0-9._-]+)/([A-Za-z0-9._-]+)"
        + @"(?:@([A-Za-z0-9._/-]+))?(?::([A-Za-z0-9._/-]+))?/?\z")]
    private static partial Regex Form();
}
