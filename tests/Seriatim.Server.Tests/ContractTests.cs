using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Seriatim.Tests;

namespace Seriatim.Server.Tests;

/// <summary>
/// Each field of each request, as its row in the tables says: of the wrong kind, out of its
/// range, refused, without effect, or with one.
/// </summary>
public sealed partial class ContractTests(ContractServer shared) : IClassFixture<ContractServer>
{
    /// <summary>A value of each kind; none of them is a date, a name or anything else that could be meant.</summary>
    private static readonly (JsonKinds Kind, string Json)[] Samples =
    [
        (JsonKinds.Boolean, "true"), (JsonKinds.Integer, "1"), (JsonKinds.Number, "0.5"), (JsonKinds.String, "\"x\""),
        (JsonKinds.Array, "[]"), (JsonKinds.Object, "{}"),
    ];

    /// <summary>Fields whose effect is not seen with these models, or is not in the answer; tests of their own have it.</summary>
    private static readonly string[] Elsewhere =
    [
        "model", "encoder_repetition_penalty", "add_special", "add_special_tokens", "keep_alive", "think", "truncate",
        "dimensions", "from", "to", "prefix", "beams", "length_penalty", "iterations", "length_candidates", "insecure",
        "name", "verbose", "thinking", "previous_response_id", "interval_ms",
    ];

    /// <summary>What asks another machine.</summary>
    private static readonly string[] Outward = ["/api/pull"];

    public static TheoryData<string, string> Fields => Rows((_, _) => true);

    public static TheoryData<string, string> Sendable => Rows((path, _) => !Outward.Contains(path));

    public static TheoryData<string, string> Honoured =>
        Rows((path, row) => row.Fate == FieldFate.Honoured && !Outward.Contains(path)
            && (!Elsewhere.Contains(row.Name)
                || (row.Name == "length_penalty" && path.EndsWith("completions", StringComparison.Ordinal))));

    public static TheoryData<string, string> Refused =>
        Rows((path, row) => row.Fate == FieldFate.Refused && !Outward.Contains(path));

    public static TheoryData<string, string> WithoutEffect =>
        Rows((path, row) => row.Fate == FieldFate.WithoutEffect && !Outward.Contains(path)
            && !(path == "/v1/responses" && row.Name == "metadata")); // which are told again

    [Theory]
    [MemberData(nameof(Fields))]
    public async Task A_field_of_the_wrong_kind_is_refused_by_name(string path, string name)
    {
        Field row = RowOf(path, name);
        foreach ((JsonKinds kind, string json) in Samples)
        {
            bool fits = (row.Kinds & kind) != 0 || (kind == JsonKinds.Integer && row.Kinds.HasFlag(JsonKinds.Number));
            if (fits)
                continue;
            JsonObject body = Body(path, row);
            body[name] = JsonNode.Parse(json);
            await FailAsync(path, body, "invalid_type", name);
        }
    }

    [Theory]
    [MemberData(nameof(Fields))]
    public async Task A_number_out_of_range_is_refused_by_name(string path, string name)
    {
        Field row = RowOf(path, name);
        foreach (double? number in new[] { row.Least - 1, row.Most + 1 })
        {
            if (number is null)
                continue;
            JsonObject body = Body(path, row);
            body[name] = row.Kinds.HasFlag(JsonKinds.Number) ? JsonValue.Create(number) : JsonValue.Create((long)number);
            await FailAsync(path, body, "invalid_value", name);
        }
    }

    [Theory]
    [MemberData(nameof(Sendable))]
    public async Task Null_is_as_if_the_field_were_not_there(string path, string name)
    {
        Field row = RowOf(path, name);
        JsonObject body = Body(path, row);
        body[name] = null;
        if (row.IsRequired || name == "model")
            await FailAsync(path, body, "missing_field", name);
        else
            await AskAsync(path, body);
    }

    [Theory]
    [MemberData(nameof(Refused))]
    public async Task What_is_not_supported_is_refused_by_name_and_asking_for_nothing_is_not(string path, string name)
    {
        Field row = RowOf(path, name);
        JsonObject body = Body(path, row);
        body[name] = JsonNode.Parse(row.Example);
        await FailAsync(path, body, "unsupported_parameter", name);
        foreach (string neutral in row.Neutral)
        {
            body[name] = JsonNode.Parse(neutral);
            await AskAsync(path, body);
        }
    }

    [Theory]
    [MemberData(nameof(WithoutEffect))]
    public async Task A_field_without_effect_has_none(string path, string name) =>
        Assert.Equal(await AskAsync(path, Body(path, RowOf(path, name))), await AskAsync(path, Given(path, RowOf(path, name))));

    [Theory]
    [MemberData(nameof(Honoured))]
    public async Task A_field_that_is_honoured_changes_the_request_or_the_answer(string path, string name) =>
        Assert.NotEqual(await AskAsync(path, Body(path, RowOf(path, name))),
            await AskAsync(path, Given(path, RowOf(path, name))));

    [Fact]
    public async Task A_field_that_no_table_has_is_refused_by_name()
    {
        foreach (Endpoint endpoint in Endpoints.All.Where(endpoint => endpoint.Fields is not null))
        {
            JsonObject body = Body(endpoint.Path, null);
            body["temprature"] = 1;
            await FailAsync(endpoint.Path, body, "unknown_parameter", "temprature");
        }
    }

    [Fact]
    public void Every_flag_of_the_engines_samplers_is_a_field()
    {
        string[] names = [.. ChatFields.Table.Rows.Select(row => row.Name)];
        foreach (string name in Generation.Samplers.HuggingFace.SelectMany(sampler => sampler.Flags)
            .SelectMany(SamplingFields.NamesOf))
        {
            Assert.Contains(name, names);
        }
    }

