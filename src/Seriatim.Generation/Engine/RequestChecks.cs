using Seriatim.Tokenizers;

namespace Seriatim.Generation;

/// <summary>Refuses requests that mean nothing, contradict themselves, or could never run; and works out their limits.</summary>
internal sealed class RequestChecks(IGenerationModel model, EngineOptions options, MemoryPools? pools)
{
    /// <exception cref="GenerationException">The request is refused.</exception>
    public RequestLimits Check(GenerationRequest request)
    {
        Strategy strategy = Strategy.Of(request);
        if (model.Capability == ModelCapability.Encoder && strategy.Remembers)
        {
            throw new InvalidOptionException("Model", "an encoder",
                "only decoders and encoder-decoders generate; use EncodeAsync");
        }

        CheckMaskPredict(request, strategy);
        OptionCheck.Contradiction(request is { Strategy: not null, Beam: not null }, "Beam", "set",
            $"Strategy is {strategy.Name}; one of them is allowed");
        OptionCheck.Contradiction(request.Strategy is not null && (string.IsNullOrEmpty(strategy.Name)
            || Strategy.Own(strategy.Name) is not null), "Strategy",
            strategy.Name, "its Name is that of a strategy of the engine, or empty; saved states could not tell them apart");
        IReadOnlyList<int> endIds = request.EndIds ?? options.EndIds;
        CheckTokens(request, endIds);
        CheckShortlist(request, strategy, endIds);
        CheckCounts(request);
        SamplingChecks.Check(request.Sampling, model.VocabularySize);
        CheckGrammar(request, strategy);
        CheckStops(request, endIds);
        strategy.Check(request, model.VocabularySize);
        int width = strategy.WidthOf(request);
        if (width < 1)
            throw new InvalidOptionException("Strategy", strategy.Name, $"WidthOf gives {width}; 1 or more is allowed");
        if (width > options.MaxSequences)
        {
            throw new RequestTooLargeException("sequences at a time", width, options.MaxSequences,
                "Make MaxSequences larger, or ask for fewer.");
        }
        CheckSpeculation(request);
        return strategy.Remembers ? Fit(request, endIds, width, LimitsOf(request)) : Whole(request, endIds, width);
    }

    /// <summary>The limits of a state that goes on here, and whether it can.</summary>
    /// <exception cref="GenerationException">The state is refused.</exception>
    public RequestLimits Check(RequestState state)
    {
        LimitsOf(state.Request);
        string own = model.FingerprintOf(state.Request.Adapter);
        if (state.Model is { } other && other != own)
            throw new InvalidStateException(state.Request.Adapter is null ? "model" : "model or adapter", other, own);
        if (state.KeyValues is { } type && type != options.KeyValueType)
            throw new InvalidStateException("type of keys and values", $"{type}", $"{options.KeyValueType}, that of the engine");
        if (state.Request.Tokenizer is null && state.TokenizerHash is not null)
        {
            throw new InvalidStateException("tokenizer", "none", $"{state.TokenizerHash}; give it when the state is read");
        }

        foreach (SequenceState sequence in state.Live.Concat(state.Finished))
            OptionCheck.Tokens("Tokens", sequence.Tokens, model.VocabularySize);
        if (state.Request.Beam is not null)
            OptionCheck.Tokens("Numbers", state.Numbers.Where((_, i) => i % 2 == 1), model.VocabularySize);
        return Check(state.Request);
    }

    /// <summary>The limits of a request that remembers nothing: each of its sequences is read at once.</summary>
    private RequestLimits Whole(GenerationRequest request, IReadOnlyList<int> endIds, int width)
    {
        int length = request.Prompt.Length;
        CheckEncoderInput(request);
        if (length > model.ContextLength)
            throw new PromptTooLongException("The sequence", length, 0, model.ContextLength);
        if (length > options.TokenBudget)
        {
            throw new RequestTooLargeException("rows in one step", length, options.TokenBudget,
                "A sequence is read at once; make TokenBudget larger.");
        }

        OptionCheck.Contradiction(request.PromptLogprobs is not null, "PromptLogprobs", request.PromptLogprobs,
            $"the strategy {Strategy.Of(request).Name} reads its sequences as a whole");
        int newTokens = request.MaxNewTokens ?? Math.Max(1, Math.Min(model.ContextLength, options.TokenBudget) - length);
        OptionCheck.Contradiction(request.MinNewTokens > newTokens, "MinNewTokens", request.MinNewTokens,
            $"at most {newTokens} new tokens are possible");
        LimitsOf(request);
        return new RequestLimits(newTokens, endIds, width, TermsOf(request), null, Strategy.Of(request));
    }

