namespace Seriatim.Server;

/// <summary>Something that happened to a request.</summary>
/// <param name="At">When, after it came.</param>
/// <param name="Name">What: <c>queued</c>, <c>prefill</c>, <c>first_token</c>, <c>preempted</c>, <c>done</c>, ...</param>
/// <param name="Prompt">To which of its prompts, from 0.</param>
/// <param name="Count">How much of it: tokens of a piece of the prompt, of an answer; null: it is no amount.</param>
internal sealed record RequestEvent(TimeSpan At, string Name, int Prompt, int? Count);
