namespace Seriatim.Server;

/// <summary>A tool that an answer calls.</summary>
/// <param name="Id">By which its result is told apart from others.</param>
/// <param name="Tool">The tool.</param>
/// <param name="Arguments">JSON, as the model wrote it.</param>
internal sealed record AnsweredCall(string Id, string Tool, string Arguments);
