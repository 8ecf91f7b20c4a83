using System.Runtime.InteropServices;

namespace Seriatim.Tensors;

/// <summary>
/// Which rows of an operand belong to which group; the others belong to none. Made once for a batch and given to its products:
/// null stands for rows of no group at all, and costs nothing.
/// </summary>
public sealed class RowGroups
{
    private readonly RowGroup?[] _ofRow;

    private RowGroups(RowGroup?[] ofRow, List<Part> parts) => (_ofRow, Parts) = (ofRow, parts);

    /// <summary>Rows of the operand, N.</summary>
    public int Rows => _ofRow.Length;

    /// <summary>The rows of each group that there is.</summary>
    internal List<Part> Parts { get; }

    /// <summary>The groups of rows; null: no row belongs to any.</summary>
    /// <param name="ofRow">The group of each row; null: none.</param>
    public static RowGroups? Of(ReadOnlySpan<RowGroup?> ofRow)
    {
        var parts = new List<Part>();
        for (int row = 0; row < ofRow.Length; row++)
        {
            if (ofRow[row] is not { } group)
                continue;
            int index = parts.FindIndex(part => part.Group == group);
            if (index < 0)
            {
                index = parts.Count;
                parts.Add(new Part(group, []));
            }

            parts[index].Rows.Add(row);
        }

        return parts.Count == 0 ? null : new RowGroups(ofRow.ToArray(), parts);
    }

    /// <summary>The group of a row; null: none.</summary>
    /// <param name="row">0 to Rows - 1.</param>
    public RowGroup? this[int row] => _ofRow[row];

    /// <summary>The groups of some of the rows, in their order; null: none of these belongs to any.</summary>
    /// <param name="rows">Rows of the operand.</param>
    public RowGroups? Take(ReadOnlySpan<int> rows)
    {
        var taken = new RowGroup?[rows.Length];
        for (int i = 0; i < taken.Length; i++)
            taken[i] = _ofRow[rows[i]];
        return Of(taken);
    }

    /// <summary>Refuses groups for another number of rows.</summary>
    internal static void Check(RowGroups? groups, Tensor x, string op)
    {
        if (groups is not null)
            ShapeMismatchException.Require(groups.Rows == x.Rows, op, "the groups", $"of {groups.Rows} rows", $"{x.Rows} rows");
    }

    /// <summary>A group and its rows, ascending.</summary>
    internal readonly record struct Part(RowGroup Group, List<int> Rows)
    {
        /// <summary>Its rows of an operand as a tensor of their own.</summary>
        public Tensor Gather(Tensor x)
        {
            Tensor own = Tensor.Create(Rows.Count, x.Columns);
            for (int i = 0; i < Rows.Count; i++)
                x.Row(Rows[i]).CopyTo(own.Row(i));
            return own;
        }

        /// <summary>The rows' numbers.</summary>
        public ReadOnlySpan<int> Numbers => CollectionsMarshal.AsSpan(Rows);
    }
}
