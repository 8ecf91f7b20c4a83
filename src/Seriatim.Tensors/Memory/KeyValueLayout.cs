using System.Runtime.Intrinsics;

namespace Seriatim.Tensors;

/// <summary>
/// Where the elements of keys and values lie, and how they become F32 and back. The keys of a block of 16 (of a smaller page: of
/// all its positions) are rows of one element of each key: first the scales, if there are any, then D features. A value is its
/// scales and D' features. Conversions from storage are exact, so they give the same bits however wide the vectors are.
/// </summary>
/// <param name="type">How elements are stored.</param>
/// <param name="headDim">Features of a head, D.</param>
/// <param name="blockKeys">Keys side by side, B.</param>
internal sealed unsafe class KeyValueLayout(KeyValueType type, int headDim, int blockKeys)
{
    /// <summary>Features that share a scale.</summary>
    private const int Scaled = 32;

    private readonly int _element = type switch { KeyValueType.F32 => 4, KeyValueType.F16 => 2, _ => 1 };
    private readonly int _scales = type == KeyValueType.Q8 ? (headDim + Scaled - 1) / Scaled : 0;

    /// <summary>Bytes of a block of keys.</summary>
    public int KeyBlockBytes => blockKeys * (2 * _scales + headDim * _element);

    /// <summary>Bytes of one value.</summary>
    public int ValueBytes => 2 * _scales + KeyValuePool.PaddedDim(headDim) * _element;

    /// <summary>Whether the kernels can read it where it lies.</summary>
    public bool IsInPlace => type == KeyValueType.F32;

    public void StoreKey(byte* block, int slot, float* key) => Store(block, slot, blockKeys, key, headDim);

    public void StoreValue(byte* row, float* value) => Store(row, 0, 1, value, KeyValuePool.PaddedDim(headDim));

    /// <summary>A key as F32, its features <paramref name="stride"/> floats apart.</summary>
    public void LoadKey(byte* block, int slot, float* to, int stride)
    {
        for (int i = 0; i < headDim; i++)
            to[i * stride] = Load(block, slot, blockKeys, i);
    }

    /// <summary>A value as D' floats.</summary>
    public void LoadValue(byte* row, float* to)
    {
        for (int i = 0; i < KeyValuePool.PaddedDim(headDim); i++)
            to[i] = Load(row, 0, 1, i);
    }

    public void CopyKey(byte* from, int fromSlot, byte* to, int toSlot)
    {
        for (int row = 0; row < _scales; row++)
            ((ushort*)to)[row * blockKeys + toSlot] = ((ushort*)from)[row * blockKeys + fromSlot];
        from = Elements(from, blockKeys);
        to = Elements(to, blockKeys);
        for (int row = 0; row < headDim; row++)
        {
            for (int i = 0; i < _element; i++)
                to[(row * blockKeys + toSlot) * _element + i] = from[(row * blockKeys + fromSlot) * _element + i];
        }
    }

    /// <summary>A block of 16 keys as F32, <c>[D][16]</c>.</summary>
    public void LoadKeys<T>(byte* block, float* to)
        where T : struct, ILanes<T>
    {
        byte* elements = Elements(block, 16);
        if (type == KeyValueType.F16)
        {
            WidenHalves<T>(elements, headDim * 16, to);
            return;
        }

        for (int i = 0; i < headDim; i++)
        {
            Widen((sbyte*)elements + i * 16, to + i * 16);
            T.Store(T.Load(to + i * 16) * T.LoadHalf((ushort*)block + i / Scaled * 16), to + i * 16);
        }
    }

    /// <summary>Some values that follow one another, as D' floats each.</summary>
    public void LoadValues<T>(byte* rows, int count, float* to)
        where T : struct, ILanes<T>
    {
        int padded = KeyValuePool.PaddedDim(headDim);
        if (type == KeyValueType.F16)
        {
            WidenHalves<T>(rows, count * padded, to);
            return;
        }

        for (int row = 0; row < count; row++, rows += ValueBytes, to += padded)
        {
            byte* elements = Elements(rows, 1);
            for (int i = 0; i < padded; i += 16)
            {
                Widen((sbyte*)elements + i, to + i);
                T.Store(T.Load(to + i) * T.Broadcast((float)((Half*)rows)[ScaleOf(i)]), to + i);
            }
        }
    }

    private static void WidenHalves<T>(byte* from, int count, float* to)
        where T : struct, ILanes<T>
    {
        if (T.Vectors == LaneWidth.Bits512 && HalfKernels.TryWiden(from, count, to))
            return;
        for (int i = 0; i < count; i += 16)
            T.Store(T.LoadHalf((ushort*)from + i), to + i);
    }

    /// <summary>Features of the padding have no scale of their own and are 0 under any.</summary>
    private int ScaleOf(int feature) => Math.Min(feature / Scaled, _scales - 1);

    private byte* Elements(byte* start, int stride) => start + 2 * _scales * stride;

    private float Load(byte* start, int slot, int stride, int feature)
    {
        byte* elements = Elements(start, stride);
        int at = feature * stride + slot;
        return type switch
        {
            KeyValueType.F32 => ((float*)elements)[at],
            KeyValueType.F16 => (float)((Half*)elements)[at],
            _ => ((sbyte*)elements)[at] * (float)((Half*)start)[ScaleOf(feature) * stride + slot],
        };
    }

    /// <summary>Stores D features, and zeros up to <paramref name="width"/>.</summary>
    private void Store(byte* start, int slot, int stride, float* values, int width)
    {
        byte* elements = Elements(start, stride);
        if (type == KeyValueType.F32)
        {
            for (int i = 0; i < width; i++)
                ((float*)elements)[i * stride + slot] = i < headDim ? values[i] : 0;
            return;
        }

        for (int first = 0; first < width; first += Scaled)
        {
            int end = Math.Min(first + Scaled, width);
            float inverse = type == KeyValueType.Q8 && first < headDim
                ? Scale(start, slot, stride, values, first, Math.Min(end, headDim))
                : 0;
            for (int i = first; i < end; i++)
            {
                float value = i < headDim ? values[i] : 0;
                int at = i * stride + slot;
                if (type == KeyValueType.F16)
                {
                    ((Half*)elements)[at] = (Half)value;
                }
                else
                {
                    ((sbyte*)elements)[at] = (sbyte)Math.Clamp(MathF.Round(value * inverse, MidpointRounding.AwayFromZero), -127,
                        127);
                }
            }
        }
    }

    /// <summary>Stores the scale of some features, max / 127, and returns its inverse.</summary>
    private static float Scale(byte* start, int slot, int stride, float* values, int first, int end)
    {
        float most = 0;
        for (int i = first; i < end; i++)
            most = Math.Max(most, MathF.Abs(values[i]));
        float scale = most / 127;
        ((Half*)start)[first / Scaled * stride + slot] = (Half)scale;

        // What is not finite must show: infinity or NaN times the scale, which is that too.
        return scale == 0 || !float.IsFinite(scale) ? 0 : 1 / scale;
    }

    private static void Widen(sbyte* from, float* to)
    {
        Vector128<sbyte> bytes = Vector128.Load(from);
        Widen(Vector128.WidenLower(bytes), to);
        Widen(Vector128.WidenUpper(bytes), to + 8);
    }

    private static void Widen(Vector128<short> words, float* to)
    {
        Vector128.ConvertToSingle(Vector128.WidenLower(words)).Store(to);
        Vector128.ConvertToSingle(Vector128.WidenUpper(words)).Store(to + 4);
    }
}
