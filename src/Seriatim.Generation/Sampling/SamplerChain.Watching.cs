namespace Seriatim.Generation;

/// <content>Choosing with somebody looking on.</content>
internal sealed partial class SamplerChain
{
    /// <summary>
    /// As <see cref="Choose(LogitsRow)"/>, and shows the row after each processor, with the sampler it belongs to. Who looks must
    /// change nothing and keep nothing.
    /// </summary>
    public int Choose(LogitsRow row, Action<Sampler, LogitsProcessor, LogitsRow> after)
    {
        for (int i = 0; i < _scores.Length; i++)
        {
            Apply([_scores[i]], row);
            after(_samplers[i], _scores[i], row);
        }

        row.Touch();
        int best = Best(row);
        if (_greedy)
            return best;
        for (int i = 0; i < _warpers.Length; i++)
        {
            Apply([_warpers[i]], row);
            after(_samplers[_scores.Length + i], _warpers[i], row);
        }

        return Draw(row);
    }
}
