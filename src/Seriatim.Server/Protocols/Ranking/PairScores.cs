using Seriatim.Generation;
using Seriatim.Models;
using Seriatim.Tokenizers;

namespace Seriatim.Server;

/// <summary>
/// How well texts belong to others: by a classifier of pairs (a cross-encoder) where the model is one, else by the cosine of
/// their embeddings. Answers say which.
/// </summary>
internal static class PairScores
{
    /// <summary>What a classifier's answers are called.</summary>
    public const string Classifier = "classifier";

    /// <summary>What scores of embeddings are called.</summary>
    public const string Cosine = "cosine";

    /// <summary>The scores of pairs.</summary>
    /// <exception cref="ApiException">The model has more classes than relevant and not.</exception>
    public static async Task<(double[] Scores, string Method, int Tokens)> OfAsync(
        ApiCall call, ModelUse use, IReadOnlyList<(string First, string Second)> pairs)
    {
        use.RequireNoAdapter();
        if (use.Opened.Model.Spec.Task != ModelTask.SequenceClassification)
            return await ByCosineAsync(call, use, pairs).ConfigureAwait(false);
        EncodingRequest[] requests = [.. pairs.Select(pair => Request(use.Opened, pair))];
        int tokens = requests.Sum(request => request.Tokens.Length);
        EncodingResult[] results = await call.CountAsync(use, tokens,
            Embedder.EncodeAsync(use.Opened, "rerank", requests, call.Aborted)).ConfigureAwait(false);
        return ([.. results.Select(result => Score(use, result.Logits[0]))], Classifier, tokens);
    }

    private static async Task<(double[] Scores, string Method, int Tokens)> ByCosineAsync(
        ApiCall call, ModelUse use, IReadOnlyList<(string First, string Second)> pairs)
    {
        string[] texts = [.. pairs.SelectMany(pair => new[] { pair.First, pair.Second }).Distinct()];
        var input = new TextInput();
        input.Texts.AddRange(texts.Select(text => new TextPrompt(text, null)));
        (IReadOnlyList<float[]> vectors, int tokens) =
            await EmbeddingWork.RunAsync(call, use, input, cuts: false, null).ConfigureAwait(false);
        Dictionary<string, float[]> known = texts.Index().ToDictionary(text => text.Item, text => vectors[text.Index]);
        return ([.. pairs.Select(pair => EmbeddingWork.Cosine(known[pair.First], known[pair.Second]))], Cosine, tokens);
    }

    private static EncodingRequest Request(OpenedModel opened, (string First, string Second) pair)
    {
        IReadOnlyList<EncodedToken> tokens = opened.Tokenizer.EncodePair(pair.First, pair.Second);
        if (tokens.Count > opened.Model.Spec.Context)
        {
            throw ApiException.Invalid($"A pair of texts has {tokens.Count} tokens; the model reads {opened.Model.Spec.Context}. "
                + "Send shorter texts.", null, "context_length_exceeded");
        }

        var request = new EncodingRequest { Tokens = tokens.Select(token => token.Id).ToArray(), LogitsAt = [0] };
        return opened.Model.Spec.Last.TokenTypes > 1
            ? request with { TokenTypes = tokens.Select(token => token.TypeId).ToArray() } : request;
    }

    /// <summary>One class: how sure it is. Two: the probability of the second.</summary>
    private static double Score(ModelUse use, float[] logits) => logits.Length switch
    {
        1 => 1 / (1 + Math.Exp(-logits[0])),
        2 => 1 / (1 + Math.Exp(logits[0] - logits[1])),
        _ => throw ApiException.Invalid($"{use.Name} tells {logits.Length} classes apart; one that tells relevant from not is "
            + "needed.",
            "model", "wrong_task"),
    };
}
