using System.Text.Json;

namespace Seriatim.Models;

/// <content>The labels of classifiers.</content>
public sealed partial class ConfigReader
{
    /// <summary>
    /// Labels that a config may ask for by their number alone: a name is made for each before any tensor is seen.
    /// </summary>
    private const int MostLabels = 1 << 20;

    /// <summary>The labels of a classifier, by index, from <c>id2label</c>.</summary>
    public string[] Labels()
    {
        Waive("the inverse of id2label", "label2id");
        if (Find(["id2label"], out string name) is not { } value)
        {
            int count = SizeOrNull("num_labels") ?? 2;
            if (count > MostLabels)
                throw Unsupported("num_labels", count, $"at most {MostLabels} labels are read");
            return [.. Enumerable.Range(0, count).Select(i => $"LABEL_{i}")];
        }

        if (value.ValueKind != JsonValueKind.Object)
            throw Unsupported(name, value, "an object is needed");
        JsonProperty[] labels = [.. value.EnumerateObject()];
        string[] names = new string[labels.Length];
        foreach (JsonProperty label in labels)
        {
            if (!int.TryParse(label.Name, out int id) || (uint)id >= (uint)names.Length
                || label.Value.ValueKind != JsonValueKind.String)
                throw Unsupported(name, value, $"the ids 0 to {names.Length - 1}, each with a string, are needed");
            names[id] = label.Value.GetString()!;
        }

        return names;
    }
}
