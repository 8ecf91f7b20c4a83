namespace Seriatim;

/// <summary>
/// Where the reading of an answer stops until more of it is there, or until another piece of reading is done. Readers are
/// iterators: what they wait for stands in the code where they wait, so a format reads from the top to the bottom.
/// </summary>
/// <param name="Inner">What is read first; null: nothing, more text is needed.</param>
internal readonly record struct Pause(IEnumerable<Pause>? Inner)
{
    /// <summary>Until there is more text, or the end.</summary>
    public static Pause More => default;
}
