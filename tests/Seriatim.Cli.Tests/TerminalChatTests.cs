using System.Diagnostics;

namespace Seriatim.Cli.Tests;

/// <summary>chat on a terminal, which util-linux's script makes.</summary>
public sealed class TerminalChatTests : IDisposable
{
    private const string PasteOff = "\e[?2004l";

    private readonly TempFolder _folder = new();

    public TerminalChatTests() => TinyModels.WriteLlama(_folder.Path);

    public void Dispose() => _folder.Dispose();

    [TerminalFact]
    public void Ctrl_C_ends_an_answer_and_gives_the_prompt_back()
    {
        // An answer that goes on for ever: beyond the context, and nothing ends it.
        File.WriteAllText(_folder.File("generation_config.json"), """{"eos_token_id": 0, "min_new_tokens": 10000000}""");
        using Session chat = Start("--window 64 -n 10000000");
        chat.Until("> ");
        for (int i = 0; i < 2; i++)
        {
            chat.Type("the cat\r");
            chat.Until("the cat");
            chat.Until(PasteOff); // from here on keys are the terminal's again, and Ctrl-C is a signal
            chat.UntilMore();
            chat.Type("\x03");
            chat.Until("tokens");
            chat.Until("> ");
        }

        // Written, cleared, and at an empty prompt the end.
        chat.Type("half\x03");
        chat.Type("\x03");
        chat.Until("code 130");
    }

    [TerminalFact]
    public void What_is_edited_is_what_is_sent()
    {
        using Session chat = Start("-n 4 --temp 0");
        chat.Until("> ");
        chat.Type("你好，世界\x7f\x7f\r");
        chat.Until("tokens");
        chat.Until("> ");
        chat.Type("\e[200~one\rtwo\rthree\e[201~\r");
        chat.Until("tokens");
        chat.Until("> ");
        chat.Type($"/save {_folder.File("talk.json")}\r");
        chat.Until("messages are in");
        chat.Until("> ");
        chat.Type("\x04");
        chat.Until("code 0");
        string saved = File.ReadAllText(_folder.File("talk.json"));
        Assert.Contains("\"你好，\"", saved);
        Assert.Contains("\"one\\ntwo\\nthree\"", saved);
        Assert.Contains("one", File.ReadAllText(_folder.File("state/seriatim/chat_history")));
    }

    private Session Start(string flags)
    {
        string program = Path.Combine(AppContext.BaseDirectory, "Seriatim.Cli.dll");
        // A Ctrl-C that comes between two prompts is a signal to the shell too: it must live to tell the code.
        string command = $"trap : INT; dotnet '{program}' chat -m '{_folder.Path}' {flags}; echo \"code $?\"";
        var start = new ProcessStartInfo("/usr/bin/script", ["-qec", command, "/dev/null"]) { RedirectStandardInput = true, RedirectStandardOutput = true };
        start.Environment["TERM"] = "xterm-256color";
        start.Environment["XDG_STATE_HOME"] = _folder.File("state");
        return new Session(Process.Start(start)!);
    }

    /// <summary>A terminal with a program in it.</summary>
    private sealed class Session(Process process) : IDisposable
    {
        private readonly char[] _buffer = new char[4096];
        private string _unread = "";

        public void Type(string keys)
        {
            process.StandardInput.Write(keys);
            process.StandardInput.Flush();
        }

        /// <summary>Reads until a text has been shown.</summary>
        public void Until(string text)
        {
            while (!_unread.Contains(text, StringComparison.Ordinal))
                Read(text);
            _unread = _unread[(_unread.IndexOf(text, StringComparison.Ordinal) + text.Length)..];
        }

        /// <summary>Reads until something more is shown: an answer has begun.</summary>
        public void UntilMore()
        {
            while (!_unread.Any(char.IsLetterOrDigit))
                Read("an answer");
        }

        private void Read(string wanted)
        {
            Task<int> reading = process.StandardOutput.ReadAsync(_buffer, 0, _buffer.Length);
            Assert.True(reading.Wait(TimeSpan.FromSeconds(60)) && reading.Result > 0, $"'{wanted}' never came. What did: {_unread}");
            _unread += new string(_buffer, 0, reading.Result);
        }

        public void Dispose()
        {
            if (!process.HasExited)
                process.Kill(entireProcessTree: true);
            process.Dispose();
        }
    }
}
