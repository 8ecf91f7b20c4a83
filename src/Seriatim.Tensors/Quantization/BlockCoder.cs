namespace Seriatim.Tensors;

/// <summary>Rows of one block format, decoded and encoded.</summary>
internal static unsafe class BlockCoder<TFormat>
    where TFormat : struct, IBlockFormat
{
    /// <summary>
    /// Decodes whole blocks: <c>S · g · level + M · h</c>. Both products are exact in F32, so a value is rounded once at most.
    /// </summary>
    public static void Decode(byte* blocks, Span<float> values)
    {
        BlockParts parts;
        for (int first = 0; first < values.Length; first += TFormat.Values, blocks += TFormat.Bytes)
        {
            TFormat.Open(blocks, &parts);
            Decode(&parts, values.Slice(first, TFormat.Values));
        }
    }

    /// <summary>Encodes whole blocks.</summary>
    public static void Encode(ReadOnlySpan<float> values, byte* blocks)
    {
        BlockParts parts;
        for (int first = 0; first < values.Length; first += TFormat.Values, blocks += TFormat.Bytes)
        {
            new Span<byte>(&parts, sizeof(BlockParts)).Clear();
            TFormat.Encode(values.Slice(first, TFormat.Values), &parts);
            if (!IsFinite(&parts))
            {
                throw new ArgumentException(
                    $"{TFormat.Type}: the values {first} to {first + TFormat.Values - 1} are too large: " +
                    $"the scale of their block, {TFormat.LargestScale}.");
            }

            TFormat.Close(&parts, blocks);
        }
    }

    /// <summary>Puts one block together of levels.</summary>
    public static void WriteLevels(float scale, ReadOnlySpan<sbyte> levels, byte* block)
    {
        if (!TFormat.Levels.IsEmpty || TFormat.HasGroupScales || TFormat.HasMinimums || TFormat.Values != 32)
            throw new ArgumentException($"{TFormat.Type} is no format of 32 levels and a scale.");
        BlockParts parts;
        parts.Scale = TFormat.NearestScale(scale);
        if (TFormat.Scale(parts.Scale) != scale)
            throw new ArgumentException($"{TFormat.Type}: the scale {scale} is no number that a block can store.", nameof(scale));
        for (int i = 0; i < levels.Length; i++)
        {
            int code = levels[i] + TFormat.Bias;
            if (code < 0 || code >> TFormat.CodeBits != 0)
                throw new ArgumentException($"{TFormat.Type}: the level {levels[i]} of value {i} has no code.", nameof(levels));
            parts.Codes[i] = (byte)code;
        }

        TFormat.Close(&parts, block);
    }

    private static bool IsFinite(BlockParts* parts)
    {
        bool finite = float.IsFinite(TFormat.Scale(parts->Scale));
        finite &= !TFormat.HasMinimums || float.IsFinite(TFormat.Scale(parts->Minimum));
        for (int group = 0; TFormat.HasGroupScales && group < TFormat.Values / TFormat.GroupValues; group++)
            finite &= float.IsFinite(TFormat.GroupScale(parts->GroupScales[group]));
        return finite;
    }

    private static void Decode(BlockParts* parts, Span<float> values)
    {
        float scale = TFormat.Scale(parts->Scale);
        float minimum = TFormat.HasMinimums ? TFormat.Scale(parts->Minimum) : 0;
        for (int group = 0; group < TFormat.Values / TFormat.GroupValues; group++)
        {
            float s = TFormat.HasGroupScales ? scale * TFormat.GroupScale(parts->GroupScales[group]) : scale;
            float m = minimum * parts->GroupMinimums[group];
            for (int i = group * TFormat.GroupValues; i < (group + 1) * TFormat.GroupValues; i++)
            {
                int level = TFormat.Levels.IsEmpty ? parts->Codes[i] - TFormat.Bias : TFormat.Levels[parts->Codes[i]];
                values[i] = TFormat.HasMinimums ? s * level + m : s * level;
            }
        }
    }
}
