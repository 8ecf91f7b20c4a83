namespace Seriatim.Training;

/// <summary>A larger model that a recipe's model learns from.</summary>
/// <param name="Folder"><c>teacher_model_name_or_path</c>: its folder.</param>
/// <param name="Temperature"><c>distillation_temperature</c>.</param>
/// <param name="Weight"><c>distillation_weight</c>: share of the loss that is the distance to the teacher's distribution.</param>
public sealed record TeacherOptions(string Folder, double Temperature, double Weight)
{
    /// <summary>Null if the recipe has no teacher.</summary>
    internal static TeacherOptions? Read(RecipeReader reader, Func<string, string> full)
    {
        string? folder = reader.Text("teacher_model_name_or_path");
        foreach (string key in (string[])["distillation_temperature", "distillation_weight"])
        {
            if (reader.Has(key) && folder is null)
                throw reader.Wrong(key, "a teacher_model_name_or_path beside it");
        }

        var options = new TeacherOptions(folder is null ? "" : full(folder),
            reader.Number("distillation_temperature", 2, 0.01, 100), reader.Number("distillation_weight", 0.5, 1e-6, 1));
        return folder is null ? null : options;
    }
}
