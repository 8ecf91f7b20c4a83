namespace Seriatim.Cluster;

/// <summary>A replica's answer to an order.</summary>
[GenerateSerializer]
[Immutable]
internal sealed record RunReceipt
{
    /// <summary>Whether it runs.</summary>
    [Id(0)]
    public RunAnswer Answer { get; init; }

    /// <summary>Why it does not run.</summary>
    [Id(1)]
    public string Detail { get; init; } = "";

    /// <summary>How busy the model is there.</summary>
    [Id(2)]
    public ModelReport? Load { get; init; }
}
