using Seriatim.Generation;
using Seriatim.Tokenizers;

namespace Seriatim.Web.Translate;

/// <summary>A whole translation after a pass.</summary>
/// <param name="Pass">The pass, from 1.</param>
/// <param name="Passes">How many there are.</param>
/// <param name="Tokens">Its tokens.</param>
public sealed record Refinement(int Pass, int Passes, IReadOnlyList<RefinedToken> Tokens)
{
    internal static Refinement Of(RefinementStep step, Tokenizer tokenizer)
    {
        TokenDecoder decoder = tokenizer.CreateDecoder(skipSpecialTokens: true);
        HashSet<int> masked = [.. step.Masked];
        return new Refinement(step.Pass, step.Passes, [.. step.TokenIds.Index().Select(token => new RefinedToken(
            decoder.Append(token.Item), Math.Exp(step.Logprobs[token.Index]), masked.Contains(token.Index)))]);
    }
}
