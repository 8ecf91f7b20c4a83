namespace Seriatim.Generation;

/// <summary>What a request does with the rows the model gave. A scheduler knows no more of a request than this.</summary>
internal interface IGroupWork
{
    /// <summary>What the next pass is to compute.</summary>
    void Wish(WishList wishes);

    /// <summary>The states whose sequences go on.</summary>
    IReadOnlyList<SequenceState> Live { get; }

    /// <summary>
    /// Takes the rows of one sequence (of all that come together) after their memories were committed; only drafts are still to
    /// be committed. Nothing escapes: what goes wrong ends the request.
    /// </summary>
    void Take(SequenceGroup group, ReadOnlySpan<PlannedSegment> segments, int first, StepRows rows);

    /// <summary>Ends with what there is: the time is over.</summary>
    void Expire(SequenceGroup group);

    /// <summary>Ends because nobody wants it any more; what there is still goes into the stream.</summary>
    void Cancel(SequenceGroup group);

    /// <summary>Ends with an exception.</summary>
    void Fail(Exception exception);

    /// <summary>Leaves the engine, to go on elsewhere.</summary>
    void Export(SequenceGroup group);

    /// <summary>Whether somebody wants it to leave the engine.</summary>
    bool IsExported { get; }

    /// <summary>Whether it waits until somebody reads what it has given.</summary>
    bool IsPaused { get; }

    /// <summary>Whether it has been cancelled from outside.</summary>
    bool IsCancelled { get; }

    /// <summary>Whether it has ended.</summary>
    bool IsDone { get; }
}
