// A request moves: the first half of a text is written here, the second by another process, and nobody can tell.
//
//   dotnet run -c Release --project samples/move [-- MODEL PROMPT]
//
// The other process is this program, too: "finish MODEL FOLDER" goes on with every saved request (*.state) of a folder.
using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Serialization;
using Seriatim;
using Seriatim.Generation;

if (args is ["finish", var name, var folder])
    return await FinishAsync(name, folder);

string modelName = args.Length > 0 ? args[0] : "stories";
string prompt = args.Length > 1 ? args[1] : "The old king looked at the sea and";
await using LanguageModel model = await LanguageModel.OpenAsync(modelName);
GenerationRequest request = model.Request(prompt) with { Seed = 7, MaxNewTokens = 40 };
string whole = (await model.CompleteAsync(request)).Choices[0].Text;

// The same again; after 15 tokens the request leaves this process as a few kilobytes.
GenerationHandle handle = model.Submit(request);
string here = "";
Task<RequestState>? leaving = null;
int tokens = 0;
await foreach (GenerationUpdate update in handle)
{
    here += update.Text;
    if (++tokens == 15)
        leaving = handle.ExportAsync();
}

string box = Directory.CreateTempSubdirectory("seriatim-move").FullName;
byte[] state = (await leaving!).ToBytes();
File.WriteAllBytes(Path.Combine(box, "request.state"), state);
using (Process other = Process.Start(Environment.ProcessPath!, [.. Myself(), "finish", modelName, box]))
    await other.WaitForExitAsync();
string there = JsonDocument.Parse(File.ReadAllText(Path.Combine(box, "request.json"))).RootElement
    .GetProperty("choices")[0].GetProperty("text").GetString()!;
Directory.Delete(box, recursive: true);

Console.WriteLine($"one process    \"{prompt}{whole}\"");
Console.WriteLine($"two processes  \"{prompt}{here}|{there[here.Length..]}\"");
Console.WriteLine($"moved as       {state.Length} bytes");
Console.WriteLine(whole == there ? "the same bytes" : "NOT the same bytes: please report this");
return whole == there ? 0 : 1;

static async Task<int> FinishAsync(string name, string folder)
{
    await using LanguageModel model = await LanguageModel.OpenAsync(name);
    var sources = new RequestStateSources { Tokenizer = model.Tokenizer };
    var options = new JsonSerializerOptions(JsonSerializerDefaults.Web)
    {
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
    };
    await Task.WhenAll(Directory.GetFiles(folder, "*.state").Select(async file =>
    {
        RequestState state = RequestState.FromBytes(File.ReadAllBytes(file), sources);
        GenerationResult result = await model.Engine.Submit(state).Completion;
        File.WriteAllText(Path.ChangeExtension(file, ".json"),
            JsonSerializer.Serialize(new { result.Choices, result.PromptLogprobs }, options));
    }));
    return 0;
}

// Started by "dotnet move.dll", the path of the process is dotnet's.
static string[] Myself() =>
    Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet" ? [Environment.GetCommandLineArgs()[0]] : [];
