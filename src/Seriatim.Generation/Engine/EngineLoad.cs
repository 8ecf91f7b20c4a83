namespace Seriatim.Generation;

/// <summary>How busy an engine is at this moment; unlike <see cref="EngineStatistics"/> it waits for no step.</summary>
/// <param name="Running">Requests that run.</param>
/// <param name="Waiting">Requests that wait; <see cref="EngineOptions.MaxQueuedRequests"/> of them may.</param>
/// <param name="Pages">Pages of the model's own attention layers; 0 for models without.</param>
/// <param name="PagesInUse">Pages that sequences or the prefix cache hold.</param>
/// <param name="States">Recurrent states; 0 for models without.</param>
/// <param name="StatesInUse">States that sequences or the prefix cache hold.</param>
public readonly record struct EngineLoad(int Running, int Waiting, int Pages, int PagesInUse, int States = 0,
    int StatesInUse = 0);
