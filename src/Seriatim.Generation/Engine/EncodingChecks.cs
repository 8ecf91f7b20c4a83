namespace Seriatim.Generation;

/// <summary>Refuses encoding requests that cannot be served.</summary>
internal static class EncodingChecks
{
    public static void Check(EncodingRequest request, IGenerationModel model, EngineOptions options)
    {
        if (request.Tokens.IsEmpty)
            throw new InvalidOptionException("Tokens", "empty", "at least one token is needed");
        foreach (int id in request.Tokens.Span)
            OptionCheck.Token("Tokens", id, model.VocabularySize);
        if (request.TokenTypes.Length != 0 && request.TokenTypes.Length != request.Tokens.Length)
        {
            throw new InvalidOptionException("TokenTypes", $"{request.TokenTypes.Length} long",
                $"one for each of the {request.Tokens.Length} tokens, or none, is allowed");
        }

        RequireAdapter(request, model);
        RequirePattern(request, model);
        OptionCheck.Contradiction(request.TokenTypes.Length != 0 && model.Capability != ModelCapability.Encoder,
            "TokenTypes", "set", "the model has no token types");
        OptionCheck.Contradiction(request.Pooling is null && request.LogitsAt.Count == 0, "Pooling", null,
            "it or LogitsAt must be set");
        OptionCheck.Contradiction(request.Normalize && request.Pooling is null, "Normalize", true,
            "there is no embedding to scale; set Pooling");
        OptionCheck.Contradiction(request.Pooling is null && request.MorePooling.Count > 0, "MorePooling", "set",
            "Pooling comes first; set it");
        foreach (PoolingKind pooling in request.MorePooling.Concat(request.Pooling is { } first ? [first] : []))
        {
            if (!Enum.IsDefined(pooling))
            {
                throw new InvalidOptionException("Pooling", pooling,
                    $"{string.Join(", ", Enum.GetNames<PoolingKind>())} are allowed");
            }
        }

        OptionCheck.Contradiction(request.LogitsAt.Count > 0 && model.Capability != ModelCapability.Encoder, "LogitsAt", "set",
            "only encoders give logits at places; use PromptLogprobs of a generation request");
        OptionCheck.Contradiction(request.LogitsAt.Count > 0 && model.Outputs == 0, "LogitsAt", "set",
            "the model is an encoder without a head, which has no logits; ask for Pooling");
        if (request.LogitsAt.Count > request.Tokens.Length)
        {
            throw new InvalidOptionException("LogitsAt", $"{request.LogitsAt.Count} places",
                $"at most one for each of the {request.Tokens.Length} tokens is allowed");
        }

        foreach (int place in request.LogitsAt)
            OptionCheck.Between("LogitsAt", place, 0, request.Tokens.Length - 1);
        if (request.Tokens.Length > model.ContextLength)
            throw new PromptTooLongException("The sequence", request.Tokens.Length, 0, model.ContextLength);
        if (request.Tokens.Length > options.TokenBudget)
        {
            throw new RequestTooLargeException("rows in one step", request.Tokens.Length, options.TokenBudget,
                "A sequence is read at once; make TokenBudget larger.");
        }
    }

    private static void RequireAdapter(EncodingRequest request, IGenerationModel model)
    {
        if (request.Adapter is not { } adapter)
            return;
        try
        {
            model.LimitsOf(new SequenceTerms { Adapter = adapter });
        }
        catch (SequenceTermsException exception)
        {
            throw new InvalidOptionException(exception.Term, exception.Value, exception.Allowed);
        }
    }

    private static void RequirePattern(EncodingRequest request, IGenerationModel model)
    {
        if (request.Pattern is not { } pattern)
            return;
        OptionCheck.Contradiction(model.Capability == ModelCapability.Decoder, "Pattern", "set",
            "a decoder has no sparse attention");
        try
        {
            model.CheckPattern(pattern, request.Tokens.Length);
        }
        catch (ArgumentException exception)
        {
            throw new InvalidOptionException("Pattern", $"{pattern.Globals.Count} global tokens"
                + (pattern.Blocks is { } plan ? $" and {plan.Blocks} blocks" : ""), exception.Message);
        }
    }
}
