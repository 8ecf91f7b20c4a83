namespace Seriatim.Inspection;

/// <summary>Values of one row.</summary>
public sealed record CapturedRow
{
    internal CapturedRow(CapturePlace place, CaptureKinds kind, int position, int? head, float[] values) =>
        (Place, Kind, Position, Head, Values) = (place, kind, position, head, values);

    /// <summary>Where.</summary>
    public CapturePlace Place { get; }

    /// <summary>What they are.</summary>
    public CaptureKinds Kind { get; }

    /// <summary>Position of the row in its text.</summary>
    public int Position { get; }

    /// <summary>The head they belong to; null: to none.</summary>
    public int? Head { get; }

    /// <summary>The values.</summary>
    public float[] Values { get; }
}
