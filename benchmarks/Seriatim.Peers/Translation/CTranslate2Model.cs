using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Seriatim.Formats;
using Seriatim.Tokenizers;

namespace Seriatim.Peers;

/// <summary>
/// Writes a Marian model folder as CTranslate2 reads it (binary version 6, TransformerSpec revision 7): queries, keys and values
/// as one matrix, the keys and values of the source as one, F32; the program makes INT8 of it when it loads.
/// </summary>
internal static class CTranslate2Model
{
    private const byte Float32 = 0, Int8 = 1, Int16 = 2;

    /// <summary>A token as the vocabulary has it: the program cuts lines at spaces, so none may have one.</summary>
    public static string Word(string token) => token.Replace(' ', '\u2423');

    /// <exception cref="FormatException">The model is of another kind than this writes.</exception>
    public static void Write(string model, string target)
    {
        using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(model, "config.json")));
        JsonElement config = document.RootElement;
        if (config.GetProperty("model_type").GetString() != "marian"
            || config.GetProperty("activation_function").GetString() != "relu")
        {
            throw new FormatException($"{model}: a marian model with relu is needed.");
        }
        Directory.CreateDirectory(target);
        using SafetensorsFile file = SafetensorsFile.Open(Path.Combine(model, "model.safetensors"));
        var variables = new SortedDictionary<string, Variable>(StringComparer.Ordinal);
        AddStack(variables, file, config, "encoder");
        AddStack(variables, file, config, "decoder");
        variables["decoder/embeddings/weight"] = Of(file, "model.shared.weight");
        variables["decoder/projection/bias"] = Of(file, "final_logits_bias") with
        {
            Shape = [config.GetProperty("vocab_size").GetInt32()],
        };
        using (var writer = new BinaryWriter(File.Create(Path.Combine(target, "model.bin"))))
            Write(writer, variables);
        WriteWords(model, config, target);
    }

    private static void AddStack(SortedDictionary<string, Variable> variables, SafetensorsFile file,
        JsonElement config, string side)
    {
        int width = config.GetProperty("d_model").GetInt32(),
            positions = config.GetProperty("max_position_embeddings").GetInt32();
        variables[$"{side}/num_heads"] = new Variable([], Int16,
            BitConverter.GetBytes((short)config.GetProperty($"{side}_attention_heads").GetInt32()));
        variables[$"{side}/scale_embeddings"] = new Variable([], Float32,
            BitConverter.GetBytes(config.GetProperty("scale_embedding").GetBoolean() ? MathF.Sqrt(width) : 1f));
        foreach (string flag in (string[])["pre_norm", "activation", .. side == "encoder"
            ? ["embeddings_merge"]
            : (string[])["start_from_zero_embedding", "alibi"]])
        {
            variables[$"{side}/{flag}"] = new Variable([], Int8, [0]);
        }
        if (side == "decoder")
        {
            variables["decoder/alignment_layer"] = new Variable([], Int16, BitConverter.GetBytes((short)-1));
            variables["decoder/alignment_heads"] = new Variable([], Int16, BitConverter.GetBytes((short)1));
        }

        variables[$"{side}/position_encodings/encodings"] = Of([positions, width], Positions(positions, width));
        for (int layer = 0; layer < config.GetProperty($"{side}_layers").GetInt32(); layer++)
        {
            (string from, string to) = ($"model.{side}.layers.{layer}", $"{side}/layer_{layer}");
            AddAttention(variables, file, $"{from}.self_attn", $"{to}/self_attention", [["q", "k", "v"], ["out"]]);
            if (side == "decoder")
                AddAttention(variables, file, $"{from}.encoder_attn", $"{to}/attention", [["q"], ["k", "v"], ["out"]]);
            AddLinear(variables, file, $"{to}/ffn/linear_0", [$"{from}.fc1"]);
            AddLinear(variables, file, $"{to}/ffn/linear_1", [$"{from}.fc2"]);
            AddNorm(variables, file, $"{from}.final_layer_norm", $"{to}/ffn/layer_norm");
        }
    }

    private static void AddAttention(SortedDictionary<string, Variable> variables, SafetensorsFile file, string from, string to,
        string[][] parts)
    {
        for (int i = 0; i < parts.Length; i++)
            AddLinear(variables, file, $"{to}/linear_{i}", [.. parts[i].Select(part => $"{from}.{part}_proj")]);
        AddNorm(variables, file, $"{from}_layer_norm", $"{to}/layer_norm");
    }

    /// <summary>One matrix of several, under one another.</summary>
    private static void AddLinear(SortedDictionary<string, Variable> variables, SafetensorsFile file, string to, string[] parts)
    {
        foreach (string what in (string[])["weight", "bias"])
        {
            Variable[] each = [.. parts.Select(part => Of(file, $"{part}.{what}"))];
            variables[$"{to}/{what}"] = new Variable([each.Sum(one => one.Shape[0]), .. each[0].Shape[1..]], Float32,
                [.. each.SelectMany(one => one.Bytes)]);
        }
    }

    private static void AddNorm(SortedDictionary<string, Variable> variables, SafetensorsFile file, string from, string to)
    {
        variables[$"{to}/gamma"] = Of(file, $"{from}.weight");
        variables[$"{to}/beta"] = Of(file, $"{from}.bias");
    }

    /// <summary>Sines, then cosines.</summary>
    private static float[] Positions(int count, int width)
    {
        float[] table = new float[count * width];
        for (int i = 0; i < table.Length; i++)
        {
            int column = i % width, half = width / 2;
            double angle = i / width / Math.Pow(10000, column % half / (double)half);
            table[i] = (float)(column < half ? Math.Sin(angle) : Math.Cos(angle));
        }

        return table;
    }

    private static Variable Of(SafetensorsFile file, string name) =>
        Of([.. file[name].Shape.Select(size => (int)size)], file.ReadF32(file[name]));

    private static Variable Of(int[] shape, float[] values)
    {
        byte[] bytes = new byte[values.Length * sizeof(float)];
        Buffer.BlockCopy(values, 0, bytes, 0, bytes.Length);
        return new Variable(shape, Float32, bytes);
    }

    private static void Write(BinaryWriter writer, SortedDictionary<string, Variable> variables)
    {
        writer.Write(6u);
        WriteName(writer, "TransformerSpec");
        writer.Write(7u);
        writer.Write((uint)variables.Count);
        foreach ((string name, Variable variable) in variables)
        {
            WriteName(writer, name);
            writer.Write((byte)variable.Shape.Length);
            foreach (int size in variable.Shape)
                writer.Write((uint)size);
            writer.Write(variable.Type);
            writer.Write((uint)variable.Bytes.Length);
            writer.Write(variable.Bytes);
        }

        string[] tied = ["encoder/embeddings_0/weight", "decoder/projection/weight"];
        writer.Write((uint)tied.Length);
        foreach (string alias in tied)
        {
            WriteName(writer, alias);
            WriteName(writer, "decoder/embeddings/weight");
        }
    }

    private static void WriteName(BinaryWriter writer, string name)
    {
        writer.Write((ushort)(name.Length + 1));
        writer.Write(Encoding.ASCII.GetBytes(name));
        writer.Write((byte)0);
    }

    private static void WriteWords(string model, JsonElement config, string target)
    {
        Tokenizer tokenizer = Tokenizer.Load(model);
        int count = config.GetProperty("vocab_size").GetInt32();
        string[] words = [.. Enumerable.Range(0, count).Select(id => Word(tokenizer.PieceOf(id)))];
        string WordOf(string id) => words[config.GetProperty(id).GetInt32()];
        File.WriteAllText(Path.Combine(target, "shared_vocabulary.json"), JsonSerializer.Serialize(words));
        File.WriteAllText(Path.Combine(target, "config.json"), new JsonObject
        {
            ["unk_token"] = Word(tokenizer.PieceOf(tokenizer.UnkId ?? 0)),
            ["bos_token"] = WordOf("decoder_start_token_id"),
            ["eos_token"] = WordOf("eos_token_id"),
            ["decoder_start_token"] = WordOf("decoder_start_token_id"),
            ["add_source_bos"] = false,
            ["add_source_eos"] = false,
        }.ToJsonString());
    }

    private sealed record Variable(int[] Shape, byte Type, byte[] Bytes);
}
