using Seriatim.Generation;
using Seriatim.Models;
using Seriatim.Tensors;
using Seriatim.Tokenizers;

namespace Seriatim.Cli;

/// <summary>What a model must hold by itself, whatever it was converted from.</summary>
internal static class SelfChecks
{
    /// <summary>What goes through a model and its tokenizer: letters of several scripts, digits, signs, blanks.</summary>
    public const string Text =
        "The cat sat on the mat, and 3.5 birds sang. Zoë said: \"Où est le chat?\"  A second line follows.\n"
            + "    if (x == 42) return x;  我爱学习。 Привет! Ω€ 😀 The end of the story is that everybody went home and slept.";

    private const int Rows = 48, Steps = 24, NewTokens = 24;

    /// <summary>All checks, in order.</summary>
    public static async Task<IReadOnlyList<CheckLine>> RunAsync(CheckedModel model, IDifferentiableOps ops,
        CancellationToken stop)
    {
        List<CheckLine> lines = [Loads(model)];
        int[] ids = model.Ids(Text, Rows);
        CheckLine finite = Finite(model, ops, ids);
        lines.Add(finite);
        lines.Add(Cache(model, ops, [.. ids.Take(Steps)]));
        lines.Add(RoundTrip(model));
        lines.Add(Template(model));

        // Where logits are no numbers there is nothing to choose from.
        lines.Add(finite.Result == "failed"
            ? CheckLine.Skipped("generation", "logits are not finite")
            : await GenerationAsync(model, ops, stop));
        return lines;
    }

    private static CheckLine Loads(CheckedModel checkedModel)
    {
        Model model = checkedModel.Model;
        int opened = model.TensorUses.Count(use => use.IsOpened);
        string skipped = model.SkippedTensors.Count > 0 ? $", {model.SkippedTensors.Count} tensors skipped" : "";
        return CheckLine.Passed("weights",
            FormattableString.Invariant(
                $"{model.Spec.Family}, {model.ParameterCount:N0} values; {model.TensorUses.Count} matrices, ")
                + $"{model.TensorUses.Count - opened} used as stored, {opened} opened{skipped}");
    }

    private static CheckLine Finite(CheckedModel model, IOps ops, int[] ids)
    {
        (float[] values, int columns) = model.Logits(ops, ids);
        int bad = Array.FindIndex(values, value => !float.IsFinite(value));
        return bad >= 0
            ? CheckLine.Failed("finite logits", $"logit {bad % columns} of row {bad / columns} is {values[bad]}")
            : CheckLine.Passed("finite logits",
                FormattableString.Invariant(
                    $"{values.Length / columns} rows of {columns}, from {values.Min():G4} to {values.Max():G4}"));
    }

    private static CheckLine Cache(CheckedModel model, IOps ops, int[] ids)
    {
        const string Name = "cache against none";
        if (model.Step is not { } step)
            return CheckLine.Skipped(Name, "a model that reads whole texts remembers nothing");
        if (model.Model.Spec.Last.ReadsAgain)
            return CheckLine.Skipped(Name, "a later id can change earlier rows, so each step reads the text again");
        (float[] whole, int columns) = model.Logits(ops, ids);
        float[] stepped = model.LogitsByStep(ops, ids);
        int other = Enumerable.Range(0, whole.Length).FirstOrDefault(i => !whole[i].Equals(stepped[i]), -1);
        return other < 0
            ? CheckLine.Passed(Name, $"{whole.Length / columns} rows of {step}, step by step: the same bits")
            : CheckLine.Failed(Name, $"logit {other % columns} of row {other / columns} is {stepped[other]:R} step by step, "
                + $"and {whole[other]:R} in one pass");
    }

