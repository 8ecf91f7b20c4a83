using System.Runtime.CompilerServices;
using System.Text;

namespace Seriatim.Tokenizers;

/// <summary>The symbol of every single character: pages of 256 for the BMP, a dictionary beyond it; -1 for none.</summary>
internal sealed class SymbolTable
{
    private static readonly int[] Empty = NewPage();

    private readonly int[][] _pages = new int[256][];
    private readonly Dictionary<int, int> _supplementary = [];

    /// <summary>Creates an empty table.</summary>
    public SymbolTable() => Array.Fill(_pages, Empty);

    /// <summary>Sets the symbol of a character unless it has one.</summary>
    public void Add(Rune rune, int symbol)
    {
        if (!rune.IsBmp)
        {
            _supplementary.TryAdd(rune.Value, symbol);
            return;
        }

        ref int[] page = ref _pages[rune.Value >> 8];
        if (page == Empty)
        {
            page = NewPage();
        }

        if (page[rune.Value & 255] < 0)
        {
            page[rune.Value & 255] = symbol;
        }
    }

    /// <summary>The symbol of a BMP char.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int Of(char c) => _pages[c >> 8][c & 255];

    /// <summary>The symbol of a character beyond the BMP.</summary>
    public int Of(char high, char low) =>
        _supplementary.TryGetValue(char.ConvertToUtf32(high, low), out int symbol) ? symbol : -1;

    private static int[] NewPage()
    {
        var page = new int[256];
        Array.Fill(page, -1);
        return page;
    }
}
