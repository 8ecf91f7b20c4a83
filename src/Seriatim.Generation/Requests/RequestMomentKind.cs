namespace Seriatim.Generation;

/// <summary>What happens to a request in its engine.</summary>
internal enum RequestMomentKind
{
    /// <summary>It leaves the queue; so many tokens of it are remembered already.</summary>
    Admitted,

    /// <summary>So many tokens of its prompt are read in a step.</summary>
    Prefill,

    /// <summary>It has its first token.</summary>
    FirstToken,

    /// <summary>Its pages are taken away; it is computed again later.</summary>
    Preempted,
}
