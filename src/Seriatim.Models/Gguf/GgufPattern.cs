namespace Seriatim.Models;

/// <summary>Layers of two kinds, of which every n-th is of the second: the number that files hold.</summary>
internal static class GgufPattern
{
    /// <summary>
    /// The smallest n for which layers <c>n - 1, 2n - 1, ...</c> and no others are such; the read-back of a header finds out
    /// where
    /// there is none.
    /// </summary>
    /// <param name="stack">The stack.</param>
    /// <param name="isSuch">Whether a layer is of the second kind.</param>
    public static int Period(StackSpec stack, Func<LayerSpec, bool> isSuch)
    {
        int first = stack.Layers.TakeWhile(layer => !isSuch(layer)).Count();
        return first + 1;
    }

    /// <summary>Refuses a model whose layers do not stand as readers take them to.</summary>
    /// <param name="export">The model.</param>
    /// <param name="isSuch">Whether a layer is of the second kind.</param>
    /// <param name="period">Of so many layers readers take the last to be of it.</param>
    /// <param name="configKey">The key of configs that says so.</param>
    public static void Require(GgufExport export, Func<LayerSpec, bool> isSuch, int period, string configKey)
    {
        IReadOnlyList<LayerSpec> layers = export.Spec.Decoder!.Layers;
        for (int i = 0; i < layers.Count; i++)
        {
            export.Require(isSuch(layers[i]) == ((i + 1) % period == 0), configKey,
                $"readers of {export.Architecture} files take every {period}th layer to be of the other kind; layer {i} is not");
        }
    }
}
