namespace Seriatim.Training;

/// <summary>Whether evaluations generate the targets of the validation pairs and score them.</summary>
/// <param name="MaxLength"><c>generation_max_length</c>: most ids of a target; 0: as long as targets
/// may be in training, but not more than 256.</param>
/// <param name="Beams"><c>generation_num_beams</c>.</param>
/// <param name="MaxSamples"><c>max_eval_samples</c>: most pairs of each validation file, from its beginning; 0: all.</param>
public sealed record GenerationOptions(int MaxLength, int Beams, int MaxSamples)
{
    /// <summary>Null if <c>predict_with_generate</c> is not true.</summary>
    internal static GenerationOptions? Read(RecipeReader reader)
    {
        bool generate = reader.Flag("predict_with_generate", false);
        foreach (string key in (string[])["generation_max_length", "generation_num_beams", "max_eval_samples"])
        {
            if (reader.Has(key) && !generate)
                throw reader.Wrong(key, "predict_with_generate true");
        }

        var options = new GenerationOptions((int)reader.Whole("generation_max_length", 0, 1),
            (int)reader.Whole("generation_num_beams", 1, 1), (int)reader.Whole("max_eval_samples", 0, 1));
        return generate ? options : null;
    }
}