    private static TheoryData<string, string> Rows(Func<string, Field, bool> which)
    {
        var data = new TheoryData<string, string>();
        foreach (Endpoint endpoint in Endpoints.All)
        {
            foreach (Field row in endpoint.Fields?.Rows.Where(row => which(endpoint.Path, row)) ?? [])
                data.Add(endpoint.Path, row.Name);
        }

        return data;
    }

    private static Field RowOf(string path, string name) =>
        Endpoints.All.First(endpoint => endpoint.Path == path).Fields!.Rows.First(row => row.Name == name);

    /// <summary>A request without the field, and with all that the field needs beside it.</summary>
    private static JsonObject Body(string path, Field? row)
    {
        JsonObject body = JsonNode.Parse(path switch
        {
            "/v1/chat/completions" => """
                {"messages": [{"role": "user", "content": "the cat sat"}], "max_tokens": 4, "seed": 5}
                """,
            "/v1/completions" => """{"prompt": "the cat sat", "max_tokens": 4, "seed": 5}""",
            "/tokenize" => """{"content": "the <|im_end|> cat"}""",
            "/detokenize" => """{"tokens": [5, 6]}""",
            "/apply-template" => """{"messages": [{"role": "user", "content": "the cat sat"}]}""",
            "/v1/embeddings" or "/api/embed" => """{"model": "encoder", "input": "the cat"}""",
            "/api/embeddings" => """{"model": "encoder", "prompt": "the cat"}""",
            "/v1/rerank" => """{"model": "encoder", "query": "the cat", "documents": ["the mat", "a song"]}""",
            "/v1/score" => """{"model": "encoder", "text_1": "the cat", "text_2": "the mat"}""",
            "/v1/fill" => """{"model": "encoder", "text": "the [MASK] sat"}""",
            "/v1/translate" => """{"model": "translator", "text": "the cat", "to": "zh", "beams": 2, "max_tokens": 4}""",
            "/v1/messages" => """{"messages": [{"role": "user", "content": "the cat sat"}], "max_tokens": 4, "seed": 5}""",
            "/v1/messages/count_tokens" => """{"messages": [{"role": "user", "content": "the cat sat"}]}""",
            "/v1/responses" => """{"input": "the cat sat", "max_output_tokens": 4, "seed": 5}""",
            "/api/generate" => """{"prompt": "the cat sat", "stream": false, "options": {"num_predict": 4, "seed": 5}}""",
            "/api/chat" => """
                {"messages": [{"role": "user", "content": "the cat sat"}], "stream": false,
                "options": {"num_predict": 4, "seed": 5}}
                """,
            "/api/show" or "/api/pull" or "/v1/engine/watch" => "{}",
            _ => throw new InvalidOperationException($"Say here what a request to {path} is like."),
        })!.AsObject();
        body.TryAdd("model", "tiny");
        if (row is null)
            return body;
        body.Remove(row.Name);
        if (path == "/tokenize" && row.Name is "prompt" or "messages" or "add_generation_prompt")
            body.Remove("content");
        if (row.ExampleNeeds is { } needs)
        {
            foreach ((string name, JsonNode? value) in JsonNode.Parse($"{{{needs}}}")!.AsObject())
                body[name] = value?.DeepClone();
        }

        return body;
    }

    private static JsonObject Given(string path, Field row)
    {
        JsonObject body = Body(path, row);
        body[row.Name] = JsonNode.Parse(row.Example);
        return body;
    }

    /// <summary>Asks, and expects to be refused for a field, in the words of the endpoint's protocol.</summary>
    private async Task FailAsync(string path, JsonObject body, string code, string name)
    {
        if (Endpoints.All.First(endpoint => endpoint.Path == path).Errors == OpenAiErrors.Instance)
        {
            await shared.Server.FailAsync(path, body.ToJsonString(), 400, code, name);
            return;
        }

        using HttpResponseMessage response = await shared.Server.PostAsync(path, body.ToJsonString());
        string text = await response.Content.ReadAsStringAsync();
        Assert.True(response.StatusCode == HttpStatusCode.BadRequest, $"{(int)response.StatusCode}: {text}");
        Assert.Contains(name, JsonElement.Parse(text).GetProperty("error").ToString());
    }

    /// <summary>The answer without what differs each time, and what of the request the engine was told.</summary>
    private async Task<string> AskAsync(string path, JsonObject body)
    {
        using HttpResponseMessage response = await shared.Server.PostAsync(path, body.ToJsonString());
        string answer = await response.Content.ReadAsStringAsync();
        if (response.StatusCode == HttpStatusCode.BadRequest && body.Count == 0)
            return answer;
        bool lacks = response.StatusCode == HttpStatusCode.BadRequest
            && (answer.Contains("is missing", StringComparison.Ordinal)
                || answer.Contains("missing_field", StringComparison.Ordinal));
        Assert.True(response.IsSuccessStatusCode || lacks, $"{(int)response.StatusCode}: {answer}");
        string id = response.Headers.GetValues("x-request-id").Single();
        string told = shared.Server.Core.Requests.Find(id) is not { } record ? ""
            : string.Concat(record.Prompts.Select(prompt => Encoding.UTF8.GetString(prompt.Options) + prompt.PromptHash));
        return Volatile().Replace(answer, "") + told;
    }

    [GeneratedRegex(
        "\"\\w+_duration\":\\d+|\"(id|item_id|created|created_at|modified_at|expires_at)\":(\"[^\"]*\"|\\d+)|\"timings\":\\{[^}]*\\}|\"(cached_tokens|cache_read_input_tokens)\":\\d+|\"input_tokens\":\\d+,")]
    private static partial Regex Volatile();
}
