namespace Seriatim.Generation;

/// <summary>A sequence of an engine.</summary>
/// <param name="Request">Number of its request, in the order of submission.</param>
/// <param name="Index">Its number within the request, from 0.</param>
internal readonly record struct SequenceId(long Request, int Index);
