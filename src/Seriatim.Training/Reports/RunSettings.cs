using System.Globalization;
using System.Text.Json;

namespace Seriatim.Training;

/// <summary>The table of settings of the training page: the model, the memory, and every key of the recipe.</summary>
internal static class RunSettings
{
    public static IReadOnlyList<KeyValuePair<string, string>> Of(TrainingRecipe recipe, Model model,
        MemoryEstimate memory, int threads, ProcessGroup group)
    {
        var rows = new List<KeyValuePair<string, string>>
        {
            new("model",
                string.Create(CultureInfo.InvariantCulture,
                    $"{model.Spec.Family}, {model.ParameterCount:N0} parameters, {model.Spec.Task}")),
            new("memory (estimate)", memory.ToString()),
            new("threads", (threads == 0 ? Environment.ProcessorCount : threads).ToString(CultureInfo.InvariantCulture)),
        };
        if (group.Size > 1)
            rows.Add(new("processes", group.Size.ToString(CultureInfo.InvariantCulture)));
        if (model.Spec.HasBatchNorms)
            rows.Add(new("batch norms", RunParts.BatchNormNotice));
        using JsonDocument json = JsonDocument.Parse(recipe.Json);
        Add(rows, "", json.RootElement);
        return rows;
    }

    private static void Add(List<KeyValuePair<string, string>> rows, string prefix, JsonElement value)
    {
        if (value.ValueKind == JsonValueKind.Object)
        {
            foreach (JsonProperty property in value.EnumerateObject())
                Add(rows, prefix.Length == 0 ? property.Name : $"{prefix}.{property.Name}", property.Value);
        }
        else if (value.ValueKind == JsonValueKind.Array
            && value.EnumerateArray().Any(item => item.ValueKind == JsonValueKind.Object))
        {
            int index = 0;
            foreach (JsonElement item in value.EnumerateArray())
                Add(rows, $"{prefix}[{index++}]", item);
        }
        else
        {
            rows.Add(new KeyValuePair<string, string>(prefix, value.ToString()));
        }
    }
}
