namespace Seriatim.Server;

/// <summary>One prompt of a request that is kept.</summary>
/// <param name="Request">The request.</param>
/// <param name="Prompt">Which of its prompts, from 0.</param>
internal readonly record struct KeptPart(IKeptRequest Request, int Prompt);
