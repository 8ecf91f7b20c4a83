using System.Diagnostics;
using System.Text;
using System.Text.Json;
using Seriatim.Generation;
using Seriatim.Tokenizers;
using Seriatim.Training;

namespace Seriatim.Cli;

/// <summary>A conversation: reads a message, streams the answer, remembers both.</summary>
internal sealed class ChatSession(ChatTalk conversation, ChatInput input, bool json)
{
    private const string Help = """"
        /help        this list
        /regen       another answer to the last message
        /reset       forgets the conversation
        /save FILE   writes it: .json as messages, else as Markdown
        /exit        ends (also Ctrl-D)

        Three quotes (""") begin and end a message of several lines; pasted lines stay one message; Alt-Enter breaks a line.
        Ctrl-C ends an answer; at an empty prompt it ends the program. Up and Down go through what was written before.
        Ctrl-A, -E, -U, -K, -W, -L work as in a shell.
        """";

    private readonly TextOutput _output = new();

    public async Task<int> RunAsync(CancellationToken cancellation)
    {
        if (input.IsTerminal)
        {
            Terminal.Note(conversation.Remembers
                ? "/help lists commands; Ctrl-C ends an answer, /exit the conversation."
                : "What you write is continued. /help lists commands, /exit ends.");
        }
        while (true)
        {
            (EditorOutcome outcome, string text) = await input.ReadAsync(cancellation);
            if (outcome == EditorOutcome.End)
                return ExitCodes.Success;
            if (outcome == EditorOutcome.Interrupt)
                return ExitCodes.Interrupted;
            switch (text.Trim())
            {
                case "":
                    continue;
                case "/exit" or "/bye" or "/quit":
                    return ExitCodes.Success;
                case ['/', .. var command] when IsCommand(command):
                    if (Obey(command) is not { } again)
                        continue;
                    text = again;
                    break;
            }

            if (!await AnswerAsync(text, cancellation, input.IsTerminal))
                return ExitCodes.Interrupted;
        }
    }

    /// <summary>One message, one answer; on a terminal without what is said about it.</summary>
    public async Task<int> OnceAsync(string message, CancellationToken cancellation)
    {
        if (message.Length == 0)
            throw new UsageException("Give a prompt: as an argument or through a pipe.");
        if (!json && !conversation.Remembers)
            await _output.WriteAsync(message);
        return await AnswerAsync(message, cancellation, talks: false) ? ExitCodes.Success : ExitCodes.Interrupted;
    }

    /// <summary>A message may begin with a path; a command is one word, or /save with a name.</summary>
    private static bool IsCommand(string text) =>
        text.StartsWith("save ", StringComparison.Ordinal) || !text.Any(sign => char.IsWhiteSpace(sign) || sign == '/');

    /// <summary>Does what a command says; gives the message that shall be answered again, if one shall.</summary>
    private string? Obey(string command)
    {
        switch (command.Split(' ', 2))
        {
            case ["help"] or ["?"]:
                Terminal.Note(Help);
                break;
            case ["reset"] or ["clear"]:
                conversation.Reset();
                if (input.IsTerminal)
                    Terminal.Note("The conversation is forgotten.");
                break;
            case ["regen"]:
                if (conversation.TakeBack() is { } question)
                    return question;
                Terminal.Error("There is no message to answer again.");
                break;
            case ["save", var file]:
                Save(file.Trim());
                break;
            case ["save"]:
                Terminal.Error("/save needs the name of a file, e.g. /save talk.md.");
                break;
            default:
                string? nearest = NearestName.Find(command, ["help", "regen", "reset", "save", "exit"]);
                Terminal.Note($"There is no command /{command}; "
                    + $"{(nearest is null ? "/help lists what there is" : $"did you mean /{nearest}?")}");
                break;
        }

        return null;
    }

    private void Save(string file)
    {
        try
        {
            string text = Path.GetExtension(file).Equals(".json", StringComparison.OrdinalIgnoreCase)
                ? JsonSerializer.Serialize(
                    [.. conversation.Messages.Select(message => new SavedMessage(message.Role, $"{message.Content}"))],
                    CliJson.Lines.SavedMessageArray) + "\n"
                : string.Concat(conversation.Messages.Select(message => $"**{message.Role}**\n\n{message.Content}\n\n"));
            using var stream = new FileStream(file, FileMode.CreateNew, FileAccess.Write);
            stream.Write(Encoding.UTF8.GetBytes(text));
            Terminal.Note($"{conversation.Messages.Count} messages are in {Path.GetFullPath(file)}.");
        }
        catch (IOException) when (File.Exists(file))
        {
            Terminal.Error($"{file} is there already; choose another name.");
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or ArgumentException)
        {
            Terminal.Error($"{file}: {failure.Message}");
        }
    }

    /// <summary>
    /// Answers a message; false if the program shall end. On a terminal, Ctrl-C ends the answer alone. A message that is refused
    /// is forgotten, and the conversation goes on.
    /// </summary>
    private async Task<bool> AnswerAsync(string message, CancellationToken cancellation, bool talks)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        using IDisposable? taken = talks ? Interrupt.Takes(stop.Cancel) : null;
        var answer = new Answer();
        try
        {
            await ReadAsync(message, answer, stop.Token);
        }
        catch (OperationCanceledException)
        {
            answer.Finish = "cancelled";
            await TellAsync(answer, answer.Reader?.End(cut: true) ?? []);
        }
        catch (GenerationException failure) when (talks)
        {
            if (answer.Text.Length == 0)
                conversation.TakeBack();
            Terminal.Error(FlagNames.Describe(failure));
            return true;
        }

        // What was said is remembered, though it was ended: "go on" can be the next message.
        conversation.Answered($"{answer.Text}", answer.Thoughts);
        await _output.WriteAsync(json
            ? JsonSerializer.Serialize(answer.Line(message), CliJson.Lines.ChatLine) + "\n"
            : "\n");
        if (talks || !json && !Console.IsErrorRedirected)
            Terminal.Note(answer.Describe(conversation.Context));
        return answer.Finish != "cancelled" || talks && !cancellation.IsCancellationRequested;
    }

    private async Task ReadAsync(string message, Answer answer, CancellationToken cancellation)
    {
        (GenerationRequest request, GenerationHandle handle, answer.Reader) = conversation.Ask(message, cancellation);
        (answer.Prompt, answer.Seed) = (request.Prompt.Length, handle.Seed);
        FinishReason? finish = null;
        await foreach (GenerationUpdate update in handle.WithCancellation(CancellationToken.None))
        {
            answer.Tokens += update.TokenId is null ? 0 : 1;
            if (answer.Tokens == 1 && answer.First == 0)
                answer.First = Stopwatch.GetTimestamp();
            finish ??= update.Finish;
            await TellAsync(answer, answer.Reader.Push(update.Text));
            if (update.Finish is { } end)
                await TellAsync(answer, answer.Reader.End(AnswerPlan.IsCut(end)));
        }

        answer.Finish = JsonNamingPolicy.SnakeCaseLower.ConvertName($"{finish}");
    }

    /// <summary>What is said goes to the output, what is thought beside it, where somebody looks.</summary>
    private async Task TellAsync(Answer answer, IReadOnlyList<AnswerDelta> deltas)
    {
        foreach (AnswerDelta delta in deltas)
        {
            if (delta is AnswerDelta.Content said)
            {
                answer.Text.Append(said.Text);
                if (json)
                    continue;
                if (answer.HasThought)
                    Terminal.Thought("\n\n");
                answer.HasThought = false;
                await _output.WriteAsync(said.Text);
            }
            else if (delta is AnswerDelta.Reasoning thought && !json && !Console.IsErrorRedirected)
            {
                Terminal.Thought(thought.Text);
                answer.HasThought = true;
            }
            else if (delta is AnswerDelta.Malformed block)
            {
                Terminal.Note($"A call of a tool that cannot be read: {block.Text}");
            }
        }
    }

    /// <summary>What there is of an answer.</summary>
    private sealed class Answer
    {
        private readonly long _start = Stopwatch.GetTimestamp();

        public StringBuilder Text { get; } = new();

        public AnswerReader? Reader { get; set; }

        public string Thoughts => Reader?.Reasoning.Trim() ?? "";

        /// <summary>Whether thoughts stand before what is said next.</summary>
        public bool HasThought { get; set; }

        public string Finish { get; set; } = "";

        public int Prompt { get; set; }

        public int Tokens { get; set; }

        public ulong Seed { get; set; }

        public long First { get; set; }

        public ChatLine Line(string message) => new(message, $"{Text}", Thoughts, Finish, Tokens, Seed);

        /// <summary>Speed and place in the context, on one line of 80 columns.</summary>
        public string Describe(int? context)
        {
            double seconds = First == 0 ? 0 : Stopwatch.GetElapsedTime(First).TotalSeconds,
                wait = First == 0 ? 0 : Stopwatch.GetElapsedTime(_start, First).TotalSeconds;
            string speed = Tokens > 1
                ? FormattableString.Invariant($", {(Tokens - 1) / Math.Max(seconds, 1e-6):F1} tokens/s after {wait:F2} s")
                : "";
            string room = context is { } most && Prompt + Tokens <= most ? $"; context {Prompt + Tokens:N0} of {most:N0}" : "";
            string end = Finish is "cancelled" ? "stopped; " : Finish is "length" ? "cut off at the most tokens; " : "";
            return $"{end}{Tokens} tokens{speed}{room}; seed {Seed}";
        }
    }
}

/// <summary>What <c>chat --json</c> prints for each answer.</summary>
/// <param name="Message">What was said.</param>
/// <param name="Answer">What the model said.</param>
/// <param name="Reasoning">What it thought before.</param>
/// <param name="FinishReason">Why it ended: stop_id, stop_string, end_of_sequence, length, cancelled.</param>
/// <param name="NewTokens">Tokens of the answer.</param>
/// <param name="Seed">Seed of its random numbers.</param>
internal sealed record ChatLine(
    string Message, string Answer, string Reasoning, string FinishReason, int NewTokens, ulong Seed);

/// <summary>A message as <c>/save FILE.json</c> writes it.</summary>
/// <param name="Role">system, user or assistant.</param>
/// <param name="Content">What was said.</param>
internal sealed record SavedMessage(string Role, string Content);
