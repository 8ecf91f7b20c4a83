using System.Globalization;

namespace Seriatim.Training;

/// <summary>Makes the objective a recipe names, with the ids it needs from the model and the tokenizer.</summary>
internal static class ObjectiveFactory
{
    public static Objective Make(TrainingRecipe recipe, Model model, Tokenizer tokenizer)
    {
        Objective objective = recipe.Objective switch
        {
            ObjectiveKind.NextToken => new NextTokenObjective(),
            ObjectiveKind.SequenceToSequence => new SequenceToSequenceObjective(Start(model)),
            ObjectiveKind.MaskedTokens => new MaskedTokenObjective(
                tokenizer.SpecialTokens.Mask
                    ?? throw new RecipeException(
                        $"{recipe.Tokenizer} has no mask_token (tokenizer_config.json); masked_tokens needs one."),
                Math.Min(tokenizer.VocabularySize, model.Spec.Last.Vocabulary), tokenizer.IsSpecial, recipe.Seed,
                recipe.MaskShare, recipe.Encoding.AddSpecialTokens ? SequenceFrame.Of(tokenizer) : null),
            ObjectiveKind.MaskPredict => new MaskPredictObjective(model.Spec.MaskPredict
                ?? throw new RecipeException("mask_predict trains models that write a target at once; this "
                    + $"{model.Spec.Family} model is for {model.Spec.Task}."), recipe.Seed),
            _ => new SpanCorruptionObjective(Start(model), End(model, tokenizer), Sentinels(recipe, tokenizer), recipe.Seed,
                recipe.NoiseDensity, recipe.SpanLength),
        };
        objective.Check(model);
        return objective;
    }

    private static int Start(Model model) => model.Config.DecoderStartTokenId
        ?? throw new RecipeException("The model's config has no decoder_start_token_id.");

    private static int End(Model model, Tokenizer tokenizer) => model.Config.EosTokenIds is [int id, ..] ? id
        : tokenizer.EosId ?? throw new RecipeException("Neither the model's config nor the tokenizer has an end of sequence.");

    private static List<int> Sentinels(TrainingRecipe recipe, Tokenizer tokenizer)
    {
        var ids = new List<int>();
        while (tokenizer.IdOf(string.Create(CultureInfo.InvariantCulture, $"<extra_id_{ids.Count}>")) is { } id)
            ids.Add(id);
        return ids.Count > 0
            ? ids
            : throw new RecipeException($"{recipe.Tokenizer} has no <extra_id_0>; span_corruption needs sentinels.");
    }
}
