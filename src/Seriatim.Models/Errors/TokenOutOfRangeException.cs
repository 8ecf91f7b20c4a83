namespace Seriatim.Models;

/// <summary>A token id (or token type) that the model does not have.</summary>
public sealed class TokenOutOfRangeException : ModelException
{
    internal TokenOutOfRangeException(string kind, int id, int row, int count)
        : base($"{kind} {id} in row {row} of the batch does not exist; the model has {count}: 0 to {count - 1}. " +
            "Use the tokenizer that belongs to the model.") =>
        (Id, Count) = (id, count);

    /// <summary>The id.</summary>
    public int Id { get; }

    /// <summary>Number of ids the model has.</summary>
    public int Count { get; }
}
