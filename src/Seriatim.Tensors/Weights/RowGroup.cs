namespace Seriatim.Tensors;

/// <summary>
/// Stands for rows that have something of their own in some weights (<see cref="GroupedWeight"/>), as the sequences of one
/// adapter do. Two groups are the same if they are the same object.
/// </summary>
/// <param name="name">What errors call it.</param>
public sealed class RowGroup(string name)
{
    /// <summary>What errors call it.</summary>
    public string Name { get; } = name;

    /// <summary>Whether its parts were taken out of the weights; rows of it are refused from then on.</summary>
    public bool IsEnded { get; private set; }

    /// <summary>Refuses its rows from now on.</summary>
    public void End() => IsEnded = true;

    /// <summary>The name.</summary>
    public override string ToString() => Name;
}
