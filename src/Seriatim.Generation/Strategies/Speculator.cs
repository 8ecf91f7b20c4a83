namespace Seriatim.Generation;

/// <summary>Drafts for the sequences that are going to decode, before a step is planned.</summary>
internal sealed class Speculator(EngineContext context) : IDisposable
{
    /// <summary>Most tokens that are certain in one pass: as many as a user may ask to be drafted.</summary>
    private const int MostForced = 64;

    private readonly DraftModelProposer? _model =
        context.Options.DraftModel is { } draft ? new DraftModelProposer(context, draft) : null;

    /// <summary>Drafts for one sequence that other sequences share the step with.</summary>
    public void Propose(IReadOnlyList<SequenceGroup> running, StepCost cost)
    {
        int sequences = 0;
        bool any = false;
        for (int i = 0; i < running.Count; i++)
        {
            sequences += running[i].Live.Count;
            any |= running[i].Drafting is not null;
        }

        for (int i = 0; any && i < running.Count; i++)
        {
            SequenceGroup group = running[i];
            if (group.Drafting is not { } drafting || group.IsTrunk)
                continue;
            foreach (Sequence sequence in group.Live)
            {
                try
                {
                    Propose(sequence, drafting, cost, sequences);
                }
                catch (GrammarException)
                {
                    // No draft, then: the choice of the row meets it, too, and fails that request alone.
                    sequence.Draft.Clear();
                }
            }
        }

        _model?.Run(running);
    }

    /// <summary>What drafts have brought.</summary>
    public SpeculationGain Gain { get; } = new();

    /// <summary>How often the draft model failed.</summary>
    public long Failures => _model?.Failures ?? 0;

    /// <summary>Why it last failed; null: it did not.</summary>
    public Exception? LastFailure => _model?.LastFailure;

    /// <summary>Gives up what the draft model remembers.</summary>
    public void Forget() => _model?.Forget();

    public void Dispose() => _model?.Dispose();

    private void Propose(Sequence sequence, Drafting drafting, StepCost cost, int sequences)
    {
        sequence.Draft.Clear();
        sequence.Draft.Accepted = 0;
        if (sequence.Pending != 1 || sequence.NewTokens == 0)
            return;
        GrammarConstraint? grammar = sequence.State?.Sampler?.Grammar;
        int most = drafting.MaxNewTokens - sequence.NewTokens - 1;
        if (context.Options.JumpsForward)
            grammar?.Force(sequence.Draft, Math.Min(most, MostForced));
        if (sequence.Draft.Count > 0 || drafting.Options is not { } options)
            return;
        SpeculationControl control = sequence.Speculation ??= new SpeculationControl(options, Gain);
        bool byModel = options.Kind == SpeculationKind.DraftModel;
        int length = control.Length(cost, sequences, byModel ? _model!.SecondsOfToken : 0);
        length = Math.Min(length, most);
        if (length <= 0)
            return;
        if (byModel)
        {
            _model!.Want(sequence, drafting, length);
            return;
        }

        PromptLookup.Propose(sequence, options, length);
        grammar?.Filter(sequence.Draft);
    }
}
