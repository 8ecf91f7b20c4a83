namespace Seriatim.Tensors.Tests;

/// <summary>Linear layers of which rows need some outputs only; -∞ is brought up to -100, so that it can be compared.</summary>
public static class SelectedCases
{
    public static IEnumerable<OpCase> All()
    {
        foreach (DataType type in new[] { DataType.F32, DataType.F16, DataType.BF16 })
        {
            OutputSelection? selection = null;
            int[] few = [0, 3, 31, 32, 50], most = [.. Enumerable.Range(0, 70)];
            SelectedRows[] runs = [new(1, few), new(4, new[] { 74 }), new(8, most), new(1, few)];
            var c = new OpCase($"selected outputs {type}", (c, ops) =>
            {
                using Tensor logits = ops.LinearSelected(c.Inputs[0], selection!, runs);
                return ops.Clamp(logits, -100, 100);
            })
            { Differentiable = false }.Input(14, 23);
            using OutputTable table = c.Linear(75, 23, true, type).NewOutputTable();
            selection = table.Select([.. most, 72, 74]);
            yield return c;
        }
    }
}
