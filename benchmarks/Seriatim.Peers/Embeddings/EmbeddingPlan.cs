namespace Seriatim.Peers;

/// <summary>
/// Embeddings of texts by a model in the shape of all-MiniLM-L6-v2, from ids on: tokenizers are not
/// compared. The mean of all rows, at length 1.
/// </summary>
internal static class EmbeddingPlan
{
    public const int Texts = 200;
    public const int Vocabulary = 30522;
    private const int First = 101, Last = 102;

    /// <summary>Ids of texts from 6 to 60 tokens, as sentences have them; the same for everybody.</summary>
    public static int[][] Ids()
    {
        var random = new Random(1);
        return [.. Enumerable.Range(0, Texts).Select(_ =>
            (int[])[First, .. Enumerable.Range(0, random.Next(4, 59)).Select(_ => random.Next(1000, Vocabulary)), Last])];
    }

    public static PeerWork Work(PeerOptions options) => new([WorkPart.Milliseconds($"{Texts} embeddings, MiniLM")],
    [
        new PeerEntry("Seriatim", () => new SeriatimEmbedder(options.Threads)),
        new PeerEntry("ONNX Runtime", () => new OnnxEmbedder(options.Threads)),
    ]);
}
