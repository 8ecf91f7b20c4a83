namespace Seriatim.Generation;

/// <summary>What a request does with the rows the model gave: sampling, beam search, or reading an encoder's output.</summary>
internal interface IGroupWork
{
    /// <summary>Whether its sequences step together.</summary>
    bool IsLockstep { get; }

    /// <summary>Whether whole sequences are read and nothing is remembered.</summary>
    bool IsEncoding { get; }

    /// <summary>Whether it wants the logits of prompt rows of a sequence, too.</summary>
    bool WantsPromptRows(Sequence sequence);

    /// <summary>
    /// Takes the rows of one sequence (lockstep: of all sequences) after their memories were committed; only drafts are still to
    /// be committed.
    /// </summary>
    void Take(SequenceGroup group, ReadOnlySpan<PlannedSegment> segments, StepRows rows);

    /// <summary>Ends with what there is: the time is over.</summary>
    void Expire(SequenceGroup group);

    /// <summary>Ends because nobody wants it any more; what there is still goes into the stream.</summary>
    void Cancel(SequenceGroup group);

    /// <summary>Ends with an exception.</summary>
    void Fail(Exception exception);

    /// <summary>Whether it has been cancelled from outside.</summary>
    bool IsCancelled { get; }

    /// <summary>Whether it has ended.</summary>
    bool IsDone { get; }
}
