namespace Seriatim.Generation;

/// <summary>Rows of an encoder's output on the host.</summary>
/// <param name="Values">The rows, one after the other.</param>
/// <param name="Columns">Features of a row, E.</param>
internal sealed record KeptRows(float[] Values, int Columns)
{
    public int Rows => Values.Length / Columns;
}
