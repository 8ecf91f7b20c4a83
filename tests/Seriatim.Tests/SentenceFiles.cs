namespace Seriatim.Tests;

/// <summary>The files that lie beside a sentence-embedding model.</summary>
internal static class SentenceFiles
{
    private static readonly string[] Modes = ["cls", "mean", "max", "mean_sqrt_len", "weightedmean", "lasttoken"];
    private static readonly string[] Keys =
        ["cls_token", "mean_tokens", "max_tokens", "mean_sqrt_len_tokens", "weightedmean_tokens", "lasttoken"];

    /// <summary>Writes <c>modules.json</c> and <c>1_Pooling</c>, as the reference library does.</summary>
    /// <param name="folder">The model's folder.</param>
    /// <param name="pooling">Ways of pooling, with blanks between.</param>
    /// <param name="width">Features of a row.</param>
    /// <param name="more">Modules after pooling.</param>
    public static void Write(string folder, string pooling, int width, params string[] more)
    {
        string[] names = ["Transformer", "Pooling", .. more.Length > 0 ? more : ["Normalize"]];
        File.WriteAllText(Path.Combine(folder, "modules.json"), "[" + string.Join(",\n", names.Select((name, i) =>
            $$"""{"idx": {{i}}, "name": "{{i}}", "path": "{{(i == 0 ? "" : $"{i}_{name}")}}", "type": "sentence_transformers.models.{{name}}"}""")) + "]");
        Directory.CreateDirectory(Path.Combine(folder, "1_Pooling"));
        File.WriteAllText(Path.Combine(folder, "1_Pooling", "config.json"), $$"""{"word_embedding_dimension": {{width}}, """ + string.Join(", ",
            Modes.Select((mode, i) => $"\"pooling_mode_{Keys[i]}\": {(pooling.Split(' ').Contains(mode) ? "true" : "false")}")) + "}");
    }
}