    private SequenceLimits LimitsOf(GenerationRequest request)
    {
        try
        {
            return model.LimitsOf(TermsOf(request));
        }
        catch (SequenceTermsException exception)
        {
            throw new InvalidOptionException(exception.Term, exception.Value, exception.Allowed);
        }
    }

    private RequestLimits Fit(GenerationRequest request, IReadOnlyList<int> endIds, int width, SequenceLimits limits)
    {
        (int context, AttentionWindow? reach) = limits;
        int prompt = request.Prompt.Length;
        if (prompt > context)
            throw new PromptTooLongException("The prompt", prompt, 0, context);
        if (request.MaxNewTokens is { } asked && (long)prompt + asked > context)
            throw new PromptTooLongException("The prompt", prompt, asked, context);
        CheckEncoderInput(request);
        var demand = new MemoryDemand(prompt, options.TokenBudget, reach, request.EncoderInput.Length)
        {
            Prompt = prompt,
            Width = width,
        };
        int newTokens = request.MaxNewTokens
            ?? Math.Min(LargestFitting(demand, context) - prompt, request.SoftMaxNewTokens ?? int.MaxValue);
        int declared = prompt + newTokens;
        RequireRoom(demand with { Length = declared });
        if (newTokens == 0 && request.PromptLogprobs is null)
            throw new PromptTooLongException("The prompt", prompt, 1, context);
        OptionCheck.Contradiction(request.MinNewTokens > newTokens, "MinNewTokens", request.MinNewTokens,
            $"at most {newTokens} new tokens are possible");
        OptionCheck.Contradiction(request.ForcedPrefix.Count > newTokens, "ForcedPrefix",
            $"{request.ForcedPrefix.Count} tokens long", $"at most {newTokens} new tokens are possible");
        SequenceTerms terms = TermsOf(request) with { DeclaredLength = declared };
        return new RequestLimits(newTokens, endIds, width, terms, reach, Strategy.Of(request));
    }

    private static SequenceTerms TermsOf(GenerationRequest request) =>
        new() { Rope = request.Rope, Window = request.Window, Adapter = request.Adapter };

    /// <summary>The greatest length for which there are enough units of all kinds; at least that of the prompt.</summary>
    private int LargestFitting(MemoryDemand demand, int context)
    {
        (long low, long high) = (demand.Length, Math.Max(demand.Length, context));
        while (low < high)
        {
            long middle = (low + high + 1) / 2;
            if (Lacking(demand with { Length = (int)middle }) is null)
                low = middle;
            else
                high = middle - 1;
        }

        return (int)low;
    }

    /// <exception cref="RequestTooLargeException">The request could never run.</exception>
    private void RequireRoom(in MemoryDemand demand)
    {
        if (Lacking(demand) is { } pool)
            throw new RequestTooLargeException(pool.Describe(demand), pool.Most(demand), pool.Units, pool.Remedy);
    }

    /// <summary>The first pool that has fewer units than the request can come to need; null: none.</summary>
    private MemoryPool? Lacking(in MemoryDemand demand)
    {
        for (int kind = 0; kind < pools!.Count; kind++)
        {
            if (pools[kind].Most(demand) > pools[kind].Units)
                return pools[kind];
        }

        return null;
    }

