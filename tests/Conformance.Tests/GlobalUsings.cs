global using Seriatim.Formats;
global using Seriatim.Models;
global using Seriatim.Tensors;

[assembly: CollectionBehavior(DisableTestParallelization = true)]
