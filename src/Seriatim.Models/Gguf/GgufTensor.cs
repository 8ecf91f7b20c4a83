using System.Collections.Immutable;

namespace Seriatim.Models;

/// <summary>A tensor of a GGUF file to be written.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Type">Its type.</param>
/// <param name="Shape">Its shape.</param>
/// <param name="Columns">Length of a row; 1 for a vector, whose rows are its elements.</param>
/// <param name="IsVector">Whether it is a vector.</param>
/// <param name="Form">How the file writes values; null: as they are.</param>
/// <param name="Origins">The parameter and its row behind each row.</param>
internal sealed record GgufTensor(
    string Name, GgmlType Type, ImmutableArray<long> Shape, int Columns, bool IsVector, ValueForm? Form,
    (ModelParameter Part, int Row)[] Origins)
{
    /// <summary>How the heads among its columns stand in the file; null: as in the model.</summary>
    public HeadTiles? Tiles { get; init; }

    /// <summary>Reads a row as it stands in the file, before it is encoded.</summary>
    public void Read(int row, Span<float> values)
    {
        (ModelParameter part, int own) = Origins[row];
        if (IsVector)
        {
            float[] vector = System.Buffers.ArrayPool<float>.Shared.Rent(part.Parameter.Columns);
            part.Parameter.ReadRow(0, vector.AsSpan(0, part.Parameter.Columns));
            values[0] = vector[own];
            System.Buffers.ArrayPool<float>.Shared.Return(vector);
        }
        else
        {
            part.Parameter.ReadRow(own, values);
        }

        if (Tiles is { } tiles)
            tiles.Move(values.ToArray(), values, toFile: true);

        for (int i = 0; i < values.Length && Form is not null; i++)
            values[i] = Form.ToFile(values[i]);
    }
}
