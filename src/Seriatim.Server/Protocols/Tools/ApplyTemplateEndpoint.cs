namespace Seriatim.Server;

/// <summary><c>POST /apply-template</c>: the prompt that a conversation makes, to be looked at.</summary>
internal sealed class ApplyTemplateEndpoint : Endpoint
{
    public override string Method => "POST";

    public override string Path => "/apply-template";

    public override string Summary => "Writes a conversation by the model's chat template.";

    public override FieldTable Fields => Table;

    public override EndpointAccess Access => EndpointAccess.Generating;

    public static FieldTable<ChatRequest> Table { get; } = new("POST /apply-template",
        ChatFields.Table.Typed.Where(row =>
            row.Name is "model" or "messages" or "tools" or "tool_choice" or "chat_template_kwargs"
            or "reasoning_effort" or "add_generation_prompt"));

    public override async Task HandleAsync(ApiCall call)
    {
        ChatRequest request = await call.ReadAsync(Table).ConfigureAwait(false);
        using ModelUse use = await call.Server.Models.Find(request.Job.Model)
            .UseAsync(call.Aborted, looks: true).ConfigureAwait(false);
        LanguageModel model = use.Language;
        ChatPrompt.Require(model, request.Job);
        string prompt = model.Tokenizer.ApplyChatTemplate(request.Job.Messages, request.Job.Prompt(model));
        await call.WriteAsync(json =>
        {
            json.WriteStartObject();
            json.WriteString("prompt"u8, prompt);
            json.WriteEndObject();
        }).ConfigureAwait(false);
    }
}
