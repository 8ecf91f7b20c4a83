global using Seriatim.Generation;
global using Seriatim.Models;
global using Seriatim.Tensors;

[assembly: CollectionBehavior(DisableTestParallelization = true)]
