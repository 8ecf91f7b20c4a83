global using Seriatim.Formats;
global using Seriatim.Models;
global using Seriatim.Tensors;
global using Seriatim.Tokenizers;
global using Seriatim.Training;

[assembly: CollectionBehavior(DisableTestParallelization = true)]
