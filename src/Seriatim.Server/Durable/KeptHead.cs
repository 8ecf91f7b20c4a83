namespace Seriatim.Server;

/// <summary>What a request that outlives its server was asked with: enough for any other to answer it anew.</summary>
/// <param name="Number">Its number; ids of its answer and of its events are made of it.</param>
/// <param name="Path">What was asked.</param>
/// <param name="Body">The body, as it was sent.</param>
/// <param name="Created">When it came, in seconds since 1970.</param>
/// <param name="Owner">Whose key asked.</param>
/// <param name="IsBackground">Whether it goes on without anybody who waits.</param>
internal sealed record KeptHead(string Number, string Path, byte[] Body, long Created, string Owner, bool IsBackground);
