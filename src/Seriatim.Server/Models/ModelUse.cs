using Seriatim.Generation;

namespace Seriatim.Server;

/// <summary>The right to use an open model, as whichever kind of it is needed. Dispose it after use.</summary>
internal sealed class ModelUse(ServedModel served, ModelLease lease, OpenedModel opened) : IDisposable
{
    private LanguageModel? _language;

    public ServedModel Served => served;

    public string Name => served.Name;

    public GenerationEngine Engine => lease.Engine;

    public OpenedModel Opened => opened;

    /// <summary>As what generates.</summary>
    /// <exception cref="ModelTaskException">The model reads texts and writes none.</exception>
    public LanguageModel Language => _language ??= opened.Model.Spec.Decoder is not null
        ? new LanguageModel(opened)
        : throw new ModelTaskException(
            $"{Name} is an encoder ({opened.Model.Spec.Family}): it reads texts and writes none. Ask a model that generates.");

    /// <summary>As what embeds, fills in and classifies.</summary>
    /// <exception cref="ModelTaskException">It is an adapter.</exception>
    public TextEncoder Encoder()
    {
        RequireNoAdapter();
        return new TextEncoder(opened, SentenceConfig.Read(opened.Model, opened.Folder));
    }

    /// <summary>As what is looked into; valid until this is disposed.</summary>
    /// <exception cref="ModelTaskException">It is an adapter, or the layers are in several processes.</exception>
    public Inspection.Microscope Microscope()
    {
        RequireNoAdapter();
        return opened.Parts.Stages is not { } stages ? new Inspection.Microscope(opened)
            : throw new ModelTaskException($"The layers of {Name} are in {stages.Known.Count} processes, and the microscope "
                + "looks into those of one. Serve the model without mpirun to look into it.");
    }

    /// <summary>As what translates.</summary>
    /// <exception cref="ModelTaskException">The model is no encoder-decoder.</exception>
    public Translator Translator() => opened.Model.Spec.IsEncoderDecoder
        ? new Translator(opened)
        : throw new ModelTaskException($"{Name} is no encoder-decoder and does not translate. Ask a model that does.");

    /// <summary>Weights, what changes outputs, and version: equal answers for equal requests.</summary>
    public string Fingerprint => ModelIdentity.Of(opened, Adapter);

    /// <summary>The adapter that its requests ask for; null: the model as it is.</summary>
    public string? Adapter => served.Adapter?.Name;

    /// <summary>Refuses an adapter, where what is computed would be the model as it is.</summary>
    /// <exception cref="ModelTaskException">It is one.</exception>
    public void RequireNoAdapter() => served.RequireNoAdapter();

    public void Dispose() => lease.Dispose();
}
