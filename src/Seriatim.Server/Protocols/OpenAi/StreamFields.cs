namespace Seriatim.Server;

/// <summary>Whether an answer streams, and what its end tells.</summary>
internal static class StreamFields
{
    private static readonly FieldTable<OpenAiOutput> OptionsTable = new("stream_options",
    [
        new()
        {
            Name = "include_usage",
            Kinds = JsonKinds.Boolean,
            Doc = "Send the counts in a last chunk without choices. Default: false.",
            Example = "true",
            Read = (output, value) => output.IncludesUsage = value.Boolean,
        },
        new()
        {
            Name = "include_obfuscation",
            Kinds = JsonKinds.Boolean,
            Fate = FieldFate.Refused,
            Neutral = ["false"],
            Doc = "chunks are as long as their text; hide their lengths where the connection ends.",
            Example = "true",
        },
        new()
        {
            Name = "continuous_usage_stats",
            Kinds = JsonKinds.Boolean,
            Fate = FieldFate.Refused,
            Neutral = ["false"],
            Doc = "the counts come once, at the end.",
            Example = "true",
        },
    ]);

    /// <summary>The rows.</summary>
    public static IEnumerable<Field<OpenAiOutput>> Rows { get; } =
    [
        new()
        {
            Name = "stream",
            Kinds = JsonKinds.Boolean,
            Doc = "Send the answer as it is written, as server-sent events. Default: false.",
            Example = "true",
            Read = (output, value) => output.Streams = value.Boolean,
        },
        new()
        {
            Name = "stream_options",
            Kinds = JsonKinds.Object,
            Doc = "What a stream tells beside the answer.",
            Example = "{\"include_usage\": true}",
            ExampleNeeds = "\"stream\": true",
            Inside = () => OptionsTable,
            Read = (output, value) =>
            {
                if (!output.Streams)
                {
                    throw ApiException.Invalid("stream_options is for streams; set stream to true, too.", value.Path,
                        "invalid_value");
                }

                value.Into(OptionsTable, output);
            },
        },
        new()
        {
            Name = "return_token_ids",
            Kinds = JsonKinds.Boolean,
            Doc = "Send token ids of prompt and answer, too (vLLM), and of alternatives. Default: false.",
            Example = "true",
            Read = (output, value) => output.ShowsIds = value.Boolean,
        },
    ];
}
