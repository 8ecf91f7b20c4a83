namespace Seriatim.Server;

/// <summary>What a client wants to have written, whatever its protocol.</summary>
internal interface IJob
{
    /// <summary>The model it names; null: none.</summary>
    string? Model { get; }

    /// <summary>What it means for a model.</summary>
    /// <exception cref="ApiException">The model cannot do it.</exception>
    JobPlan Plan(ModelUse use);
}
