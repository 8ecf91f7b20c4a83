using System.CommandLine;
using Seriatim.Generation;
using Seriatim.Models;

namespace Seriatim.Cli;

/// <summary>
/// <c>seriatim eval</c>: how good a model is on held-out data; what is measured follows from the kind of model.
/// </summary>
internal static class EvalCommand
{
    public static Command Build()
    {
        Option<string> model = SharedOptions.Model();
        var data = new Option<string>("--data", "-d")
        {
            Description =
                "The held-out data: tab-separated or JSONL pairs for encoder-decoders, text for others; .gz is decompressed.",
            Required = true,
            HelpName = "file",
        };
        Option<int> threads = SharedOptions.Threads();
        Option<bool> json = SharedOptions.Json("one JSON object");
        var pairs = new PairFlags();
        var texts = new TextFlags();
        var command = new Command("eval",
            "Measure a model on held-out data: BLEU and chrF, perplexity and bits per byte, or masked accuracy.")
        {
            model, data, threads, json
        };
        pairs.AddTo(command);
        texts.AddTo(command);
        command.SetAction(async (result, cancellation) =>
        {
            string file = result.GetRequiredValue(data), name = result.GetRequiredValue(model);
            if (!File.Exists(file))
                throw new UserErrorException($"{file}: there is no such file.");
            string folder = await ModelFolder.ResolveAsync(name, cancellation);
            using IEvaluation evaluation = await OpenAsync(folder, SharedOptions.Read(result, threads), pairs, texts, result,
                file, cancellation);
            Task<EvaluationReport> work = Task.Run(() => evaluation.RunAsync(cancellation), CancellationToken.None);
            await LiveProgress.ShowAsync(work, () => evaluation.Progress);
            (await work with { Model = name, Data = file }).Print(result.GetValue(json));
            return ExitCodes.Success;
        });
        return command;
    }

    private static async Task<IEvaluation> OpenAsync(
        string folder, LanguageModelOptions options, PairFlags pairs, TextFlags texts, ParseResult result, string file,
        CancellationToken cancellation)
    {
        // Only an encoder-decoder generates; the others are read by forward passes of their own.
        TextEncoder opened = await TextEncoder.OpenAsync(folder, options with
        {
            EngineFor = (spec, engine) => spec.IsEncoderDecoder ? engine : new EngineOptions { Pages = 1 },
        }, cancellation);
        ModelTask task = opened.Model.Spec.Task;
        pairs.RefuseUnless(result, opened.Model.Spec.IsEncoderDecoder, task);
        texts.RefuseUnless(result, task);
        switch (task)
        {
            case ModelTask.SequenceToSequence or ModelTask.MaskedTranslation:
                Translator translator = opened.AsTranslator();
                return new TranslationEvaluation(translator, pairs.Read(result, translator), file);
            case ModelTask.CausalLanguageModel:
                return new LanguageEvaluation(opened, texts.Read(result, opened.Model), file, options.Threads);
            case ModelTask.MaskedLanguageModel:
                return new MaskedEvaluation(opened, texts.Read(result, opened.Model), file, options.Threads);
            default:
                throw new UserErrorException(
                    $"{folder} is a {opened.Model.Spec.Family} model for {task}, which eval has no measure for.");
        }
    }
}
