using Seriatim.Cli;

return await CommandLine.RunAsync(args);
