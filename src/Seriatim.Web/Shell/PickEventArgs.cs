namespace Seriatim.Web.Shell;

/// <summary>One of many things in an element was chosen: one handler serves them all.</summary>
public sealed class PickEventArgs : EventArgs
{
    /// <summary>The <c>data-pick</c> of what was chosen; -1: nothing was.</summary>
    public int Index { get; set; } = -1;
}
