namespace Seriatim.Generation;

/// <summary>Refuses requests that mean nothing, contradict themselves, or could never run; and works out their limits.</summary>
internal sealed class RequestChecks(IGenerationModel model, EngineOptions options, int pages, int crossPages)
{
    /// <exception cref="GenerationException">The request is refused.</exception>
    public RequestLimits Check(GenerationRequest request)
    {
        if (model.Capability == ModelCapability.Encoder)
            throw new InvalidOptionException("Model", "an encoder", "only decoders and encoder-decoders generate; use EncodeAsync");
        IReadOnlyList<int> endIds = request.EndIds ?? options.EndIds;
        CheckTokens(request, endIds);
        CheckCounts(request);
        SamplingChecks.Check(request.Sampling, model.VocabularySize);
        CheckStops(request, endIds);
        int width = request.Beam is { } beam ? CheckBeam(request, beam) : request.BestOf ?? request.Count;
        if (width > options.MaxSequences)
            throw new RequestTooLargeException("sequences at a time", width, options.MaxSequences, "Make MaxSequences larger, or ask for fewer.");
        CheckSpeculation(request);
        return Fit(request, endIds, width, LimitsOf(request));
    }

    /// <summary>Most pages the request can come to need: what all sequences share, then what each has of its own.</summary>
    public long PagesAtMost(int prompt, int length, int width, AttentionWindow? reach)
    {
        var pages = new SequencePages(options.PageSize, reach, options.TokenBudget);
        long all = pages.Most(length);
        if (width == 1)
            return all;
        long shared = Math.Min(prompt / options.PageSize, all);
        return Math.Min(shared + width * (PagesOf(length) - shared) + 1, width * (all + 1));
    }

    private long PagesOf(int length) => ((long)length + options.PageSize - 1) / options.PageSize;

