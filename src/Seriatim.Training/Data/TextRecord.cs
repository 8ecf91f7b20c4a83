namespace Seriatim.Training;

/// <summary>One example as text.</summary>
/// <param name="Source">The text, or the source of a pair.</param>
/// <param name="Target">The target of a pair; null for plain text.</param>
/// <param name="Line">Line of the file it begins in, from 1.</param>
public readonly record struct TextRecord(string Source, string? Target, long Line);
