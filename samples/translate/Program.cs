// Translates texts with a small encoder-decoder; the script of a text says which way.
//
//   dotnet run -c Release --project samples/translate -- MODEL TEXT...
using Seriatim;

if (args.Length < 2)
{
    Console.Error.WriteLine("Give a model (a folder, a built-in name or a hub id) and texts to translate.");
    return 2;
}

Console.OutputEncoding = System.Text.Encoding.UTF8;
using var translator = await Translator.OpenAsync(args[0]);
await foreach (var translation in translator.TranslateManyAsync(args[1..]))
    Console.WriteLine($"{translation.Source} = {translation.Text}");
return 0;
