namespace Seriatim.Tokenizers;

/// <summary>Writes files that are either complete or not there: beside their place first, then renamed.</summary>
internal static class WholeFile
{
    /// <summary>Writes files; none takes its place before all are complete, and what was begun is removed on failure.</summary>
    public static void Write(params (string Path, byte[] Bytes)[] files)
    {
        string ending = $".{Guid.NewGuid():N}.new";
        try
        {
            foreach ((string path, byte[] bytes) in files)
            {
                using FileStream stream = File.Create(path + ending);
                stream.Write(bytes);
                stream.Flush(flushToDisk: true);
            }

            foreach ((string path, _) in files)
            {
                File.Move(path + ending, path, overwrite: true);
            }
        }
        catch
        {
            foreach ((string path, _) in files)
            {
                File.Delete(path + ending);
            }

            throw;
        }
    }
}
