namespace Seriatim.Models;

/// <summary>GPTQ, 2 to 8 bits (<see cref="GptqMatrix"/>). Zeros are stored less one, but in files of <c>gptq_v2</c>.</summary>
internal sealed class GptqCoding : WeightCoding
{
    public GptqCoding(ConfigReader section)
    {
        Bits = section.Size("bits");
        if (Bits is not (2 or 3 or 4 or 8))
            throw section.Unsupported("bits", Bits, "2, 3, 4 or 8 is needed");
        GroupSize = CodingKeys.GroupSize(section, "group_size");
        string format = section.Text("gptq", "checkpoint_format");
        ZeroOffset = format switch
        {
            "gptq" => 1,
            "gptq_v2" => 0,
            _ => throw section.Unsupported("checkpoint_format", format, "\"gptq\" or \"gptq_v2\" is needed"),
        };
        section.WaiveAt("codes are in words of 32 bits", "\"int32\"", "pack_dtype");
        section.WaiveAt("another order of codes", "false", "is_marlin_format");
        section.WaiveAt("modules with other settings", "{}", "dynamic");
        section.Waive("zeros and g_idx are read whatever it was", "sym", "desc_act", "static_groups", "act_group_aware",
            "hyb_act");
        section.Waive("how the codes were found", "damp_percent", "damp_auto_increment", "true_sequential", "dataset",
            "model_seqlen",
            "batch_size", "pad_token_id", "max_input_length", "cache_block_outputs", "tokenizer", "model_name_or_path",
            "model_file_base_name", "meta", "quantizer", "version", "mse", "lm_head", "uri");
        section.Waive("which kernel the reference library picks", "use_exllama", "disable_exllama", "exllama_config",
            "use_cuda_fp16", "backend");
        WaiveModules(section);
    }

    /// <summary>Bits of a code.</summary>
    public int Bits { get; }

    /// <summary>Inputs of a group; -1: all.</summary>
    public int GroupSize { get; }

    /// <summary>What is added to stored zeros.</summary>
    public int ZeroOffset { get; }

    /// <inheritdoc/>
    public override CodedMatrix? Find(CodedTensors tensors, string name) =>
        IsWeight(name) ? GptqMatrix.Find(tensors, name, this) : null;
}
