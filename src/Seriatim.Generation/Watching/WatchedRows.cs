namespace Seriatim.Generation;

/// <summary>Rows of one sequence in a step, as whoever watches is told.</summary>
/// <param name="Request">The number of its request.</param>
/// <param name="Sequence">Which of the request's sequences.</param>
/// <param name="Kind">Why they are there.</param>
/// <param name="Rows">Rows of its own tokens.</param>
/// <param name="Drafts">Rows of drafted tokens after them.</param>
/// <param name="Accepted">Of these, tokens that were accepted.</param>
internal readonly record struct WatchedRows(long Request, int Sequence, WatchedKind Kind, int Rows, int Drafts, int Accepted);
