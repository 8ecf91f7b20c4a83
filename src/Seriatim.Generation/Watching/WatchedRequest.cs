namespace Seriatim.Generation;

/// <summary>A request that runs or waits: numbers alone, nothing of its text.</summary>
/// <param name="Number">Its number.</param>
/// <param name="IsRunning">Whether it has memory; else it waits.</param>
/// <param name="IsAside">Whether it waits until somebody reads what it gave.</param>
/// <param name="Sequences">Sequences that are under way.</param>
/// <param name="Prompt">Tokens of its prompt.</param>
/// <param name="New">New tokens of all its sequences.</param>
/// <param name="Pending">Tokens that are still to be computed.</param>
/// <param name="Cached">Tokens of the prompt that were there already.</param>
/// <param name="Priority">Its priority now.</param>
/// <param name="Preemptions">How often its memory was taken away.</param>
internal readonly record struct WatchedRequest(long Number, bool IsRunning, bool IsAside, int Sequences, int Prompt, int New,
    int Pending, int Cached, int Priority, int Preemptions);
