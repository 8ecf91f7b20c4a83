// Trains a small story teller from scratch: a vocabulary, a Llama-shaped model, AdamW, a cosine schedule. The loop is all here.
//
//   dotnet run -c Release --project samples/train -- TEXT-FILE OUTPUT-FOLDER [MINUTES [STEPS]]
using System.Diagnostics;
using System.Text;
using Seriatim.Formats;
using Seriatim.Models;
using Seriatim.Tensors;
using Seriatim.Tokenizers;

if (args.Length < 2 || !File.Exists(args[0]))
{
    Console.Error.WriteLine("Give a text file to learn from, a folder for the model, and if you like the minutes and the steps it may take.");
    return 2;
}

const int Context = 256, Sequences = 16, Vocabulary = 2048, WarmUp = 100;
(string textFile, string folder) = (args[0], args[1]);
double minutes = args.Length > 2 ? double.Parse(args[2]) : 20;
int steps = args.Length > 3 ? int.Parse(args[3]) : int.MaxValue;
Directory.CreateDirectory(folder);
string text = File.ReadAllText(textFile);
var vocabulary = TokenizerTrainer.Train(text.Split("<|endoftext|>"), new TrainerOptions { VocabularySize = Vocabulary });
vocabulary.Save(folder);
byte[] config = Encoding.UTF8.GetBytes($$"""
    {
      "architectures": ["LlamaForCausalLM"], "model_type": "llama", "vocab_size": {{vocabulary.Tokenizer.VocabularySize}}, "hidden_size": 192,
      "num_hidden_layers": 6, "num_attention_heads": 6, "num_key_value_heads": 2, "head_dim": 32, "intermediate_size": 512,
      "max_position_embeddings": {{Context}}, "rms_norm_eps": 1e-05, "rope_theta": 10000.0, "hidden_act": "silu",
      "tie_word_embeddings": true, "attention_bias": false, "mlp_bias": false, "bos_token_id": 0, "eos_token_id": 0, "torch_dtype": "bfloat16"
    }
    """);
int[] tokens = vocabulary.Tokenizer.Encode(text);
int[] valid = tokens[^(tokens.Length / 50)..];
tokens = tokens[..^valid.Length];
double bytesPerToken = (double)Encoding.UTF8.GetByteCount(text) / (tokens.Length + valid.Length);
Console.Error.WriteLine($"{tokens.Length:N0} tokens, {bytesPerToken:F2} bytes each");

using var model = Model.Create("config.json", config, new RandomSource(seed: 1, standardDeviation: 0.02f));
using IDifferentiableOps ops = CpuOps.Create();
AdamW[] optimizers = [.. model.Parameters.Where(p => !p.IsConstant).Select(p => new AdamW(p.Parameter, decay: p.IsVector ? 0 : 0.1f))];
Console.Error.WriteLine($"{model.ParameterCount:N0} parameters");

var random = new Random(1);
var clock = Stopwatch.StartNew();
for (int step = 1; step <= steps && clock.Elapsed.TotalMinutes < minutes; step++)
{
    (RaggedBatch batch, int[] labels) = Batch(tokens, Enumerable.Range(0, Sequences).Select(_ => random.Next(tokens.Length - Context - 1)));
    float loss;
    using (var tape = new Tape(ops))
    {
        using Tensor hidden = model.Forward(tape, batch);
        using Tensor result = model.Loss(tape, hidden, labels, new CrossEntropyOptions());
        loss = result.Read().Values[0];
        tape.Backward(result);
    }

    double norm = Math.Sqrt(optimizers.Sum(o => o.SquaredGradient()));
    double done = steps < int.MaxValue ? (double)step / steps : clock.Elapsed.TotalMinutes / minutes;
    double rate = 3e-3 * Math.Min(1, (double)step / WarmUp) * (0.05 + 0.95 * (1 + Math.Cos(Math.PI * Math.Min(1, done))) / 2);
    foreach (AdamW optimizer in optimizers)
        optimizer.Step(step, (float)rate, (float)Math.Min(1, 1 / norm));
    if (step % 50 == 1 || step == steps)
        Console.Error.WriteLine($"{clock.Elapsed:hh\\:mm\\:ss} step {step,6} loss {loss:F4} gradient {norm:F2} rate {rate:E1} {step * (double)(Sequences * Context) / clock.Elapsed.TotalSeconds,8:N0} tokens/s");
    if (step % 500 == 0)
        Save();
}

Save();
double total = 0;
int[] starts = [.. Enumerable.Range(0, valid.Length / (Context + 1)).Select(i => i * (Context + 1))];
foreach (int[] chunk in starts.Chunk(Sequences))
{
    (RaggedBatch batch, int[] labels) = Batch(valid, chunk);
    using Tensor hidden = model.Forward(ops, batch);
    using Tensor result = model.Loss(ops, hidden, labels, new CrossEntropyOptions(Reduction: LossReduction.Sum));
    total += result.Read().Values[0];
}

double perToken = total / (starts.Length * (double)Context);
Console.Error.WriteLine($"held-out loss {perToken:F4}, {perToken / Math.Log(2) / bytesPerToken:F4} bits per byte");
return 0;

// Whole rows of the text, each predicting its next token: teacher forcing.
(RaggedBatch Batch, int[] Labels) Batch(int[] source, IEnumerable<int> starts)
{
    var builder = new RaggedBatchBuilder();
    var labels = new List<int>();
    foreach (int start in starts)
    {
        builder.Add(source.AsSpan(start, Context).ToArray());
        labels.AddRange(source.AsSpan(start + 1, Context));
    }

    return (builder.Build(), labels.ToArray());
}

void Save()
{
    File.WriteAllBytes(Path.Combine(folder, "config.json"), config);
    ExportedTensor[] tensors = [.. CheckpointExporter.Data(model.Parameters)];
    using var writer = SafetensorsWriter.Create(
        Path.Combine(folder, "model.safetensors"), tensors.Select(t => new SafetensorsTensorSpec(t.Name, SafetensorsType.BF16, [.. t.Shape])));
    foreach (ExportedTensor tensor in tensors)
        writer.AppendF32(tensor.Name, tensor.Values);
    writer.Complete();
}

/// <summary>AdamW (Loshchilov and Hutter, 2019) of one parameter; works on the elements in whatever order they lie.</summary>
internal sealed class AdamW(Parameter parameter, float decay)
{
    private readonly float[] _mean = new float[parameter.Data.Length];
    private readonly float[] _square = new float[parameter.Data.Length];

    public double SquaredGradient()
    {
        double sum = 0;
        foreach (float g in parameter.GradientOrZeros().Read().Values)
            sum += (double)g * g;
        return sum;
    }

    public void Step(int step, float rate, float clip)
    {
        const float Beta1 = 0.9f, Beta2 = 0.95f;
        float[] values = parameter.Data.ToArray();
        ReadOnlySpan<float> gradient = parameter.GradientOrZeros().Read().Values;
        float correction1 = 1 - MathF.Pow(Beta1, step);
        float correction2 = 1 - MathF.Pow(Beta2, step);
        for (int i = 0; i < values.Length; i++)
        {
            float g = gradient[i] * clip;
            _mean[i] += (1 - Beta1) * (g - _mean[i]);
            _square[i] += (1 - Beta2) * (g * g - _square[i]);
            values[i] -= rate * (decay * values[i] + _mean[i] / correction1 / (MathF.Sqrt(_square[i] / correction2) + 1e-8f));
        }

        parameter.Device.Write(parameter.Data, values);
        parameter.ClearGradient();
    }
}