    private SequenceLimits LimitsOf(GenerationRequest request)
    {
        try
        {
            return model.LimitsOf(new SequenceTerms { Rope = request.Rope, Window = request.Window });
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
        int newTokens = request.MaxNewTokens ?? Math.Min(LargestFitting(prompt, width, limits), request.SoftMaxNewTokens ?? int.MaxValue);
        int declared = prompt + newTokens;
        long needed = PagesAtMost(prompt, declared, width, reach);
        if (needed > pages)
        {
            throw new RequestTooLargeException($"pages of {options.PageSize} tokens ({width} sequences of up to {declared} tokens)", needed, pages,
                "Ask for fewer new tokens or sequences, or give the engine more memory.");
        }

        if (newTokens == 0 && request.PromptLogprobs is null)
            throw new PromptTooLongException("The prompt", prompt, 1, context);
        CheckEncoderInput(request);
        OptionCheck.Contradiction(request.MinNewTokens > newTokens, "MinNewTokens", request.MinNewTokens, $"at most {newTokens} new tokens are possible");
        OptionCheck.Contradiction(request.ForcedPrefix.Count > newTokens, "ForcedPrefix", $"{request.ForcedPrefix.Count} tokens long",
            $"at most {newTokens} new tokens are possible");
        var terms = new SequenceTerms { DeclaredLength = declared, Rope = request.Rope, Window = request.Window };
        return new RequestLimits(newTokens, endIds, width, terms, reach);
    }

    private int LargestFitting(int prompt, int width, SequenceLimits limits)
    {
        long most = limits.Reach is null ? Math.Min(limits.Context, (long)pages * options.PageSize) : limits.Context;
        (long low, long high) = (prompt, Math.Max(prompt, most));
        while (low < high)
        {
            long middle = (low + high + 1) / 2;
            if (PagesAtMost(prompt, (int)middle, width, limits.Reach) <= pages)
                low = middle;
            else
                high = middle - 1;
        }

        return (int)(low - prompt);
    }

    private void CheckTokens(GenerationRequest request, IReadOnlyList<int> endIds)
    {
        if (request.Prompt.IsEmpty)
            throw new InvalidOptionException("Prompt", "empty", "at least one token is needed; give the beginning-of-sequence or decoder start id");
        foreach (int id in request.Prompt.Span)
            OptionCheck.Token("Prompt", id, model.VocabularySize);
        foreach (int id in request.EncoderInput.Span)
            OptionCheck.Token("EncoderInput", id, model.VocabularySize);
        OptionCheck.Tokens("EndIds", endIds, model.VocabularySize);
        OptionCheck.Tokens("StopIds", request.StopIds, model.VocabularySize);
        OptionCheck.Tokens("ForcedPrefix", request.ForcedPrefix, model.VocabularySize);
        if (request.ForcedEndId is { } forced)
            OptionCheck.Token("ForcedEndId", forced, model.VocabularySize);
        bool needsEncoder = model.Capability == ModelCapability.EncoderDecoder;
        if (needsEncoder && request.EncoderInput.IsEmpty)
            throw new InvalidOptionException("EncoderInput", "empty", "an encoder-decoder needs at least one token");
        OptionCheck.Contradiction(!needsEncoder && !request.EncoderInput.IsEmpty, "EncoderInput", $"{request.EncoderInput.Length} tokens long",
            "the model has no encoder; put everything into Prompt");
    }

    private void CheckCounts(GenerationRequest request)
    {
        int least = request.PromptLogprobs is null ? 1 : 0;
        OptionCheck.AtLeast("MaxNewTokens", request.MaxNewTokens ?? 1, least);
        OptionCheck.AtLeast("SoftMaxNewTokens", request.SoftMaxNewTokens ?? 1, 1);
        OptionCheck.AtLeast("MinNewTokens", request.MinNewTokens, 0);
        OptionCheck.AtLeast("Count", request.Count, 1);
        OptionCheck.AtLeast("BestOf", request.BestOf ?? request.Count, request.Count);
        OptionCheck.Between("Logprobs", request.Logprobs ?? 0, 0, model.VocabularySize);
        OptionCheck.Between("PromptLogprobs", request.PromptLogprobs ?? 0, 0, model.VocabularySize);
        if (request.Deadline is { } deadline && deadline <= TimeSpan.Zero)
            throw new InvalidOptionException("Deadline", deadline, "a time above zero is allowed");
    }

    private static void CheckStops(GenerationRequest request, IReadOnlyList<int> endIds)
    {
        OptionCheck.Contradiction(request.StopStrings.Count > 0 && request.Tokenizer is null, "StopStrings", "set",
            "they are looked for in text, and there is no Tokenizer to make it");
        if (request.StopStrings.Any(string.IsNullOrEmpty))
            throw new InvalidOptionException("StopStrings", "empty", "a stop string needs at least one character");
        OptionCheck.Contradiction(request.IgnoreEndIds && endIds.Count == 0, "IgnoreEndIds", "true", "there are no end ids to ignore");
        OptionCheck.Contradiction(request.IgnoreEndIds && request.ForcedEndId is not null, "ForcedEndId", request.ForcedEndId, "IgnoreEndIds is set");
    }

    private int CheckBeam(GenerationRequest request, BeamOptions beam)
    {
        OptionCheck.Between("Beam.Beams", beam.Beams, 2, Math.Max(2, model.VocabularySize / 2));
        if (!double.IsFinite(beam.LengthPenalty))
            throw new InvalidOptionException("Beam.LengthPenalty", beam.LengthPenalty, "a finite number is allowed");
        OptionCheck.NotNegative("Beam.DiversityPenalty", beam.DiversityPenalty);
        if (beam.Groups < 1 || beam.Beams % beam.Groups != 0)
            throw new InvalidOptionException("Beam.Groups", beam.Groups, $"a divisor of the {beam.Beams} beams is allowed");
        OptionCheck.Contradiction(beam.Groups == 1 && beam.DiversityPenalty != 0, "Beam.DiversityPenalty", beam.DiversityPenalty,
            "it needs more than one of Beam.Groups");
        OptionCheck.Contradiction(request.Count > beam.Beams, "Count", request.Count, $"at most the {beam.Beams} beams can be returned");
        OptionCheck.Contradiction(request.BestOf is not null, "BestOf", request.BestOf, "beam search returns its best Count by itself");
        OptionCheck.Contradiction(request.Sampling.HasWarpers && request.Sampling.Temperature != 0, "Sampling", "set",
            "temperature and truncation do not apply to beam search");
        OptionCheck.Contradiction(request.Sampling.HasTruncation, "Sampling", "set", "truncation does not apply to beam search");
        OptionCheck.Contradiction(request.Speculation is not null, "Speculation", "set", "drafts are for sampling, not for beam search");
        return beam.Beams;
    }

    private void CheckSpeculation(GenerationRequest request)
    {
        if (request.Speculation is not { } speculation)
            return;
        OptionCheck.Between("Speculation.MaxTokens", speculation.MaxTokens, 1, 64);
        OptionCheck.AtLeast("Speculation.MinNgram", speculation.MinNgram, 1);
        OptionCheck.AtLeast("Speculation.MaxNgram", speculation.MaxNgram, speculation.MinNgram);
        OptionCheck.Between("Speculation.Branches", speculation.Branches, 1, 16);
        if (!Enum.IsDefined(speculation.Kind))
            throw new InvalidOptionException("Speculation.Kind", speculation.Kind, "PromptLookup and DraftModel are allowed");
        bool model = speculation.Kind == SpeculationKind.DraftModel;
        OptionCheck.Contradiction(model && options.DraftModel is null, "Speculation.Kind", speculation.Kind, "the engine has no DraftModel");
        OptionCheck.Contradiction(model && speculation.Branches > 1, "Speculation.Branches", speculation.Branches, "a draft model drafts a chain");
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

        long needed = ((long)length + options.PageSize - 1) / options.PageSize;
        if (needed > crossPages)
            throw new RequestTooLargeException("pages of cross-attention", needed, crossPages, "Give the engine more memory.");
    }
}
