// Our engine and llama.cpp on the same GGUF file, by turns, beside the limits of the machine in the same minutes.
//
//   dotnet run -c Release --project benchmarks/Seriatim.Peers [-- FILE.gguf] [--type q8_0] [--rounds 9] [--threads 0]
//
// Without a file it makes one with random weights: the shape of SmolLM-135M with the vocabulary of `stories`.
using System.Text;
using Seriatim;
using Seriatim.Models;
using Seriatim.Peers;
using Seriatim.Tensors;

const int PromptTokens = 256, NewTokens = 64;
string? file = args is [var named, ..] && !named.StartsWith('-') ? named : null;
int rounds = int.Parse(Option("--rounds") ?? "9"), threads = int.Parse(Option("--threads") ?? "0");
threads = threads == 0 ? Environment.ProcessorCount : threads;
string type = Option("--type") ?? "q8_0";
string? made = null;
if (file is null)
    file = made = RandomModel(type);
try
{
    long bytes = new FileInfo(file).Length;
    using IPeer ours = new SeriatimPeer(file, threads), theirs = new LlamaCppPeer(file, threads);
    using var probe = new MachineProbe(threads);
    IPeer[] peers = [ours, theirs];
    var random = new Random(1);
    int[] prompt = [.. Enumerable.Range(0, PromptTokens).Select(_ => random.Next(4, 4000))];
    foreach (IPeer peer in peers)
        peer.Run(prompt, NewTokens);
    var prompts = peers.ToDictionary(peer => peer, _ => new List<double>());
    var tokens = peers.ToDictionary(peer => peer, _ => new List<double>());
    var reads = new List<double>();
    for (int round = 0; round < rounds; round++)
    {
        reads.Add(probe.Measure().ReadBytesPerSecond / 1e9);
        foreach (IPeer peer in round % 2 == 0 ? peers : peers.Reverse())
        {
            (double read, double token) = peer.Run(prompt, NewTokens);
            prompts[peer].Add(PromptTokens / read);
            tokens[peer].Add(1 / token);
        }
    }

    Console.WriteLine($"{Path.GetFileName(file)}, {bytes / 1e6:F0} MB, {threads} threads, {rounds} rounds by turns, medians (range); memory reads {Median(reads):F0} GB/s");
    Console.WriteLine($"{"",-10} {"prompt of 256, tokens/s",-28} {"one sequence, tokens/s",-28} of read");
    foreach (IPeer peer in peers)
        Console.WriteLine($"{peer.Name,-10} {Shown(prompts[peer]),-28} {Shown(tokens[peer]),-28} {Median(tokens[peer]) * bytes / 1e9 / Median(reads):P0}");
    Console.WriteLine($"{"ratio",-10} {Ratio(prompts),-28} {Ratio(tokens),-28}");

    string Ratio(Dictionary<IPeer, List<double>> all) => Shown([.. all[ours].Zip(all[theirs], (a, b) => a / b)], "F2");
}
finally
{
    if (made is not null)
        Directory.Delete(Path.GetDirectoryName(made)!, recursive: true);
}

string? Option(string name) => Array.IndexOf(args, name) is >= 0 and var at && at + 1 < args.Length ? args[at + 1] : null;

static double Median(IEnumerable<double> values) => values.Order().ToArray() is var sorted ? sorted[sorted.Length / 2] : 0;

static string Shown(IReadOnlyList<double> values, string format = "F0") =>
    $"{Median(values).ToString(format)} ({values.Min().ToString(format)} to {values.Max().ToString(format)})";

static string RandomModel(string type)
{
    string folder = Directory.CreateTempSubdirectory("seriatim-peers-").FullName;
    const string Config = """
        {
          "architectures": ["LlamaForCausalLM"], "model_type": "llama", "vocab_size": 4096, "hidden_size": 576, "num_hidden_layers": 30,
          "num_attention_heads": 9, "num_key_value_heads": 3, "intermediate_size": 1536, "max_position_embeddings": 2048, "rms_norm_eps": 1e-05,
          "rope_theta": 10000.0, "hidden_act": "silu", "tie_word_embeddings": true, "attention_bias": false, "mlp_bias": false,
          "bos_token_id": 0, "eos_token_id": 0, "torch_dtype": "float32"
        }
        """;
    using (var model = Model.Create("config.json", Encoding.UTF8.GetBytes(Config), new RandomSource(seed: 1, standardDeviation: 0.02f)))
        CheckpointWriter.Write(model, folder);
    string stories = Path.Combine(AppContext.BaseDirectory, "models", "stories");
    foreach (string name in (string[])["tokenizer.json", "tokenizer_config.json"])
        File.Copy(Path.Combine(stories, name), Path.Combine(folder, name));
    string target = Path.Combine(folder, $"random-135m-{type}.gguf");
    ModelConverter.ToGguf(folder, target, QuantizationMix.Parse(type));
    return target;
}
