namespace Seriatim.Training;

/// <summary>
/// <c>init_from</c>: a new model begins with the weights of another one, as far as they have the same names and shapes. A
/// table with
/// more rows than the other's takes those there are.
/// </summary>
/// <param name="Folder"><c>path</c>: the folder of the other model.</param>
/// <param name="Renames">
/// <c>rename</c>: what beginnings of its tensors' names become. The longest one that fits counts; a name that none fits stays.
/// </param>
public sealed record WarmStart(string Folder, IReadOnlyList<KeyValuePair<string, string>> Renames)
{
    /// <summary>What a tensor of the other model is called in the new one.</summary>
    /// <param name="name">Its name.</param>
    public string NameOf(string name) => Renames.Where(r => name.StartsWith(r.Key, StringComparison.Ordinal))
        .OrderByDescending(r => r.Key.Length).Select(r => r.Value + name[r.Key.Length..]).FirstOrDefault(name);

    /// <summary>Makes the model: some weights from the other one, the rest as a source has them.</summary>
    /// <param name="rest">Where the others come from.</param>
    /// <param name="make">Makes the model from a source.</param>
    /// <param name="said">Told what was taken, and what was not.</param>
    /// <exception cref="RecipeException">Nothing of it fits.</exception>
    internal Model Make(IWeightSource rest, Func<IWeightSource, Model> make, Action<string> said)
    {
        using SafetensorsCheckpoint checkpoint = SafetensorsCheckpoint.Open(Folder);
        var source = new PartialCheckpointSource(checkpoint, NameOf, rest);
        Model model = make(source);
        if (source.Taken.Count == 0)
        {
            model.Dispose();
            throw new RecipeException($"init_from: nothing of {Folder} fits the model. It has {Some(source.Unused)}, the model "
                + $"{Some(source.New)}; give \"rename\" what its names begin with, and what they shall begin with.");
        }
        said($"init_from: {source.Taken.Count} tensors taken from {Folder}; {source.New.Count} begin at random: "
            + Some(source.New)
            + (source.Partial.Count == 0 ? "" : $"; a part of {Some(source.Partial)}")
            + (source.Unused.Count == 0 ? "" : $"; not used: {Some(source.Unused)}"));
        return model;
    }

    /// <summary>Null if the recipe has none.</summary>
    internal static WarmStart? Read(RecipeReader reader, Func<string, string> full)
    {
        if (reader.Object("init_from") is not { } own)
            return null;
        if (!reader.Has("model_config"))
            throw reader.Wrong("init_from", "a \"model_config\" beside it, for the new model,");
        var start = new WarmStart(full(own.Needed("path")), own.Pairs("rename"));
        own.Complete();
        return start;
    }

    private static string Some(IReadOnlyList<string> names) => names.Count == 0 ? "none"
        : string.Join(", ", names.Take(8)) + (names.Count > 8 ? $" and {names.Count - 8} more" : "");
}
