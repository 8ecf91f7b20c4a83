using Seriatim.Tensors.Tests;

namespace Seriatim.Conformance.Tests;

/// <summary>The implementations of the ops that every conformance test runs on.</summary>
internal static class OpsUnderTest
{
    private static readonly Dictionary<string, Lazy<IDifferentiableOps>> Made = new()
    {
        ["reference"] = new(() => new ReferenceOps()),
        ["cpu-512"] = new(() => CpuOps.Create(2, LaneWidth.Bits512)),
        ["cpu-256"] = new(() => CpuOps.Create(2, LaneWidth.Bits256)),
        ["cpu-128"] = new(() => CpuOps.Create(2, LaneWidth.Bits128)),
        ["late"] = new(() => new LateDevice().NewOps(2)),
        ["cpu-512-1"] = new(() => CpuOps.Create(1, LaneWidth.Bits512)),
    };

    /// <summary>The names conformance tests run under; one thread against two is a matter of the invariance tests.</summary>
    public static IReadOnlyList<string> Names { get; } = ["reference", "cpu-512", "cpu-256", "cpu-128", "late"];

    public static IDifferentiableOps Get(string name) => Made[name].Value;

    /// <summary>Whose memory the weights must be in.</summary>
    public static Device DeviceOf(string name) => Get(name).Device;
}
