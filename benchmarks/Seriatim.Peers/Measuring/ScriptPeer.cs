using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

namespace Seriatim.Peers;

/// <summary>
/// A peer in another language: a script that reads one line of JSON (its task), says <c>ready VERSION</c> when it has prepared,
/// and after each line that it is sent does the work once and says its seconds.
/// </summary>
internal sealed class ScriptPeer : IContender
{
    private readonly Process _process;
    private readonly Task<string> _errors;

    /// <exception cref="InvalidOperationException">The script ended instead of being ready.</exception>
    public ScriptPeer(string python, string script, object task)
    {
        string path = Path.Combine(AppContext.BaseDirectory, "scripts", script);
        _process = Process.Start(new ProcessStartInfo(python, [path])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        }) ?? throw new InvalidOperationException($"{python} did not start.");
        _errors = _process.StandardError.ReadToEndAsync();
        try
        {
            _process.StandardInput.WriteLine(JsonSerializer.Serialize(task));
            _process.StandardInput.Flush();
        }
        catch (IOException)
        {
            // It has ended already; reading says why.
        }

        string ready = Read();
        Version = ready.StartsWith("ready ", StringComparison.Ordinal) ? ready["ready ".Length..]
            : throw new InvalidOperationException($"{script} said '{ready}' instead of ready.");
    }

    public string Version { get; }

    public double[] Run()
    {
        _process.StandardInput.WriteLine("run");
        _process.StandardInput.Flush();
        return [double.Parse(Read(), CultureInfo.InvariantCulture)];
    }

    public void Dispose()
    {
        _process.StandardInput.Close();
        if (!_process.WaitForExit(5000))
            _process.Kill();
        _process.Dispose();
    }

    private string Read()
    {
        if (_process.StandardOutput.ReadLine() is { } line)
            return line;
        _process.WaitForExit();
        string last = _errors.Result.Split('\n', StringSplitOptions.RemoveEmptyEntries).LastOrDefault() ?? "it said nothing";
        throw new InvalidOperationException(last.Trim());
    }
}
