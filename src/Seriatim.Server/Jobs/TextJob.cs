using Seriatim.Generation;

namespace Seriatim.Server;

/// <summary>Texts that are to be gone on with, whatever protocol they came by.</summary>
internal sealed class TextJob : IJob
{
    public string? Model { get; set; }

    public List<TextPrompt> Prompts { get; } = [];

    public GenerationSettings Generation { get; } = new();

    public JobPlan Plan(ModelUse use) => new()
    {
        Operation = "text_completion",
        Requests = [.. Prompts.Select(prompt => Generation.ApplyTo(Request(use.Language, prompt), use.Language))],
    };

    private static GenerationRequest Request(LanguageModel model, TextPrompt prompt)
    {
        if (prompt.Text is { } text)
            return model.Request(text);

        // What the defaults make of any text; then the ids as they are, special tokens and all.
        int[] ids = [.. prompt.Ids!];
        GenerationRequest request = model.Request("");
        return model.Model.Spec.IsEncoderDecoder ? request with { EncoderInput = ids }
            : model.Defaults.ApplyTo(new GenerationRequest { Prompt = ids, Tokenizer = model.Tokenizer });
    }
}
