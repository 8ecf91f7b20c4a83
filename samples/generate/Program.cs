using Seriatim;

string folder = args.Length > 0 ? args[0] : "stories";
string prompt = args.Length > 1 ? args[1] : "The cat sits on";

using var model = await LanguageModel.OpenAsync(folder);
await foreach (var piece in model.GenerateAsync(prompt, new() { MaxNewTokens = 40 }))
    Console.Write(piece.Text);
Console.WriteLine();
