namespace Seriatim.Server;

/// <summary>Who asks: a key's owner, or anybody where no keys are needed.</summary>
/// <param name="Name">What logs and metrics call it.</param>
/// <param name="Priority">Added to the priority of its requests.</param>
/// <param name="Budget">What it may use; null: everything.</param>
internal sealed record ApiClient(string Name, int Priority, ClientBudget? Budget)
{
    /// <summary>A client without a key and without limits.</summary>
    public static ApiClient Anybody { get; } = new("anybody", 0, null);
}
