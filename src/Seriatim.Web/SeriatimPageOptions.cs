namespace Seriatim.Web;

/// <summary>How the page works.</summary>
public sealed class SeriatimPageOptions
{
    /// <summary>
    /// Where the server's API is, as the page's own program reaches it; null: at the first address that the program listens at.
    /// </summary>
    public Uri? ApiAddress { get; set; }

    /// <summary>
    /// How many conversations are remembered, of all browsers together; those used longest ago are forgotten first.
    /// </summary>
    public int RememberedConversations { get; set; } = 1000;

    /// <summary>About how many bytes they may hold together.</summary>
    public long RememberedConversationBytes { get; set; } = 128L << 20;

    /// <summary>
    /// Whether who may open the page may train models and run the lab: that takes all cores for minutes or hours, and writes to
    /// the disk. Not unless it is said.
    /// </summary>
    public bool AllowsTraining { get; set; }

    /// <summary>
    /// Where runs of training and reports of the lab are kept; null: where <c>SERIATIM_DATA</c> says, else in the folder
    /// <c>seriatim</c> of the user's own data.
    /// </summary>
    public string? DataFolder { get; set; }

    /// <summary>
    /// Where recipes of training are looked for, each a folder with a <c>recipe.json</c>; null: in <c>recipes</c>.
    /// </summary>
    public string? RecipesFolder { get; set; }

    /// <summary>Most bytes of a text that is uploaded to be trained on.</summary>
    public long MaxTrainingTextBytes { get; set; } = 16L << 20;

    /// <summary>Whether the lab offers runs of a second or two, whose times mean nothing; for tests.</summary>
    internal bool OffersTinyLab { get; set; }

    /// <summary>The folder that <see cref="DataFolder"/> means.</summary>
    /// <param name="kind">The folder in it.</param>
    internal string FolderFor(string kind)
    {
        string? said = DataFolder ?? Environment.GetEnvironmentVariable("SERIATIM_DATA");
        if (said is { Length: > 0 })
            return Path.Combine(Path.GetFullPath(said), kind);
        string user = Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData);
        return Path.Combine(user.Length > 0 ? user : Path.GetTempPath(), "seriatim", kind);
    }
}
