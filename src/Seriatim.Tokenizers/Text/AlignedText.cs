using System.Buffers;
using System.Runtime.CompilerServices;
using System.Text;

namespace Seriatim.Tokenizers;

/// <summary>
/// Text on its way through normalizers and pre-tokenizers: UTF-16 chars and, only when offsets were asked for, the span of the
/// original text behind every char. A rewrite emits into a second buffer and swaps: <see cref="BeginRewrite"/>,
/// <c>Keep</c>/<c>Emit</c>, <see cref="EndRewrite"/>.
/// </summary>
internal sealed class AlignedText
{
    private static readonly SearchValues<char> Surrogates = SearchValues.Create(MakeSurrogates());

    private char[] _chars = new char[256];
    private int[] _starts = [];
    private int[] _ends = [];
    private int _length;

    private char[] _backChars = new char[256];
    private int[] _backStarts = [];
    private int[] _backEnds = [];
    private int _backLength;

    /// <summary>Whether original spans are kept.</summary>
    public bool Tracks { get; private set; }

    /// <summary>Offset of this text in the whole input, in UTF-16 chars.</summary>
    public int Origin { get; private set; }

    /// <summary>Number of chars.</summary>
    public int Length => _length;

    /// <summary>The chars now.</summary>
    public ReadOnlySpan<char> Span => _chars.AsSpan(0, _length);

    /// <summary>The chars now, for changes that keep every char's place.</summary>
    public Span<char> MutableSpan => _chars.AsSpan(0, _length);

    /// <summary>Chars emitted since <see cref="BeginRewrite"/>.</summary>
    public int RewrittenLength => _backLength;

    /// <summary>Chars kept allocated; a pool drops buffers that grew large.</summary>
    public int Capacity => _chars.Length + _backChars.Length;

    /// <summary>Starts over with <paramref name="text"/>; lone surrogates become U+FFFD.</summary>
    public void Load(ReadOnlySpan<char> text, int origin, bool tracks)
    {
        Tracks = tracks;
        Origin = origin;
        if (_chars.Length < text.Length)
        {
            _chars = new char[text.Length + (text.Length >> 1)];
        }

        text.CopyTo(_chars);
        _length = text.Length;
        ReplaceLoneSurrogates(_chars.AsSpan(0, _length));
        if (!tracks)
        {
            return;
        }

        EnsureSize(ref _starts, _chars.Length);
        EnsureSize(ref _ends, _chars.Length);
        for (int i = 0; i < _length; i++)
        {
            bool low = char.IsLowSurrogate(_chars[i]);
            bool high = char.IsHighSurrogate(_chars[i]);
            _starts[i] = origin + (low ? i - 1 : i);
            _ends[i] = origin + (high ? i + 2 : i + 1);
        }
    }

    /// <summary>Starts over with chars <c>[start, end)</c> of another text.</summary>
    public void LoadSlice(AlignedText other, int start, int end)
    {
        Tracks = other.Tracks;
        Origin = start == 0 ? other.Origin : Tracks ? other.OriginalStart(start) : other.Origin + start;
        _length = end - start;
        if (_chars.Length < _length)
        {
            _chars = new char[_length];
        }

        other._chars.AsSpan(start, _length).CopyTo(_chars);
        if (Tracks)
        {
            EnsureSize(ref _starts, _chars.Length);
            EnsureSize(ref _ends, _chars.Length);
            other._starts.AsSpan(start, _length).CopyTo(_starts);
            other._ends.AsSpan(start, _length).CopyTo(_ends);
        }
    }

    /// <summary>
    /// Original start of the char at <paramref name="index"/>; at the end of the text, the end of the last char.
    /// </summary>
    public int OriginalStart(int index) =>
        index < _length ? _starts[index] : _length == 0 ? Origin : _ends[_length - 1];

    /// <summary>Original end of the char before <paramref name="index"/>.</summary>
    public int OriginalEnd(int index) => index > 0 ? _ends[index - 1] : OriginalStart(0);

