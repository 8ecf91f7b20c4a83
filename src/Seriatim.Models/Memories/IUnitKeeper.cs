namespace Seriatim.Models;

/// <summary>
/// Keeps units of a <see cref="MemoryPool"/> for later as long as nobody needs the room. Told when others come and go, it can
/// count and order what it could give up without looking at all that it keeps.
/// </summary>
public interface IUnitKeeper
{
    /// <summary>Nobody else holds a kept unit any more.</summary>
    /// <param name="unit">The unit.</param>
    void Left(int unit);

    /// <summary>Somebody holds a kept unit again.</summary>
    /// <param name="unit">The unit.</param>
    void Taken(int unit);
}
