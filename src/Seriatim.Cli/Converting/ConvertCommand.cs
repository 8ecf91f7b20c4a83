using System.CommandLine;
using Seriatim.Models;

namespace Seriatim.Cli;

/// <summary><c>seriatim convert</c>: a model folder to GGUF, or back.</summary>
internal static class ConvertCommand
{
    public static Command Build()
    {
        Option<string> model = SharedOptions.Model();
        var target = new Option<string>("--output", "-o")
        {
            Description = "Where to write: a name that ends in .gguf for a GGUF file, any other for a model folder.",
            Required = true,
            HelpName = "path",
        };
        Option<string> type =
            Flag.Of("GGUF: how matrices are stored, f32, f16 or bf16 ('quantize' writes fewer bits).", "type", "f16", "--type");
        Option<bool> force = OutputPlace.Force();
        var command = new Command("convert",
            "Turn a model folder into a GGUF file, tokenizer included, or a GGUF file into a folder (F32).")
        {
            model, target, type, force
        };
        command.SetAction(async (result, cancellation) =>
        {
            string path = result.GetRequiredValue(target);
            OutputPlace.Require(path, result.GetValue(force));
            string source = await ModelFolder.ResolveAsync(result.GetRequiredValue(model), cancellation);
            if (Model.IsGguf(path))
            {
                QuantizationMix mix = QuantizeCommand.Mix(result.GetValue(type)!, pure: false, "f32", "f16", "bf16");
                await QuantizeCommand.WriteAsync(source, path, mix);
            }
            else
            {
                if (!Model.IsGguf(source))
                    throw new UserErrorException($"{source} is a folder already; give -o a name that ends in .gguf.");
                result.Require(false, "a target that ends in .gguf", type);
                Task work = Task.Run(() => ModelConverter.ToFolder(source, path), CancellationToken.None);
                await LiveProgress.ShowAsync(work, () => $"writing {path}");
                await work;
            }

            Terminal.Note($"{path} is written.");
            return ExitCodes.Success;
        });
        return command;
    }
}
