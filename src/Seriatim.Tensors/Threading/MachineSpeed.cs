namespace Seriatim.Tensors;

/// <summary>What this machine can do at best with some threads: the yardsticks of measured speeds.</summary>
/// <param name="ReadBytesPerSecond">Streaming reads of memory far beyond the caches.</param>
/// <param name="F32MultiplyAddsPerSecond">Fused multiply-adds of F32 on registers.</param>
/// <param name="ByteMultiplyAddsPerSecond">
/// Multiply-adds of bytes with AVX-VNNI on registers; 0 where the machine has none.
/// </param>
public sealed record MachineSpeed(double ReadBytesPerSecond, double F32MultiplyAddsPerSecond, double ByteMultiplyAddsPerSecond)
{
    /// <summary>The better of two measurements, each figure for itself.</summary>
    public static MachineSpeed Max(MachineSpeed a, MachineSpeed b) => new(
        Math.Max(a.ReadBytesPerSecond, b.ReadBytesPerSecond),
        Math.Max(a.F32MultiplyAddsPerSecond, b.F32MultiplyAddsPerSecond),
        Math.Max(a.ByteMultiplyAddsPerSecond, b.ByteMultiplyAddsPerSecond));
}
