using System.Text.Json;

namespace Seriatim.Cli;

/// <summary>What was written before, oldest first, and a way through it that keeps what is being written now.</summary>
internal sealed class InputHistory
{
    private const int Most = 1000;

    private readonly List<string> _entries;
    private readonly string? _file;
    private int _place;
    private string _draft = "";

    /// <param name="file">Kept there from one run to the next; null: not kept.</param>
    public InputHistory(string? file)
    {
        _file = file;
        _entries = Read(file);
        _place = _entries.Count;
    }

    /// <summary>The user's file: in the folder for state of the system.</summary>
    public static string UsualFile
    {
        get
        {
            string home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
            string state = OperatingSystem.IsWindows() ? Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData)
                : Environment.GetEnvironmentVariable("XDG_STATE_HOME") is { Length: > 0 } set ? set
                : Path.Combine(home, ".local", "state");
            return Path.Combine(state, "seriatim", "chat_history");
        }
    }

    public IReadOnlyList<string> Entries => _entries;

    /// <summary>The entry before; null at the oldest.</summary>
    /// <param name="now">What is being written.</param>
    public string? Older(string now)
    {
        if (_place == 0)
            return null;
        if (_place == _entries.Count)
            _draft = now;
        return _entries[--_place];
    }

    /// <summary>The entry after, at last what was being written; null there.</summary>
    public string? Newer()
    {
        if (_place == _entries.Count)
            return null;
        return ++_place == _entries.Count ? _draft : _entries[_place];
    }

    public void Add(string text)
    {
        if (text.Length > 0 && (_entries.Count == 0 || _entries[^1] != text))
        {
            _entries.Add(text);
            Keep(text);
        }

        _place = _entries.Count;
        _draft = "";
    }

    /// <summary>
    /// Messages may have several lines, so each is one JSON string. A history that cannot be
    /// kept is no reason to end a conversation.
    /// </summary>
    private void Keep(string text)
    {
        if (_file is null)
            return;
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(_file)!);
            if (!File.Exists(_file))
                Make(_file);
            if (_entries.Count > Most)
            {
                _entries.RemoveRange(0, _entries.Count - Most);
                File.WriteAllLines(_file, _entries.Select(Line));
            }
            else
            {
                File.AppendAllText(_file, Line(text) + "\n");
            }
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            Terminal.Note($"The history cannot be kept: {failure.Message} (--no-history)");
        }
    }

    /// <summary>What people write is for their eyes.</summary>
    private static void Make(string file)
    {
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        File.Open(file, options).Dispose();
    }

    private static string Line(string text) => JsonSerializer.Serialize(text, CliJson.Lines.String);

    private static List<string> Read(string? file)
    {
        try
        {
            return file is null || !File.Exists(file) ? []
                : [.. File.ReadLines(file).Where(line => line.Length > 0)
                    .Select(line => JsonSerializer.Deserialize(line, CliJson.Lines.String)).OfType<string>().TakeLast(Most)];
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or JsonException)
        {
            Terminal.Note($"The history in {file} cannot be read, so it begins anew: {failure.Message}");
            return [];
        }
    }
}
