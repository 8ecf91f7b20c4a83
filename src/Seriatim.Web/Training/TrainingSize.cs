using Seriatim.Web.Texts;

namespace Seriatim.Web.Training;

/// <summary>A size of model for a text of one's own.</summary>
/// <param name="Key">What it is called in forms.</param>
/// <param name="Name">What it is called.</param>
/// <param name="About">What it is for.</param>
/// <param name="Layers">Layers.</param>
/// <param name="Width">Width of a row.</param>
/// <param name="Heads">Heads of attention.</param>
/// <param name="Context">Tokens that it sees.</param>
/// <param name="Batch">Tokens of a step.</param>
/// <param name="Vocabulary">Tokens it knows, at most.</param>
/// <param name="Rate">The highest learning rate.</param>
/// <param name="Steps">Steps to begin with.</param>
internal sealed record TrainingSize(string Key, Text Name, Text About, int Layers, int Width, int Heads, int Context, int Batch,
    int Vocabulary, double Rate, int Steps)
{
    /// <summary>All of them.</summary>
    public static IReadOnlyList<TrainingSize> All { get; } =
    [
        new("tiny", TrainingTexts.Tiny, TrainingTexts.TinyAbout, 2, 64, 4, 64, 1024, 512, 3e-3, 400),
        new("small", TrainingTexts.Small, TrainingTexts.SmallAbout, 4, 128, 4, 128, 2048, 1024, 2e-3, 1000),
        new("medium", TrainingTexts.Medium, TrainingTexts.MediumAbout, 6, 256, 8, 256, 4096, 4096, 2e-3, 2000),
    ];

    /// <summary>The size of a key.</summary>
    public static TrainingSize Of(string key) => All.First(size => size.Key == key);
}
