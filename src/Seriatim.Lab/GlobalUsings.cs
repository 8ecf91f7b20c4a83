global using Seriatim.Generation;
global using Seriatim.Models;
global using Seriatim.Tensors;
global using Seriatim.Tokenizers;
global using Seriatim.Training;
global using CounterRandom = Seriatim.Training.CounterRandom;
