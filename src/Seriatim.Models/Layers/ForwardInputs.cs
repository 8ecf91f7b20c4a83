namespace Seriatim.Models;

/// <summary>What a forward pass of a stack is given besides its batch.</summary>
/// <param name="Encoded">The encoder's output, if segments refer to it.</param>
/// <param name="Trace">Called with the residual stream before the first and after every layer; for finding errors.</param>
/// <param name="Groups">The groups of the rows: their adapters; null: none.</param>
/// <param name="EncodedGroups">The groups of the rows of <see cref="Encoded"/>.</param>
/// <param name="Begins">
/// Of each recurrent layer what the sequences begin with in place of zeros, a row for each; null: zeros.
/// </param>
internal readonly record struct ForwardInputs(
    Tensor? Encoded, Action<int, Tensor>? Trace, RowGroups? Groups = null, RowGroups? EncodedGroups = null,
    IReadOnlyList<Tensor>? Begins = null);