    private static CheckLine RoundTrip(CheckedModel model)
    {
        const string Name = "tokenizer";
        if (model.Tokenizer is not { } tokenizer)
            return CheckLine.Skipped(Name, model.NoTokenizer!);
        int known = model.Model.Spec.Last.Vocabulary;
        int[] ids = tokenizer.Encode(Text, EncodeOptions.PlainText with { AddSpecialTokens = false });
        if (ids.FirstOrDefault(id => id >= known, -1) is >= 0 and int beyond)
            return CheckLine.Failed(Name, $"gives id {beyond}, and the model has {known} rows");
        string text = tokenizer.Decode(ids);
        string again = tokenizer.Decode(tokenizer.Encode(text, EncodeOptions.PlainText with { AddSpecialTokens = false }));
        if (again != text)
        {
            int at = Enumerable.Range(0, Math.Min(text.Length, again.Length)).FirstOrDefault(i => text[i] != again[i],
                Math.Min(text.Length, again.Length));
            return CheckLine.Failed(Name, $"what it gives back changes when it is read again, at letter {at}: "
                + $"\"{Around(text, at)}\" becomes \"{Around(again, at)}\"");
        }

        return CheckLine.Passed(Name, text == Text
            ? $"{Text.Length} letters, {ids.Length} ids, and back"
            : $"{ids.Length} ids and back; it does not keep all of a text (letters it does not know, case or blanks)");
    }

    private static string Around(string text, int at) =>
        text[Math.Max(0, at - 8)..Math.Min(text.Length, at + 8)].ReplaceLineEndings(" ");

    private static CheckLine Template(CheckedModel model)
    {
        const string Name = "chat template";
        const string Question = "What is the colour of the sky?";
        if (model.Tokenizer?.ChatTemplate is not { } template)
            return CheckLine.Skipped(Name, "there is none");
        try
        {
            string text = template.Render([new ChatTurn("user", "Hello."), new ChatTurn("assistant", "Good morning."),
                new ChatTurn("user", Question)]);
            if (!text.Contains(Question, StringComparison.Ordinal))
                return CheckLine.Failed(Name, $"its text of {text.Length} letters does not contain the last message");
            int known = model.Model.Spec.Last.Vocabulary,
                count = model.Tokenizer.Encode(text, addSpecialTokens: false).Count(id => id < known);
            return count > 0
                ? CheckLine.Passed(Name, $"{text.Length} letters, {count} ids for three turns")
                : CheckLine.Failed(Name, "its text has no ids");
        }
        catch (ChatTemplateException failure)
        {
            return CheckLine.Failed(Name, failure.Message);
        }
    }

    private static async Task<CheckLine> GenerationAsync(CheckedModel model, IDifferentiableOps ops, CancellationToken stop)
    {
        const string Name = "generation";
        if (model.Model.Spec is not { Encoder: null, Task: ModelTask.CausalLanguageModel })
            return CheckLine.Skipped(Name, "only decoders go on with a text by themselves");
        int[] prompt = model.Ids("The cat", 8);
        if (model.Model.Spec.Context - prompt.Length < 1)
            return CheckLine.Skipped(Name, $"a context of {model.Model.Spec.Context} leaves no room after {prompt.Length} ids");
        int most = Math.Min(NewTokens, model.Model.Spec.Context - prompt.Length);
        IReadOnlyList<int> ends = GenerationConfigReader.Read(model.Folder, model.Model.Config,
            model.Model.Spec.Last.Vocabulary).EndIds;
        await using var engine = new GenerationEngine(new LoadedModel(model.Model, ops),
            new EngineOptions { Pages = 16, MaxSequences = 4, EndIds = [.. ends] });
        var request = new GenerationRequest
        {
            Prompt = prompt,
            MaxNewTokens = most,
            Sampling = new SamplingOptions { Temperature = 0 },
        };
        GenerationResult first = await engine.CompleteAsync(request, stop), second = await engine.CompleteAsync(request, stop);
        int[] ids = [.. first.Choices[0].TokenIds], again = [.. second.Choices[0].TokenIds];
        if (!ids.SequenceEqual(again))
            return CheckLine.Failed(Name, $"the same request gave {ids.Length} other ids the second time ({again.Length})");
        return CheckLine.Passed(Name, $"{ids.Length} new ids, twice the same; it ended by {first.Choices[0].Finish}"
            + (ends.Count == 0 ? "; no id is known that ends a text, so only limits do" : ""));
    }
}
