namespace Seriatim.Training;

/// <summary>
/// Masked tokens (Devlin et al., 2019, section 3.1): of the ids chosen for prediction 80 % become the mask, 10 % a random id and
/// 10 % stay. Chosen anew in every epoch.
/// </summary>
/// <param name="maskId">Id of the mask.</param>
/// <param name="vocabulary">Ids of the vocabulary; random ids are below it.</param>
/// <param name="isSpecial">Ids that are never chosen and never put in.</param>
/// <param name="seed">Seed of the choices.</param>
/// <param name="share">Share of the ids that are predicted, over 0 and at most 1.</param>
/// <param name="frame">Put around every piece, also of a text that is split, as around a text that is filled in later.</param>
public sealed class MaskedTokenObjective(
    int maskId, int vocabulary, Func<int, bool> isSpecial, ulong seed, double share = 0.15,
    SequenceFrame? frame = null) : Objective
{
    private readonly SequenceFrame _frame = frame ?? SequenceFrame.None;

    /// <inheritdoc/>
    public override ModelTask Task => ModelTask.MaskedLanguageModel;

    /// <inheritdoc/>
    public override bool FramesPieces => true;

    /// <inheritdoc/>
    public override int LongestSource(int context) => context - _frame.Length;

    /// <inheritdoc/>
    public override int RowsOf(ExamplePiece piece) => piece.Length + _frame.Length;

    /// <inheritdoc/>
    public override TrainingBatch Make(IReadOnlyList<ExamplePiece> examples)
    {
        ArgumentNullException.ThrowIfNull(examples);
        var builder = new RaggedBatchBuilder();
        var rows = new List<int>();
        var labels = new List<int>();
        foreach (ExamplePiece example in examples)
        {
            var random = new CounterRandom(seed, example.Draw);
            int[] ids = _frame.Around(example.Source);
            int chosen = rows.Count, fallback = -1;
            for (int i = 0; i < ids.Length; i++)
            {
                if (isSpecial(ids[i]))
                    continue;
                fallback = fallback < 0 || random.Below((ulong)i * 4 + 3, i + 1) == 0 ? i : fallback;
                if (random.Uniform((ulong)i * 4) < share)
                    Choose(i);
            }

            // A short text may have none chosen; it would have nothing to say.
            if (rows.Count == chosen && fallback >= 0)
                Choose(fallback);
            builder.AddEncoder(ids);

            void Choose(int i)
            {
                rows.Add(builder.Rows + i);
                labels.Add(ids[i]);
                ids[i] = Replacement(random, i, ids[i]);
            }
        }

        return rows.Count > 0
            ? new TrainingBatch(builder.Build(), null, [.. rows], [.. labels])
            : throw new DataException("No example of a batch has an id that could be masked.");
    }

    private int Replacement(CounterRandom random, int i, int id)
    {
        double kind = random.Uniform((ulong)i * 4 + 1);
        if (kind < 0.8)
            return maskId;
        if (kind >= 0.9)
            return id;
        int other = random.Below((ulong)i * 4 + 2, vocabulary);
        for (int tries = 0; isSpecial(other) && tries < vocabulary; tries++)
            other = (other + 1) % vocabulary;
        return other;
    }
}
