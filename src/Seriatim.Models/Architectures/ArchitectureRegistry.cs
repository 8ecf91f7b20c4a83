namespace Seriatim.Models;

/// <summary>All architectures. A new one is a new file and a line here.</summary>
public static class ArchitectureRegistry
{
    /// <summary>The architectures, in alphabetical order.</summary>
    public static IReadOnlyList<Architecture> All { get; } =
    [
        new AlbertArchitecture(),
        new BartArchitecture(),
        new BatchNormEncoderArchitecture(),
        new BertArchitecture(),
        new BigBirdArchitecture(),
        new BloomArchitecture(),
        new CamembertArchitecture(),
        new CmlmTransformerArchitecture(),
        new CohereArchitecture(),
        new Cohere2Architecture(),
        new DeepseekV2Architecture(),
        new DeepseekV3Architecture(),
        new DistilBertArchitecture(),
        new ElectraArchitecture(),
        new Ernie45Architecture(),
        new Exaone4Architecture(),
        new FalconArchitecture(),
        new FalconH1Architecture(),
        new FalconMambaArchitecture(),
        new GemmaArchitecture(),
        new Gemma2Architecture(),
        new Gemma3Architecture(),
        new Gemma4Architecture(),
        new GlmArchitecture(),
        new Glm4Architecture(),
        new Glm4MoeArchitecture(),
        new Gpt2Architecture(),
        new GptBigCodeArchitecture(),
        new GptJArchitecture(),
        new GptNeoxArchitecture(),
        new GptOssArchitecture(),
        new GraniteArchitecture(),
        new GraniteMoeArchitecture(),
        new GraniteMoeHybridArchitecture(),
        new GruArchitecture(),
        new JambaArchitecture(),
        new Lfm2Architecture(),
        new LinformerArchitecture(),
        new LlamaArchitecture(),
        new Llama4Architecture(),
        new LongformerArchitecture(),
        new LstmArchitecture(),
        new MambaArchitecture(),
        new Mamba2Architecture(),
        new MarianArchitecture(),
        new MaskPredictArchitecture(),
        new MBartArchitecture(),
        new Ministral3Architecture(),
        new MistralArchitecture(),
        new MixtralArchitecture(),
        new ModernBertArchitecture(),
        new MptArchitecture(),
        new NomicBertArchitecture(),
        new OlmoArchitecture(),
        new Olmo2Architecture(),
        new Olmo3Architecture(),
        new OlmoeArchitecture(),
        new OptArchitecture(),
        new PegasusArchitecture(),
        new PhiArchitecture(),
        new Phi3Architecture(),
        new Qwen2Architecture(),
        new Qwen2MoeArchitecture(),
        new Qwen3Architecture(),
        new Qwen35Architecture(),
        new Qwen35MoeArchitecture(),
        new Qwen3MoeArchitecture(),
        new Qwen3NextArchitecture(),
        new RecurrentSeq2SeqArchitecture(),
        new ReformerArchitecture(),
        new RetNetArchitecture(),
        new RobertaArchitecture(),
        new SeedOssArchitecture(),
        new SeriatimArchitecture(),
        new SmolLm3Architecture(),
        new StableLmArchitecture(),
        new Starcoder2Architecture(),
        new T5Architecture(),
        new XlmRobertaArchitecture(),
    ];

    /// <summary>
    /// Finds the architecture of a config by <c>architectures</c>, or by <c>model_type</c> if there is no such key.
    /// </summary>
    /// <exception cref="UnknownArchitectureException">It is not known.</exception>
    public static (Architecture Architecture, string ClassName) Find(ConfigReader config)
    {
        string type = config.Text("", "model_type");
        string[] classNames = config.Texts("architectures");
        foreach (Architecture architecture in All)
        {
            if (classNames.Length == 0 && architecture.ModelType == type)
                return (architecture, architecture.ClassNames[0]);
            if (classNames.Length > 0 && architecture.ClassNames.Contains(classNames[0]))
                return (architecture, classNames[0]);
        }

        string name = classNames.Length > 0 ? classNames[0] : type;
        throw new UnknownArchitectureException(config.File, name, All.SelectMany(a => a.ClassNames), config.NewerWriter());
    }

    /// <summary>Finds the architecture of a GGUF file by <c>general.architecture</c>.</summary>
    /// <exception cref="UnknownArchitectureException">It is not known.</exception>
    /// <exception cref="ModelFormatException">The file does not say.</exception>
    internal static (Architecture Architecture, GgufMap Map, GgufConfig Config) Find(IGgufHeader header)
    {
        if (header.Metadata.GetValueOrDefault("general.architecture") is not string name)
        {
            throw new ModelFormatException(header.Path, "general.architecture is missing or not a string.",
                "Convert the model again.");
        }
        var config = new GgufConfig(header, name);
        foreach (Architecture architecture in All)
        {
            if (architecture.GgufMaps.FirstOrDefault(map => map.Architecture == name && map.Applies(config)) is { } found)
                return (architecture, found, config);
        }

        throw new UnknownArchitectureException(
            header.Path, name, All.SelectMany(a => a.GgufMaps).Select(map => map.Architecture).Distinct());
    }
}
