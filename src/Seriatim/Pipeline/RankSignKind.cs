namespace Seriatim;

/// <summary>Why a rank gives a sign.</summary>
internal enum RankSignKind : long
{
    /// <summary>It is there.</summary>
    Alive,

    /// <summary>It was told to stop, and leaves that to rank 0.</summary>
    AskedToStop,

    /// <summary>It leaves in good order.</summary>
    Leaving,
}
