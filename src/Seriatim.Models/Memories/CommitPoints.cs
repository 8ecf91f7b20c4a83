namespace Seriatim.Models;

/// <summary>
/// After which rows of a step a memory can be committed or shared. Pages can be cut anywhere; a recurrent state is there only
/// where it was kept, and each place costs a state.
/// </summary>
[Flags]
public enum CommitPoints
{
    /// <summary>After the last row: all rows are committed, or none.</summary>
    End = 0,

    /// <summary>After every row: drafts and trees, of which any part may be accepted.</summary>
    EveryRow = 1,

    /// <summary>Where a page ends, besides: there a prefix cache can share the past.</summary>
    PageBorders = 2,

    /// <summary>Where the last page of the step ends, besides: as much of the past as can be shared, for one state.</summary>
    LastBorder = 4,
}
