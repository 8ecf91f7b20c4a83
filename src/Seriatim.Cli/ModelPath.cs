namespace Seriatim.Cli;

/// <summary>Finds a model by what the user calls it.</summary>
internal static class ModelPath
{
    /// <summary>The folder of a model.</summary>
    /// <exception cref="UserErrorException">There is no such folder.</exception>
    public static string Resolve(string name)
    {
        if (Directory.Exists(name))
            return name;
        if (File.Exists(name))
            throw new UserErrorException($"{name} is a file; give the folder that holds config.json and model.safetensors.");
        throw new UserErrorException($"{name}: there is no such folder. Give the folder that holds config.json and model.safetensors with -m.");
    }
}
