namespace Seriatim.Training;

/// <summary>The mean of the weights of several checkpoints of one run (Vaswani et al., 2017, section 6.1).</summary>
public static class CheckpointAverage
{
    /// <summary>Loads checkpoints and gives a model with their mean weights, summed in the order given.</summary>
    /// <param name="folders">Model folders of the same config, at least one.</param>
    /// <exception cref="ArgumentException">There are none, or their parameters differ.</exception>
    public static Model Load(IReadOnlyList<string> folders)
    {
        ArgumentNullException.ThrowIfNull(folders);
        if (folders.Count == 0)
            throw new ArgumentException("There is nothing to average.", nameof(folders));
        var options = new ModelLoadOptions { Storage = WeightStorage.F32 };
        Model sum = Model.Load(folders[0], options);
        try
        {
            foreach (string folder in folders.Skip(1))
            {
                using Model next = Model.Load(folder, options);
                Add(sum, next, folder);
            }

            foreach (ModelParameter parameter in sum.Parameters)
            {
                float[] row = new float[parameter.Parameter.Columns];
                for (int r = 0; r < parameter.Parameter.Rows; r++)
                {
                    parameter.Parameter.ReadRow(r, row);
                    foreach (ref float value in row.AsSpan())
                        value /= folders.Count;
                    parameter.Parameter.WriteRow(r, row);
                }
            }

            return sum;
        }
        catch
        {
            sum.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Writes the mean of checkpoints as a model folder, with the tokenizer and the generation config of the last of them.
    /// </summary>
    /// <param name="folders">Model folders of the same config, at least one.</param>
    /// <param name="output">The new folder; one that exists is replaced.</param>
    /// <param name="type">F32, BF16 or F16.</param>
    /// <exception cref="ArgumentException">There are none, their parameters differ, or the output is one of them.</exception>
    /// <exception cref="IOException">The folder cannot be written.</exception>
    public static void Write(IReadOnlyList<string> folders, string output, DataType type = DataType.F32)
    {
        using Model model = Load(folders);
        if (folders.Any(folder => Path.GetFullPath(folder) == Path.GetFullPath(output)))
        {
            throw new ArgumentException($"{output} is one of the checkpoints that are averaged; choose another folder.",
                nameof(output));
        }
        string[] names = ["tokenizer.json", "tokenizer_config.json", GenerationConfigFile.FileName];
        Dictionary<string, ReadOnlyMemory<byte>> files = names.Where(name => File.Exists(Path.Combine(folders[^1], name)))
            .ToDictionary(name => name, name => (ReadOnlyMemory<byte>)File.ReadAllBytes(Path.Combine(folders[^1], name)));
        new FinalModel(Path.TrimEndingDirectorySeparator(output), files).Write(model, null, null, type);
    }

    private static void Add(Model sum, Model next, string folder)
    {
        if (!sum.Parameters.Select(p => p.Parameter.ToString())
            .SequenceEqual(next.Parameters.Select(p => p.Parameter.ToString())))
        {
            throw new ArgumentException($"The parameters of {folder} are not those of the first checkpoint.");
        }
        for (int i = 0; i < sum.Parameters.Count; i++)
        {
            Parameter total = sum.Parameters[i].Parameter;
            Parameter values = next.Parameters[i].Parameter;
            float[] row = new float[total.Columns];
            float[] other = new float[total.Columns];
            for (int r = 0; r < total.Rows; r++)
            {
                total.ReadRow(r, row);
                values.ReadRow(r, other);
                for (int c = 0; c < row.Length; c++)
                    row[c] += other[c];
                total.WriteRow(r, row);
            }
        }
    }
}
