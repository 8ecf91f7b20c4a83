using System.Runtime.InteropServices;

namespace Seriatim.Tensors;

/// <summary>
/// Sums in double that an op gives: a row of the tensor holds the bits of one number in the places of two F32 elements. For sums
/// that somebody reads; no op computes with them.
/// </summary>
internal static class Doubles
{
    /// <summary>Shape of a tensor of <paramref name="count"/> numbers.</summary>
    public static (int Rows, int Columns) Shape(int count) => (count, 2);

    /// <summary>The numbers of a tensor where the calling thread may use them.</summary>
    public static Span<double> Of(Tensor tensor) => MemoryMarshal.Cast<float, double>(tensor.Span);

    /// <summary>Waits for the device and gives the numbers.</summary>
    public static double[] ReadAll(Tensor tensor) => MemoryMarshal.Cast<float, double>(tensor.Read().Values).ToArray();

    /// <summary>Waits for the device and gives the only number.</summary>
    public static double Read(Tensor tensor) => MemoryMarshal.Cast<float, double>(tensor.Read().Values)[0];
}
