using System.Text.Json;
using Seriatim.Generation;

namespace Seriatim.Server;

/// <summary><c>POST /v1/translate</c>: translations by encoder-decoders, with beams and alternatives.</summary>
internal sealed class TranslateEndpoint : Endpoint
{
    private static readonly FieldTable<TranslateJob> Table = new("POST /v1/translate",
    [
        CommonFields.Model<TranslateJob>((job, name) => job.Model = name),
        Row.Needed<TranslateJob>("text", JsonKinds.String | JsonKinds.Array, "A text, or a list of texts.", "\"the cat\"",
            ReadTexts),
        Row.Of<TranslateJob>("from", JsonKinds.String, "The language of the texts. Default: the model's, or by their script.",
            "\"zh\"", (job, value) => job.Options = job.Options with { From = value.Text }),
        Row.Of<TranslateJob>("to", JsonKinds.String, "The language wanted. Default: the model's.", "\"en\"",
            (job, value) => job.Options = job.Options with { To = value.Text }),
        Row.Of<TranslateJob>("prefix", JsonKinds.String,
            "What the model reads before a text, in place of its own for the languages.",
            "\"\"", (job, value) => job.Options = job.Options with { Prefix = value.Text }),
        Row.Of<TranslateJob>("beams", JsonKinds.Integer, "Beams; 1: the most probable token each time. Default: the model's.",
            "3",
            (job, value) => job.Options = job.Options with { Beams = value.Integer }) with { Least = 1, Option = "Beam.Beams" },
        Row.Of<TranslateJob>("n", JsonKinds.Integer,
            "Translations of each text, the best first; at most as many as beams. Default: 1.",
            "2", (job, value) => job.Count = value.Integer) with { Least = 1, ExampleNeeds = "\"beams\": 3" },
        Row.Of<TranslateJob>("length_penalty", JsonKinds.Number, "A hypothesis has the score sum / length^penalty.", "0.5",
            (job, value) => job.Options = job.Options with { LengthPenalty = value.Number }),
        Row.Of<TranslateJob>("max_tokens", JsonKinds.Integer, "Most tokens of a translation.", "20",
            (job, value) => job.Options = job.Options with { MaxNewTokens = value.Integer }) with
        { Least = 1, Option = "MaxNewTokens" },
        Row.Of<TranslateJob>("iterations", JsonKinds.Integer, "Passes of a model that fills in whole translations.", "3",
            (job, value) => job.Options = job.Options with { Iterations = value.Integer }) with { Least = 1 },
        Row.Of<TranslateJob>("length_candidates", JsonKinds.Integer, "Lengths that such a model tries.", "2",
            (job, value) => job.Options = job.Options with { LengthCandidates = value.Integer }) with { Least = 1 },
    ]);

    public override string Method => "POST";

    public override string Path => "/v1/translate";

    public override string Summary => "Translates texts.";

    public override FieldTable Fields => Table;

    public override EndpointAccess Access => EndpointAccess.Generating;

    public override async Task HandleAsync(ApiCall call)
    {
        TranslateJob request = await call.ReadAsync(Table).ConfigureAwait(false);
        using RunningJob job = await call.Server.Jobs.StartAsync(call, request).ConfigureAwait(false);
        JobResult result = await job.CompleteAsync().ConfigureAwait(false);
        AnswerHead head = AnswerHead.Of(call, job, "translation", "translation");
        await call.WriteAsync(json => Write(json, head, request, result)).ConfigureAwait(false);
    }

    private static void Write(Utf8JsonWriter json, AnswerHead head, TranslateJob request, JobResult result)
    {
        json.WriteStartObject();
        OpenAiJson.WriteHead(json, head);
        json.WriteStartArray("translations"u8);
        foreach ((int index, GenerationResult one) in result.Results.Index())
        {
            json.WriteStartObject();
            json.WriteNumber("index"u8, index);
            json.WriteString("source"u8, request.Texts[index]);
            WriteChoice(json, one.Choices[0]);
            json.WriteStartArray("alternatives"u8);
            foreach (GenerationChoice choice in one.Choices.Skip(1))
            {
                json.WriteStartObject();
                WriteChoice(json, choice);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        json.WriteEndArray();
        OpenAiJson.WriteUsage(json, result.Results, 0);
        json.WriteEndObject();
    }

    private static void WriteChoice(Utf8JsonWriter json, GenerationChoice choice)
    {
        json.WriteString("text"u8, choice.Text.Trim());
        if (choice.Score is { } score)
            json.WriteNumber("score"u8, score);
        json.WriteNumber("tokens"u8, choice.TokenIds.Count);
        OpenAiJson.WriteFinish(json, choice.Finish, hasCalls: false);
    }

    private static void ReadTexts(TranslateJob job, FieldValue value)
    {
        job.Texts = value.Texts;
        if (job.Texts.Count == 0 || job.Texts.Any(string.IsNullOrWhiteSpace))
            throw value.Wrong("texts that are not empty are needed");
    }
}
