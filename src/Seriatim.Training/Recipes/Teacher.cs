using System.Security.Cryptography;

namespace Seriatim.Training;

/// <summary>The teacher of a run: loaded, checked against the model, and named by the bits of its weights.</summary>
internal sealed class Teacher : IDisposable
{
    private readonly Model _model;

    public Teacher(TeacherOptions options, Model student, Tokenizer tokenizer)
    {
        if (TokenizerCheck.FirstDifference(options.Folder, tokenizer) is { } difference)
            throw new RecipeException($"The teacher {options.Folder} has another tokenizer: {difference}.");
        _model = Model.Load(options.Folder, new ModelLoadOptions { Device = student.Device });
        if (_model.Spec.Task != student.Spec.Task || _model.Spec.Head.Outputs != student.Spec.Head.Outputs)
        {
            string message = $"The teacher {options.Folder} is for {_model.Spec.Task} with {_model.Spec.Head.Outputs} outputs; "
                + $"the model is for {student.Spec.Task} with {student.Spec.Head.Outputs}.";
            _model.Dispose();
            throw new RecipeException(message);
        }

        Distillation = new Distillation(_model, options.Temperature, options.Weight);
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (string file in Directory.GetFiles(options.Folder, "*.safetensors").Order(StringComparer.Ordinal))
        {
            using FileStream stream = File.OpenRead(file);
            hash.AppendData(SHA256.HashData(stream));
        }

        Name = $"teacher {Convert.ToHexStringLower(hash.GetHashAndReset())} at {options.Temperature} by {options.Weight}";
    }

    public Distillation Distillation { get; }

    /// <summary>Tells this teacher from others, wherever it lies.</summary>
    public string Name { get; }

    public void Dispose() => _model.Dispose();
}
