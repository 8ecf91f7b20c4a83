using Seriatim.Generation;

namespace Seriatim;

/// <summary>A model of a container, whatever kind it is, as a health check sees it.</summary>
internal interface IModelService
{
    /// <summary>What it is opened by.</summary>
    string Name { get; }

    /// <summary>Its opening; null: it has not begun.</summary>
    Task? Opening { get; }

    /// <summary>Its engine; null: it is not open.</summary>
    GenerationEngine? Engine { get; }
}
