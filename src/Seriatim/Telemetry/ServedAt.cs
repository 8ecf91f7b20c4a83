namespace Seriatim;

/// <summary>Where the server listens through which a request came.</summary>
/// <param name="Address">Its name or address.</param>
/// <param name="Port">Its port.</param>
internal sealed record ServedAt(string Address, int Port);
