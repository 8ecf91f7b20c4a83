namespace Seriatim.Tokenizers;

/// <summary>Cuts a piece at the matches of a pattern.</summary>
internal static class Splitter
{
    /// <summary>
    /// Cuts <c>[start, end)</c> at <paramref name="matches"/> (relative to <paramref name="start"/>) into <paramref
    /// name="output"/>.
    /// </summary>
    /// <param name="matches">The matches, in order.</param>
    /// <param name="start">Start of the piece.</param>
    /// <param name="end">End of the piece.</param>
    /// <param name="behavior">What becomes of matches.</param>
    /// <param name="invert">What lies between the matches is what counts as matched.</param>
    /// <param name="output">Receives the pieces.</param>
    public static void Cut(PieceList matches, int start, int end, SplitBehavior behavior, bool invert, PieceList output)
    {
        var writer = new Writer(output, behavior);
        int at = start;
        foreach ((int from, int to) in matches.Span)
        {
            writer.Add(at, start + from, invert);
            writer.Add(start + from, start + to, !invert);
            at = start + to;
        }

        writer.Add(at, end, invert);
        writer.Finish();
    }

    private struct Writer(PieceList output, SplitBehavior behavior)
    {
        private int _start;
        private int _end;
        private bool _open;
        private bool _lastMatched;

        public void Add(int start, int end, bool matched)
        {
            if (end <= start)
            {
                return;
            }

            bool joins = _open && behavior switch
            {
                SplitBehavior.MergedWithPrevious => matched && !_lastMatched,
                SplitBehavior.MergedWithNext => !matched && _lastMatched,
                SplitBehavior.Contiguous => matched == _lastMatched,
                _ => false,
            };
            if (joins)
            {
                _end = end;
            }
            else
            {
                Finish();
                (_start, _end, _open) = (start, end, !(matched && behavior == SplitBehavior.Removed));
            }

            _lastMatched = matched;
        }

        public void Finish()
        {
            if (_open)
            {
                output.Add(_start, _end);
                _open = false;
            }
        }
    }
}
