namespace Seriatim;

/// <summary>
/// White space beside marks belongs to the format and not to the text, so it waits until text follows it. Where an answer has no
/// mark, nothing of it is dropped.
/// </summary>
/// <param name="put">Takes the text.</param>
internal sealed class TextFlow(Action<string> put)
{
    private string _waiting = "";
    private bool _begun;

    /// <summary>Whether the answer has marks.</summary>
    public bool HasMarks { get; set; }

    /// <summary>More text.</summary>
    public void Put(string text)
    {
        _waiting += text;
        int end = _waiting.AsSpan().TrimEnd().Length;
        if (end == 0)
            return;
        string certain = _waiting[..end];
        _waiting = _waiting[end..];
        put(_begun || !HasMarks ? certain : certain.TrimStart());
        _begun = true;
    }

    /// <summary>The end.</summary>
    public void End()
    {
        if (_waiting.Length > 0 && !HasMarks)
            put(_waiting);
        _waiting = "";
    }
}
