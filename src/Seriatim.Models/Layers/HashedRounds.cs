namespace Seriatim.Models;

/// <summary>
/// Who sees whom when rows are sorted by their buckets (Kitaev et al., 2020: Reformer, figure 2). The sorted rows of all rounds
/// of a head stand in one ring of chunks, so the first chunk of a round looks back to the last one of the round before, and that
/// of the first round to the very last. What fills a sequence up stands behind its rows in each round.
/// </summary>
internal static class HashedRounds
{
    /// <summary>The lists of each round.</summary>
    /// <param name="spec">The layer.</param>
    /// <param name="segments">The sequences.</param>
    /// <param name="buckets">The bucket of each row, head and round; empty if no sequence is hashed.</param>
    public static GatheredRows[] Of(MixerSpec.HashedAttention spec, IReadOnlyList<Segment> segments, int[] buckets)
    {
        var rounds = new GatheredSegment[spec.Rounds][];
        for (int round = 0; round < rounds.Length; round++)
            rounds[round] = new GatheredSegment[segments.Count];
        for (int i = 0; i < segments.Count; i++)
        {
            Segment segment = segments[i];
            List<GatheredPiece>[] pieces = Pieces(spec, segment, buckets);
            for (int round = 0; round < rounds.Length; round++)
                rounds[round][i] = new GatheredSegment(segment.FirstRow, segment.Rows, pieces[round]);
        }

        return [.. rounds.Select(round => new GatheredRows(round))];
    }

    private static List<GatheredPiece>[] Pieces(MixerSpec.HashedAttention spec, Segment segment, int[] buckets)
    {
        List<GatheredPiece>[] pieces = [.. Enumerable.Range(0, spec.Rounds).Select(_ => new List<GatheredPiece>())];
        int filled = spec.FilledLength(segment.Rows);
        if (filled <= spec.Chunk)
        {
            // Plain attention, once: in further rounds the rows see nobody, which gives those no weight.
            int[] all = [.. Enumerable.Range(0, segment.Rows)];
            pieces[0].Add(new GatheredPiece(0, spec.Heads, all, all));
            return pieces;
        }

        for (int head = 0; head < spec.Heads; head++)
        {
            int[][] ring = Ring(spec, segment, buckets, head, filled);
            for (int chunk = 0; chunk < ring.Length; chunk++)
            {
                if (ring[chunk].Length > 0)
                    pieces[chunk / (filled / spec.Chunk)].Add(new GatheredPiece(head, 1, ring[chunk], Keys(spec, ring, chunk)));
            }
        }

        return pieces;
    }

    /// <summary>The rows of each chunk, without those that fill it up.</summary>
    private static int[][] Ring(MixerSpec.HashedAttention spec, Segment segment, int[] buckets, int head, int filled)
    {
        int perRound = filled / spec.Chunk;
        var ring = new int[spec.Rounds * perRound][];
        long[] sorted = new long[segment.Rows];
        for (int round = 0; round < spec.Rounds; round++)
        {
            for (int row = 0; row < sorted.Length; row++)
            {
                long bucket = buckets[((segment.FirstRow + row) * spec.Heads + head) * spec.Rounds + round];
                sorted[row] = (bucket << 32) + row;
            }

            Array.Sort(sorted);
            for (int chunk = 0; chunk < perRound; chunk++)
            {
                int first = Math.Min(chunk * spec.Chunk, sorted.Length);
                int[] rows = new int[Math.Min(spec.Chunk, sorted.Length - first)];
                for (int i = 0; i < rows.Length; i++)
                    rows[i] = (int)(sorted[first + i] & 0xFFFFFFFF);
                ring[round * perRound + chunk] = rows;
            }
        }

        return ring;
    }

    /// <summary>The rows of the chunks before, from the furthest on, then those of the chunk itself.</summary>
    private static int[] Keys(MixerSpec.HashedAttention spec, int[][] ring, int chunk)
    {
        var keys = new List<int>((spec.ChunksBefore + 1) * spec.Chunk);
        for (int back = spec.ChunksBefore; back >= 0; back--)
        {
            // More chunks than there are do not turn the ring any more.
            int at = back > ring.Length ? chunk : (chunk - back + ring.Length) % ring.Length;
            keys.AddRange(ring[at]);
        }

        return [.. keys];
    }
}
