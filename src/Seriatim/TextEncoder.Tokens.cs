using Seriatim.Generation;
using Seriatim.Models;
using Seriatim.Tokenizers;

namespace Seriatim;

public sealed partial class TextEncoder
{
    /// <summary>
    /// The class of each token of a text (names, parts of speech); <see cref="TextEntity.Join"/> makes spans of them.
    /// </summary>
    /// <param name="text">The text.</param>
    /// <param name="cancellationToken">Ends the request before it runs.</param>
    /// <returns>The tokens of the text in order, without those that the tokenizer adds.</returns>
    /// <exception cref="ModelTaskException">The model is none of tokens.</exception>
    /// <exception cref="GenerationException">The text is too long.</exception>
    public async Task<IReadOnlyList<TaggedToken>> TagAsync(string text, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(text);
        Require(ModelTask.TokenClassification, "tag tokens", "An encoder with a ...ForTokenClassification head is needed");
        IReadOnlyList<EncodedToken> tokens = Tokenizer.EncodeWithOffsets(text);
        int[] places = [.. Enumerable.Range(0, tokens.Count).Where(i => tokens[i].Sequence >= 0)];
        if (places.Length == 0)
            return [];
        EncodingResult[] results = await Embedder.EncodeAsync(_opened, "token_classification",
            [new EncodingRequest { Tokens = tokens.Select(token => token.Id).ToArray(), LogitsAt = places }],
            cancellationToken).ConfigureAwait(false);
        return [.. places.Zip(results[0].Logits, (place, logits) => Tagged(text, tokens[place], logits))];
    }

    /// <summary>Where a text answers a question.</summary>
    /// <param name="question">The question.</param>
    /// <param name="context">The text.</param>
    /// <param name="options">What answers are looked for; null: the best one, which is there.</param>
    /// <param name="cancellationToken">Ends the request before it runs.</param>
    /// <returns>Answers, the most probable first; fewer than asked for if the text has no more spans.</returns>
    /// <exception cref="ModelTaskException">The model answers no questions.</exception>
    /// <exception cref="GenerationException">The question alone is too long; longer texts are asked in pieces.</exception>
    public async Task<IReadOnlyList<TextAnswer>> AnswerAsync(string question, string context, AnswerOptions? options = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(question);
        ArgumentNullException.ThrowIfNull(context);
        options ??= new AnswerOptions();
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Count, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.LongestAnswer, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Stride, 0);
        Require(ModelTask.QuestionAnswering, "answer questions", "An encoder with a ...ForQuestionAnswering head is needed");
        IReadOnlyList<EncodedToken>[] pieces =
            [.. AnswerPieces.Of(Tokenizer.EncodePair(question, context), Model.Spec.Context, options.Stride)];
        EncodingResult[] results = await Embedder.EncodeAsync(_opened, "question_answering",
            [.. pieces.Select(Asked)], cancellationToken).ConfigureAwait(false);
        return AnswerPieces.Join([.. pieces.Zip(results, (piece, result) =>
            AnswerSpans.Find(context, piece, result.Logits, options))], options);
    }

    private EncodingRequest Asked(IReadOnlyList<EncodedToken> tokens) => new()
    {
        Tokens = tokens.Select(token => token.Id).ToArray(),
        LogitsAt = [.. Enumerable.Range(0, tokens.Count)],
        TokenTypes = Model.Spec.Last.TokenTypes > 1 ? tokens.Select(token => token.TypeId).ToArray() : default,
    };

    private TaggedToken Tagged(string text, EncodedToken token, float[] logits)
    {
        double[] probabilities = Softmax(logits);
        int best = Array.IndexOf(probabilities, probabilities.Max());
        return new TaggedToken
        {
            Start = token.Start,
            End = token.End,
            Text = text[token.Start..token.End],
            Label = best < Labels.Count ? Labels[best] : $"LABEL_{best}",
            Probability = probabilities[best],
        };
    }
}
