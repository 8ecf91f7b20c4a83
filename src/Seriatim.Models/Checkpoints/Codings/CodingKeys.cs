namespace Seriatim.Models;

/// <summary>Keys that several codings have.</summary>
internal static class CodingKeys
{
    /// <summary>Inputs of a group; -1 or none: all of a row.</summary>
    public static int GroupSize(ConfigReader section, string name)
    {
        double size = section.Number(-1, name);
        return size is -1 or (>= 1 and <= 1 << 20) && size == Math.Floor(size)
            ? (int)size
            : throw section.Unsupported(name, size, "-1 or a positive integer is needed");
    }
}
