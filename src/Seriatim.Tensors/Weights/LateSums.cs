namespace Seriatim.Tensors;

/// <summary>
/// What is added to products of <see cref="LinearRows{T}"/> once their own sums are complete: terms of all rows, and of the rows
/// of a group, which are cut out of the others once for all weights.
/// </summary>
/// <param name="groups">The groups of the rows; null: none.</param>
internal sealed unsafe class LateSums<T>(RowGroups? groups) : IDisposable
    where T : struct, ILanes<T>
{
    private const int AllRows = -1;

    private readonly LinearRows<T>?[] _parts = new LinearRows<T>?[groups?.Parts.Count ?? 0];
    private readonly List<Sum> _sums = [];

    public RowGroups? Groups => groups;

    public void Add(LowRankTerm term, int firstOutput, int outputs, float* y, nint yStride, int part = AllRows) =>
        _sums.Add(new Sum(term, part, firstOutput, outputs, y, yStride));

    /// <summary>The rows of a group as rows of their own.</summary>
    public LinearRows<T> Of(int part, LinearRows<T> all) =>
        _parts[part] ??= new LinearRows<T>(all.Team, groups!.Parts[part].Gather(all.X), owns: true);

    /// <summary>Adds what waits, in the order in which it came.</summary>
    public void Finish(LinearRows<T> all)
    {
        foreach (Sum sum in _sums)
        {
            if (sum.Part == AllRows)
                sum.Term.Add(all, [], sum.FirstOutput, sum.Outputs, sum.Y, sum.Stride);
            else
                sum.Term.Add(Of(sum.Part, all), groups!.Parts[sum.Part].Numbers, sum.FirstOutput, sum.Outputs, sum.Y, sum.Stride);
        }

        _sums.Clear();
    }

    public void Dispose()
    {
        foreach (LinearRows<T>? part in _parts)
            part?.Dispose();
    }

    private readonly struct Sum(LowRankTerm term, int part, int firstOutput, int outputs, float* y, nint stride)
    {
        public readonly LowRankTerm Term = term;
        public readonly int Part = part, FirstOutput = firstOutput, Outputs = outputs;
        public readonly float* Y = y;
        public readonly nint Stride = stride;
    }
}