    private void CheckTokens(GenerationRequest request, IReadOnlyList<int> endIds)
    {
        bool fills = model.Capability == ModelCapability.WholeTargets;
        OptionCheck.Contradiction(fills && !request.Prompt.IsEmpty, "Prompt", $"{request.Prompt.Length} tokens long",
            "the model fills in a whole target, of which nothing is given; leave it empty");
        if (request.Prompt.IsEmpty && !fills)
        {
            throw new InvalidOptionException("Prompt", "empty",
                "at least one token is needed; give the beginning-of-sequence or decoder start id");
        }
        foreach (int id in request.Prompt.Span)
            OptionCheck.Token("Prompt", id, model.VocabularySize);
        foreach (int id in request.EncoderInput.Span)
            OptionCheck.Token("EncoderInput", id, model.VocabularySize);
        OptionCheck.Tokens("EndIds", endIds, model.VocabularySize);
        OptionCheck.Tokens("StopIds", request.StopIds, model.VocabularySize);
        OptionCheck.Tokens("ForcedPrefix", request.ForcedPrefix, model.VocabularySize);
        if (request.ForcedEndId is { } forced)
            OptionCheck.Token("ForcedEndId", forced, model.VocabularySize);
        bool needsEncoder = model.Capability.HasSource();
        if (needsEncoder && request.EncoderInput.IsEmpty)
            throw new InvalidOptionException("EncoderInput", "empty", "an encoder-decoder needs at least one token");
        OptionCheck.Contradiction(!needsEncoder && !request.EncoderInput.IsEmpty, "EncoderInput",
            $"{request.EncoderInput.Length} tokens long", "the model has no encoder; put everything into Prompt");
    }

    private void CheckShortlist(GenerationRequest request, Strategy strategy, IReadOnlyList<int> endIds)
    {
        ReadOnlySpan<int> ids = request.Shortlist.Span;
        if (ids.IsEmpty)
            return;
        string given = $"{ids.Length} ids";
        OptionCheck.Contradiction(!model.SelectsOutputs, "Shortlist", given,
            "the head of the model caps its logits or is no linear layer, so it has no logits of some ids alone");
        OptionCheck.Contradiction(!strategy.Remembers, "Shortlist", given, $"{strategy.Name} fills in whole targets");
        OptionCheck.Contradiction(request.Adapter is not null, "Shortlist", given,
            $"the adapter {request.Adapter} may add to the head, of which a shortlist is a copy");
        OptionCheck.Contradiction(request.PromptLogprobs is not null, "Shortlist", given,
            "PromptLogprobs is set, and tokens of the prompt need not be in it");
        for (int i = 0; i < ids.Length; i++)
        {
            OptionCheck.Token("Shortlist", ids[i], model.VocabularySize);
            if (i > 0 && ids[i] <= ids[i - 1])
                throw new InvalidOptionException("Shortlist", $"{ids[i - 1]}, {ids[i]}", "ids that rise, each once, are allowed");
        }

        foreach (int id in request.ForcedPrefix)
        {
            if (ids.BinarySearch(id) < 0)
                throw new InvalidOptionException("Shortlist", given, $"the forced token {id} is not among them; add it");
        }

        if (endIds.Count > 0 && !request.IgnoreEndIds && request.Shortlist.Span.IndexOfAny([.. endIds]) < 0)
        {
            throw new InvalidOptionException("Shortlist", given,
                $"none of the ids that end a sequence ({string.Join(", ", endIds)}) is among them; add one, or set IgnoreEndIds");
        }
    }

    /// <summary>Models and requests for whole targets belong together.</summary>
    private void CheckMaskPredict(GenerationRequest request, Strategy strategy)
    {
        bool fills = model.Capability == ModelCapability.WholeTargets;
        OptionCheck.Contradiction(request.MaskPredict is not null && !fills, "MaskPredict", "set",
            "the model writes token by token; only a model that fills in whole targets can do it");
        OptionCheck.Contradiction(fills && request.Beam is not null, "Beam", "set",
            "the model fills in whole targets and has no beams; set MaskPredict.LengthCandidates");
        if (fills && strategy.Remembers)
        {
            throw new InvalidOptionException("MaskPredict", null,
                "the model fills in whole targets and does not continue sequences; set it");
        }
    }