    /// <summary>Begins a rewrite of the whole text.</summary>
    public void BeginRewrite()
    {
        _backLength = 0;
        Reserve(_length);
    }

    /// <summary>Emits chars <c>[start, end)</c> unchanged.</summary>
    public void Keep(int start, int end)
    {
        int count = end - start;
        Reserve(count);
        Array.Copy(_chars, start, _backChars, _backLength, count);
        if (Tracks)
        {
            Array.Copy(_starts, start, _backStarts, _backLength, count);
            Array.Copy(_ends, start, _backEnds, _backLength, count);
        }

        _backLength += count;
    }

    /// <summary>Emits one char that stands for chars <c>[start, end)</c> (an empty range for an insertion).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Emit(char value, int start, int end)
    {
        if (_backLength == _backChars.Length)
        {
            Reserve(1);
        }

        if (Tracks)
        {
            int from = OriginalStart(start);
            _backStarts[_backLength] = from;
            _backEnds[_backLength] = end > start ? OriginalEnd(end) : from;
        }

        _backChars[_backLength++] = value;
    }

    /// <summary>Emits chars that together stand for chars <c>[start, end)</c>.</summary>
    public void Emit(ReadOnlySpan<char> values, int start, int end)
    {
        foreach (char value in values)
        {
            Emit(value, start, end);
        }
    }

    /// <summary>
    /// Emits chars <c>[start, end)</c> as UTF-8 in the visible byte alphabet; every byte keeps its character's span.
    /// </summary>
    public void EmitBytes(int start, int end)
    {
        ReadOnlySpan<char> alphabet = ByteAlphabet.All;
        Reserve((end - start) * 3);
        Span<byte> utf8 = stackalloc byte[4];
        for (int i = start; i < end; i++)
        {
            char c = _chars[i];
            if (c < 0x80 && !Tracks)
            {
                _backChars[_backLength++] = alphabet[c];
                continue;
            }

            Rune.DecodeFromUtf16(_chars.AsSpan(i, end - i), out Rune rune, out int used);
            int count = rune.EncodeToUtf8(utf8);
            foreach (byte b in utf8[..count])
            {
                Emit(alphabet[b], i, i + used);
            }

            i += used - 1;
        }
    }

    /// <summary>Ends the rewrite: what was emitted is the text now.</summary>
    public void EndRewrite()
    {
        (_chars, _backChars) = (_backChars, _chars);
        (_starts, _backStarts) = (_backStarts, _starts);
        (_ends, _backEnds) = (_backEnds, _ends);
        _length = _backLength;
    }

    /// <summary>Replaces every unpaired surrogate by U+FFFD.</summary>
    public static void ReplaceLoneSurrogates(Span<char> text)
    {
        int i = text.IndexOfAny(Surrogates);
        while (i >= 0 && i < text.Length)
        {
            if (char.IsHighSurrogate(text[i]) && i + 1 < text.Length && char.IsLowSurrogate(text[i + 1]))
            {
                i += 2;
            }
            else
            {
                text[i++] = '\uFFFD';
            }

            int next = text[i..].IndexOfAny(Surrogates);
            if (next < 0)
            {
                return;
            }

            i += next;
        }
    }

    private void Reserve(int more)
    {
        if (_backLength + more > _backChars.Length)
        {
            Array.Resize(ref _backChars, Math.Max(_backLength + more, _backChars.Length * 2));
        }

        if (Tracks)
        {
            EnsureSize(ref _backStarts, _backChars.Length);
            EnsureSize(ref _backEnds, _backChars.Length);
        }
    }

    private static void EnsureSize(ref int[] array, int size)
    {
        if (array.Length < size)
        {
            Array.Resize(ref array, size);
        }
    }

    private static char[] MakeSurrogates()
    {
        var all = new char[0x800];
        for (int i = 0; i < all.Length; i++)
        {
            all[i] = (char)(0xD800 + i);
        }

        return all;
    }
}
