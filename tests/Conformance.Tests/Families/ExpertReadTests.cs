namespace Seriatim.Conformance.Tests;

/// <summary>Of a mixture's experts only those that a row was routed to are read.</summary>
public sealed class ExpertReadTests
{
    /// <summary>
    /// Experts are filled with NaN one after the other: whoever reads one has NaN in its logits, and all others keep every
    /// bit. So those that were read can be counted.
    /// </summary>
    [Theory]
    [InlineData("mixtral", 2)]
    [InlineData("qwen2_moe", 2)]
    [InlineData("gpt_oss", 2)]
    [InlineData("gemma4-experts", 2)]
    [InlineData("llama4", 1)]
    [InlineData("glm4_moe", 2)]
    public void NoOtherExpertIsRead(string name, int perToken)
    {
        using Model model = TinyModels.Make(name);
        IOps ops = OpsUnderTest.Get("cpu-512");
        int[] token = [7];
        float[] expected = Runs.DecoderLogits(model, ops, [token])[0];
        foreach (IGrouping<string, ModelParameter> layer in model.Parameters
            .Where(part => part.Path.Contains(".experts.", StringComparison.Ordinal))
            .GroupBy(part => part.Path[..part.Path.IndexOf(".experts.", StringComparison.Ordinal)]))
        {
            IGrouping<string, ModelParameter>[] experts = [
                .. layer.GroupBy(part => part.Path.Split(".experts.")[1].Split('.')[0])];
            int read = 0;
            foreach (IGrouping<string, ModelParameter> expert in experts)
            {
                float[][][] before = [.. expert.Select(part => Fill(part.Parameter))];
                float[] logits = Runs.DecoderLogits(model, ops, [token])[0];
                foreach ((ModelParameter part, float[][] rows) in expert.Zip(before))
                    Write(part.Parameter, rows);
                if (logits.Any(float.IsNaN))
                    read++;
                else
                    Bits.Equal([expected], [logits], $"{name}, {layer.Key}, expert {expert.Key}");
            }

            Assert.True(experts.Length > perToken);
            Assert.Equal(perToken, read);
        }
    }

    private static float[][] Fill(Parameter parameter)
    {
        float[][] rows = new float[parameter.Rows][];
        float[] nothing = [.. Enumerable.Repeat(float.NaN, parameter.Columns)];
        for (int row = 0; row < rows.Length; row++)
        {
            rows[row] = new float[parameter.Columns];
            parameter.ReadRow(row, rows[row]);
            parameter.WriteRow(row, nothing);
        }

        return rows;
    }

    private static void Write(Parameter parameter, float[][] rows)
    {
        for (int row = 0; row < rows.Length; row++)
            parameter.WriteRow(row, rows[row]);
    }
}
