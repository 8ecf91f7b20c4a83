using Microsoft.Extensions.Logging;

namespace Seriatim.Generation;

/// <summary>
/// How much an engine may use, and how it shares it out. None of it changes what a request
/// gives, except <see cref="KeyValueType"/>.
/// </summary>
public sealed record EngineOptions
{
    private readonly int? _maxSequences;

    /// <summary>States that the prefix cache of a model without pages keeps at most, unless they are counted.</summary>
    private const long MostKeptStates = 1 << 16;

    /// <summary>
    /// Pages that a budget of bytes makes at most: where a position takes next to nothing (ids), the list of pages would be most
    /// of it.
    /// </summary>
    private const int MostPages = 1 << 22;

    /// <summary>
    /// Bytes for what all sequences remember: keys and values, recurrent states (a draft model and cross-attention get as many
    /// pages again, if the bytes are enough for them). At least one page, and two states where layers keep any.
    /// </summary>
    public long MemoryBytes { get; init; } = 1L << 30;

    /// <summary>Number of pages, instead of <see cref="MemoryBytes"/>; null: from the bytes.</summary>
    public int? Pages { get; init; }

    /// <summary>
    /// Number of recurrent states, for models that have any: two for each sequence that runs, the others for places that the
    /// prefix cache can go on from. Null: from <see cref="MemoryBytes"/>: two for each of <see cref="MaxSequences"/>, but beside
    /// pages no more than half of the bytes, and a quarter of the rest for the cache; without pages all of them, up to 65,536
    /// for the cache. With <see cref="Pages"/>: one for each page besides the two.
    /// </summary>
    public int? States { get; init; }

    /// <summary>Positions in a page: 1, 2, 4, 8 or a multiple of 16.</summary>
    public int PageSize { get; init; } = 16;

    /// <summary>
    /// How keys and values are kept: F16 takes half the memory of F32, Q8 a good quarter. This one does change what a request
    /// gives, by what is rounded; everything else still does not.
    /// </summary>
    public KeyValueType KeyValueType { get; init; } = KeyValueType.F32;

    /// <summary>
    /// Most rows of a forward pass: decoding first, the rest for chunks of prompts. At least <see cref="MaxSequences"/>.
    /// </summary>
    public int TokenBudget { get; init; } = 512;

    /// <summary>
    /// The longest a step should take: prompts get fewer rows of the budget if the steps before say that more would take longer.
    /// A newcomer waits for the step under way, so this is about how long its first token takes beside a long prompt.
    /// <see cref="Timeout.InfiniteTimeSpan"/>: as long as the budget takes.
    /// </summary>
    public TimeSpan StepTime { get; init; } = TimeSpan.FromMilliseconds(150);

    /// <summary>Rows a prompt gets in a step before others get theirs; null: a quarter of the budget.</summary>
    public int? PrefillChunk { get; init; }

    /// <summary>Most sequences (beams, samples) that run at the same time.</summary>
    public int MaxSequences
    {
        get => _maxSequences ?? 64;
        init => _maxSequences = value;
    }

    /// <summary>
    /// Whether somebody gave <see cref="MaxSequences"/>; what is merely usual may be another number for another model.
    /// </summary>
    internal bool SaysMaxSequences => _maxSequences is not null;

    /// <summary>Most requests that wait; one more is refused with <see cref="EngineOverloadedException"/>.</summary>
    public int MaxQueuedRequests { get; init; } = 1024;

    /// <summary>How many requests may be admitted before an earlier one that waits for pages.</summary>
    public int MaxOvertaking { get; init; } = 16;

    /// <summary>
    /// Steps after which a request that waits gains one rank of <see cref="GenerationRequest.Priority"/>, so that a stream of
    /// more important ones does not keep it out for ever. 0: never.
    /// </summary>
    public int AgeingSteps { get; init; } = 256;

    /// <summary>
    /// Most alternatives that <see cref="GenerationRequest.Logprobs"/> may ask for: each token's are kept until the request ends.
    /// </summary>
    public int MaxLogprobs { get; init; } = 256;

    /// <summary>
    /// Updates of a stream that may wait to be read. A request with more is set aside until they are, unless somebody awaits its
    /// <see cref="GenerationHandle.Completion"/>. Set aside, it keeps its place among <see cref="MaxQueuedRequests"/>.
    /// </summary>
    public int MaxUnreadUpdates { get; init; } = 4096;

    /// <summary>Whether full pages of prompts and outputs are kept for later requests as long as nobody needs the room.</summary>
    public bool PrefixCache { get; init; } = true;

    /// <summary>Ids that end a sequence, unless a request has its own.</summary>
    public IReadOnlyList<int> EndIds { get; init; } = [];

    /// <summary>
    /// Ids that no request may choose, beside its own <see cref="TokenConstraints.Suppressed"/>: Marian never gives its padding.
    /// </summary>
    public IReadOnlyList<int> SuppressedIds { get; init; } = [];

    /// <summary>Drafts for <see cref="SpeculationKind.DraftModel"/>; a decoder with the same vocabulary. Null: none.</summary>
    public IGenerationModel? DraftModel { get; init; }

    /// <summary>The clock: timeouts, timings, and whether speculation pays.</summary>
    public TimeProvider Clock { get; init; } = TimeProvider.System;

    /// <summary>Hears of refused requests, preemptions, failed passes and faults; null: nobody does.</summary>
    public ILogger? Logger { get; init; }