    private void CheckCounts(GenerationRequest request)
    {
        int least = request.PromptLogprobs is null ? 1 : 0;
        OptionCheck.AtLeast("MaxNewTokens", request.MaxNewTokens ?? 1, least);
        OptionCheck.AtLeast("SoftMaxNewTokens", request.SoftMaxNewTokens ?? 1, 1);
        OptionCheck.AtLeast("MinNewTokens", request.MinNewTokens, 0);
        OptionCheck.AtLeast("Count", request.Count, 1);
        OptionCheck.AtLeast("BestOf", request.BestOf ?? request.Count, request.Count);
        int most = Math.Min(model.VocabularySize, options.MaxLogprobs);
        OptionCheck.Between("Logprobs", request.Logprobs ?? 0, 0, most);
        OptionCheck.Between("PromptLogprobs", request.PromptLogprobs ?? 0, 0, most);
        if (request.Timeout is { } timeout && timeout <= TimeSpan.Zero)
            throw new InvalidOptionException("Timeout", timeout, "a time above zero is allowed");
    }

    private static void CheckStops(GenerationRequest request, IReadOnlyList<int> endIds)
    {
        OptionCheck.Contradiction(request.StopStrings.Count > 0 && request.Tokenizer is null, "StopStrings", "set",
            "they are looked for in text, and there is no Tokenizer to make it");
        OptionCheck.Contradiction(request.ShownIds.Count > 0 && request.Tokenizer is null, "ShownIds", "set",
            "their text is shown, and there is no Tokenizer to make it");
        foreach (int id in request.ShownIds)
        {
            if (!request.Tokenizer!.IsSpecial(id))
                throw new InvalidOptionException("ShownIds", id, "the id of a special token is allowed; text is shown anyway");
        }

        if (request.StopStrings.Any(string.IsNullOrEmpty))
            throw new InvalidOptionException("StopStrings", "empty", "a stop string needs at least one character");
        OptionCheck.Contradiction(request.IgnoreEndIds && endIds.Count == 0, "IgnoreEndIds", "true",
            "there are no end ids to ignore");
        OptionCheck.Contradiction(request.IgnoreEndIds && request.ForcedEndId is not null, "ForcedEndId", request.ForcedEndId,
            "IgnoreEndIds is set");
    }

    private void CheckSpeculation(GenerationRequest request)
    {
        if (request.Speculation is not { } speculation)
            return;
        OptionCheck.Contradiction(request.Strategy is not null, "Speculation", "set",
            $"drafts are for sampling; Strategy is {request.Strategy?.Name}");
        OptionCheck.Between("Speculation.MaxTokens", speculation.MaxTokens, 1, 64);
        OptionCheck.AtLeast("Speculation.MinNgram", speculation.MinNgram, 1);
        OptionCheck.AtLeast("Speculation.MaxNgram", speculation.MaxNgram, speculation.MinNgram);
        OptionCheck.Between("Speculation.Branches", speculation.Branches, 1, 16);
        if (!Enum.IsDefined(speculation.Kind))
            throw new InvalidOptionException("Speculation.Kind", speculation.Kind, "PromptLookup and DraftModel are allowed");
        bool model = speculation.Kind == SpeculationKind.DraftModel;
        OptionCheck.Contradiction(model && options.DraftModel is null, "Speculation.Kind", speculation.Kind,
            "the engine has no DraftModel");
        OptionCheck.Contradiction(model && speculation.Branches > 1, "Speculation.Branches", speculation.Branches,
            "a draft model drafts a chain");
    }

    /// <summary>Compiles the grammar here, on the thread that submits, so that no step waits for it.</summary>
    private void CheckGrammar(GenerationRequest request, Strategy strategy)
    {
        if (request.Sampling.Grammar is not { } grammar)
            return;
        OptionCheck.Contradiction(!strategy.Remembers, "Sampling.Grammar", grammar.Kind,
            $"it is for tokens that are written one after another; {strategy.Name} changes them in place");
        Tokenizer tokenizer = request.Tokenizer ?? throw new InvalidOptionException("Sampling.Grammar", grammar.Kind,
            "it is about text, and there is no Tokenizer to tell the text of tokens; set Tokenizer");
        CompiledGrammar.Of(grammar, tokenizer, model.VocabularySize);
    }

    private void CheckEncoderInput(GenerationRequest request)
    {
        int length = request.EncoderInput.Length;
        if (length > model.ContextLength)
            throw new PromptTooLongException("The encoder's input", length, 0, model.ContextLength);
        if (length > options.TokenBudget)
        {
            throw new RequestTooLargeException("rows of the encoder in one step", length, options.TokenBudget,
                "An encoder reads its input at once; make TokenBudget larger.");
        }
    }
}
