namespace Seriatim.Training;

/// <summary>The finished model of a run: a folder that appears whole or not at all.</summary>
/// <param name="folder">Its place.</param>
/// <param name="files">What lies beside the weights.</param>
internal sealed class FinalModel(string folder, IReadOnlyDictionary<string, ReadOnlyMemory<byte>> files)
{
    /// <summary>
    /// Writes the model, or the average of its weights if one is kept; then the ops put it in place and take it back.
    /// </summary>
    public void Write(Model model, IDifferentiableOps? ops, WeightAverage? average, DataType type)
    {
        string temporary = folder + ".new", old = folder + ".old";
        foreach (string left in (string[])[temporary, old])
        {
            if (Directory.Exists(left))
                Directory.Delete(left, recursive: true);
        }

        average?.Swap(ops!);
        try
        {
            CheckpointWriter.Write(model, temporary, type);
        }
        finally
        {
            average?.Swap(ops!);
        }

        foreach ((string name, ReadOnlyMemory<byte> bytes) in files)
            File.WriteAllBytes(Path.Combine(temporary, name), bytes.Span);
        CheckpointStore.Flush(temporary);
        if (Directory.Exists(folder))
            Directory.Move(folder, old);
        Directory.Move(temporary, folder);
        if (Directory.Exists(old))
            Directory.Delete(old, recursive: true);
    }
}