    /// <summary>
    /// Whether tokens that are certain by a grammar go through the model together; for tests, since it changes no output.
    /// </summary>
    internal bool JumpsForward { get; init; } = true;

    /// <summary>
    /// What a step takes at least: the engine waits after its own pass, so that a small model takes the time of a large one and
    /// a cluster can be rehearsed on one machine. Changes no output. Null: nothing is waited for.
    /// </summary>
    internal StepPrice? Price { get; init; }

    internal void Check(IGenerationModel model)
    {
        OptionCheck.AtLeast("TokenBudget", TokenBudget, 1);
        if (StepTime <= TimeSpan.Zero && StepTime != Timeout.InfiniteTimeSpan)
            throw new InvalidOptionException("StepTime", StepTime, "a time above zero, or Timeout.InfiniteTimeSpan, is allowed");
        OptionCheck.AtLeast("PrefillChunk", PrefillChunk ?? 1, 1);
        OptionCheck.AtLeast("MaxSequences", MaxSequences, 1);
        OptionCheck.AtLeast("MaxQueuedRequests", MaxQueuedRequests, 1);
        OptionCheck.AtLeast("MaxOvertaking", MaxOvertaking, 0);
        OptionCheck.AtLeast("AgeingSteps", AgeingSteps, 0);
        OptionCheck.AtLeast("MaxLogprobs", MaxLogprobs, 0);
        OptionCheck.AtLeast("MaxUnreadUpdates", MaxUnreadUpdates, 1);
        OptionCheck.AtLeast("Pages", Pages ?? 1, 1);
        OptionCheck.AtLeast("States", States ?? 2, 2);
        if (!Enum.IsDefined(KeyValueType))
            throw new InvalidOptionException("KeyValueType", KeyValueType, "F32, F16 and Q8 are allowed");
        if (PageSize is not (1 or 2 or 4 or 8) && (PageSize < 16 || PageSize % 16 != 0))
            throw new InvalidOptionException("PageSize", PageSize, "1, 2, 4, 8 and multiples of 16 are allowed");
        if (MaxSequences > TokenBudget)
        {
            throw new InvalidOptionException(
                "MaxSequences", MaxSequences, $"at most the token budget, {TokenBudget}, is allowed: each needs a row a step");
        }

        OptionCheck.Tokens("EndIds", EndIds, model.VocabularySize);
        OptionCheck.Tokens("SuppressedIds", SuppressedIds, model.VocabularySize);
        if (DraftModel is { } draft
            && (draft.VocabularySize != model.VocabularySize || draft.Capability != ModelCapability.Decoder))
        {
            throw new InvalidOptionException("DraftModel", $"a {draft.Capability} with {draft.VocabularySize} ids",
                $"a Decoder with the model's {model.VocabularySize} ids is allowed");
        }
    }

    /// <summary>Number of pages for a model.</summary>
    internal int PagesFor(IGenerationModel model) => SizesFor(model).Pages;

    /// <summary>Number of recurrent states for a model.</summary>
    internal int StatesFor(IGenerationModel model) => SizesFor(model).States;

    /// <summary>
    /// Pages and states of a draft model: as many pages as the model itself has, if it has any and the same bytes are enough for
    /// them, and a third state for each sequence: that of the tokens that are certain.
    /// </summary>
    internal (int Pages, int States) DraftSizesFor(IGenerationModel model, IGenerationModel draft)
    {
        (int pages, int states) = SizesFor(draft);
        if (model.BytesPerPosition(KeyValueType) > 0)
            pages = Math.Min(pages, PagesFor(model));
        return (pages, (int)Math.Min(states + (long)MaxSequences, int.MaxValue));
    }

    /// <summary>Both come out of the same bytes.</summary>
    private (int Pages, int States) SizesFor(IGenerationModel model)
    {
        long page = model.BytesPerPosition(KeyValueType) * PageSize;
        long state = model.BytesPerState;
        long running = RunningStates(page, state);
        long states = States ?? running;
        long left = MemoryBytes - states * state;
        if (Pages is null && left < page)
        {
            throw new InvalidOptionException("MemoryBytes", MemoryBytes, (page, state) switch
            {
                (_, 0) => $"at least one page of {page} bytes is needed",
                (0, _) => $"at least {(States is null ? "two" : $"{states}")} states of {state} bytes are needed",
                _ => $"at least one page of {page} bytes beside {states} states of {state} bytes is needed",
            });
        }

        long kept = States is not null || state == 0 ? 0
            : Pages
                ?? (page == 0 ? Math.Min(left / state, MostKeptStates)
                    : Math.Min(Math.Min(left / 4, left - page) / state, left / page));
        long pages = Pages ?? Math.Min((left - kept * state) / Math.Max(1, page), MostPages);
        return ((int)Math.Max(1, pages), (int)Math.Min(states + kept, int.MaxValue));
    }

    /// <summary>Two for each sequence, and at least for one: a step reads one and writes the other.</summary>
    private long RunningStates(long page, long state)
    {
        long most = 2L * MaxSequences;
        if (state == 0 || Pages is not null)
            return most;
        long room = page == 0 ? MemoryBytes / state : Math.Min(MemoryBytes / 2, MemoryBytes - page) / state;
        return Math.Min(most, Math.Max(2, room));
    }
}
