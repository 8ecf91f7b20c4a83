namespace Seriatim.Server;

/// <summary>Who asks: a key's owner, or anybody where no keys are needed.</summary>
/// <param name="Name">What logs and metrics call it; two keys may have one name.</param>
/// <param name="Owner">What tells its requests and responses from those of other keys.</param>
/// <param name="Priority">Added to the priority of its requests.</param>
/// <param name="Budget">What it may use; null: everything.</param>
internal sealed record ApiClient(string Name, string Owner, int Priority, ClientBudget? Budget)
{
    /// <summary>A client without a key and without limits.</summary>
    public static ApiClient Anybody { get; } = new("anybody", "", 0, null);
}
