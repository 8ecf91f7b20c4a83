using Seriatim.Tensors;

namespace Seriatim.Formats;

/// <summary>Names and sizes of the <see cref="SafetensorsType"/>s.</summary>
public static class SafetensorsTypes
{
    private static readonly string[] Names =
    [
        "BOOL", "U8", "I8", "F8_E5M2", "F8_E4M3", "I16", "U16", "F16", "BF16", "I32", "U32", "F32", "F64", "I64", "U64",
    ];

    /// <summary>Bytes of one element.</summary>
    public static int Size(this SafetensorsType type) => type switch
    {
        <= SafetensorsType.F8E4M3 => 1,
        <= SafetensorsType.BF16 => 2,
        <= SafetensorsType.F32 => 4,
        _ => 8,
    };

    /// <summary>The name in the header of a file, for example <c>F8_E4M3</c>.</summary>
    public static string Name(this SafetensorsType type) => Names[(int)type];

    /// <summary>Looks up a name as it stands in a file. The comparison is exact.</summary>
    /// <returns>False for a name the format does not define.</returns>
    public static bool TryParse(ReadOnlySpan<char> name, out SafetensorsType type)
    {
        for (var i = 0; i < Names.Length; i++)
        {
            if (name.SequenceEqual(Names[i]))
            {
                type = (SafetensorsType)i;
                return true;
            }
        }
        type = default;
        return false;
    }

    /// <summary>True for BOOL and every integer type.</summary>
    public static bool IsInteger(this SafetensorsType type) => type
        is SafetensorsType.Bool or SafetensorsType.U8 or SafetensorsType.I8 or SafetensorsType.I16 or SafetensorsType.U16
        or SafetensorsType.I32 or SafetensorsType.U32 or SafetensorsType.I64 or SafetensorsType.U64;

    /// <summary>The tensor type with the same bytes (F32, I32, F16, BF16); null where the engine has none.</summary>
    public static DataType? ToDataType(this SafetensorsType type) => type switch
    {
        SafetensorsType.F32 => DataType.F32,
        SafetensorsType.I32 => DataType.I32,
        SafetensorsType.F16 => DataType.F16,
        SafetensorsType.BF16 => DataType.BF16,
        _ => null,
    };

    /// <summary>The file type with the same bytes.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The tensor type has no counterpart in the format.</exception>
    public static SafetensorsType ToSafetensorsType(this DataType type) => type switch
    {
        DataType.F32 => SafetensorsType.F32,
        DataType.I32 => SafetensorsType.I32,
        DataType.F16 => SafetensorsType.F16,
        DataType.BF16 => SafetensorsType.BF16,
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, "no safetensors type has these bytes"),
    };
}
